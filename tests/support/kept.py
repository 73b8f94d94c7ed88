"""Folders of kept comparisons, for tests of what is done with them again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from shadow import settings
from shadow.compare.judge import judge
from shadow.compare.rules import compile_rule
from shadow.model import Exchange, Outcome, Request, Response, head_of
from shadow.record.again import checked
from shadow.record.evidence import Evidence, evidence
from shadow.record.mask import Mask
from shadow.record.mask_differences import masked
from shadow.record.parts import About
from shadow.record.segment import Record, SegmentWriter, encode
from shadow.record.tally import Tally, TallyRecord

MASK = Mask((), b"key")
PLAIN = settings.Compare()


class Pair(NamedTuple):
    """What both sides answered to a request."""

    path: str
    legacy: Outcome
    target: Outcome
    endpoint: str = ""


def answered(body: Any, *fields: tuple[bytes, bytes], status: int = 200) -> Response:
    """An answer in JSON."""
    written = json.dumps(body, ensure_ascii=False).encode()
    return Response(status, head_of(((b"Content-Type", b"application/json"), *fields)), written, 0.01, 0.02)


def records(pairs: Iterable[Pair], compare: settings.Compare = PLAIN, times: int = 1) -> list[Record]:
    """The evidence of pairs that were judged by a rule, and tallies that count each so many times."""
    rule = compile_rule(compare, settings.Compare())
    kept: list[Record] = []
    tallies: dict[str, Tally] = {}
    for number, pair in enumerate(pairs):
        endpoint = pair.endpoint or f"GET {pair.path.partition('?')[0]}"
        asked = Request(b"GET", pair.path.encode(), ())
        exchange = Exchange(f"id-{number}", endpoint, 1e9 + number, asked, pair.legacy)
        comparison = masked(judge(exchange, pair.target, rule), MASK)
        kept.append(checked(evidence(exchange, pair.target, comparison, MASK, 100_000), rule))
        for _ in range(times):
            tallies.setdefault(endpoint, Tally()).count(pair.legacy, pair.target, comparison, About(1e9))
    return [*kept, *(TallyRecord(1e9, 3600, name, "hash", tally) for name, tally in tallies.items())]


def comparisons(kept: Iterable[Record]) -> list[Evidence]:
    """The evidence among some records."""
    return [each for each in kept if isinstance(each, Evidence)]


def folder(path: Path, kept: Iterable[Record]) -> Path:
    """The records as a judge and a supervisor would write them."""
    for name, kind in (("judge-0", Evidence), ("tally", TallyRecord)):
        writer = SegmentWriter(path, name, 1 << 20)
        writer.append(encode(each for each in kept if isinstance(each, kind)))
        writer.seal()
    return path
