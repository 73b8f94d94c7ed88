"""Kept comparisons under other rules: what changes, by endpoint and cause, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st
from support.kept import Pair, answered, folder, records
from support.proxy import command

from shadow import settings
from shadow.again.rejudge import Rejudged, rejudge
from shadow.again.rules import EndpointRules
from shadow.model import Failure, FailureKind
from shadow.record.segment import Record

IGNORING = settings.Compare(ignore=("json:$.at",))
PAIRS = [
    Pair("/a", answered({"at": 1, "x": 1}), answered({"at": 2, "x": 1})),
    Pair("/a", answered({"at": 1, "x": 1}), answered({"at": 2, "x": 2})),
    Pair("/b", answered({"x": 1}), answered({"x": 1}, status=500)),
    Pair("/b", answered({"x": 1}), Failure(FailureKind.TIMEOUT, "10 s", 10.0)),
]


def judged(kept: list[Record], **config: object) -> Rejudged:
    return rejudge(kept, EndpointRules(settings.Config(**config)))  # type: ignore[arg-type]


def test_what_a_line_silences() -> None:
    """The cause that is gone, how often, by which line, with an example; and what it made of fates."""
    result = judged(records(PAIRS), compare=IGNORING)

    assert (result.kept, result.judged, result.fewer, result.more) == (4, 4, 1, 0)
    assert result.before == {"differed": 3, "failed": 1}
    assert result.after == {"matched": 1, "differed": 2, "failed": 1}
    [change] = result.gone
    assert (change.endpoint, change.kind, change.path, change.count) == ("GET /a", "changed", "json:$.at", 2)
    assert change.lines == {"ignore json:$.at": 2}
    assert (change.example, change.legacy, change.target) == ("id-0", "1", "2")
    assert result.new == []


def test_what_a_line_had_silenced() -> None:
    """Without the line, the matches that were kept differ again."""
    result = judged(records(PAIRS, IGNORING))

    assert (result.fewer, result.more) == (0, 1)
    [change] = result.new
    assert (change.path, change.count, change.lines) == ("json:$.at", 2, {"ignore json:$.at": 2})


def test_endpoints_have_rules_of_their_own() -> None:
    """The rule is that of the endpoint which the new configuration gives the request."""
    line = settings.Endpoint(match="GET /{name}", compare=IGNORING)

    assert judged(records(PAIRS), endpoints=(line,)).fewer == 1
    assert judged(records(PAIRS), endpoints=(settings.Endpoint(match="GET /b", compare=IGNORING),)).fewer == 0


TREES = st.dictionaries(
    st.sampled_from(["a", "b", "password", "at"]), st.integers(0, 3) | st.text(max_size=3), max_size=4
)


@given(st.lists(st.tuples(TREES, TREES), max_size=6))
@tries(max_examples=60, deadline=None)
def test_the_same_rules_find_the_same(trees: list[tuple[dict[str, object], dict[str, object]]]) -> None:
    """Judging again under the rules that were in force changes nothing."""
    kept = records([Pair("/a", answered(ours), answered(theirs)) for ours, theirs in trees], IGNORING)
    result = judged(kept, compare=IGNORING)

    assert result.judged == len(trees)
    assert (result.before, result.gone, result.new) == (result.after, [], [])


async def test_the_command(tmp_path: Path) -> None:
    """It prints for people and for programs, and exits with 0."""
    kept = folder(tmp_path / "kept", records(PAIRS))
    config = tmp_path / "new.yaml"
    config.write_text('compare: {ignore: ["json:$.at"]}', encoding="utf-8")
    code, out, err = await command("rejudge", str(kept), "--config", str(config))
    assert (code, err) == (0, "")
    assert "4 comparisons kept, 4 judged again" in out
    assert "2 × changed json:$.at  on GET /a" in out
    assert "by ignore json:$.at" in out
    code, out, err = await command("rejudge", str(kept), "-c", str(config), "--format", "json")
    assert code == 0
    assert json.loads(out)["gone"][0]["lines"] == {"ignore json:$.at": 2}


async def test_bad_input_is_one_line(tmp_path: Path) -> None:
    """No folder, an empty one, a configuration that cannot be read: exit 3, and no traceback."""
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("{}", encoding="utf-8")
    bad.write_text("compare: {ignore: [nonsense]}", encoding="utf-8")
    empty = tmp_path / "empty"
    empty.mkdir()
    for place, config in ((tmp_path / "none", good), (empty, good), (empty, bad)):
        code, out, err = await command("rejudge", str(place), "--config", str(config))
        assert (code, out) == (3, "")
        assert err.count("\n") == 1, err
