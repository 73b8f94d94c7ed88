"""Differences of forms and of messages of several parts."""

from __future__ import annotations

import email.parser
import email.policy
from functools import partial
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.processor import within

from shadow.compare.forms import compare_multipart, compare_urlencoded
from shadow.compare.found import Found
from shadow.model import Difference, DifferenceKind

CHANGED, MISSING, ADDED = DifferenceKind.CHANGED, DifferenceKind.MISSING, DifferenceKind.ADDED
ORDER = DifferenceKind.ORDER
NONE: frozenset[str] = frozenset()


def strict(legacy: str, target: str) -> str | None:
    """No two values count as equal."""
    return None


def lenient(legacy: str, target: str) -> str | None:
    """Any two values count as equal."""
    return "any"


def swapped(found: Found) -> list[Difference]:
    """The differences seen from the other side."""
    return [difference.swapped() for difference in found.differences]


@pytest.mark.parametrize(
    ("legacy", "target", "differences"),
    [
        pytest.param("a=1&b=2", "b=2&a=1", [], id="order of names"),
        pytest.param("a=x+y", "a=x%20y", [], id="spelling"),
        pytest.param("a=%C3%A9", "a=é", [], id="spelling of letters"),
        pytest.param("a=1", "a=1&", [], id="an empty field"),
        pytest.param("a=1", "a=1\r\n", [], id="an end of line"),
        pytest.param("a", "a=", [], id="no value or an empty one"),
        pytest.param("a=1", "a=2", [Difference(CHANGED, "form:a", "1", "2")], id="changed"),
        pytest.param("a=1&b=2", "a=1", [Difference(MISSING, "form:b", "2")], id="missing"),
        pytest.param("a=1", "a=1&b=", [Difference(ADDED, "form:b", None, "")], id="added"),
        pytest.param("a=1&a=2", "a=2&a=1", [Difference(ORDER, "form:a", "1, 2", "2, 1")], id="order"),
        pytest.param("a=1&a=2&a=3", "a=1&a=3", [Difference(MISSING, "form:a", "2")], id="one value missing"),
        pytest.param("=1", "=2", [Difference(CHANGED, "form:", "1", "2")], id="a field without a name"),
        pytest.param("a=%ff", "a=%fe", [Difference(CHANGED, "form:a", "\\udcff", "\\udcfe")], id="not UTF-8"),
    ],
)
def test_urlencoded(legacy: str, target: str, differences: list[Difference]) -> None:
    """Fields are compared by name; from the other side it is the same, swapped."""
    assert compare_urlencoded(legacy, target, NONE, strict) == Found(differences, [])
    assert swapped(compare_urlencoded(target, legacy, NONE, strict)) == differences


def test_rules_of_fields() -> None:
    """A field that is ignored, and values that count as equal; each line is named once."""
    found = compare_urlencoded("t=1&t=2&a=1&b=1", "t=3&a=2&b=2", frozenset({"t", "x"}), lenient)

    assert found == Found([], [], ("any", "form:t"))


def message(*parts: str, boundary: str = "x", end: str = "--\r\n") -> bytes:
    """A message of these parts, each with its header fields."""
    lines = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f"{lines}--{boundary}{end}".encode("utf-8", "surrogateescape")


def field(name: str, value: str, more: str = "") -> str:
    """A part of a form."""
    return f'Content-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}'


def found(legacy: bytes, target: bytes, ignored: frozenset[str] = NONE) -> Found:
    """What is found between two messages of the boundary `x`."""
    result = compare_multipart(legacy, target, ("x", "x"), ignored, strict)
    assert result is not None
    return result


PNG = field("f", "\udc89PNG\0", '; filename="a.png"\r\nContent-Type: image/png')


@pytest.mark.parametrize(
    ("legacy", "target", "differences"),
    [
        pytest.param(
            message(field("a", "1"), field("b", "2")),
            message(field("b", "2"), field("a", "1")),
            [],
            id="order of names",
        ),
        pytest.param(
            message(field("a", "1")),
            b"preamble\r\n" + message(field("a", "1")).replace(b"\r\n", b"\n") + b"epilogue",
            [],
            id="what stands around the parts, and line ends",
        ),
        pytest.param(
            message("content-disposition:form-data;name=a\r\nContent-Type: TEXT/plain;charset=A\r\n\r\n1"),
            message(field("a", "1", "\r\nContent-Type:\r\n text/plain; Charset=a")),
            [],
            id="spelling of header fields",
        ),
        pytest.param(
            message(field("a", "1")),
            message(field("a", "2")),
            [Difference(CHANGED, "form:a", "1", "2")],
            id="content",
        ),
        pytest.param(
            message(field("a", "1"), field("é", "2")),
            message(field("a", "1")),
            [Difference(MISSING, "form:é", "2")],
            id="part missing",
        ),
        pytest.param(
            message(PNG),
            message(PNG.replace("a.png", "b.png").replace("image/png", "image/gif").replace("PNG", "PNH")),
            [
                Difference(CHANGED, "form:f;filename", "a.png", "b.png"),
                Difference(CHANGED, "form:f;type", "image/png", "image/gif"),
                Difference(
                    CHANGED,
                    "form:f",
                    "5 bytes, sha256 ad91235e88229246",
                    "5 bytes, sha256 072bb24caab29485",
                ),
            ],
            id="a file",
        ),
        pytest.param(
            message("Content-Range: bytes 0-1/9\r\n\r\nab", "Content-Range: bytes 4-5/9\r\n\r\nef"),
            message("Content-Range: bytes 0-1/9\r\n\r\nab", "Content-Range: bytes 4-6/9\r\n\r\nefg"),
            [
                Difference(CHANGED, "part[2];range", "bytes 4-5/9", "bytes 4-6/9"),
                Difference(CHANGED, "part[2]", "ef", "efg"),
            ],
            id="byte ranges",
        ),
        pytest.param(
            message("\r\none", "\r\ntwo"),
            message("\r\nzero", "\r\none", "\r\ntwo"),
            [Difference(ADDED, "part[1]", None, "zero")],
            id="one part inserted",
        ),
        pytest.param(
            message("\r\none", "\r\ntwo"),
            message("\r\ntwo", "\r\none"),
            [Difference(ORDER, "part", "one, two", "two, one")],
            id="order of parts without a name",
        ),
    ],
)
def test_multipart(legacy: bytes, target: bytes, differences: list[Difference]) -> None:
    """Parts are compared by name, or by place; from the other side it is the same, swapped."""
    assert found(legacy, target) == Found(differences, [])
    assert swapped(found(target, legacy)) == differences


def test_boundaries() -> None:
    """The boundary itself does not count."""
    one, other = message(field("a", "--yy"), boundary="x"), message(field("a", "--yy"), boundary="y z")

    assert compare_multipart(one, other, ("x", "y z"), NONE, strict) == Found([], [])


def test_ignored_part() -> None:
    """By name."""
    assert found(message(field("a", "1")), message(field("a", "2")), frozenset("a")) == Found(
        [], [], ("form:a",)
    )


@pytest.mark.parametrize("boundary", ["", "y"])
def test_no_parts(boundary: str) -> None:
    """A message without its boundary is none."""
    body = message(field("a", "1"))

    assert compare_multipart(body, b"--x", (boundary, "x"), NONE, strict) is None
    assert compare_multipart(b"--x", body, ("x", boundary), NONE, strict) is None


def test_a_message_that_was_cut_off() -> None:
    """Its last part is what is there, and a note says so."""
    whole = message(field("a", "12345"), field("b", "12345"))

    cut = found(whole, whole[:-10])
    assert cut == Found(
        [Difference(CHANGED, "form:b", "12345", "1234")], ["target: the last part has no end"]
    )


HOSTILE = {
    "fields": ("&" * 10_000_000, "a"),
    "one field": ("a=" + "%41" * 3_000_000, "a=" + "%42" * 3_000_000),
    "one name": ("&".join(f"a={i}" for i in range(9_999)), "&".join(f"a={-i}" for i in range(9_999))),
    "many names": ("&".join(f"a{i}" for i in range(9_999)), "&".join(f"b{i}" for i in range(9_999))),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_forms(name: str) -> None:
    """Take bounded time, and say what was not compared."""
    result = within(1, lambda: compare_urlencoded(*HOSTILE[name], NONE, strict))

    assert result.differences
    assert result.notes or len(result.differences) < 100


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"--x\r\n" * 2_000_000, id="parts"),
        pytest.param(b"--x\r\n" * 9_000, id="parts within the limit"),
        pytest.param(b"--x\r\n\r\n" + b"\r\n" * 5_000_000, id="lines"),
        pytest.param(b"--x" + b" " * 10_000_000 + b"y", id="blanks"),
        pytest.param(b"--x\r\n" + b"a: b\r\n" * 1_500_000, id="header fields"),
        pytest.param(b"--x\r\nContent-Type: " + b";a=b" * 2_000_000 + b"\r\n\r\n", id="parameters"),
    ],
)
def test_hostile_messages(body: bytes) -> None:
    """Take bounded time, whichever side they come from."""
    plain = message(field("a", "1"))

    for legacy, target in ((body, plain), (plain, body)):
        result = within(1, partial(found, legacy, target))
        assert result.differences
        assert result.notes


PAIRS = st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=6)


@given(PAIRS, PAIRS)
def test_laws_of_fields(legacy: list[tuple[str, str]], target: list[tuple[str, str]]) -> None:
    """Nothing differs from itself, writing a form again is no difference, swapping swaps."""
    one, other = urlencode(legacy), urlencode(target)

    assert compare_urlencoded(one, one, NONE, strict) == Found([], [])
    assert compare_urlencoded(one, urlencode(parse_qsl(one, keep_blank_values=True)), NONE, strict) == Found(
        [], []
    )
    result = compare_urlencoded(one, other, NONE, strict)
    assert swapped(result) == compare_urlencoded(other, one, NONE, strict).differences
    if legacy != target and sorted(legacy) == sorted(target):
        assert {difference.kind for difference in result.differences} <= {ORDER}
    else:
        assert bool(result.differences) == (legacy != target)


@given(st.lists(st.text("ab \r\n-x", max_size=6).map(lambda text: text.rstrip("\r")), min_size=1, max_size=4))
def test_parts_as_the_standard_library_reads_them(contents: list[str]) -> None:
    """The e-mail package finds the same parts."""
    body = message(*("\r\n" + content for content in contents))
    head = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    parsed = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    parts = [part.get_payload(decode=False) for part in parsed.iter_parts()]
    again = message(*(f"\r\n{part}" for part in parts))

    assert found(body, again).differences == []


@given(st.binary(), st.binary(), st.text(max_size=2))
def test_never_an_error(legacy: bytes, target: bytes, boundary: str) -> None:
    """Whatever the bodies."""
    one, other = f"--{boundary}\r\n".encode() + legacy, f"--{boundary}\n".encode() + target

    compare_multipart(one, other, (boundary, boundary), NONE, strict)
    compare_urlencoded(legacy.decode("utf-8", "surrogateescape"), target.decode("latin-1"), NONE, strict)
