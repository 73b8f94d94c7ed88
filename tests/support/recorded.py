"""A folder of segments as a day of traffic leaves it, made without the traffic."""

from __future__ import annotations

import random
from pathlib import Path

from shadow.compare.signature import signature
from shadow.model import Difference, DifferenceKind, Fate
from shadow.record.bodies import Kept
from shadow.record.configured import ConfigRecord, Line
from shadow.record.evidence import Answered, Asked, Evidence
from shadow.record.parts import Pattern, Seen
from shadow.record.segment import SegmentWriter, encode
from shadow.record.tally import Tally, TallyRecord
from shadow.record.units import Units

START = 1_795_305_600.0  # 2026-11-22 00:00 UTC
HOUR = 3600

_DIFFERENT = 40
"""Divides the numbers of the endpoints that have differences."""

_FOUND = [
    Difference(DifferenceKind.CHANGED, f"json:$.items[0].field{number}", f"{number}", f'"{number}"')
    for number in range(30)
]
_FOUND += [
    Difference(DifferenceKind.CHANGED, "status", "200", "500"),
    Difference(DifferenceKind.MISSING, "header:cache-control", "private", None),
    Difference(DifferenceKind.MISSING, "cookie:sid;samesite", "Lax", None),
]


def write(
    folder: Path,
    endpoints: int = 300,
    hours: int = 24,
    kept: int = 20_000,
    requests: int = 400,
    first: int = 0,
) -> None:
    """Hourly tallies of so many endpoints from number `first` on, `requests` each, and so many kept
    comparisons. Every fortieth endpoint differs."""
    chance = random.Random(7)
    config = ConfigRecord(
        START, "3fa9c1d2e4b5", (Line("ignore header:x-runtime"), Line("ignore cookie:seen"))
    )
    tallies = SegmentWriter(folder, "tally", 1 << 40)
    for hour in range(hours):
        at = START + hour * HOUR
        records = [
            TallyRecord(at, HOUR, name(number), config.config_hash, tally(number, at, requests, chance))
            for number in range(first, first + endpoints)
        ]
        assert tallies.replace(encode([config, *records]))
        assert tallies.seal()
    if not kept:
        return
    judge = SegmentWriter(folder, "judge-0", 8 << 20)
    for number in range(0, kept, 100):
        some = [comparison(each, hours) for each in range(number, min(kept, number + 100))]
        assert judge.append(encode(some))
    assert judge.seal()


def name(number: int) -> str:
    """An endpoint."""
    return f"GET /shop/{number}/department/{{id}}/products/{{product}}"


def tally(number: int, at: float, requests: int, chance: random.Random) -> Tally:
    """What was counted of one endpoint in an hour."""
    made = Tally(received=requests, mirrored=requests, rules={"ignore header:x-runtime": requests})
    for _ in range(requests):
        seconds = chance.lognormvariate(-4, 0.7)
        made.legacy.add(seconds)
        made.target.add(seconds * chance.uniform(0.9, 1.1))
        made.legacy_first.add(seconds * 0.9)
        made.target_first.add(seconds * 0.9)
    hour = int(at // HOUR)
    units = [chance.randrange(1 << 32) for _ in range(requests)]
    made.units[hour] = Units(fresh=set(units))
    made.differed = 0 if number % _DIFFERENT else requests // 10
    made.matched = requests - made.differed
    made.status = {"200→200": requests}
    if made.differed:
        for found in _FOUND[number // _DIFFERENT :: 4]:
            seen = Seen(made.differed, found.legacy, found.target, at + 1, at + 3500)
            made.differences[signature(found)] = seen
            made.patterns[signature(found)] = Pattern(
                made.differed, {hour: Units(fresh=set(units[: made.differed]))}
            )
    made.settle()
    return made


def comparison(number: int, hours: int) -> Evidence:
    """One kept comparison, of a page of about 1 KiB."""
    found = _FOUND[number % len(_FOUND)]
    rows = [f'{{"id":{each},"field{each}":"{number:06}","name":"item {each}"}}' for each in range(20)]
    body = f'{{"items":[{",".join(rows)}]}}'
    headers = (("Content-Type", "application/json"), ("Cache-Control", "private"), ("Server", "nginx"))
    answer = Answered(200, headers, len(body), 0.01, 0.02, Kept(len(body), body))
    other = Answered(
        200, headers[:1], len(body), 0.01, 0.03, Kept(len(body), body.replace("name", "title", 1))
    )
    endpoint = name(number % 8 * _DIFFERENT)
    return Evidence(
        id=f"{number:016x}",
        at=START + number * hours * HOUR / 20_000,
        endpoint=endpoint,
        fate=Fate.DIFFERED,
        request=Asked("GET", f"/shop/0/department/{number}/products/{number}", (("Accept", "*/*"),)),
        legacy=answer,
        target=other,
        differences=(found,),
        notes=(),
    )
