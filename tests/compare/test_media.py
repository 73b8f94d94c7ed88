"""Content-Type, and bodies without one."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.compare.media import Form, media_type, sniffed


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (b"application/json", Form.JSON),
        (b"application/problem+json; charset=utf-8", Form.JSON),
        (b"Application/JSON", Form.JSON),
        (b"text/json", Form.JSON),
        (b"application/vnd.api+json", Form.JSON),
        (b"application/x-ndjson", Form.LINES),
        (b"application/jsonl", Form.LINES),
        (b"text/html;charset=euc-jp", Form.HTML),
        (b"application/xhtml+xml", Form.HTML),
        (b"image/svg+xml", Form.XML),
        (b"text/xml", Form.XML),
        (b"application/atom+xml", Form.XML),
        (b"application/soap+xml; action=x", Form.XML),
        (b"text/csv; header=present", Form.TABLE),
        (b"text/tab-separated-values", Form.TABLE),
        (b"application/x-www-form-urlencoded", Form.FORM),
        (b"multipart/form-data; boundary=x", Form.MULTIPART),
        (b"multipart/byteranges; boundary=x", Form.MULTIPART),
        (b"application/javascript", Form.TEXT),
        (b"text/javascript", Form.TEXT),
        (b"text/css", Form.TEXT),
        (b"text/event-stream", Form.TEXT),
        (b"application/xml-dtd", Form.TEXT),
        (b"application/vnd.oai.openapi+yaml", Form.TEXT),
        (b"application/vnd.comicbook+zip", Form.OTHER),
        (b"image/png", Form.OTHER),
        (b"application/octet-stream", Form.OTHER),
        (b"nonsense", Form.OTHER),
        (b"", None),
    ],
)
def test_form(value: bytes, form: Form | None) -> None:
    """The media type alone decides how a body is compared."""
    assert media_type(value).form is form


@pytest.mark.parametrize(
    ("value", "charset"),
    [
        (b"text/html", ""),
        (b"text/html; charset=UTF-8", "utf-8"),
        (b'text/html;Charset="Shift_JIS"', "shift_jis"),
        (b"text/html; charset=a; charset=b", "a"),
        (b"text/html; boundary=x ; charset = utf-8", "utf-8"),
        (b"text/html; charset=", ""),
        (b"text/html; charset", ""),
    ],
)
def test_charset(value: bytes, charset: str) -> None:
    """Case, quotes and blanks do not matter (RFC 9110, 8.3.1); of two the first counts."""
    assert media_type(value).charset == charset


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b'{"a": 1}', Form.JSON),
        (b"\xef\xbb\xbf \n[ {", Form.JSON),
        ('{"a": 1}'.encode("utf-16"), Form.JSON),
        (b"[1, 2]", Form.JSON),
        (b"[null]", Form.JSON),
        (b"{}", Form.JSON),
        (b"[section]\nkey = value", Form.TEXT),
        (b"{color: red}", Form.TEXT),
        (b"<!DOCTYPE html><p>", Form.HTML),
        (b"\n<HTML lang=ja>", Form.HTML),
        (b"<div>", Form.HTML),
        (b"<p>a", Form.HTML),
        (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>", Form.HTML),
        (b"<?xml version='1.0'?><feed/>", Form.XML),
        (b"<feed xmlns='a'>", Form.XML),
        (b"<param>", Form.XML),
        (b"< 3", Form.TEXT),
        (b"a,b\n1,2", Form.TEXT),
        ("検索".encode("iso-2022-jp"), Form.TEXT),
        (b"\x89PNG\r\n\x1a\n\0\0", Form.OTHER),
        (b"GIF89a", Form.OTHER),
        (b"%PDF-1.7\n", Form.OTHER),
        (gzip.compress(b"a"), Form.OTHER),
        (b"a\0b", Form.OTHER),
        (b"", Form.TEXT),
    ],
)
def test_sniffed(body: bytes, form: Form) -> None:
    """A body of which nothing is said is known by its first bytes."""
    assert sniffed(body) is form


@given(st.binary())
def test_sniffing_is_total(body: bytes) -> None:
    """Whatever the bytes, there is a form."""
    assert isinstance(sniffed(body), Form)
