"""Suggested rules: of the narrowest kind, ready to paste, and silent about what they say."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st
from support.kept import Pair, answered, comparisons, folder, records
from support.proxy import command
from support.tallies import VALUE, learn

from shadow import settings
from shadow.again.paste import written
from shadow.again.rejudge import rejudge
from shadow.again.rules import EndpointRules
from shadow.again.suggest import suggest
from shadow.config.load import load
from shadow.model import Failure, FailureKind, Response, head_of
from shadow.record.tally import TallyRecord

PAGE = '<html><body><p class="x">same</p><p id="made">{}</p></body></html>'


def page(made: str) -> Response:
    return Response(200, head_of(((b"Content-Type", b"text/html"),)), PAGE.format(made).encode())


@pytest.mark.parametrize(
    ("legacy", "target", "line"),
    [
        (
            answered({"at": "2026-11-22T10:00:00Z"}),
            answered({"at": "2026-11-22T10:00:01Z"}),
            ("tolerance", "json:$.at", "2s"),
        ),
        (answered({"at": 1790000000}), answered({"at": 1790000040}), ("tolerance", "json:$.at", "1m")),
        (answered({"p": 10.0}), answered({"p": 10.005}), ("tolerance", "json:$.p", "0.01")),
        (answered({"p": 1000}), answered({"p": 1040}), ("tolerance", "json:$.p", "5%")),
        (answered({"p": 38629}), answered({"p": 38630}), ("tolerance", "json:$.p", "1")),
        (answered({"p": 660}), answered({"p": 655}), ("tolerance", "json:$.p", "5")),
        (answered({"p": 3}), answered({"p": 4}), ("type_only", "json:$.p", "")),
        (answered({"l": [1, 2, 3]}), answered({"l": [3, 1, 2]}), ("unordered", "json:$.l", "")),
        (
            answered({"u": "http://old.example/x?a=1"}),
            answered({"u": "https://new.example/x?a=1"}),
            ("same_host", "json:$.u", ""),
        ),
        (answered({"id": "k3jx"}), answered({"id": "q81z"}), ("type_only", "json:$.id", "")),
        (answered({"id": 1}), answered({"id": "1"}), ("ignore", "json:$.id", "")),
        (answered({}), answered({}, (b"X-Build", b"7")), ("ignore", "header:x-build", "")),
        (page("one"), page("two"), ("ignore", "html:p#made", "")),
    ],
)
def test_the_narrowest_line(legacy: Response, target: Response, line: tuple[str, str, str]) -> None:
    """What differs tells which kind of line is enough."""
    found = suggest(records([Pair("/a", legacy, target)], times=7), settings.Config())

    assert [tuple(each.line) for each in found.listed] == [line]
    assert (found.differed, found.silent, found.listed[0].silent) == (7, 7, 7)


def test_a_status_is_never_silenced() -> None:
    """Nobody wants a rule that hides errors."""
    kept = records([Pair("/a", answered({}), answered({}, status=500))])

    assert suggest(kept, settings.Config()).listed == []


def test_what_changes_structure_is_warned_of() -> None:
    """A line that hides a missing member or another type says so."""
    kept = records(
        [
            Pair("/a", answered({"x": 1, "y": 1}), answered({"y": 1})),
            Pair("/a", answered({"x": 1, "y": 1}), answered({"x": 1, "y": "1"})),
        ]
    )
    warnings = {each.line.place: each.warning for each in suggest(kept, settings.Config()).listed}

    assert warnings == {"json:$.x": "hides that the target lacks it", "json:$.y": "hides a change of type"}


def test_a_line_for_several_kinds_of_difference_hides_more_than_each() -> None:
    """It is missing here, another there: the warning is of all, whichever was met first."""
    one, two = (answered({}, (b"X-A", value)) for value in (b"p", b"q"))
    kept = records([Pair("/a", one, answered({})), Pair("/a", one, two)])

    (found,) = suggest(kept, settings.Config()).listed
    assert found.line.place == "header:x-a"
    assert found.warning == "hides every change here, also of structure and type"


@pytest.mark.parametrize(
    ("legacy", "target", "warning"),
    [
        (
            "2026-11-22T10:00:00Z",
            "2026-11-22 10:00:01+00:00",
            "hides that the target writes it in another way",
        ),
        (
            "2026-11-22T10:00:00Z",
            "2026-11-22T10:00:01.123Z",
            "hides that the target writes it in another way",
        ),
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:01Z", ""),
        (1790000000, 1790000001.5, ""),
        (
            "2026-11-22 10:00:00",
            "2026-11-22 01:00:00",
            "hides that the target's clock stands in another time zone",
        ),
        (
            "2026-11-22 10:00:00",
            "2026-11-22 01:00:01",
            "hides that the target's clock stands in another time zone",
        ),
        ("2026-11-22 10:00:00", "2026-11-22 01:00:20", ""),
        ("2026-11-22 00:00:00", "2026-11-23 00:00:00", ""),
        (
            "2026-11-22T10:00:00Z",
            "2026-11-22T10:00:00+00:00",
            "hides that the target writes it in another way",
        ),
        ("203.0.113.9", "10.42.3.17", "hides every other value of that type"),
        ("https://old.example/x", "http://new.example/x", "hides that the scheme changes"),
        ("https://old.example/x", "https://new.example/x", ""),
        ("https://www.example.com/x", "https://example.com:8443/x", ""),
        (
            "https://cdn.example.com/x",
            "https://web.default.svc.cluster.local/x",
            "hides to which host links lead",
        ),
        ("https://10.0.0.1/x", "https://11.0.0.1/x", "hides to which host links lead"),
        (
            "https://cdn.example.com/x",
            "http://localhost/x",
            "hides that the scheme changes, and to which host links lead",
        ),
        (38629, 38630, "hides that whole numbers differ, as counts and prices are"),
        (38629.5, 38630, ""),
    ],
)
def test_what_a_line_hides_beside_is_warned_of(legacy: object, target: object, warning: str) -> None:
    """A moment that is near, and written in another form; a link that leads elsewhere by another scheme."""
    (found,) = suggest(
        records([Pair("/a", answered({"x": legacy}), answered({"x": target}))]), settings.Config()
    ).listed

    assert found.line.setting in ("tolerance", "same_host", "type_only")
    assert found.warning == warning


def test_nothing_is_suggested_for_how_a_body_is_written() -> None:
    """To ignore the body for its byte order mark would hide everything in it."""
    head = head_of(((b"Content-Type", b"text/plain"),))
    kept = records([Pair("/a", Response(200, head, "é".encode()), Response(200, head, "\ufeffé".encode()))])

    assert [each.kind for each in comparisons(kept)[0].differences] == ["charset"]
    assert suggest(kept, settings.Config()).listed == []


NOISY = [
    Pair("/a", answered({"at": 1, "x": 1}), answered({"at": 500, "x": 1})),
    Pair(
        "/a", answered({"at": 1, "x": "p"}, (b"X-Id", b"1")), answered({"at": 9, "x": "q"}, (b"X-Id", b"2"))
    ),
    Pair("/b", answered({"x": 1}, (b"X-Id", b"3")), answered({"x": 1}, (b"X-Id", b"4"))),
    Pair("/b", answered({"x": 1}), answered({"x": 1}, status=404)),
]


def test_most_silence_first_and_weighed_together() -> None:
    """An exchange with two differences falls silent by the later of both lines."""
    found = suggest(records(NOISY, times=10), settings.Config())

    assert (found.differed, found.silent) == (40, 30)
    assert [(each.line.place, each.shown, each.silent) for each in found.listed] == [
        ("json:$.at", 20, 10),
        ("header:x-id", 20, 10),
        ("json:$.x", 10, 10),
    ]


def test_a_line_that_another_covers_is_left_out() -> None:
    """Who does not compare a link, does not compare where it leads."""
    link = '<html><body><div><a href="/ad/{0}">buy {0}</a></div></body></html>'
    head = head_of(((b"Content-Type", b"text/html"),))
    sides = (Response(200, head, link.format(number).encode()) for number in (1, 2))
    found = suggest(records([Pair("/a", *sides)], times=5), settings.Config())

    assert [each.line.place for each in found.listed] == ["html:html > body > div > a"]


def test_what_silences_beside_others_alone_says_so() -> None:
    """Both lines are needed: the first is not useless."""
    kept = records([Pair("/a", answered({"x": 1, "y": ""}), answered({"x": "1", "y": 2}))])
    text = written(suggest(kept, settings.Config()))

    assert "# needed beside others: none would match by it alone, 1 show it" in text
    assert "# 1 (100 %) would match by it, 1 show it" in text


def test_applied_it_silences_what_it_says(tmp_path: Path) -> None:
    """The printed YAML is a configuration; under it exactly what was promised is gone."""
    kept = records(NOISY)
    found = suggest(kept, settings.Config())
    path = tmp_path / "suggested.yaml"
    path.write_text(written(found), encoding="utf-8")
    result = rejudge(kept, EndpointRules(load(str(path), {}, {}).config))

    assert result.fewer == found.silent
    assert {(each.endpoint, f"{each.kind} {each.path}") for each in result.gone} == set.union(
        *(each.hides for each in found.listed)
    )
    assert suggest(kept, load(str(path), {}, {}).config).listed == []


def test_a_field_that_one_endpoint_shows_stays_compared_on_others(tmp_path: Path) -> None:
    """It is said to hide what one endpoint shows, and hides no more, as when others lose the field too."""
    once = [Pair("/a", answered({}, (b"Cache-Control", b"private")), answered({}))]
    path = tmp_path / "suggested.yaml"
    path.write_text(written(suggest(records(once), settings.Config())), encoding="utf-8")
    elsewhere = records([*once, *(pair._replace(path="/b") for pair in once)])

    assert rejudge(elsewhere, EndpointRules(load(str(path), {}, {}).config)).fewer == 1


def test_a_field_that_some_endpoints_show_stays_compared_on_others(tmp_path: Path) -> None:
    """Each has an entry; only what all show, or too many to be read, is a line for all, and says so."""
    one, two = (answered({}, (b"X-A", value)) for value in (b"p", b"q"))
    shop = [Pair(path, one, two) for path in ("/a", "/b")]
    seen = records([*shop, Pair("/c", answered({"x": 1}), answered({"x": 2}))])
    path = tmp_path / "suggested.yaml"
    path.write_text(written(suggest(seen, settings.Config())), encoding="utf-8")
    elsewhere = records([*shop, Pair("/c", one, two)])

    assert rejudge(elsewhere, EndpointRules(load(str(path), {}, {}).config)).fewer == 2
    many = records([Pair(f"/{'a' * i}", one, two) for i in range(1, 24)] + [Pair("/", one, one)])
    text = written(suggest(many, settings.Config()))
    assert list(yaml.safe_load(text)) == ["compare"]
    assert "# WARNING: holds for all endpoints, also where it was not seen: 1" in text


def test_what_was_not_weighed_is_told() -> None:
    """The report counts it among those that differed."""
    kept = records([Pair("/a", answered({"x": 1}), answered({"x": 2}))], times=3)
    tally = next(each.tally for each in kept if isinstance(each, TallyRecord))
    learn(tally, 4, (VALUE,))

    assert "# 3 exchanges differed, 4 more were spent on learning" in written(
        suggest(kept, settings.Config())
    )


def test_what_legacy_did_not_answer_is_not_among_those() -> None:
    """No line could be for it, and nobody could look into it."""
    pairs = [
        Pair("/a", answered({"x": 1}), answered({"x": 2})),
        Pair("/a", Failure(FailureKind.TIMEOUT), answered({"x": 1})),
        Pair("/b", Failure(FailureKind.TIMEOUT), answered({"x": 1})),
    ]
    found = suggest(records(pairs, times=3), settings.Config())

    assert (found.kept, found.differed, found.unweighed, found.silent) == (3, 3, 0, 3)


LEAVES = st.integers(0, 3) | st.sampled_from(["p", "q", "2026-11-22T10:00:00Z", "2026-11-22T10:00:01Z"])
TREES = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    LEAVES
    | st.lists(LEAVES, max_size=3)
    | st.lists(st.dictionaries(st.sampled_from(["id", "x"]), LEAVES), max_size=3),
    max_size=3,
)


@given(st.lists(st.tuples(TREES, TREES), min_size=1, max_size=6))
@tries(max_examples=50, deadline=None)
def test_whatever_was_seen_they_silence_what_they_say(trees: list[tuple[object, object]]) -> None:
    """Of any pairs: under all suggested lines as many kept comparisons match as the first comment says."""
    kept = records([Pair("/a", answered(ours), answered(theirs)) for ours, theirs in trees])
    found = suggest(kept, settings.Config())
    with NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        file.write(written(found))
        file.flush()
        rules = EndpointRules(load(file.name, {}, {}).config)

    assert rejudge(kept, rules).fewer == found.silent


def test_hostile_values_stay_in_their_comments() -> None:
    """No value of an answer ends a comment or becomes a line."""
    evil = {'a"]\nlisten: 0.0.0.0:1\n# ': "x\ny"}
    kept = records([Pair("/a", answered(evil), answered({next(iter(evil)): "z\nlisten: 1"}))])
    loaded = yaml.safe_load(written(suggest(kept, settings.Config())))

    assert set(loaded) <= {"compare", "endpoints"}
    assert len(comparisons(kept)) == 1


def test_a_place_of_any_letters_is_read_back(tmp_path: Path) -> None:
    """A blank that looks like another is escaped, and still names its place."""
    key = "検索\u3000Prix\xa0HT"
    kept = records([Pair("/a", answered({key: 1}), answered({key: 2}))])
    text = written(suggest(kept, settings.Config()))
    path = tmp_path / "suggested.yaml"
    path.write_text(text, encoding="utf-8")

    assert "\xa0" not in text
    assert rejudge(kept, EndpointRules(load(str(path), {}, {}).config)).fewer == 1


def test_no_line_is_suggested_that_nobody_could_read() -> None:
    """What a terminal would obey, or turn around, is nothing that the configuration takes."""
    key = "\x9b31m\u202e\u2028\x7f検索"
    kept = records([Pair("/a", answered({key: 1}), answered({key: 2}))])

    assert suggest(kept, settings.Config()).listed == []


async def test_the_command(tmp_path: Path) -> None:
    """It prints YAML; without a folder one line, and exit 3."""
    kept = folder(tmp_path / "kept", records(NOISY))
    code, out, _ = await command("rules", "suggest", str(kept))
    assert code == 0
    assert yaml.safe_load(out)["compare"] == {"ignore": ["header:x-id"]}
    (tmp_path / "empty").mkdir()
    for place in ("none", "empty"):
        code, out, err = await command("rules", "suggest", str(tmp_path / place))
        assert (code, out, err.count("\n")) == (3, "", 1)
