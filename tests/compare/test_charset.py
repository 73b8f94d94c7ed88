"""What charset a body is in, and two charsets side by side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.compare.charset import WAVE_DASH, charset_difference, fold, folded, read
from shadow.compare.text import Text
from shadow.model import Difference, DifferenceKind

JAPANESE = "検索システムの結果を表示します。価格は税込みです。"
HTML, PLAIN, XML = "text/html", "text/plain", "application/xml"


@pytest.mark.parametrize(
    ("body", "declared", "media", "codec", "how"),
    [
        pytest.param(b"\xef\xbb\xbfa", "shift_jis", HTML, "utf-8", "bom", id="a mark before the header"),
        pytest.param("a".encode("utf-16"), "", PLAIN, "utf-16-le", "bom", id="UTF-16 by its mark"),
        pytest.param(b"\xfe\xff\x00a", "utf-16", PLAIN, "utf-16-be", "bom", id="the mark says which UTF-16"),
        pytest.param(b'<meta charset="euc-jp">', "utf-8", HTML, "utf-8", "declared", id="header before meta"),
        pytest.param(b'<meta charset="euc-jp">', "", HTML, "euc-jp", "meta", id="meta charset"),
        pytest.param(b"<META CHARSET=Shift_JIS >", "", HTML, "cp932", "meta", id="meta in capitals"),
        pytest.param(
            b'<meta content="text/html; charset=x-sjis" http-equiv=Content-Type>', "", HTML, "cp932", "meta",
            id="meta http-equiv",
        ),
        pytest.param(b"<!-- <meta charset=koi8-r> -->", "", HTML, "utf-8", "tried", id="in a comment"),
        pytest.param(b'<meta name=x content="charset=koi8-r">', "", HTML, "koi8-r", "meta", id="content"),
        pytest.param(b"<meta charset=utf-16le>", "", HTML, "utf-8", "meta", id="UTF-16 is not read as ASCII"),
        pytest.param(b"<meta charset=klingon>", "", HTML, "utf-8", "tried", id="unknown in meta"),
        pytest.param(b" " * 1024 + b"<meta charset=euc-jp>", "", HTML, "utf-8", "tried", id="too late"),
        pytest.param(b"<meta charset=euc-jp>", "", PLAIN, "utf-8", "tried", id="meta in plain text"),
        pytest.param(
            b'<?xml version="1.0" encoding="EUC-JP"?>', "", XML, "euc-jp", "meta", id="XML declaration"
        ),
        pytest.param(
            b"<?xml version='1.0' encoding='sjis'?>", "", "image/svg+xml", "cp932", "meta", id="of SVG"
        ),
        pytest.param(JAPANESE.encode(), "", PLAIN, "utf-8", "tried", id="UTF-8"),
        pytest.param(JAPANESE.encode("iso2022_jp"), "", PLAIN, "iso-2022-jp-ext", "tried", id="ISO-2022-JP"),
        pytest.param(b"\x1b[31mred", "", PLAIN, "utf-8", "tried", id="an escape of another kind"),
        pytest.param(JAPANESE.encode("euc_jp"), "", PLAIN, "euc-jp", "tried", id="EUC-JP"),
        pytest.param(JAPANESE.encode("cp932"), "", PLAIN, "cp932", "tried", id="Shift_JIS"),
        pytest.param("Привет мир, это тест".encode("cp1251"), "", PLAIN, "cp1251", "detected", id="Russian"),
        pytest.param("안녕하세요 세계".encode("euc_kr"), "", PLAIN, "cp949", "detected", id="Korean"),
        pytest.param("中文测试内容页面".encode("gb18030"), "", PLAIN, "gb18030", "detected", id="Chinese"),
        pytest.param(b"\x81 \x8d " * 5, "", PLAIN, "latin-1", "assumed", id="no text at all"),
        pytest.param(b"a\xff", "klingon", PLAIN, "latin-1", "assumed", id="an unknown label"),
    ],
)  # fmt: skip
def test_what_tells_the_charset(body: bytes, declared: str, media: str, codec: str, how: str) -> None:
    """Byte order mark, Content-Type, the page itself, what decodes, a detector: in this order."""
    found = read(body, declared, media)

    assert (found.codec, found.how) == (codec, how)


@pytest.mark.parametrize(
    ("declared", "body"),
    [
        ("shift_jis", "検索①㈱髙～".encode("cp932")),
        ("windows-31j", "検索①㈱髙～".encode("cp932")),
        ("utf-8", "検索①㈱髙～".encode()),
        ("", "検索①㈱髙～".encode()),
        ("utf-16", "検索①㈱髙～".encode("utf-16")),
        ("utf-16be", "検索①㈱髙～".encode("utf-16-be")),
    ],
)
def test_texts(declared: str, body: bytes) -> None:
    """Shift_JIS has NEC's and IBM's characters, as browsers read it."""
    text = read(body, declared, PLAIN)

    assert (text.text, text.bom, text.note) == ("検索①㈱髙～", False, "")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param(b"\xb8\xa1\xba\xf7", "検索", id="plain"),
        pytest.param(b"\xad\xa1\xad\xea", "①㈱", id="NEC, row 13"),
        pytest.param(b"\xfc\xe2\xf9\xa1", "髙纊", id="IBM, rows 89 to 92"),
        pytest.param(b"\x8f\xf4\xfb\x8f\xf3\xf3\x8f\xf4\xab", "髙ⅰ㈱", id="IBM in three bytes"),
        pytest.param(b"\x8f\xb0\xa1", "丂", id="JIS X 0212"),
        pytest.param(b"\x8e\xb1", "ｱ", id="half-width kana"),
    ],
)
def test_euc_jp(body: bytes, text: str) -> None:
    """EUC-JP with what Japanese systems added to it, which Python's codec does not know."""
    assert read(body, "euc-jp", PLAIN) == Text(text, False, "", "euc-jp", "declared")


def test_all_of_nec_and_ibm_is_the_same_in_both_charsets() -> None:
    """Every character of NEC's and IBM's rows that cp932 has is read from EUC-JP too, and is the same."""
    for row in (13, 89, 90, 91, 92):
        for cell in range(1, 95):
            lead = (row + 1) // 2 + (0x80 if row <= 62 else 0xC0)
            trail = cell + 0x3F + (cell >= 64) if row % 2 else cell + 0x9E
            expected = bytes((lead, trail)).decode("cp932", "replace")
            found = read(bytes((row + 0xA0, cell + 0xA0)), "euc-jp", PLAIN)
            assert found.text == expected or ("\ufffd" in expected and found.note)


@pytest.mark.parametrize("declared", ["utf-8", "euc-jp", "shift_jis"])
def test_bytes_outside_a_declared_charset_are_kept_apart(declared: str) -> None:
    """What cannot be decoded is noted, and two different bytes do not become one replacement."""
    one, other = read(b"a\x81\xff", declared, PLAIN), read(b"a\x81\xfe", declared, PLAIN)

    assert one.text != other.text
    assert one.note == f"not valid {one.codec} from byte 1 on"


@pytest.mark.parametrize("charset", ["utf-7", "idna", "zlib", "x" * 1000])
def test_unknown_charsets(charset: str) -> None:
    """A charset that browsers do not read is not read here, and never handed to a codec look-up."""
    text = read(b"caf\xe9", charset, PLAIN)

    assert text.text == "café"
    assert text.note.startswith("unknown charset")
    assert len(text.note) < 80


@pytest.mark.parametrize("declared", ["", "iso-2022-jp"])
def test_half_width_kana_in_iso_2022_jp(declared: str) -> None:
    """Old mailers and terminals write them so, and browsers read them."""
    text = read("日本語のﾃｽﾄ".encode("iso2022_jp_ext"), declared, PLAIN)

    assert (text.text, text.note) == ("日本語のﾃｽﾄ", "")


def test_a_cut_off_character() -> None:
    """Codecs with states refuse even an error handler; the bytes are kept as Latin-1."""
    assert read(b"\x1b$B\xff0", "iso-2022-jp", PLAIN).text == "\x1b$B\xff0"


@given(
    st.binary(max_size=300), st.sampled_from(["", "utf-8", "euc-jp", "shift_jis", "utf-16", "gbk", "nothing"])
)
def test_no_bytes_raise(body: bytes, declared: str) -> None:
    """Whatever the bytes are, they are read as something, and the same bytes as the same."""
    assert read(body, declared, HTML) == read(body, declared, HTML)


@given(st.binary(max_size=60), st.binary(max_size=60), st.sampled_from(["utf-8", "cp1252", "euc-jp"]))
def test_what_differs_in_bytes_differs_in_text(one: bytes, other: bytes, declared: str) -> None:
    """Nothing is replaced by a mark that stands for many. Only EUC-JP has some characters twice."""
    ours, theirs = read(one, declared, PLAIN), read(other, declared, PLAIN)

    if one != other and (ours.bom, ours.codec) == (theirs.bom, theirs.codec) and declared != "euc-jp":
        assert ours.text != theirs.text


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    """fold is idempotent."""
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("pair", ["〜～", "−－", "‖∥", "¢￠", "£￡", "¬￢", "—―"])
def test_the_wave_dash_family(pair: str) -> None:
    """Two characters that two tables make of one."""
    assert fold(pair[0]) == fold(pair[1])


@pytest.mark.parametrize(
    "sign", [b"\xa1\xc1", b"\xa1\xdd", b"\xa1\xc2", b"\xa1\xf1", b"\xa1\xf2", b"\xa2\xcc"]
)
def test_euc_jp_differs_from_shift_jis_only_in_the_family(sign: bytes) -> None:
    """One character of JIS in both charsets is one character when folded."""
    row, cell = sign[0] - 0xA0, sign[1] - 0xA0
    trail = cell + 0x3F + (cell >= 64) if row % 2 else cell + 0x9E
    windows = bytes(((row + 1) // 2 + 0x80, trail)).decode("cp932")
    ours = read(sign, "euc-jp", PLAIN).text

    assert ours != windows
    assert fold(ours) == fold(windows)


def test_the_same_text_in_two_charsets() -> None:
    """One difference says that the charsets differ; folded, the texts are equal, and the rule is named."""
    legacy = read("1〜2".encode("euc_jp"), "euc-jp", PLAIN)
    target = read("1～2".encode(), "utf-8", PLAIN)
    ours, theirs, hits = folded(legacy, target)

    assert ours.text == theirs.text
    assert hits == (WAVE_DASH,)
    expected = Difference(DifferenceKind.CHARSET, "body", "euc-jp", "utf-8")
    assert charset_difference(legacy, target) == [expected]
    assert charset_difference(target, legacy) == [expected.swapped()]


def test_folding_that_does_not_matter_is_not_named() -> None:
    """Both sides have the same sign, or none."""
    legacy, target = read(b"a", "euc-jp", PLAIN), read("a～".encode(), "utf-8", PLAIN)

    assert folded(legacy, legacy) == (legacy, legacy, ())
    assert folded(read("a～".encode("cp932"), "shift_jis", PLAIN), target)[2] == ()
    assert charset_difference(legacy, read(b"a", "utf-8", PLAIN)) == []  # ASCII is the same in all
