"""Text by charset and by lines."""

from __future__ import annotations

import pytest

from shadow.compare.found import Found
from shadow.compare.text import MOST_LINES, Text, compare, read
from shadow.model import Difference, DifferenceKind

CHANGED, MISSING, ADDED = DifferenceKind.CHANGED, DifferenceKind.MISSING, DifferenceKind.ADDED


def plain(text: str) -> Text:
    """A body about which nothing is odd."""
    return Text(text, False, "")


@pytest.mark.parametrize(
    ("legacy", "target", "differences"),
    [
        pytest.param("a\nb\nc", "a\nb\nc", [], id="equal"),
        pytest.param("a\nb\nc", "a\nB\nc", [Difference(CHANGED, "text:2", "b", "B")], id="a line changed"),
        pytest.param("a\nb\nc", "a\nc", [Difference(MISSING, "text:2", "b", None)], id="a line missing"),
        pytest.param("a\nc", "a\nb\nc", [Difference(ADDED, "text:2", None, "b")], id="a line added"),
        pytest.param(
            "a\r\nb",
            "a",
            [Difference(MISSING, "text:2", "b", None)],
            id="a single line has no line ends",
        ),
        pytest.param("a", "a\n", [Difference(ADDED, "text:2", None, "")], id="an end of line added"),
        pytest.param(
            "a\nb\nc\nd\ne",
            "a\nx\nc\ny\nd\ne",
            [Difference(CHANGED, "text:2", "b", "x"), Difference(ADDED, "text:4", None, "y")],
            id="what follows an added line has not changed",
        ),
        pytest.param(
            "a\r\nb\r\n",
            "a\nb\n",
            [Difference(CHANGED, "text", "lines end with CR LF", "lines end with LF")],
            id="line ends differ once, not in every line",
        ),
        pytest.param(
            "a\r\nb\n",
            "a\nb\r\n",
            [Difference(CHANGED, "text:1", "a\r", "a"), Difference(CHANGED, "text:2", "b", "b\r")],
            id="mixed line ends differ by line",
        ),
    ],
)
def test_lines(legacy: str, target: str, differences: list[Difference]) -> None:
    """Lines are named by number, from 1, and shown as they are."""
    assert compare(plain(legacy), plain(target)) == Found(differences, [])


def test_a_rewritten_page_is_cut() -> None:
    """Of a thousand changed lines a hundred are listed, and a note says so."""
    found = compare(plain("a\n" * 1000 + "b"), plain("\n".join(map(str, range(1000)))))

    assert found is not None
    assert len(found.differences) == 100
    assert found.notes == ["only the first 100 differences of the body are listed"]


def test_too_many_lines_are_not_compared() -> None:
    """Millions of empty lines would take gigabytes as lists."""
    assert compare(plain("\n" * (MOST_LINES + 1)), plain("")) is None


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("shift_jis", "検索①㈱髙～".encode("cp932")),
        ("windows-31j", "検索①㈱髙～".encode("cp932")),
        ("utf-8", "検索①㈱髙～".encode()),
        ("", "検索①㈱髙～".encode()),
        ("utf-16", "検索①㈱髙～".encode("utf-16")),
    ],
)
def test_charsets(charset: str, body: bytes) -> None:
    """Shift_JIS has NEC's and IBM's characters, as browsers read it; without a name it is UTF-8."""
    assert read(body, charset) == plain("検索①㈱髙～")


def test_euc_jp() -> None:
    """EUC-JP by its usual name."""
    assert read("検索".encode("euc_jp"), "euc-jp") == plain("検索")


def test_bytes_outside_the_charset_are_kept_apart() -> None:
    """What cannot be decoded is noted, and two different bytes do not become one replacement."""
    one, other = read(b"a\xff", "utf-8"), read(b"a\xfe", "utf-8")

    assert one.text != other.text
    assert one.note == "not valid utf-8 from byte 1 on"


@pytest.mark.parametrize("charset", ["utf-7", "idna", "zlib", "x" * 1000])
def test_unknown_charsets(charset: str) -> None:
    """A charset that browsers do not read is not read here, and never handed to a codec look-up."""
    text = read(b"caf\xe9", charset)

    assert text.text == "café"
    assert text.note.startswith("unknown charset")
    assert len(text.note) < 80


def test_a_cut_off_character() -> None:
    """Codecs with states refuse even an error handler; the bytes are kept as Latin-1."""
    assert read(b"\x1b$B\xff0", "iso-2022-jp").text == "\x1b$B\xff0"


def test_a_byte_order_mark_is_one_difference() -> None:
    """A mark on one side only is a difference in charset, not in the first line."""
    found = compare(read(b"\xef\xbb\xbfa", ""), read(b"a", ""))

    expected = Difference(DifferenceKind.CHARSET, "body", "byte order mark", "no byte order mark")
    assert found == Found([expected], [])
