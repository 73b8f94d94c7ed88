"""Exchanges as they are recorded, for whoever looks at their traces."""

from __future__ import annotations

from collections.abc import Iterable

from shadow.compare.judge import judge
from shadow.compare.rules import compile_rule
from shadow.model import Exchange, Outcome, Request, Response, head_of
from shadow.record.evidence import evidence
from shadow.record.mask import Mask
from shadow.record.mask_differences import masked
from shadow.record.parts import About
from shadow.record.segment import Record
from shadow.record.tally import Tally, TallyRecord
from shadow.settings import Compare

START = 1_795_305_600.0  # 2026-11-22 00:00 UTC
HOUR = 3600.0

_MASK = Mask((), b"key")
_RULE = compile_rule(Compare(), Compare())


class Recording:
    """Judges exchanges as the proxy does, and gives the records of them."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, float], Tally] = {}
        self._kept: list[Record] = []
        self._number = 0

    def pair(
        self,
        legacy: Response,
        target: Outcome,
        *,
        endpoint: str = "GET /",
        path: str = "/",
        headers: Iterable[tuple[bytes, bytes]] = (),
        at: float = 0.0,
        times: int = 1,
    ) -> Recording:
        """One exchange, `at` seconds from the start on, some times."""
        for _ in range(times):
            self._number += 1
            request = Request(b"GET", path.encode(), tuple(headers))
            exchange = Exchange(f"{self._number:x}", endpoint, START + at, request, legacy)
            comparison = masked(judge(exchange, target, _RULE), _MASK)
            hour = (START + at) // HOUR * HOUR
            tally = self._tallies.setdefault((endpoint, hour), Tally())
            tally.received += 1
            tally.mirrored += 1
            tally.count(legacy, target, comparison, About(START + at, self._number))
            if comparison.differences:
                self._kept.append(evidence(exchange, target, comparison, _MASK, 32768))
        return self

    def records(self) -> list[Record]:
        """All of them: a tally for each endpoint and hour."""
        tallies = [
            TallyRecord(hour, HOUR, endpoint, "", tally) for (endpoint, hour), tally in self._tallies.items()
        ]
        return [*tallies, *self._kept]


def answer(status: int = 200, body: str = "", total: float = 0.02, /, **headers: str) -> Response:
    """An answer: `content_type="text/html"` is a header field."""
    fields = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    return Response(status, head_of(fields), body.encode(), total / 2, total)
