"""From two bodies to their differences: milliseconds of a processor, beside what others take.

`python tests/bench/comparator.py` prints a table. Each case is a pair of bodies of one size with a few
changes; the best of several runs counts, because everything else is another program's time.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from typing import NamedTuple

import deepdiff
import msgspec
from xmldiff.main import diff_texts

from shadow.compare import charset, html, html_tree, text
from shadow.compare.judge import judge
from shadow.compare.rules import compile_rule
from shadow.model import Exchange, Request, Response, head_of
from shadow.settings import Compare, Margin

_SECONDS = 1.0  # spent on each figure; a single run may take longer
_SLOW = 100_000  # characters above which others are not asked: it would take minutes
_WORDS = "alpha beta gamma shop order price basket delivery address city total amount".split()


class Case(NamedTuple):
    """One row of the table: what is measured, and who else is."""

    name: str
    size: int
    runs: dict[str, Callable[[], object]]


def unsilenced(legacy: str, target: str) -> None:
    """No rule makes anything equal."""


def page(size: int, changes: int = 0) -> str:
    """A dense page, a table of orders; with changes a price, a title and a missing row in turn."""
    choice = random.Random(1).choice
    rows: list[str] = []
    while sum(map(len, rows[-1:])) * len(rows) < size:
        number = len(rows)
        rows.append(
            f'<tr class="row" data-id="{number}">\n  <td>{number}</td>\n  '
            f'<td><a href="/items/{number}?ref=list" '
            f'title="{choice(_WORDS)}">{choice(_WORDS)} <b>{choice(_WORDS)}</b></a></td>\n  <td class="num">'
            f'{number * 7 % 100}.50</td>\n  <td><span class="tag">{choice(_WORDS)}</span> '
            f'<img src="/i/{number}.png" alt=""/></td>\n</tr>\n'
        )
    for change, at in enumerate(random.Random(7).sample(range(len(rows) - changes), changes)):
        rows[at] = (rows[at].replace(".50<", ".51<"), rows[at].replace('title="', 'title="x'), "")[change % 3]
    menu = "".join(
        f'<li><a class="nav top" href="/m/{number}">Menu {number}</a></li>\n' for number in range(12)
    )
    return (
        '<html lang="en"><head><title>Orders</title></head>\n<body><div id="wrap"><ul>'
        f'{menu}</ul>\n<table class="orders"><tbody>\n{"".join(rows)}</tbody></table></div></body></html>'
    )


def html_case(size: int) -> Case:
    """Two pages with six changes."""
    legacy, target = page(size), page(size, 6)
    runs: dict[str, Callable[[], object]] = {
        "shadow": lambda: html.compare(legacy, target, (), unsilenced),
        "two parses": lambda: (html_tree.parse(legacy), html_tree.parse(target)),
    }
    if size < _SLOW:
        runs["xmldiff"] = lambda: diff_texts(legacy, target)
    return Case("HTML", len(legacy), runs)


def indented_case(size: int) -> Case:
    """Two pages with six changes, and other white space between all tags."""
    legacy, target = page(size), page(size, 6).replace("\n", "\n    ")
    return Case(
        "HTML, indented", len(legacy), {"shadow": lambda: html.compare(legacy, target, (), unsilenced)}
    )


def orders(size: int, changes: int = 0) -> bytes:
    """JSON of so many bytes; with changes another price in some orders."""
    choice = random.Random(1).choice
    members: list[dict[str, object]] = []
    while len(members) * 200 < size:
        number = len(members)
        member = {
            "id": number,
            "name": choice(_WORDS),
            "price": number * 7 % 100 + 0.5,
            "tags": [choice(_WORDS)],
        }
        more = {
            "stock": {"shop": number % 7, "depot": number % 31},
            "seen_at": f"2026-01-01T12:00:{number % 60:02}Z",
        }
        members.append({**member, **more, "description": " ".join(choice(_WORDS) for _ in range(8))})
    for at in random.Random(7).sample(range(len(members)), changes):
        members[at]["price"] = 0.25
    return json.dumps({"orders": members}).encode()


def json_case(size: int, rule: Compare = Compare(), name: str = "JSON") -> Case:
    """Two answers with six changes, from bytes to differences."""
    bodies = orders(size), orders(size, 6)
    kind = ((b"Content-Type", b"application/json"),)
    legacy, target = (Response(200, head_of(kind), body) for body in bodies)
    exchange = Exchange("1", "GET /orders", 0.0, Request(b"GET", b"/orders", ()), legacy)
    compiled = compile_rule(rule, Compare())
    runs: dict[str, Callable[[], object]] = {
        "shadow": lambda: judge(exchange, target, compiled),
        "two decodings": lambda: [json.loads(body) for body in bodies],
        "two by msgspec": lambda: [msgspec.json.decode(body) for body in bodies],
    }
    if rule == Compare():
        runs["deepdiff"] = lambda: deepdiff.DeepDiff(*map(json.loads, bodies))
    return Case(name, len(bodies[0]), runs)


RULE = Compare(ignore=("json:$.orders[*].seen_at",), tolerance={"json:$.orders[*].price": Margin("0.001")})


def text_case(size: int, codec: str) -> Case:
    """Two texts with six changes, from bytes."""
    legacy, target = (one.encode(codec) for one in (page(size), page(size, 6)))

    def run() -> object:
        ours, theirs = (charset.read(body, codec, "text/plain").text for body in (legacy, target))
        return text.compare(ours, theirs, unsilenced)

    return Case(f"text, {codec}", len(legacy), {"shadow": run})


def milliseconds(run: Callable[[], object]) -> float:
    """The best of as many runs as there is time for."""
    best, until = float("inf"), time.perf_counter() + _SECONDS
    while True:
        before = time.process_time()
        run()
        best = min(best, time.process_time() - before)
        if time.perf_counter() > until:
            return best * 1000


CASES: list[Callable[[], Case]] = [
    lambda: json_case(19 * 1024),
    lambda: json_case(19 * 1024, RULE, "JSON with a rule"),
    lambda: html_case(58 * 1024),
    lambda: html_case(500 * 1024),
    lambda: indented_case(500 * 1024),
    lambda: text_case(58 * 1024, "utf-8"),
    lambda: text_case(58 * 1024, "shift_jis"),
]


def main() -> None:
    """Prints the table."""
    for make in CASES:
        case = make()
        figures = ", ".join(f"{name} {milliseconds(run):.2f} ms" for name, run in case.runs.items())
        print(f"{case.name:16} {case.size / 1024:6.0f} KB   {figures}")


if __name__ == "__main__":
    main()
