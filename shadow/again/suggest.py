"""Rules that would silence what was seen: tried on the kept pairs, and weighed by what was counted. Pure.

A line is suggested only if it compiles and, on kept pairs, silences what it is for. An exchange falls silent
only when every difference of it does, so lines are weighed together: each by what it silences beside those
before it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from msgspec import Struct, field

from shadow import settings
from shadow.again.candidates import Line, candidates, hidden_form
from shadow.again.rules import EndpointRules
from shadow.compare.rules import Rule
from shadow.compare.signature import parse, signature
from shadow.endpoint import is_template
from shadow.model import Difference, DifferenceKind
from shadow.record.again import judged_again
from shadow.record.evidence import Answered, Evidence
from shadow.record.tally import TallyRecord
from shadow.verdict.counting import signatures

TRIED = 30
"""Kept pairs on which a line is tried, for each cause: more say the same."""

MOST = 100
"""Causes of one endpoint for which lines are looked for."""

_STRUCTURE = (DifferenceKind.MISSING, DifferenceKind.ADDED, DifferenceKind.TYPE)


class Suggestion(Struct, kw_only=True):
    """One line, and what it would hide: the signatures by endpoint, how many exchanges show one of them
    (`shown`), how many would match by it beside the lines before it (`silent`), how many kept comparisons
    proved it (`tried`), an example of both values."""

    line: Line
    endpoints: list[str]
    hides: set[tuple[str, str]]
    shown: int = 0
    silent: int = 0
    tried: int = 0
    example: Difference | None = None
    warning: str = ""


class Suggestions(Struct):
    """All suggestions, the one that silences most first, from so many `kept` comparisons. Of the exchanges
    that `differed`, `silent` ones would match by all lines; `unweighed` ones differed too, and were spent on
    learning or not looked into. `every` is how many endpoints there are."""

    kept: int = 0
    differed: int = 0
    unweighed: int = 0
    silent: int = 0
    every: int = 0
    listed: list[Suggestion] = field(default_factory=list)


class _Seen:
    """What was seen of one endpoint: pairs by the causes that they show, and counts of sets of causes."""

    def __init__(self) -> None:
        self.pairs: dict[str, list[Evidence]] = defaultdict(list)
        self.patterns: Counter[frozenset[str]] = Counter()
        self.unweighed: Counter[frozenset[str]] = Counter()

    def distinct(self) -> list[Evidence]:
        """Each pair once."""
        return list({pair.id: pair for pairs in self.pairs.values() for pair in pairs}.values())


def suggest(records: Iterable[object], config: settings.Config) -> Suggestions:
    """Lines beside those of `config`."""
    seen: dict[str, _Seen] = defaultdict(_Seen)
    rules = EndpointRules(config)
    kept = differed = 0
    every: set[str] = set()
    for record in records:
        if isinstance(record, TallyRecord):
            every.add(record.endpoint)
            # What legacy did not answer weighs nothing, and no line could be for it.
            differed += max(0, record.tally.differed - record.tally.differed_alone) + record.tally.failed
            for name, pattern in record.tally.patterns.items():
                if names := signatures(name):
                    seen[record.endpoint].patterns[frozenset(names)] += pattern.count
        elif isinstance(record, Evidence):
            kept += 1
            if isinstance(record.legacy, Answered):
                _take(seen[record.endpoint], record, rules)
    found = [
        each
        for endpoint, one in seen.items()
        for name, pairs in list(one.pairs.items())[:MOST]
        if (each := _for_cause(endpoint, name, pairs, rules)) is not None
    ]
    patterns = Counter(
        {
            frozenset((endpoint, name) for name in pattern): count
            for endpoint, one in seen.items()
            for pattern, count in (one.patterns or one.unweighed).items()
        }
    )
    ranked = _ranked(kept, _together(_shared(_uncovered(found, seen, rules)), seen, rules), patterns)
    ranked.unweighed = max(0, differed - ranked.differed)
    ranked.every = len(every)
    return ranked


def _take(seen: _Seen, pair: Evidence, rules: EndpointRules) -> None:
    found = judged_again(pair, rules.of(pair))
    if isinstance(found, str):
        return
    names = {signature(each) for each in found.differences}
    if names:
        seen.unweighed[frozenset(names)] += 1
    for name in sorted(names):
        if len(seen.pairs[name]) < TRIED:
            seen.pairs[name].append(pair)


def _for_cause(endpoint: str, name: str, pairs: list[Evidence], rules: EndpointRules) -> Suggestion | None:
    """The narrowest line that silences the cause in every pair that shows it."""
    kind, path, _ = parse(name)
    before = [_names(pair, rules.of(pair)) for pair in pairs]
    shown = [each for found in before for each in found.get(name, ())]
    if not shown:
        return None
    for line in candidates(kind, path, shown):
        try:
            after = [_names(pair, rules.of(pair, line)) for pair in pairs]
        except ValueError:
            continue
        if any(name in found for found in after):
            continue
        # Only what it silences in every pair is said to be hidden by it.
        gone = set.intersection(*(old.keys() - new.keys() for old, new in zip(before, after, strict=True)))
        return Suggestion(
            line=line,
            endpoints=[endpoint],
            hides={(endpoint, each) for each in gone},
            tried=len(pairs),
            example=shown[0],
            warning=_warning(kind, line) or hidden_form(line, shown),
        )
    return None


def _names(pair: Evidence, rule: Rule) -> dict[str, list[Difference]]:
    found = judged_again(pair, rule)
    names: dict[str, list[Difference]] = defaultdict(list)
    for each in () if isinstance(found, str) else found.differences:
        names[signature(each)].append(each)
    return names


def _warning(kind: str, line: Line) -> str:
    if kind in _STRUCTURE:
        return {
            DifferenceKind.MISSING: "hides that the target lacks it",
            DifferenceKind.ADDED: "hides that only the target has it",
        }.get(DifferenceKind(kind), "hides a change of type")
    if line.place in ("text", "body"):
        return "hides every change of such bodies"
    return "hides every change here, also of structure and type" if line.setting == "ignore" else ""


def _uncovered(found: list[Suggestion], seen: dict[str, _Seen], rules: EndpointRules) -> list[Suggestion]:
    """The suggestions without those that another makes useless: the two do not compile together, and the
    other takes over what both hide. Wide lines are tried first: `ignore` before others, short places before
    long ones."""
    taken: dict[str, list[Suggestion]] = defaultdict(list)
    for each in sorted(found, key=lambda each: (each.line.setting != "ignore", len(each.line.place))):
        endpoint = each.endpoints[0]
        pair, beside = next(iter(seen[endpoint].pairs.values()))[0], taken[endpoint]
        if _compiles(rules, pair, each, *beside):
            beside.append(each)
            continue
        for other in beside:
            if not _compiles(rules, pair, each, other):
                _take_over(other, each)
                break
    return [each for listed in taken.values() for each in listed]


def _take_over(one: Suggestion, other: Suggestion) -> None:
    """Let one line stand for another too: it hides what both do, and warns of it."""
    one.hides |= other.hides
    if one.warning != other.warning:
        one.warning = _warning("", one.line) or one.warning or other.warning


def _compiles(rules: EndpointRules, pair: Evidence, *suggestions: Suggestion) -> bool:
    try:
        rules.of(pair, *(each.line for each in suggestions))
    except ValueError:
        return False
    return True


def _together(found: list[Suggestion], seen: dict[str, _Seen], rules: EndpointRules) -> list[Suggestion]:
    """With all lines in force: what is still seen is not hidden, and a line that hides nothing is none."""
    while True:
        left: set[tuple[str, str]] = set()
        for endpoint, one in seen.items():
            lines = [each.line for each in found if endpoint in each.endpoints]
            for pair in one.distinct():
                before = _names(pair, rules.of(pair)).keys()
                after = _names(pair, rules.of(pair, *lines)).keys()
                # Where lines make something new differ, none of them has silenced this pair.
                left |= {(endpoint, name) for name in (after | before if after - before else after)}
        for each in found:
            each.hides -= left
        useful = [each for each in found if each.hides]
        if len(useful) == len(found):
            return found
        found = useful


def _shared(found: list[Suggestion]) -> list[Suggestion]:
    """One suggestion for equal lines: of one endpoint, and for fields of heads of all endpoints."""
    merged: dict[tuple[Line, str], Suggestion] = {}
    for each in found:
        shared = each.line.place.startswith(("header:", "cookie:")) or not is_template(each.endpoints[0])
        key = each.line, "" if shared else each.endpoints[0]
        known = merged.setdefault(key, each)
        if known is not each:
            known.endpoints = sorted({*known.endpoints, *each.endpoints})
            known.tried = max(known.tried, each.tried)
            _take_over(known, each)
    return list(merged.values())


def _ranked(kept: int, found: list[Suggestion], patterns: Counter[frozenset[tuple[str, str]]]) -> Suggestions:
    """By what each silences beside those before it; if nothing, by how many exchanges show it. What hides no
    more than those before it is left out."""
    result = Suggestions(kept=kept, differed=patterns.total())
    left = dict(patterns)
    hidden: set[tuple[str, str]] = set()
    for each in found:
        each.shown = sum(count for pattern, count in patterns.items() if pattern & each.hides)
    while found:
        weights = [sum(n for pattern, n in left.items() if pattern <= hidden | each.hides) for each in found]
        best = max(range(len(found)), key=lambda i: (weights[i], found[i].shown, str(found[i].line)))
        each = found.pop(best)
        if each.hides <= hidden:
            continue
        each.silent = weights[best]
        result.silent += each.silent
        hidden |= each.hides
        left = {pattern: count for pattern, count in left.items() if not pattern <= hidden}
        result.listed.append(each)
    return result
