"""Message heads: what is refused, how a body is framed, and what is changed on the way. Pure.

llhttp judges the fields, the original bytes are forwarded. A head is cut out of the stream first
(up to its empty line), its start line is read here, and llhttp is given the fields behind a start
line of our own: it knows only some methods and refuses bytes above 0x7F in a target, and neither
is a reason to turn a client away. What llhttp lets pass and another parser could read otherwise
is refused here; the RFC's section stands above each check.

Fields that matter are found with one pattern over the raw bytes. All others are never split,
copied or decoded, so order, case, duplicates and odd bytes cannot be lost.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import httptools

from shadow.model import Headers

CHUNKED: Final = -1
UNTIL_CLOSE: Final = -2
"""Values of `length` beside a number of bytes."""

LOOP_MARKER: Final = b"X-Shadow-Via"
"""Lists the proxies that a request has passed. `Via` would do, but makes nginx answer uncompressed
(its `gzip_proxied` is off by default), and an answer must not change because we stand before it."""

SAFE_METHODS: Final = frozenset((b"GET", b"HEAD", b"OPTIONS"))  # RFC 9110 9.2.1, less TRACE
IDEMPOTENT_METHODS: Final = SAFE_METHODS | {b"PUT", b"DELETE"}  # RFC 9110 9.2.2


class Refusal(NamedTuple):
    """Why a request is not forwarded. Both go to the client, so neither holds a byte of its input."""

    status: int
    reason: str


class RequestHead(NamedTuple):
    """What has to be known of a request to forward it."""

    method: bytes
    target: bytes  # origin-form
    id: bytes  # its X-Request-Id, the client's or ours
    length: int  # of the body, or CHUNKED
    minor: int  # 0 for HTTP/1.0
    keep_alive: bool  # the client's wish
    expects: bool  # 100-continue
    upgrade: bool
    forward: bytes  # the head as legacy gets it


class ResponseHead(NamedTuple):
    """What has to be known of an answer to relay it."""

    status: int
    length: int  # of the body, CHUNKED or UNTIL_CLOSE
    keep_alive: bool  # the backend's wish
    raw: bytes  # as received
    relay: (
        bytes  # status line and end-to-end fields; framing, Connection and the empty line are the relayer's
    )


class Peer(NamedTuple):
    """The client's side of a connection, as far as forwarding fields need it."""

    address: bytes
    trusted: bool  # its X-Forwarded-* are believed
    scheme: bytes


class Passage(NamedTuple):
    """Who forwards to whom: the same for every request of a worker."""

    marker: bytes  # this proxy's name in LOOP_MARKER, not guessable
    authority: bytes  # legacy's, as Host for HTTP/1.0 clients that send none
    max_line: int  # bytes of a request line
    max_fields: int


# RFC 9112 3: method SP request-target SP HTTP-version. Bytes above 0x7F are not allowed in a target, yet
# old Japanese clients send raw Shift_JIS, and nginx forwards it.
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^\x00-\x20\x7f]+) HTTP/1\.([01])\r\n")
# RFC 9112 4. A reason may be absent, with or without its space.
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([^\x00-\x08\x0a-\x1f\x7f]*))?\r\n")
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)", re.IGNORECASE)
# RFC 3986 3.2.2, without userinfo and comma.
_AUTHORITY = re.compile(rb"[A-Za-z0-9._~!$&'()*+;=%:\[\]-]*")
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")

_REQUEST_FIELD = re.compile(
    rb"\r\n(?=[cehkptuxCEHKPTUX])(connection|content.length|expect|host|http2-settings|keep-alive|"
    rb"proxy-(?:authenticate|authorization|connection)|te|transfer.encoding|upgrade|"
    rb"x-forwarded-(?:for|host|proto)|x-request-id|x-shadow(?:-[^:\r\n]*)?):([^\r\n]*)",
    re.IGNORECASE,
)
_RESPONSE_FIELD = re.compile(
    rb"\r\n(?=[ckptuCKPTU])(connection|content.length|keep-alive|proxy-connection|te|transfer.encoding|"
    rb"upgrade):([^\r\n]*)",
    re.IGNORECASE,
)
_ANY_FIELD = re.compile(rb"\r\n([^:\r\n]+):([^\r\n]*)")

# Dropped on the way: RFC 9110 7.6.1, and `X-Shadow`, by which no client may steer us.
_DROPPED = frozenset(
    (b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
     b"transfer-encoding", b"upgrade", b"http2-settings")
)  # fmt: skip
# What `Connection` may not have removed, or a client could strip what others rely on.
_PROTECTED = frozenset(
    (b"content-length", b"transfer-encoding", b"host", b"x-forwarded-for", b"x-forwarded-host",
     b"x-forwarded-proto", b"x-request-id", LOOP_MARKER.lower(), b"authorization", b"cookie", b"set-cookie")
)  # fmt: skip


class _Nobody:
    """Listens to no callback, so that llhttp only judges."""


_NOBODY = _Nobody()


def _fields_are_sound(start: bytes, fields: bytes, parser: type) -> bool:
    """Whether llhttp takes these fields behind a start line that it knows."""
    try:
        parser(_NOBODY).feed_data(start + fields)
    except httptools.HttpParserUpgrade:
        return True
    except httptools.HttpParserError:
        return False
    return True


def unfinished(data: bytes, max_line: int, max_block: int) -> Refusal | None:
    """What is already wrong with a request head that has no empty line yet."""
    line_end = data.find(b"\r\n")
    if line_end > max_line or (line_end < 0 and len(data) > max_line):
        return Refusal(414, "request line too long")
    if len(data) > max_block:
        return Refusal(431, "header block too large")
    # RFC 9112 2.2 lets a recipient take a bare LF for a line end; who does and who does not is a way to smuggle.
    if _BARE_LINE_FEED.search(data) or (line_end >= 0 and not _REQUEST_LINE.match(data)):
        return Refusal(400, "malformed request")
    return None


def parse_request(raw: bytes, peer: Peer, passage: Passage, fresh_id: bytes) -> RequestHead | Refusal:
    """Read one request head, `raw` up to and with its empty line.

    `fresh_id` becomes the X-Request-Id of a request that has none.
    """
    line = _REQUEST_LINE.match(raw)
    if line is None:
        if raw.find(b"\r\n") > passage.max_line:
            return Refusal(414, "request line too long")
        return Refusal(400, "malformed request line")
    method, target, version = line.groups()
    end = line.end()
    if end - 2 > passage.max_line:
        return Refusal(414, "request line too long")
    if method == b"CONNECT" or method == b"TRACE":
        return Refusal(405, "method not allowed")
    if raw.count(b"\r\n", end) - 1 > passage.max_fields:
        return Refusal(431, "too many fields")
    if not _fields_are_sound(b"POST / HTTP/1.1\r\n", raw[end:], httptools.HttpRequestParser):
        return Refusal(400, "malformed fields")
    return _Request(raw, method, target, version == b"1", end, peer, passage, fresh_id).read()


class _Request:
    """One pass over the fields of a request: collects what they say and what has to be cut."""

    __slots__ = (
        "authority", "connection", "cuts", "end", "expects", "forwarded_for", "fresh_id", "has_forwarded_host",
        "has_forwarded_proto", "host", "length", "marker", "method", "passage", "peer", "raw", "request_id",
        "target", "te_trailers", "upgrade", "version_1_1",
    )  # fmt: skip

    def __init__(
        self, raw: bytes, method: bytes, target: bytes, version_1_1: bool, end: int, peer: Peer, passage: Passage,
        fresh_id: bytes,
    ) -> None:  # fmt: skip
        self.raw = raw
        self.method = method
        self.target = target
        self.version_1_1 = version_1_1
        self.end = end
        self.peer = peer
        self.passage = passage
        self.fresh_id = fresh_id
        self.authority: bytes | None = None  # of an absolute-form target
        self.cuts: list[tuple[int, int]] = []
        self.host: bytes | None = None
        self.length: int | None = None
        self.connection: list[bytes] = []
        self.upgrade: bytes | None = None
        self.expects = False
        self.te_trailers = False
        self.request_id: bytes | None = None
        self.marker: bytes | None = None
        self.forwarded_for = -1  # where the last X-Forwarded-For line ends
        self.has_forwarded_proto = False
        self.has_forwarded_host = False

    def read(self) -> RequestHead | Refusal:
        refusal = self._read_target() or self._read_fields()
        if refusal is not None:
            return refusal
        tokens = self.connection
        upgrade = self.upgrade is not None and b"upgrade" in tokens
        keep_alive = b"close" not in tokens if self.version_1_1 else b"keep-alive" in tokens
        if tokens and (len(tokens) > 1 or tokens[0] not in _COMMON_TOKENS):
            self._cut_named()
        return RequestHead(
            self.method,
            self.target,
            self.request_id or self.fresh_id,
            self.length or 0,
            1 if self.version_1_1 else 0,
            keep_alive,
            self.expects,
            upgrade,
            self._forward(upgrade),
        )

    def _read_target(self) -> Refusal | None:
        """Take the target as origin-form (RFC 9112 3.2)."""
        target = self.target
        if target[0] == 0x2F:
            return None
        if target == b"*":
            return None if self.method == b"OPTIONS" else Refusal(400, "malformed target")
        absolute = _ABSOLUTE.match(target)
        if absolute is None or not absolute[1] or not _AUTHORITY.fullmatch(absolute[1]):
            return Refusal(400, "malformed target")
        self.authority = absolute[1]
        rest = target[absolute.end() :]
        if not rest and self.method == b"OPTIONS":
            self.target = b"*"
        else:
            self.target = rest if rest[:1] == b"/" else b"/" + rest
        return None

    def _read_fields(self) -> Refusal | None:
        hosts = 0
        transfer_encoding: bytes | None = None
        for found in _REQUEST_FIELD.finditer(self.raw, self.end - 2):
            name = found[1].lower()
            value = found[2].strip(b" \t")
            if name == b"host":
                hosts += 1
                self.host = value
                if self.authority is not None:
                    self.cuts.append(found.span())
            elif name == b"connection":
                self.connection += [token.strip(b" \t") for token in value.lower().split(b",")]
                self.cuts.append(found.span())
            elif name == b"content-length":
                # RFC 9112 6.3: one decimal number. A second one is refused even where equal.
                if self.length is not None or not value.isdigit() or len(value) > 18:
                    return Refusal(400, "bad content length")
                self.length = int(value)
            elif name == b"transfer-encoding":
                # RFC 9112 6.1: nothing but one `chunked`, and not from HTTP/1.0.
                if transfer_encoding is not None or value.lower() != b"chunked" or not self.version_1_1:
                    return Refusal(400, "bad transfer encoding")
                transfer_encoding = value
                self.cuts.append(found.span())
            elif name[:8] == b"content." or (len(name) in (14, 17) and name[:1] in (b"c", b"t")):
                # `Content_Length`, `Transfer.Encoding`: some backends take them for the real ones.
                return Refusal(400, "look-alike field")
            else:
                self._read_other(name, value, found)
        if transfer_encoding is not None:
            if self.length is not None:  # RFC 9112 6.3, 3: might be an attempt at smuggling
                return Refusal(400, "both content length and transfer encoding")
            self.length = CHUNKED
        return self._check_host(hosts)

    def _read_other(self, name: bytes, value: bytes, found: re.Match[bytes]) -> None:
        if name == b"x-request-id":
            self.request_id = self.request_id or value
        elif name == b"x-forwarded-for":
            if self.peer.trusted:
                self.forwarded_for = found.end()
            else:
                self.cuts.append(found.span())
        elif name == b"x-forwarded-proto" or name == b"x-forwarded-host":
            if not self.peer.trusted:
                self.cuts.append(found.span())
            elif name == b"x-forwarded-proto":
                self.has_forwarded_proto = True
            else:
                self.has_forwarded_host = True
        elif name == b"expect":
            self.expects = value.lower() == b"100-continue"
        elif name == b"x-shadow-via":
            self.marker = value if self.marker is None else self.marker + b", " + value
            self.cuts.append(found.span())
        else:
            if name == b"te" and b"trailers" in value.lower():
                self.te_trailers = True
            elif name == b"upgrade" and value.lower() != b"h2c":  # HTTP/2 would pass us by unread
                self.upgrade = value
            self.cuts.append(found.span())

    def _check_host(self, hosts: int) -> Refusal | None:
        """RFC 9112 3.2: exactly one Host, except from HTTP/1.0, and it names a host."""
        if hosts > 1 or (hosts == 0 and self.version_1_1):
            return Refusal(400, "host missing or doubled")
        if self.host is not None and not _AUTHORITY.fullmatch(self.host):
            return Refusal(400, "malformed host")
        if self.marker is not None and self.passage.marker in self.marker:
            return Refusal(508, "loop detected")
        return None

    def _cut_named(self) -> None:
        """Cut the fields that `Connection` names (RFC 9110 7.6.1)."""
        named = set(self.connection) - _PROTECTED
        taken = {start for start, _ in self.cuts}
        for found in _ANY_FIELD.finditer(self.raw, self.end - 2):
            if found[1].lower() in named and found.start() not in taken:
                self.cuts.append(found.span())
        self.cuts.sort()

    def _forward(self, upgrade: bool) -> bytes:
        """The head that legacy gets."""
        raw, peer = self.raw, self.peer
        at = self.end - 2
        if self.version_1_1 and self.authority is None:
            parts = [raw[:at]]
        else:
            parts = [self.method, b" ", self.target, b" HTTP/1.1"]
        for start, end in self.cuts:
            if at < self.forwarded_for <= start:
                parts += (raw[at : self.forwarded_for], b", ", peer.address)
                at = self.forwarded_for
            parts.append(raw[at:start])
            at = end
        if at < self.forwarded_for:
            parts += (raw[at : self.forwarded_for], b", ", peer.address)
            at = self.forwarded_for
        parts.append(raw[at:-2])
        host = self.host if self.authority is None else self.authority
        if self.authority is not None or host is None:
            host = host if host is not None else self.passage.authority
            parts += (b"Host: ", host, b"\r\n")
        if self.forwarded_for < 0:
            parts += (b"X-Forwarded-For: ", peer.address, b"\r\n")
        if not self.has_forwarded_proto:
            parts += (b"X-Forwarded-Proto: ", peer.scheme, b"\r\n")
        if not self.has_forwarded_host:
            parts += (b"X-Forwarded-Host: ", host or b"", b"\r\n")
        if self.request_id is None:
            parts += (b"X-Request-Id: ", self.fresh_id, b"\r\n")
        if self.marker is None:
            parts += (b"X-Shadow-Via: ", self.passage.marker, b"\r\n")
        else:
            parts += (b"X-Shadow-Via: ", self.marker, b", ", self.passage.marker, b"\r\n")
        parts.append(self._hop_by_hop(upgrade))
        return b"".join(parts)

    def _hop_by_hop(self, upgrade: bool) -> bytes:
        """The fields of our own connection to legacy, and the end of the head."""
        if self.length != CHUNKED and not upgrade and not self.te_trailers:
            return b"\r\n"
        out = b"Transfer-Encoding: chunked\r\n" if self.length == CHUNKED else b""
        if upgrade and self.upgrade is not None:
            out += b"Connection: upgrade\r\nUpgrade: " + self.upgrade + b"\r\n"
        elif self.te_trailers:
            out += b"Connection: TE\r\nTE: trailers\r\n"
        return out + b"\r\n"


_COMMON_TOKENS = frozenset((b"keep-alive", b"close", b"upgrade", b"te", b""))


def parse_response(raw: bytes, method: bytes) -> ResponseHead | None:
    """Read one response head, `raw` up to and with its empty line, to a request of this method.

    None: malformed, or framed in a way that two parsers could read differently.
    """
    line = _STATUS_LINE.match(raw)
    if line is None or not _fields_are_sound(
        b"HTTP/1.1 200 OK\r\n", raw[line.end() :], httptools.HttpResponseParser
    ):
        return None
    status = int(line[2])
    version_1_1 = line[1] == b"1"
    at = line.end() - 2
    parts = [raw[:at]] if version_1_1 else [b"HTTP/1.1", raw[8:at]]
    length: int | None = None
    chunked = False
    tokens: list[bytes] = []
    for found in _RESPONSE_FIELD.finditer(raw, at):
        name = found[1].lower()
        value = found[2].strip(b" \t")
        if name == b"content-length":
            if length is not None or not value.isdigit() or len(value) > 18:
                return None
            length = int(value)
            continue
        if name == b"transfer-encoding":
            if chunked or value.lower() != b"chunked" or not version_1_1:
                return None
            chunked = True
        elif name == b"connection":
            tokens += [token.strip(b" \t") for token in value.lower().split(b",")]
        elif name not in _DROPPED:
            return None  # a look-alike of a framing field
        parts.append(raw[at : found.start()])
        at = found.end()
    if chunked and length is not None:
        return None
    parts.append(raw[at:-2])
    relay = b"".join(parts)
    named = set(tokens) - _COMMON_TOKENS - _PROTECTED
    if named:
        relay = _ANY_FIELD.sub(lambda field: b"" if field[1].lower() in named else field[0], relay)
    if method == b"HEAD" or status < 200 or status in (204, 304):  # RFC 9112 6.3, 1
        framed = 0
    elif chunked:
        framed = CHUNKED
    else:
        framed = UNTIL_CLOSE if length is None else length
    keep_alive = framed != UNTIL_CLOSE and (
        b"close" not in tokens if version_1_1 else b"keep-alive" in tokens
    )
    return ResponseHead(status, framed, keep_alive, raw, relay)


def fields(raw: bytes) -> Headers:
    """The fields of a head that was found sound, in order, values trimmed."""
    return tuple((found[1], found[2].strip(b" \t")) for found in _ANY_FIELD.finditer(raw, raw.index(b"\r\n")))
