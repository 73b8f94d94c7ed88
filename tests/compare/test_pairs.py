"""The table of pairs: two answers, a rule, and what differs. One file for each content type.

A file in `pairs/` has a `type`, the Content-Type of its answers, and `pairs` by name. Of a pair are told

* `legacy` and `target`: the body; or a mapping of `body`, `hex` (a body that is not text), `times` (how often
  it is repeated), `status`, `type`, `charset` (in which it is written, and declared), `coding` and `headers`
  (name to value, or to a list of them),
* `type`, `charset` and `headers` of both, where they are not the file's,
* `rule`: as under `compare` in the configuration,
* `differ`: kind and place of each difference, in order; none if it is not told,
* `hits`: the lines of the rule that silenced something, in any order,
* `notes`: what each note begins with.
"""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import brotli
import msgspec
import pytest
import yaml
import zstandard

from shadow.compare.judge import judge
from shadow.compare.rules import compile_rule
from shadow.model import Comparison, Exchange, Fate, Request, Response, head_of
from shadow.settings import Compare

CODINGS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}
BOTH = ("type", "charset", "headers")
NOON = 1_767_268_800.0  # 2026-01-01, 12:00 UTC


class Pair(NamedTuple):
    """One row of the table."""

    legacy: Response
    target: Response
    rule: Compare
    differ: list[str]
    hits: list[str]
    notes: list[str]


def response(side: Any, both: dict[str, Any]) -> Response:
    """One answer, out of what is told of it and of both."""
    said = both | (side if isinstance(side, dict) else {"body": side})
    kind, charset = said.get("type", ""), said.get("charset", "")
    body = bytes.fromhex(said["hex"]) if "hex" in said else said.get("body", "").encode(charset or "utf-8")
    body *= said.get("times", 1)
    headers = [("Content-Type", f"{kind}; charset={charset}" if charset else kind)] if kind else []
    for coding in said.get("coding", "").split():
        headers.append(("Content-Encoding", coding))
        body = CODINGS[coding](body) if coding in CODINGS else body
    for name, values in said.get("headers", {}).items():
        headers += [(name, value) for value in (values if isinstance(values, list) else [values])]
    encoded = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers)
    return Response(said.get("status", 200), head_of(encoded), body)


def rows() -> Iterator[Any]:
    """Every pair of every file."""
    for path in sorted((Path(__file__).parent / "pairs").glob("*.yaml")):
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, row in table["pairs"].items():
            assert row.keys() <= {
                "legacy",
                "target",
                "type",
                "charset",
                "headers",
                "rule",
                *Pair._fields[3:],
            }, name
            both = {"type": table["type"]} | {
                key: row[key] for key in ("type", "charset", "headers") if key in row
            }
            pair = Pair(
                response(row.get("legacy", ""), both),
                response(row.get("target", ""), both),
                msgspec.convert(row.get("rule", {}), Compare, dec_hook=lambda kind, said: kind(said)),
                *(row.get(key, []) for key in Pair._fields[3:]),
            )
            yield pytest.param(pair, id=f"{path.stem}: {name}")


ROWS = list(rows())


def judged(legacy: Response, target: Response, rule: Compare) -> Comparison:
    """The comparison of two answers to one request."""
    request = Request(b"GET", b"/", ((b"Host", b"shop.example"), (b"X-Forwarded-Proto", b"https")))
    return judge(Exchange("1", "GET /", NOON, request, legacy), target, compile_rule(rule, Compare()))


@pytest.mark.parametrize("pair", ROWS)
def test_pair(pair: Pair) -> None:
    """What differs is what the table says; from the other side it is the same, swapped; and no answer
    differs from itself."""
    legacy, target, rule, differ, hits, notes = pair

    found = judged(legacy, target, rule)
    assert [f"{difference.kind} {difference.path}" for difference in found.differences] == differ
    assert sorted(found.hits) == sorted(hits)
    assert len(found.notes) == len(notes), found.notes
    assert all(note.startswith(start) for note, start in zip(found.notes, notes, strict=True)), found.notes

    other = judged(target, legacy, rule)
    assert [difference.swapped() for difference in other.differences] == list(found.differences)
    assert sorted(other.hits) == sorted(hits)

    for side in (legacy, target):
        assert judged(side, side, rule) == Comparison(Fate.MATCHED)


def test_the_table_is_complete() -> None:
    """Over 300 pairs, of every content type; those that people meet most have most."""
    counts = Counter(str(row.id).partition(":")[0] for row in ROWS)

    assert counts.total() >= 300
    assert counts["json"] >= 80
    assert counts["html"] >= 60
    assert counts["headers"] + counts["cookies"] >= 60
    assert counts.keys() >= {
        *("binary", "charsets", "codings", "cookies", "form", "headers", "html", "json"),
        *("lines", "multipart", "status", "table", "text", "types", "xml"),
    }
