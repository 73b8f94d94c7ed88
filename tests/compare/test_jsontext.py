"""JSON as slices of text: reading, opening, and what strict readers refuse."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec import Raw

from shadow.compare.jsontext import (
    MOST_VALUES,
    Document,
    Unread,
    elements,
    members,
    number,
    read,
    string,
    whole,
    written,
)


def opened(text: bytes) -> dict[str, bytes]:
    """The members of an object, as text."""
    return {key: bytes(value) for key, value in members(Raw(text)).items()}


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b"[]",
        b"1",
        b'"a"',
        b"null",
        b'{"a":[1,2.50,true]}',
        b"9" * 10_000,
        b"1e999999",
        '{"価格":1}'.encode(),
    ],
)
def test_strict_json_is_kept_as_it_is(text: bytes) -> None:
    """Numbers of any size and precision stay as they were written."""
    assert read(text) == Document(Raw(text), "")


def test_blanks_are_dropped() -> None:
    """Layout is no difference."""
    assert read(b'{\n  "a" : [1, 2],\n  "b": " x, y "\n}\n') == Document(Raw(b'{"a":[1,2],"b":" x, y "}'), "")


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        pytest.param(b"[NaN,-Infinity]", b'["NaN (not JSON)","-Infinity (not JSON)"]', id="no numbers"),
        pytest.param(b'"a\tb"', b'"a\\tb"', id="raw control character"),
        pytest.param(b'["\\ud800", 1.00]', b'["\\\\ud800",1.00]', id="lone surrogate"),
        pytest.param(b'{"\\udfff":"\\udfff"}', b'{"\\\\udfff":"\\\\udfff"}', id="lone surrogate in a key"),
    ],
)
def test_what_is_not_strict_is_mended(text: bytes, mended: bytes) -> None:
    """Clients that are less strict read it; so it is compared, and the objection is kept."""
    document = read(text)

    assert isinstance(document, Document)
    assert bytes(document.root) == mended
    assert document.objection.startswith("not strict JSON: ")


@pytest.mark.parametrize(
    "text", [b"<html>", b"{", b'{"a":1,}', b"[1] 2", b"01", b"'a'", b'"\\x"', b"\xef\xbb\xbf{}"]
)
def test_what_is_not_json(text: bytes) -> None:
    """Nothing is guessed."""
    unread = read(text)

    assert isinstance(unread, Unread)
    assert unread.malformed
    assert unread.reason.startswith("not JSON: ")


@pytest.mark.parametrize(
    "text", [b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000]
)
def test_too_many_levels(text: bytes) -> None:
    """A hundred thousand levels neither crash nor count as malformed."""
    assert read(text) == Unread("nested too deep", malformed=False)


def test_too_many_levels_that_are_not_strict() -> None:
    """Nor do they where the lenient reader has to look."""
    assert read(b"[NaN," + b"[" * 100_000 + b"]" * 100_001) == Unread("nested too deep", malformed=False)


def test_too_many_values() -> None:
    """Ten million keys are counted, not opened; a long string is one value."""
    text = b"[" + b"0," * (MOST_VALUES + 1) + b"0]"

    assert read(text) == Unread("more than 150000 values", malformed=False)
    assert isinstance(read(b'"' + b"x" * 5_000_000 + b'"'), Document)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(b"{}", {}, id="empty"),
        pytest.param(b'{"a":1,"b":[2]}', {"a": b"1", "b": b"[2]"}, id="plain"),
        pytest.param(b'{"\\u0061":1}', {"a": b"1"}, id="escaped key"),
        pytest.param(b'{"a": 1 , "b" :2}', {"a": b"1", "b": b"2"}, id="blanks"),
        pytest.param(b'{"a":1,"a":2}', {"a": b"2", "a (given before)": b"[1]"}, id="key given twice"),
        pytest.param(
            b'{"a":1,"\\u0061":2,"a":3}', {"a": b"3", "a (given before)": b"[1,2]"}, id="in other escapes"
        ),
        pytest.param(b'{"":0,"":0}', {"": b"0", " (given before)": b"[0]"}, id="the shortest of all"),
        pytest.param(b'{"\xff":1}', {"\\udcff": b"1"}, id="key that is not UTF-8"),
        pytest.param('{"価格":1,"名前":2}'.encode(), {"価格": b"1", "名前": b"2"}, id="not ASCII"),
    ],
)
def test_members(text: bytes, expected: dict[str, bytes]) -> None:
    """Every member is found, and a key that was given twice is not lost."""
    assert opened(text) == expected


def test_members_are_found_in_linear_time() -> None:
    """What is inside a mended value is clean: depth does not multiply the work."""
    text = b'{"\\"\\"\\"\\"\\"\\"":{"a":0},"x":1}'

    inner = members(members(Raw(b'{"\\u0061":' + text + b"}"))["a"])

    assert {key: bytes(value) for key, value in inner.items()} == {'""""""': b'{"a":0}', "x": b"1"}


def test_elements() -> None:
    """Elements keep their text."""
    assert [bytes(element) for element in elements(Raw(b'[1,1.0,"a",{}]'))] == [b"1", b"1.0", b'"a"', b"{}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'"a"', "a"),
        (b'"\\u00e9"', "é"),
        ('"é"'.encode(), "é"),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\xff"', "\\udcff"),
    ],
)
def test_string(text: bytes, expected: str) -> None:
    """Escapes are only a way of writing."""
    assert string(Raw(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"1", Decimal(1)),
        (b"1.10", Decimal("1.1")),
        (b"12345678901234567890.1", Decimal("12345678901234567890.1")),
        (b"1e99999999999999999999", None),
        (b"9" * 5000, None),
    ],
)
def test_number(text: bytes, expected: Decimal | None) -> None:
    """Numbers are exact, and those of absurd size are not calculated with."""
    assert number(Raw(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [(b"1", True), (b"-0", True), (b"1.0", False), (b"1e3", False), (b"1E3", False)]
)
def test_whole(text: bytes, expected: bool) -> None:
    """What has a fraction or an exponent is a floating-point number to typed languages."""
    assert whole(Raw(text)) is expected


def test_written() -> None:
    """Strings keep their quotes and lose their escapes; everything else is shown as it is."""
    assert written(Raw(b'"\\u4fa1\\n"')) == '"価\\n"'
    assert written(Raw(b"[1.50]")) == "[1.50]"
