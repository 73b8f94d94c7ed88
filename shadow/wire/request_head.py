"""Request heads: what is refused, how the body is framed, and what is changed on the way. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

import httptools
from msgspec import Struct

from shadow.grammar import TCHAR
from shadow.memo import Memo
from shadow.wire.head import (
    ANY_FIELD,
    BARE_LINE_FEED,
    CHUNKED,
    COMMON_TOKENS,
    IDEMPOTENT_METHODS,
    LOOP_MARKER,
    NOTHING_NAMED,
    PROTECTED,
    RequestHead,
    fields_are_sound,
    tokens,
)


class Refusal(NamedTuple):
    """Why a request is not forwarded. Both go to the client, so neither holds a byte of its input."""

    status: int
    reason: str


_TOO_LONG = Refusal(414, "request line too long")


class Peer(Struct, frozen=True, gc=False):
    """The client's side of a connection, as far as forwarding fields need it."""

    address: bytes
    trusted: bool  # its X-Forwarded-* are believed
    scheme: bytes


class Passage(Struct, frozen=True, gc=False):
    """Who forwards to whom: the same for every request of a worker."""

    marker: bytes  # this proxy's name in LOOP_MARKER, not guessable
    authority: bytes  # legacy's, as Host for HTTP/1.0 clients that send none
    max_line: int  # bytes of a request line
    max_block: int  # bytes of a head
    max_fields: int


# RFC 9112 3: method SP request-target SP HTTP-version. Bytes above 0x7F are not allowed in a target, yet
# old Japanese clients send raw Shift_JIS, and nginx forwards it.
_REQUEST_LINE = re.compile(rb"(%b+) ([!-~\x80-\xff]+) HTTP/1\.[01]\r\n" % TCHAR.encode())
_VERSION_1_1 = b"HTTP/1.1"
_LINE_END = len(_VERSION_1_1)  # of what stands behind the target and a space
_EVERYDAY = IDEMPOTENT_METHODS | {b"POST", b"PATCH"}  # methods whose letters need no second look
_SHORT = 2048  # bytes of it that are remembered
_ABSOLUTE = re.compile(rb"https?://([^/?#:][^/?#]*)", re.IGNORECASE)  # RFC 9110 4.2.1: with a host
# RFC 3986 3.2.2 and 3.2.3, without userinfo and comma.
_AUTHORITY = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+;=%-]*|\[[A-Za-z0-9._~!$&'()*+;=%:-]+\])(?::[0-9]*)?")
_HOSTS: Memo[bytes, bool] = Memo(lambda host: _AUTHORITY.fullmatch(host) is not None, 255)
_EXPECTATION = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*(?=\r\n)", re.IGNORECASE)
EMPTY_LINES = re.compile(rb"(?:\r\n)+")
"""RFC 9112 2.2: ignored where a request should begin."""

_LOOP_MARKER = LOOP_MARKER.lower()
_REQUEST_FIELD = re.compile(
    rb"\r\n(?=[cehkptuxCEHKPTUX])(connection|content.length|expect|host|http2-settings|keep-alive|"
    rb"proxy-(?:authenticate|authorization|connection)|te|transfer.encoding|upgrade|"
    rb"x.forwarded.(?:for|host|proto)|x-request-id|x[-_.]shadow(?:[-_.][^:\r\n]*)?):([^\r\n]*)",
    re.IGNORECASE,
)
"""The dots are for look-alikes: `Content_Length`, and `X_Forwarded_For`, which CGI and WSGI call by the same
name as the real one."""


def unfinished(data: bytes, seen: int, passage: Passage) -> Refusal | None:
    """What is already wrong with a request head that has no empty line yet, or too late.

    The first `seen` bytes were found good before: looked at again for every byte that a slow client
    sends, a head would cost the square of its length.
    """
    longest = passage.max_line + 2
    line_end = data.find(b"\r\n", 0, longest)
    if line_end < 0 and len(data) >= longest:
        return _TOO_LONG
    if len(data) > passage.max_block:
        return Refusal(431, "header block too large")
    if BARE_LINE_FEED.search(data, seen) or (line_end >= max(0, seen - 1) and not _REQUEST_LINE.match(data)):
        return Refusal(400, "malformed request")
    return None


def without_expectation(head: bytes) -> bytes:
    """A head for who sends the body at once, and asks nobody whether it is wanted (RFC 9110 10.1.1)."""
    return _EXPECTATION.sub(b"", head)


class RequestReader:
    """Reads the heads of one client's requests, one behind the other.

    Clients repeat themselves: what stands behind the target is not read again where it is, byte by byte, that
    of the request before.
    """

    __slots__ = ("_known", "_longest", "_passage", "_peer")

    def __init__(self, peer: Peer, passage: Passage) -> None:
        self._peer = peer
        self._passage = passage
        self._longest = min(passage.max_line, passage.max_block)  # of which no part is too long
        self._known: _Fields | None = None

    def read(self, data: bytes, fresh_id: bytes, seen: int = 0) -> tuple[RequestHead | Refusal | None, bytes]:
        """The head that `data` begins with, and what comes behind it; None if it does not end, or too late.

        No end begins in the first `seen` bytes. `fresh_id` becomes the X-Request-Id of who has none.
        """
        known = self._known
        words = data.split(b" ", 2)
        if (
            known is not None
            and len(words) == 3
            and words[2] == known.rest  # so there is an end, and nothing behind it
            and words[0] in _EVERYDAY
            and (target := words[1])
            and target[0] == 0x2F
            and target.isascii()
            and target.decode().isprintable()
            and len(data) <= self._longest
        ):
            method = words[0]
            behind = b""
        else:
            end = data.find(b"\r\n\r\n", seen) + 4
            if end < 4 or end > self._passage.max_block:
                return None, b""
            behind = data[end:]
            found = self._read_anew(data[:end])
            if isinstance(found, Refusal):
                return found, behind
            method, target, known = found
        own = known.id
        head = RequestHead(
            method,
            target,
            own or fresh_id,
            known.length,
            known.minor,
            known.keep_alive,
            known.expects,
            known.upgrade,
            b"".join((method, b" ", target, known.before, fresh_id if own is None else b"", known.after)),
            known.named,
        )
        return head, behind

    def _read_anew(self, raw: bytes) -> tuple[bytes, bytes, _Fields] | Refusal:
        """Method, target and fields of one head, `raw` up to and with its empty line."""
        longest = self._passage.max_line
        line = _REQUEST_LINE.match(raw)
        if line is None:
            return _TOO_LONG if raw.find(b"\r\n") > longest else Refusal(400, "malformed request line")
        if line.end() - 2 > longest:
            return _TOO_LONG
        method, target = line.groups()
        if method in (b"CONNECT", b"TRACE"):
            return Refusal(405, "method not allowed")
        authority: bytes | None = None
        if target[0] != 0x2F:
            origin = _origin_form(method, target)
            if isinstance(origin, Refusal):
                return origin
            authority, target = origin
        rest = raw[line.end(2) + 1 :]
        known = self._known
        if known is None or known.rest != rest or authority is not None:
            found = _Reading(rest, rest.startswith(_VERSION_1_1), authority, self._peer, self._passage).read()
            if isinstance(found, Refusal):
                return found
            known = found
            self._known = known if authority is None and len(rest) <= _SHORT else None
        return method, target, known


def _origin_form(method: bytes, target: bytes) -> tuple[bytes | None, bytes] | Refusal:
    """The host that a target names, which is not in origin-form, and that form of it (RFC 9112 3.2)."""
    if target == b"*" and method == b"OPTIONS":
        return None, target
    absolute = _ABSOLUTE.match(target)
    if absolute is None or not _AUTHORITY.fullmatch(absolute[1]):
        return Refusal(400, "malformed target")
    path = target[absolute.end() :]
    if not path and method == b"OPTIONS":
        return absolute[1], b"*"
    return absolute[1], path if path[:1] == b"/" else b"/" + path


class _Fields(Struct, frozen=True, gc=False):
    """What the fields of a request say, and as what legacy gets them."""

    rest: bytes  # of the head behind the target and a space, as received
    id: bytes | None  # its own X-Request-Id
    length: int
    minor: int
    keep_alive: bool
    expects: bool
    upgrade: bool
    before: bytes  # of the head behind the target, up to a fresh id if it has none of its own
    after: bytes  # behind that
    named: frozenset[bytes]


class _Reading(Struct, eq=False):
    """One pass over the fields of a request: collects what they say and what has to be cut."""

    raw: bytes  # from behind the target and a space on
    version_1_1: bool
    authority: bytes | None  # of an absolute-form target
    peer: Peer
    passage: Passage
    cuts: list[tuple[int, int]] = []
    host: bytes | None = None
    length: int | None = None
    connection: list[bytes] = []
    upgrade: bytes | None = None
    expects: bool = False
    te_trailers: bool = False
    request_id: bytes | None = None
    marker: bytes | None = None
    forwarded_for: int = -1  # where the last X-Forwarded-For line ends
    has_forwarded_proto: bool = False
    has_forwarded_host: bool = False

    def read(self) -> _Fields | Refusal:
        raw = self.raw
        if raw.count(b"\r\n") - 2 > self.passage.max_fields:
            return Refusal(431, "too many fields")
        if not fields_are_sound(b"POST / HTTP/1.1\r\n", raw[_LINE_END + 2 :], httptools.HttpRequestParser):
            return Refusal(400, "malformed fields")
        refusal = self._read_fields()
        if refusal is not None:
            return refusal
        said = self.connection
        upgrade = self._may_upgrade()
        named: frozenset[bytes] = NOTHING_NAMED
        if said and (len(said) > 1 or said[0] not in COMMON_TOKENS):
            named = frozenset(said) - PROTECTED
            self._cut_named(named)
        return _Fields(
            raw,
            self.request_id,
            self.length or 0,
            1 if self.version_1_1 else 0,
            b"close" not in said and (self.version_1_1 or b"keep-alive" in said),
            self.expects,
            upgrade,
            *self._forward(upgrade),
            named,
        )

    def _may_upgrade(self) -> bool:
        """RFC 9110 7.8: not from HTTP/1.0, and only where `Connection` says so too.

        HTTP/2 is not offered to legacy: it would carry requests that nobody here can read.
        """
        if self.upgrade is None or not self.version_1_1 or b"upgrade" not in self.connection:
            return False
        return not any(protocol.startswith(b"h2") for protocol in tokens(self.upgrade))

    def _read_fields(self) -> Refusal | None:
        hosts = 0
        transfer_encoding: bytes | None = None
        for found in _REQUEST_FIELD.finditer(self.raw, _LINE_END):
            name = found[1].lower()
            value = found[2].strip(b" \t")
            if name == b"host":
                hosts += 1
                self.host = value
                if self.authority is not None:
                    self.cuts.append(found.span())
            elif name == b"connection":
                self.connection += tokens(value)
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
            elif name.endswith((b"length", b"encoding")):
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
            expects = value.lower() == b"100-continue"
            self.expects = self.expects or expects
            if expects and not self.version_1_1:  # RFC 9110 10.1.1: nobody is to hear it from HTTP/1.0
                self.cuts.append(found.span())
        elif name == _LOOP_MARKER:
            self.marker = value if self.marker is None else self.marker + b", " + value
            self.cuts.append(found.span())
        else:
            if name == b"te":
                self.te_trailers = self.te_trailers or b"trailers" in tokens(value)
            elif name == b"upgrade":
                self.upgrade = value if self.upgrade is None else self.upgrade + b", " + value
            self.cuts.append(found.span())

    def _check_host(self, hosts: int) -> Refusal | None:
        """RFC 9112 3.2: exactly one Host, except from HTTP/1.0, and it names a host."""
        if hosts > 1 or (hosts == 0 and self.version_1_1):
            return Refusal(400, "host missing or doubled")
        if self.host is not None and not _HOSTS[self.host]:
            return Refusal(400, "malformed host")
        if self.marker is not None and self.passage.marker in self.marker:
            return Refusal(508, "loop detected")
        return None

    def _cut_named(self, named: frozenset[bytes]) -> None:
        """Cut the fields that `Connection` names (RFC 9110 7.6.1)."""
        taken = {start for start, _ in self.cuts}
        for found in ANY_FIELD.finditer(self.raw, _LINE_END):
            if found[1].lower() in named and found.start() not in taken:
                self.cuts.append(found.span())
        self.cuts.sort()

    def _forward(self, upgrade: bool) -> tuple[bytes, bytes]:
        """The head that legacy gets, from behind the target on: before and behind a fresh id."""
        raw, peer = self.raw, self.peer
        at = _LINE_END
        parts = [b" ", _VERSION_1_1]
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
        marker = self.passage.marker if self.marker is None else self.marker + b", " + self.passage.marker
        after = LOOP_MARKER + b": " + marker + b"\r\n" + self._hop_by_hop(upgrade)
        if self.request_id is None:
            parts.append(b"X-Request-Id: ")
            after = b"\r\n" + after
        return b"".join(parts), after

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
