"""Sessions: what legacy and the target gave a client in answer to the same request, paired by value. Pure.

A client holds legacy's cookie and legacy's token of a form. The shadow of its next request carries the
target's own in their place, so that the target knows whom it has let in. A value is paired with the one
that stood under the same name, of several with the one at the same position. Pairs are in memory only, so
many and so long as the settings say.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from shadow import settings
from shadow.compare.decode import decode
from shadow.compare.headers import codings, value
from shadow.frame import Frame
from shadow.mirror import tokens
from shadow.model import Headers, Response, fields

_META_HEADER = b"x-csrf-token"  # what the script of a page sends its <meta> token in

_PAGES = b"text/html", b"application/xhtml+xml"

_Given = dict[bytes, list[bytes]]
"""By name: the values that an answer gave, in order."""


class Sessions:
    """What was given to whom; times are seconds of any clock."""

    def __init__(self, sessions: settings.Sessions) -> None:
        self._cookies = frozenset(name.encode() for name in sessions.cookies)
        self._fields = frozenset(name.encode() for name in sessions.fields)
        self._headers = frozenset(name.lower() for name in self._fields) | {_META_HEADER}
        self._most = sessions.most
        self._keep = sessions.keep
        self._pairs: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()  # least recently used first
        self._given: dict[Hashable, _Given] = {}  # by legacy, in exchanges that the target has not answered
        self._givers: dict[bytes, Hashable] = {}

    def __len__(self) -> int:
        return len(self._pairs)

    def givers(self, frame: Frame) -> set[Hashable]:
        """In which exchanges, not answered by the target yet, its client got what it sends."""
        found: set[Hashable] = set()

        def look(said: bytes) -> None:
            if said in self._givers:
                found.add(self._givers[said])

        if self._givers:
            self._walk(frame, look)
        return found

    def expect(self, giver: Hashable, frame: Frame) -> None:
        """The target is about to be asked: what legacy gave in this exchange will be paired."""
        if frame.failure or not frame.response_head:
            return
        given = self._read(fields(frame.response_head), frame.response_body)
        if given:
            self._given[giver] = given
            for said in (said for values in given.values() for said in values):
                if said not in self._pairs:
                    self._givers.setdefault(said, giver)

    def answered(self, giver: Hashable, response: Response | None, now: float) -> None:
        """The target has answered; None: it will not."""
        given = self._given.pop(giver, None)
        if given is None:
            return
        for said in (said for values in given.values() for said in values):
            if self._givers.get(said) == giver:
                del self._givers[said]
        theirs = self._read(response.headers, response.body) if response is not None else {}
        for name, values in given.items():
            for legacy, target in zip(values, theirs.get(name, ()), strict=False):
                self._pair(legacy, target, now)

    def _pair(self, legacy: bytes, target: bytes, now: float) -> None:
        self._pairs.pop(legacy, None)
        self._pairs[legacy] = target, now
        while len(self._pairs) > self._most or next(iter(self._pairs.values()))[1] + self._keep < now:
            self._pairs.popitem(last=False)

    def translated(self, frame: Frame, now: float) -> tuple[bytes, bytes]:
        """Head and body of the request with the target's values in place of legacy's."""

        def target(legacy: bytes) -> bytes | None:
            known = self._pairs.get(legacy)
            if known is None or known[1] + self._keep < now:
                return None
            self._pairs[legacy] = known[0], now
            self._pairs.move_to_end(legacy)
            return known[0]

        head, body = self._walk(frame, target)
        if len(body) != len(frame.request_body) and not frame.chunked:
            head = tokens.with_length(head, len(body))
        return head, body

    def _walk(self, frame: Frame, new: tokens.New) -> tuple[bytes, bytes]:
        body = frame.request_body
        head = tokens.head_with(frame.request_head, self._cookies, self._headers, new)
        if body and self._fields:
            body = tokens.body_with(value(fields(head), b"content-type"), body, self._fields, new)
        return head, body

    def _read(self, headers: Headers, body: object) -> _Given:
        """What an answer gives. A cookie and a field of the same name are two."""
        given: _Given = {}
        for name, said in tokens.in_cookies(headers, self._cookies):
            given.setdefault(b"cookie " + name, []).append(said)
        if (
            self._fields
            and isinstance(body, bytes)
            and value(headers, b"content-type").lower().startswith(_PAGES)
        ):
            page = decode(body, codings(headers))
            if isinstance(page, bytes):
                for name, said in tokens.in_page(page, self._fields):
                    given.setdefault(name, []).append(said)
        return given
