"""What is fuzzed: for each parser of hostile bytes a function that takes some, and raises only on a fault.

Each holds what is made of the bytes against something: another reader, the same bytes in pieces, the other
side's view, the way back. Without atheris these are plain functions; `test_corpus.py` runs them so.
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Callable, Iterable
from functools import partial
from io import BytesIO, StringIO
from tempfile import NamedTemporaryFile
from typing import Final, TypeAlias

import brotli
import zstandard
from msgspec.structs import replace
from support.readers import (
    PASSAGE,
    PEER,
    Refused,
    by_h11,
    by_h11_of_an_answer,
    compare,
    excused_h11,
    excused_h11_of_an_answer,
    forwarded,
    ours,
    ours_of_an_answer,
)

from replay.formats.detect import detect
from replay.formats.gor import SEPARATOR
from replay.formats.parser import LineParser, RecordParser
from replay.formats.registry import PRESETS, parser
from replay.model import BadLine, LoggedRequest, Parsed
from replay.request import head, overrides
from shadow.again.rejudge import rejudge
from shadow.again.rules import EndpointRules
from shadow.compare import charset
from shadow.compare.decode import LARGEST, Undecodable, decode
from shadow.compare.judge import judge, quick
from shadow.compare.rules import Rule, compile_rule
from shadow.config.load import MASKED, ConfigError, Loaded, load, show
from shadow.model import Comparison, Exchange, Fate, Headers, Request, Response, head_of
from shadow.record.again import checked
from shadow.record.bodies import kept
from shadow.record.evidence import evidence
from shadow.record.mask import Mask
from shadow.record.mask_differences import masked
from shadow.record.segment import Record, Unreadable, compressed, encode, read_sealed
from shadow.report import build, html, json, junit, markdown, text
from shadow.settings import Compare, Config
from shadow.wire.body import Chunked, Malformed, chunk, last_chunk
from shadow.wire.head import RequestHead
from shadow.wire.request_head import RequestReader, unfinished

Target: TypeAlias = Callable[[bytes], None]

# ---- messages --------------------------------------------------------------------------------


def request(data: bytes) -> None:
    """What we accept h11 reads as the same, as it came and as legacy gets it; and no beginning of its head is
    refused."""
    try:
        mine, accepted, own = ours(data)
    except Refused:
        return
    compare(mine, by_h11, own, excused_h11)
    forwarded(mine, accepted)
    end = data.find(b"\r\n\r\n")
    assert not any(unfinished(data[:at], max(0, at - 1), PASSAGE) for at in range(end + 4))
    next_one = RequestReader(PEER, replace(PASSAGE, marker=b"next"))
    assert isinstance(next_one.read(accepted.forward, b"fresh")[0], RequestHead)


def answer(data: bytes) -> None:
    """What we relay h11 reads as the same, whatever was asked."""
    for method in (b"GET", b"HEAD"):
        try:
            mine, own = ours_of_an_answer(data, method)
        except Refused:
            continue
        compare(mine, partial(by_h11_of_an_answer, method=method), own, excused_h11_of_an_answer)


def chunks(data: bytes) -> None:
    """A body is the same in pieces of any size; and written again it is the same body."""
    whole = _unchunked(data, len(data) or 1)
    for size in (1, 7):
        assert _unchunked(data, size) == whole, size
    if whole is not None and whole[1]:
        body, _, rest, trailers = whole
        again = (chunk(body) if body else b"") + last_chunk(trailers)
        assert _unchunked(again + rest, len(again)) == whole
        assert len(body) + len(rest) < len(data)


def _unchunked(data: bytes, size: int) -> tuple[bytes, bool, bytes, bytes] | None:
    """The body, if it has ended, what follows it, and its trailers; None if it is malformed."""
    reader, body = Chunked(), b""
    for at in range(0, len(data), size):
        try:
            body += reader.feed(data[at : at + size])
        except Malformed:
            return None
        if reader.done:
            return body, True, reader.rest + data[at + size :], reader.trailers
    return body, False, b"", reader.trailers


# ---- logs ------------------------------------------------------------------------------------

_OVERRIDES = overrides(b"legacy:80", ())
_LINES = [name for name in PRESETS if isinstance(parser(name), LineParser)]


def lines(data: bytes) -> None:
    """Each preset makes of every line a request that can be sent, or says why not."""
    log = data.split(b"\n")
    for name in _LINES:
        _read(parser(name), log)
    assert detect(log).why


def form(data: bytes) -> None:
    """So does any format string, here the first line, that is understood."""
    first, *log = data.split(b"\n")
    try:
        made = parser(first.decode("utf-8", "replace"))
    except ValueError:
        return
    _read(made, log)


def records(data: bytes) -> None:
    """So do the formats that are no lines."""
    for name, pieces in (("har", [data]), ("gor", data.split(SEPARATOR))):
        _read(parser(name), pieces)


def _read(made: LineParser | RecordParser, log: Iterable[bytes]) -> None:
    for piece in log:
        for parsed in made.entries(piece) if isinstance(made, RecordParser) else [made.parse(piece)]:
            _sendable(parsed)
    for parsed in made.finish() if isinstance(made, RecordParser) else ():
        _sendable(parsed)


def _sendable(parsed: Parsed) -> None:
    if isinstance(parsed, BadLine):
        assert len(parsed.detail) < 500
        assert parsed.detail.isprintable()
        return
    assert isinstance(parsed, LoggedRequest)
    assert math.isfinite(parsed.at)
    assert parsed.seconds is None or 0 <= parsed.seconds < math.inf
    made = head(parsed, b"id", _OVERRIDES)
    if isinstance(made, BadLine) or any(byte > 0x7E for byte in parsed.target):
        return
    theirs = by_h11(made + parsed.body)
    assert theirs.start == (parsed.method, parsed.target)
    assert theirs.body == parsed.body


# ---- bodies ----------------------------------------------------------------------------------

_REFERENCE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": lambda body: zlib.decompress(body, zlib.MAX_WBITS if body[0] & 15 == 8 else -zlib.MAX_WBITS),
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True).read(),
}
_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": partial(gzip.compress, compresslevel=1),
    "deflate": partial(zlib.compress, level=1),
    "br": partial(brotli.compress, quality=1),
    "zstd": zstandard.ZstdCompressor(level=1).compress,
}


def codings(data: bytes) -> None:
    """The first line has the codings. What is decoded is bounded, what another library makes of it, and what
    was encoded comes back."""
    first, _, body = data.partition(b"\n")
    names = first.decode("latin-1").lower()
    plain = decode(body, names)
    if isinstance(plain, Undecodable):
        assert len(plain.reason) < 300
        for name, encoder in _ENCODERS.items():
            assert decode(encoder(body), name) == body, name
    else:
        assert len(plain) <= max(LARGEST, len(body))
        if body and names in _REFERENCE:
            assert _REFERENCE[names](body) == plain


def charsets(data: bytes) -> None:
    """The first line has the charset. A text is no longer than its bytes, can be written down, and differs in
    nothing from itself."""
    first, _, body = data.partition(b"\n")
    for media in ("text/html", "text/plain"):
        read = charset.read(body, first.decode("latin-1").lower(), media)
        assert len(read.text) <= len(body)
        read.text.encode("utf-8", "surrogateescape")
        assert charset.charset_difference(read, read) == []
        assert charset.fold(charset.fold(read.text)) == charset.fold(read.text)


# ---- pairs -----------------------------------------------------------------------------------

BETWEEN: Final = b"\n====\n"
"""Stands between legacy's body and the target's."""

MASK = Mask(("x-tenant", "query:user", "json:$..mail", "json:$.vault.*", "form:nickname"), b"key")
_PLAIN = compile_rule(Compare(), Compare())
_RULED = compile_rule(
    Compare(
        ignore=("json:$..at", "html:.clock", "html:input[name=csrf]@value", "xml://at", "form:at", "csv:at"),
        unordered=("json:$..tags", "json:$.items key=id"),
        type_only=("json:$..seq",),
        same_host=("json:$..url", "header:location"),
        hosts=("legacy.example", "target.example"),
        cut=(r"\d{4}-\d\d-\d\d", r"build [0-9a-f]+"),
        equivalent=("wave-dash",),
    ),
    Compare(),
)


def pair(kind: str, data: bytes) -> None:
    """Two bodies of one type."""
    ours, _, theirs = data.partition(BETWEEN)
    fields = ((b"Content-Type", kind.encode()),)
    _judged(Response(200, head_of(fields), ours), Response(200, head_of(fields), theirs))


def answers(data: bytes) -> None:
    """Two answers, each a head (its first line is the status) and a body."""
    ours, _, theirs = data.partition(BETWEEN)
    _judged(_response(ours), _response(theirs))


def _response(data: bytes) -> Response:
    said, _, body = data.partition(b"\n\n")
    status, *lines = said.split(b"\n")
    pairs = [line.partition(b":") for line in lines]
    fields: Headers = tuple((name, value.strip(b" \t")) for name, _, value in pairs)
    return Response(200 + len(status) % 100, head_of(fields), body)


def _judged(legacy: Response, target: Response) -> None:
    """Nothing differs from itself, swapping swaps, all is bounded, and what is kept comes back as it was."""
    for rule in (_PLAIN, _RULED):
        there, back = _judge(legacy, target, rule), _judge(target, legacy, rule)
        assert [each.swapped() for each in back.differences] == list(there.differences)
        assert len(there.differences) < 500
        assert all(
            len(shown or "") <= 300 for each in there.differences for shown in (each.legacy, each.target)
        )
        assert quick(legacy, target, rule) in (None, there)
        for side in (legacy, target):
            assert _judge(side, side, rule) == Comparison(Fate.MATCHED)
        shown = evidence(_exchange(legacy), target, masked(there, MASK), MASK, 100_000)
        assert _reread(encode([checked(shown, rule)])) == [checked(shown, rule)]


def _exchange(legacy: Response) -> Exchange:
    asked = Request(b"GET", b"/", ((b"Host", b"shop.example"), (b"X-Forwarded-Proto", b"https")))
    return Exchange("1", "GET /", 1_767_268_800.0, asked, legacy)


def _judge(legacy: Response, target: Response, rule: Rule) -> Comparison:
    return judge(_exchange(legacy), target, rule)


# ---- what is kept ----------------------------------------------------------------------------

SECRET: Final = "hunter2planted"


def masks(data: bytes) -> None:
    """A secret that stands where secrets stand is in nothing that is kept, whatever stands around it."""
    if SECRET.encode() in data:
        return
    around, secret = data.decode("latin-1"), SECRET
    shown = [
        MASK.target(f"/{around}?password={secret}&{around}"),
        MASK.form(f"{around}&nickname={secret}&{around}"),
        MASK.text(f"{around} token={secret} {around}"),
        *(value.decode("latin-1") for _, value in MASK.headers(_fields(data))),
    ]
    for kind, body in _BODIES.items():
        said = kept(
            body.replace(b"SECRET", secret.encode()) % {b"_": data}, ((b"Content-Type", kind),), 1 << 20, MASK
        )
        shown.append(said.text or "")
    for each in shown:
        assert secret not in each, each


_CLOSED = b">\">'>-->]]></script></style></textarea>"
"""What ends whatever is open in a page: within a comment or the value of an attribute there is no field."""

_BODIES = {
    b"application/json": b'{"a":%(_)b,"password":"SECRET","b":%(_)b}',
    b"text/html": b"%(_)b" + _CLOSED + b'<input name="password" value="SECRET">%(_)b',
    b"application/xml": b"<r>%(_)b" + _CLOSED + b"<password>SECRET</password>%(_)b</r>",
    b"text/csv": b"id,password\n1,SECRET\n%(_)b",
    b"multipart/form-data; boundary=xyz": b'%(_)b\r\n--xyz\r\nContent-Disposition: form-data; name="password"'
    b"\r\n\r\nSECRET\r\n--xyz--%(_)b",
    b"application/x-www-form-urlencoded": b"%(_)b&password=SECRET&%(_)b",
}


def _fields(data: bytes) -> Headers:
    secret = SECRET.encode()
    return (
        (b"Cookie", data + b"; a=" + secret),
        (b"Set-Cookie", b"a=%b; %b" % (secret, data)),
        (b"Authorization", data + secret),
        (b"Location", b"https://shop.example/%b?token=%b" % (data, secret)),
    )


def segments(data: bytes) -> None:
    """What is read of a segment, torn or not, is the same written and read again, and makes every report."""
    for file in (data, compressed(data)):
        unreadable = Unreadable()
        found = list(read_sealed(BytesIO(file), "a", unreadable))
        assert _reread(encode(found)) == found
    report = build.build(found, unreadable)
    for render in (html.render, json.render, junit.render, markdown.render):
        assert render(report)
    text.render(report, StringIO(), 100)
    rejudge(found, _RULES)


_RULES = EndpointRules(Config())


def _reread(lines: bytes) -> list[Record]:
    unreadable = Unreadable()
    found = list(read_sealed(BytesIO(compressed(lines)), "a", unreadable))
    assert unreadable == Unreadable()
    return found


# ---- configuration ---------------------------------------------------------------------------


def config(data: bytes) -> None:
    """A file is a configuration, and the same one again as it is shown; or each problem is one line."""
    loaded = _loaded(data)
    if isinstance(loaded, list):
        assert loaded
        assert all(line.isprintable() for line in loaded)
    elif MASKED not in (shown := show(loaded)):
        again = _loaded(shown.encode())
        assert isinstance(again, Loaded), again
        assert again.config == loaded.config


def _loaded(data: bytes) -> Loaded | list[str]:
    """The configuration, or all problems with it."""
    with NamedTemporaryFile(suffix=".yaml") as file:
        file.write(data)
        file.flush()
        try:
            return load(file.name, {}, {})
        except ConfigError as error:
            return error.problems


TARGETS: Final[dict[str, Target]] = {
    "request": request,
    "answer": answer,
    "chunks": chunks,
    "lines": lines,
    "form": form,
    "records": records,
    "codings": codings,
    "charsets": charsets,
    "json": partial(pair, "application/json"),
    "html": partial(pair, "text/html"),
    "xml": partial(pair, "application/xml"),
    "csv": partial(pair, "text/csv"),
    "urlencoded": partial(pair, "application/x-www-form-urlencoded"),
    "multipart": partial(pair, "multipart/form-data; boundary=xyz"),
    "answers": answers,
    "masks": masks,
    "segments": segments,
    "config": config,
}
