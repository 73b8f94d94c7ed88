"""Reports as they come after a day of traffic, made without the traffic: everything that a page can show."""

from __future__ import annotations

import random
from math import exp, sin

from shadow.record.segment import Unreadable
from shadow.report.schema import (
    AcceptedReport,
    Cause,
    Changed,
    Changes,
    Coverage,
    Diagnosis,
    DifferenceReport,
    Distribution,
    EndpointReport,
    Hour,
    Lateness,
    LogReport,
    MaskReport,
    Named,
    NeverCompared,
    Quantiles,
    ReleaseReport,
    Report,
    RuleReport,
    Sentence,
    ShortHour,
    Sides,
    Totals,
    Window,
)
from shadow.report.shown import Answer, Curl, Example, Line, Snippet
from shadow.verdict.causes import identity
from shadow.verdict.verdict import Verdict

START = 1_795_298_400.0  # 2026-11-21 22:00 UTC
HOURS = 24

_NAMES = (
    "GET /",
    "GET /items/{id}",
    "GET /items/{id}/reviews",
    "GET /search",
    "POST /search",
    "GET /account",
    "GET /reports/{date}",
    "GET /tags",
    "GET /cart",
    "PUT /cart/{id}",
    "GET /orders/{id}/invoice.pdf",
    "GET /api/v2/recommendations",
    "GET /login",
    "HEAD /items/{id}",
    "POST /orders",
    "GET /static/{file}",
)

_CAUSES = (
    ("missing", "cookie:session;samesite", "Lax", None),
    ("changed", "status", "200", "403"),
    ("type", "json:$.items[*].price", "1980", '"1980"'),
    ("changed", "header:location", "https://shop.example/login", "http://shop.example/login"),
    ("changed", "text", "合計 1,980 円(税込)", "合計 ¥1,980(税込)"),
    ("added", "header:x-powered-by", None, "PHP/8.3.1"),
    ("changed", "json:$.generated_at", "2026-11-22T10:00:00+09:00", "2026-11-22T01:00:00Z"),
)

_BODY = (
    ("=", "{", "{"),
    ("=", '  "id": 1288,', '  "id": 1288,'),
    ("!", '  "price": 1980,', '  "price": "1980",'),
    ("=", '  "name": "座布団 cushion",', '  "name": "座布団 cushion",'),
    ("-", '  "currency": "JPY",', None),
    ("+", None, '  "tax": 0.1,'),
    ("…", None, None),
    ("=", "}", "}"),
)


def ordinary() -> Report:
    """Sixteen endpoints, seven causes, two releases, and some of everything else."""
    return report(_NAMES, [cause(*each, number) for number, each in enumerate(_CAUSES)])


def large(endpoints: int = 300, causes: int = 200, differences: int = 66) -> Report:
    """As much as a report can hold: 300 endpoints with 66 differences each, 200 causes with examples."""
    names = [f"GET /shop/{number}/department/{{id}}/products/{{product}}" for number in range(endpoints)]
    every = [
        cause("changed", f"json:$.items[*].field_{number}.value", "9" * 80, "8" * 80, number, lines=40)
        for number in range(causes)
    ]
    return report(names, every, differences)


def hostile(text: str) -> Report:
    """A report in which every text that a client or a backend chose is `text`."""
    evil = cause(text, text, text, text[::-1], 0)
    made = report((f"GET /{text}", text), [evil])
    shown = evil.example
    assert shown is not None
    evil.example = Example(
        id=text,
        at=START,
        endpoint=text,
        request=text,
        headers=[(text, text)],
        legacy=Answer(status=200, failure="", headers=[(text, text)], length=1, first_byte=0.1, total=0.2),
        target=Answer(
            status=None, failure=text, headers=[(text, text[::-1])], length=0, first_byte=None, total=1.0
        ),
        lines=[Line(mark, text, text[::-1]) for mark in "=!-+"],
        curl=Curl(text, text, text),
    )
    evil.snippet = Snippet(text, text)
    made.config_hash = text
    made.diagnosis = [
        Diagnosis(
            name=text, what=text, check=text, evidence=[text], endpoints=[text], count=1, causes=[evil.id]
        )
    ]
    evil.diagnosis = [text]
    made.accepted = [
        AcceptedReport(line=text, endpoint=text, owner=text, reason=text, until=text, hits=1, expired=True)
    ]
    made.rules = [RuleReport(line=text, endpoint=text, hits=1, in_force=True)]
    made.masks = [mask(text, text, text, text)]
    made.log = LogReport(
        read=2,
        parsed=1,
        replayed=1,
        skipped={text: 1},
        examples={text: [text], "none": []},
        late=Lateness(0.1, 0.2, 0.3),
        bodies_compared=False,
    )
    return made


def cause(kind: str, path: str, legacy: str | None, target: str | None, number: int, lines: int = 8) -> Cause:
    """A cause with an example."""
    name = f"{kind} {path} {number}"
    where = [_NAMES[(number + i) % len(_NAMES)] for i in range(1 + 3 * number % 5)]
    header = path.removeprefix("header:") if path.startswith("header:") else "x-runtime"
    fields = {
        "legacy": [("Content-Type", "application/json; charset=utf-8"), (header, legacy or "")],
        "target": [("Content-Type", "application/json"), (header, target or "")],
    }
    return Cause(
        id=identity(name),
        kind=kind,
        path=path,
        count=31_204 // (number + 1),
        endpoints=where,
        first_seen=START + 900 * number,
        last_seen=START + HOURS * 3600 - 60,
        legacy=legacy,
        target=target,
        stable=40 - number if number < 40 else 0,
        settled=number % 3,
        flapping=number % 2,
        masked=False,
        accepted=False,
        diagnosis=["refused_address"] if (kind, path) == ("changed", "status") else [],
        example=Example(
            id=f"{number:06x}",
            at=START + 900 * number,
            endpoint=where[0],
            request=f"GET /items/{1288 + number}?page=2&sort=price",
            headers=[("accept", "*/*")],
            legacy=Answer(
                status=200, failure="", headers=fields["legacy"], length=1288, first_byte=0.012, total=0.0134
            ),
            target=Answer(
                status=200, failure="", headers=fields["target"], length=1290, first_byte=0.018, total=0.0201
            ),
            lines=[Line(*_BODY[i % len(_BODY)]) for i in range(lines)],
            curl=Curl(
                f"curl -i -H 'Accept: */*' --globoff \"$LEGACY\"'/items/{1288 + number}?page=2&sort=price'",
                f"curl -i -H 'Accept: */*' --globoff \"$TARGET\"'/items/{1288 + number}?page=2&sort=price'",
                "what reads masked:… was a secret: put in one of your own",
            ),
        ),
        snippet=Snippet(
            f'compare: {{ignore: ["{path}"]}}',
            f'compare: {{accept: [{{line: "{path}", owner: YOU, reason: WHY, until: YYYY-MM-DD}}]}}',
        ),
    )


def mask(endpoint: str, kind: str, path: str, why: str = "legacy shows it as often") -> MaskReport:
    """A difference taken for legacy's own noise."""
    return MaskReport(
        endpoint=endpoint,
        kind=kind,
        path=path,
        version="m3",
        state="masked",
        why=why,
        pairs=212,
        silenced=1_204,
        share=0.21,
    )


def report(names: tuple[str, ...] | list[str], causes: list[Cause], differences: int = 3) -> Report:
    """A report of these endpoints and causes."""
    chance = random.Random(7)
    endpoints = [_endpoint(name, n, len(names), causes, differences, chance) for n, name in enumerate(names)]
    endpoints.sort(key=lambda each: list(Verdict).index(each.verdict))
    regressed, short, ready = (sum(e.verdict is verdict for e in endpoints) for verdict in Verdict)
    hours = [START + 3600 * hour for hour in range(HOURS)]
    ids = [each.id for each in causes]
    return Report(
        window=Window(START, START + HOURS * 3600),
        config_hash="3fa9c41d20",
        tolerance=0.001,
        verdict=Verdict.REGRESSED,
        why="",
        sentence=Sentence(
            text="",
            endpoints=len(names),
            regressed=regressed,
            short=short,
            ready=ready,
            kept_away=1,
            compared=1_204_118,
            ready_share=0.913,
        ),
        totals=Totals(
            received=1_318_402,
            mirrored=1_240_000,
            compared=1_204_118,
            matched=1_170_031,
            differed=34_087,
            failed=412,
            skipped={"method": 101_220, "sample": 9_000},
            dropped={"channel_full": 3_652},
            in_flight=0,
            status={"200→200": 1_170_000, "200→403": 15_602, "200→timeout": 412},
            latency=_sides(0.0121, 0.0164),
            first_byte=_sides(0.011, 0.014),
            unanalysed=12,
        ),
        causes=causes,
        causes_left_out=14,
        diagnosis=[
            Diagnosis(
                name="refused_address",
                what="An outside service refuses the target’s new source address.",
                check="Ask who runs it to allow the addresses of the cluster’s NAT gateway.",
                evidence=["403 only at the target, on 1 endpoint, in 100 % of its requests"],
                endpoints=["GET /account"],
                count=15_602,
                causes=ids[1:2],
            )
        ],
        endpoints=endpoints,
        distribution=_distribution(40),
        series=[
            Hour(
                at=at,
                received=50_000,
                compared=46_000,
                differed=int(1400 * (1 + sin(n / 4))),
                failed=17,
                legacy_p50=0.012,
                legacy_p95=0.03 + 0.008 * sin(n / 3),
                target_p50=0.015,
                target_p95=0.041 + 0.012 * sin(n / 3 + 0.4) + (0.05 if n == 15 else 0),
            )
            for n, at in enumerate(hours)
        ],
        releases=[
            ReleaseReport(
                version="web:2026-11-20.1",
                first=hours[0],
                last=hours[14],
                compared=702_110,
                differed=31_004,
                introduced=ids[:2],
                fixed=[],
            ),
            ReleaseReport(
                version="web:2026-11-22.3",
                first=hours[15],
                last=hours[23],
                compared=502_008,
                differed=3_083,
                introduced=ids[2:3],
                fixed=ids[:1],
            ),
        ],
        coverage=Coverage(
            compared_share=0.9137,
            ready_share=0.913,
            not_compared={
                "skipped: method": 101_220,
                "skipped: sample": 9_000,
                "dropped: channel_full": 3_652,
            },
            never=[NeverCompared("POST /orders", 101_220, {"skipped: method": 101_220})],
            never_share=0.0767,
            unanalysed=12,
            hours=[*range(14), 22, 23],
            days=2,
        ),
        rules=[
            RuleReport(line="ignore: header:date", endpoint="", hits=1_204_118, in_force=True),
            RuleReport(line="tolerance: json:$.price", endpoint="GET /items/{id}", hits=0, in_force=True),
        ],
        accepted=[
            AcceptedReport(
                line="header:server",
                endpoint="",
                owner="sato",
                reason="nginx instead of Apache",
                until="2026-12-31",
                hits=1_204_000,
                expired=False,
            ),
        ],
        masks=[
            mask("GET /tags", "order", "json:$.tags"),
        ],
        unreadable=Unreadable(lines=1),
        changes=Changes(
            since=Window(START - 86_400, START),
            before=Verdict.NOT_ENOUGH_DATA,
            now=Verdict.REGRESSED,
            new=[Named(ids[0], "missing cookie:session;samesite", 31_204)] if ids else [],
            gone=[Named("ffffffffff", "changed header:server", 12)],
            verdicts=[Changed("GET /items/{id}", Verdict.READY, Verdict.REGRESSED)],
        ),
    )


def _endpoint(
    name: str, number: int, of: int, causes: list[Cause], differences: int, chance: random.Random
) -> EndpointReport:
    verdict = [Verdict.REGRESSED, Verdict.NOT_ENOUGH_DATA, Verdict.READY][min(2, number * 6 // of)]
    units = chance.randrange(200, 90_000)
    mismatched = {Verdict.REGRESSED: units // 7, Verdict.NOT_ENOUGH_DATA: 1, Verdict.READY: 0}[verdict]
    share = mismatched / units
    slower = 1 + chance.random()
    return EndpointReport(
        endpoint=name,
        verdict=verdict,
        why=f"{mismatched:,} of {units:,} differ",
        reasons=["differs"] if verdict is Verdict.REGRESSED else [],
        interval=(share * 0.9, min(1.0, share * 1.1 + 6 / units)),
        units=units,
        mismatched=mismatched,
        needed={Verdict.REGRESSED: None, Verdict.NOT_ENOUGH_DATA: 7_100, Verdict.READY: 0}[verdict],
        hours=3.4 if verdict is Verdict.NOT_ENOUGH_DATA else None,
        traffic=chance.random() / of,
        received=units * 3,
        mirrored=units * 3,
        compared=units * 3,
        matched=(units - mismatched) * 3,
        differed=mismatched * 3,
        failed=0,
        skipped={},
        dropped={},
        in_flight=0,
        status={"200→200": units * 3 - mismatched} | ({"200→403": mismatched} if mismatched > 1 else {}),
        latency=_sides(0.012, 0.012 * slower),
        first_byte=_sides(0.011, 0.011 * slower),
        unanalysed=0,
        slower=0,
        distribution=_distribution(40),
        differences=[
            DifferenceReport(c.kind, c.path, mismatched * 3 // (n + 1), c.legacy, c.target, c.id)
            for n in range(differences if mismatched or differences > 3 else 0)
            for c in [causes[(number + n) % len(causes)]]
        ],
        series=[
            ShortHour(START + 3600 * n, units // 8, units // 8, mismatched // 24, 0.03, 0.03 * slower)
            for n in range(HOURS)
        ],
    )


def _sides(legacy: float, target: float) -> Sides:
    return Sides(*(Quantiles(p50, p50 * 2.6, p50 * 5.2) for p50 in (legacy, target)))


def _distribution(bins: int) -> Distribution:
    def bell(middle: float) -> list[int]:
        return [int(90_000 * exp(-((i - middle) ** 2) / 18)) for i in range(bins)]

    edges = [float(f"{0.001 * 1.16**i:.3g}") for i in range(bins + 1)]
    return Distribution(edges, bell(14), [a + b // 9 for a, b in zip(bell(17), bell(31), strict=True)])
