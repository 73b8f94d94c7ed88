"""Rules at work on hostile bodies: a comparison ends within a second of the processor."""

from __future__ import annotations

import json
from datetime import date

import pytest
from support.processor import within

from shadow.compare.judge import judge
from shadow.compare.rules import compile_rule
from shadow.model import Comparison, Exchange, Request, Response, head_of
from shadow.settings import Accept, Compare, Margin

JSON, TEXT = b"application/json", b"text/plain"
LONG = b"a" * 1_000_000
NUMBERS = list(range(140_000))
ACCEPTED = Accept(difference="json:$[*]", owner="a", reason="b", until=date.max)


def array(members: list[object]) -> bytes:
    return json.dumps(members).encode()


@pytest.mark.parametrize(
    ("kind", "legacy", "target", "lines"),
    [
        pytest.param(
            TEXT, LONG, LONG + b"b", Compare(cut=("(a+)+$",)), id="pattern that backtracks elsewhere"
        ),
        pytest.param(TEXT, LONG, LONG + b"b", Compare(cut=("a",)), id="a million matches"),
        pytest.param(TEXT, LONG, LONG + b"b", Compare(cut=("a.*z|a",)), id="each match reads to the end"),
        pytest.param(
            JSON,
            array([f"aaa{i}" for i in NUMBERS]),
            array([f"aab{i}" for i in NUMBERS]),
            Compare(cut=("aa.",), hosts=("a.x", "b.x"), equivalent=("wave-dash",)),
            id="many texts",
        ),
        pytest.param(
            JSON,
            array([*NUMBERS]),
            array([i + 1 for i in NUMBERS]),
            Compare(tolerance={"json:$[*]": Margin("2")}),
            id="many numbers",
        ),
        pytest.param(
            JSON,
            array([*NUMBERS]),
            array([i + 1 for i in NUMBERS]),
            Compare(accept=(ACCEPTED,)),
            id="accepted",
        ),
        pytest.param(
            JSON,
            array([{"id": i, "v": 1} for i in NUMBERS[:37_000]]),
            array([{"id": i, "v": 2} for i in NUMBERS[36_999::-1]]),
            Compare(unordered=("json:$ key=id",), ignore=("json:$[*].v",)),
            id="members by key",
        ),
        pytest.param(
            JSON, b"[" * 100_000, b"[" * 100_000 + b"]", Compare(ignore=("json:$..a",)), id="levels"
        ),
    ],
)
def test_a_comparison_ends(kind: bytes, legacy: bytes, target: bytes, lines: Compare) -> None:
    """Whatever the body and the pattern."""
    rule = compile_rule(lines, Compare())
    ours, theirs = (Response(200, head_of(((b"Content-Type", kind),)), body) for body in (legacy, target))
    exchange = Exchange("1", "GET /", 0.0, Request(b"GET", b"/", ()), ours)

    assert isinstance(within(1, lambda: judge(exchange, theirs, rule)), Comparison)
