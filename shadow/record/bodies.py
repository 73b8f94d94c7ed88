"""Bodies as they are kept: without content codings, masked, still what they were, or only their digest.

Pure. A body is kept so that people can look at it and that it can be judged again: its text with the charset
that makes bytes of it again.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable
from typing import Literal, TypeAlias

import brotli
import zstandard
from msgspec import Struct

from shadow.compare.decode import Undecodable, decode
from shadow.compare.headers import codings, value
from shadow.compare.media import Form, MediaType, media_type, sniffed
from shadow.model import Body, Digest, Headers
from shadow.record import mask_json, mask_markup
from shadow.record.buckets import Count
from shadow.record.mask import Mask
from shadow.record.mask_fields import multipart_hidden, table_hidden

Charset: TypeAlias = Literal[
    "utf-8", "cp932", "euc_jp", "latin-1", "iso2022_jp_ext", "utf-16", "utf-16-le", "utf-16-be", "cp1252",
    "gb18030", "big5", "euc_kr",
]  # fmt: skip
_CHARSETS: tuple[Charset, ...] = (
    "utf-8",
    "cp932",
    "euc_jp",
    "latin-1",
)  # Latin-1 reads any bytes, each as one character
_MARKUP = (Form.HTML, Form.XML)
_SNIFFED = (Form.JSON, *_MARKUP)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")  # but for ESC, which ISO-2022-JP has
_DECLARED: dict[str, Charset] = {
    "shift_jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932", "cp932": "cp932",
    "euc-jp": "euc_jp", "iso-2022-jp": "iso2022_jp_ext", "utf-16": "utf-16", "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be", "windows-1252": "cp1252", "gb18030": "gb18030", "gbk": "gb18030",
    "gb2312": "gb18030", "big5": "big5", "euc-kr": "euc_kr",
}  # fmt: skip


class Kept(Struct, frozen=True, omit_defaults=True):
    """A body of `length` bytes without its content codings. `text` is what it said, masked, and `charset`
    makes its bytes of it; where it is None, `why` says why, and equal bodies have equal digests."""

    length: Count
    text: str | None = None
    charset: Charset = "utf-8"
    why: str = ""
    digest: str = ""


def kept(body: Body, headers: Headers, most: int, mask: Mask) -> Kept:
    """What is kept of a body that came with these header fields, if it has at most `most` bytes."""
    if isinstance(body, Digest):
        return Kept(body.length, why="too large to be captured", digest=mask.digest(body.sha256))
    if not body:
        return Kept(0, "")
    plain = decode(body, codings(headers))
    if isinstance(plain, Undecodable):
        return Kept(len(body), why=plain.reason[:200], digest=mask.digest(body))
    if len(plain) > most:
        return Kept(len(plain), why="larger than record.bodies", digest=mask.digest(plain))
    said = media_type(value(headers, b"content-type"))
    form = _form(plain, said)
    if form is Form.MULTIPART:
        plain = multipart_hidden(plain, said.parameters.get("boundary", ""), mask)
    text, charset = _read(plain, said.charset)
    if form is Form.OTHER or _CONTROLS.search(text):
        return Kept(len(plain), why="binary", digest=mask.digest(plain))
    return Kept(len(plain), _hidden(text, form, said, mask), charset)


def restored(body: Kept, headers: Headers) -> bytes:
    """The bytes that a kept text stands for, under the content codings that the header fields name."""
    encoded = (body.text or "").encode(body.charset, "replace")
    for coding in codings(headers).split(",") if encoded else ():
        encode = _ENCODERS.get(coding.strip())
        encoded = encode(encoded) if encode else encoded
    return encoded


def _form(body: bytes, said: MediaType) -> Form:
    """What a body is, first by itself: what is called text may hold JSON, whose names tell the secrets."""
    own = sniffed(body)
    if own in _MARKUP and said.form in _MARKUP:
        return said.form  # a part of a page begins with any tag
    if own in _SNIFFED and said.form is not Form.MULTIPART:
        return own
    return said.form or own


def _read(body: bytes, declared: str) -> tuple[str, Charset]:
    """The body as text, and the codec that makes the same bytes of it."""
    first = _DECLARED.get(declared.lower())
    for charset in (first, *_CHARSETS) if first else _CHARSETS:
        try:
            text = body.decode(charset)
            if text.encode(charset) == body:
                return text, charset
        except UnicodeError:
            continue
    raise AssertionError("Latin-1 reads any bytes")


def _hidden(text: str, form: Form, said: MediaType, mask: Mask) -> str:
    if form is Form.MULTIPART:
        return text  # masked already, as bytes
    if form in _MARKUP:
        return mask_markup.hidden(text, mask, form is Form.XML)
    if form is Form.FORM:
        return mask.form(text)
    if form is Form.TABLE:
        return table_hidden(text, mask)
    if form not in (Form.JSON, Form.LINES):
        return mask.whole(text)
    masked = mask_json.hidden(text, mask, mask.places, lines=said.form is Form.LINES)
    if masked is None:
        named = mask.by_name and not mask_json.may_hold_secret(text, mask)
        return mask.whole(text) if named else mask.value(text)
    return masked


_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 1, mtime=0),
    "x-gzip": lambda body: gzip.compress(body, 1, mtime=0),
    "deflate": lambda body: zlib.compress(body, 1),
    "br": lambda body: brotli.compress(body, quality=1),
    "zstd": zstandard.ZstdCompressor(level=1).compress,
}
