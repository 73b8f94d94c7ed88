"""Content-Type."""

from __future__ import annotations

import pytest

from shadow.compare.media import Form, media_type


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (b"application/json", Form.JSON),
        (b"application/problem+json; charset=utf-8", Form.JSON),
        (b"Application/JSON", Form.JSON),
        (b"text/json", Form.JSON),
        (b"application/x-ndjson", Form.TEXT),
        (b"text/html;charset=euc-jp", Form.TEXT),
        (b"application/xhtml+xml", Form.TEXT),
        (b"image/svg+xml", Form.TEXT),
        (b"application/javascript", Form.TEXT),
        (b"application/x-www-form-urlencoded", Form.TEXT),
        (b"image/png", Form.OTHER),
        (b"application/octet-stream", Form.OTHER),
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
