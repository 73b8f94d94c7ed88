"""Ready, regressed, or not enough data: for one endpoint, and for all.

Pure. A target that gave no answer is a mismatch: its failures weigh as much as wrong answers. What legacy did
not answer tells nothing of the target, and weighs nothing. What weighs is units, distinct requests of an
hour; noise that legacy makes itself does not. An endpoint of which hardly a request is new is weighed by its
exchanges, or one with a single address would never be ready.

*Regressed*: the share of mismatched units is surely above the tolerance, with e-BH across endpoints, so that
300 endpoints do not mean 15 false alarms; or the target is surely slower; or a difference is confirmed,
unless its share is already surely below the tolerance. *Ready*: the share is surely below it, the target is
surely as fast, and enough hours of the day were seen. *Not enough data*: neither, yet. All of it may be
watched, and acted upon at any moment.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from shadow.model import Skip
from shadow.record.parts import UNANALYSED
from shadow.record.tally import Tally
from shadow.settings import Criteria
from shadow.verdict.confirmed import confirmed
from shadow.verdict.counting import Counts, count, hours, lines, shows_only
from shadow.verdict.latency import Latency, Pace, latency
from shadow.verdict.noise import Noise, learn
from shadow.verdict.statistics import ALPHA, Interval, above, discoveries, excluded, interval, needed

_BROKEN_OFF = {Skip.LEGACY_FAILED, Skip.CLIENT_LEFT, Skip.INCOMPLETE}
"""Reasons for which requests are skipped that no configuration asks for."""

_Number = TypeVar("_Number", int, float)

_REPEATED = 20
"""Exchanges for each unit from which on requests are taken to repeat themselves."""


class Verdict(enum.StrEnum):
    """What the owner is told, the worst first."""

    REGRESSED = "regressed"
    NOT_ENOUGH_DATA = "not enough data"
    READY = "ready"


class Reason(enum.StrEnum):
    """Why an endpoint is not ready, in a word."""

    DIFFERS = "differs"  # in more than the tolerance
    CONFIRMED = "confirmed"  # a difference that was reproduced; may stand with ready, below the tolerance
    SLOWER = "slower"
    NOTHING = "nothing"  # was compared
    KEPT = "kept"  # from the target by rules: nothing was to be compared
    FEW = "few"  # units
    LEARNING = "learning"  # whether what differs is legacy's own noise
    RULE = "rule"  # is needed: legacy itself varies what no mask may hide
    UNANALYSED = "unanalysed"  # nobody could look at what differs
    LATENCY = "latency"  # too few answers to know that the target is as fast
    HOURS = "hours"  # of the day not seen


class Judgement(NamedTuple):
    """A verdict and a sentence that says why; how many more requests could make it ready (none where it is,
    None where more requests like these would not), and how many hours that takes at the present rate (None
    where that cannot be told); the reasons in single words; between which rates the share of mismatched units
    lies; and what was counted."""

    verdict: Verdict
    why: str
    needed: int | None
    hours: float | None
    reasons: tuple[Reason, ...]
    interval: Interval
    counts: Counts


class _Case(NamedTuple):
    """What is known of an endpoint. `suspects` counts as mismatches only what surely is no noise, and `open`
    says by which signatures the rest does not tell yet; `unlike`, of which the target's values are not as
    legacy's."""

    tally: Tally
    counts: Counts
    suspects: Counts
    open: dict[Reason, list[str]]
    unlike: dict[str, str]
    latency: Latency
    confirmed: str


def judge(tally: Tally, criteria: Criteria = Criteria()) -> Judgement:
    """What one endpoint's tally says of it, on its own."""
    return verdicts({"": tally}, criteria=criteria)[""]


def verdicts(
    tallies: Mapping[str, Tally],
    noise: Noise | None = None,
    criteria: Criteria = Criteria(),
    seconds: float = 0.0,
) -> dict[str, Judgement]:
    """The judgement of every endpoint, by `noise` or what the tallies themselves say of it. `seconds` is how
    long was recorded; if it is not said, the hours in which something was compared tell."""
    noise = learn(tallies) if noise is None else noise
    cases = {name: _case(name, tally, noise, criteria, len(tallies)) for name, tally in tallies.items()}
    weighed = {name: case for name, case in cases.items() if case.counts.units}
    evidence = [
        above(criteria.tolerance, case.suspects.mismatched, case.suspects.units) for case in weighed.values()
    ]
    regressed = {name for name, falls in zip(weighed, discoveries(evidence), strict=True) if falls}
    seen = hours(tallies.values())
    missing = max(0, criteria.hours - len({hour % 24 for hour in seen}))
    recorded = seconds / 3600 or (max(seen) - min(seen) + 1.0 if seen else 0.0)
    return {
        name: _judge(case, name in regressed, missing, recorded, criteria) for name, case in cases.items()
    }


def _case(name: str, tally: Tally, noise: Noise, criteria: Criteria, endpoints: int) -> _Case:
    excused = noise.excused(name)
    shown = {
        each for pattern in tally.patterns if not shows_only(pattern, excused) for each in lines(pattern)
    }
    untold = {
        Reason.LEARNING: noise.learning(name),
        Reason.RULE: noise.unruled(name),
        Reason.UNANALYSED: frozenset((UNANALYSED,)),
    }
    return _Case(
        tally,
        count(tally, excused),
        count(tally, excused.union(*untold.values())),
        {reason: sorted(names & shown) for reason, names in untold.items() if names & shown},
        {each: noise.unlike[name, each] for each in untold[Reason.RULE] if (name, each) in noise.unlike},
        latency(tally, endpoints) if criteria.latency else Latency(Pace.UNTIMED, "", 0),
        confirmed(tally, excused.union(*untold.values())),
    )


def _judge(case: _Case, regressed: bool, missing: int, recorded: float, criteria: Criteria) -> Judgement:
    counts, tolerance = case.counts, criteria.tolerance
    weighed, below = _weighed(counts, tolerance)
    between = interval(*weighed, tolerance)
    repeated = weighed != (counts.mismatched, counts.units)
    if repeated:  # what was new counted as a mismatch: that bounds the share from above alone
        between = Interval(interval(counts.differing, counts.exchanges, tolerance).lower, between.upper)
    bad = [Reason.DIFFERS] if regressed else []
    if case.confirmed and not below:
        bad.append(Reason.CONFIRMED)
    if case.latency.pace is Pace.SLOWER:
        bad.append(Reason.SLOWER)
    if bad:
        why = "; ".join(_bad(each, case, tolerance) for each in bad)
        return Judgement(Verdict.REGRESSED, why, None, None, tuple(bad), between, counts)
    lacks = _lacks(case, below, missing, tolerance) if counts.units else [_untold(case.tally)]
    if lacks:
        needs = [_need(each, case, missing, recorded, tolerance) for each in lacks]
        why = "; ".join(need.why for need in needs)
        more, time = _most(need.requests for need in needs), _most(need.hours for need in needs)
        return Judgement(Verdict.NOT_ENOUGH_DATA, why, more, time, tuple(lacks), between, counts)
    seen = _seen_repeated(case) if repeated else _seen(case)
    why = f"{seen}: at most {_share(between.upper)}, {_SURE}, where {_share(tolerance)} is allowed"
    if case.latency.pace is Pace.UNTIMED and case.latency.why:
        why += f"; {case.latency.why}"
    if not case.confirmed:
        return Judgement(Verdict.READY, why, 0, 0.0, (), between, counts)
    why += f"; {_bad(Reason.CONFIRMED, case, tolerance)}"
    return Judgement(Verdict.READY, why, 0, 0.0, (Reason.CONFIRMED,), between, counts)


def _weighed(counts: Counts, tolerance: float) -> tuple[tuple[int, int], bool]:
    """Mismatches and what was compared: units, or exchanges where by them alone the share is surely below the
    tolerance; and whether it is."""
    units = counts.mismatched, counts.units
    for weighed in units, _repeated(counts):
        mismatches, compared = weighed
        if mismatches < tolerance * compared and excluded(tolerance, mismatches, compared, tolerance):
            return weighed, True
    return units, False


def _repeated(counts: Counts) -> tuple[int, int]:
    """Mismatches and exchanges, where each request that is new in its hour counts as a mismatch too: what
    has not been asked before has not been compared. With the share of both below the tolerance, so is the
    chance that the next request is answered differently (as Good and Turing weigh what was never seen)."""
    return min(counts.exchanges, counts.differing + counts.units), counts.exchanges


def _bad(reason: Reason, case: _Case, tolerance: float) -> str:
    if reason is Reason.DIFFERS:
        return f"{_seen(case, case.suspects)}: more than the {_share(tolerance)} allowed, {_SURE}"
    if reason is Reason.CONFIRMED:
        return f"a difference was reproduced: {case.confirmed}"
    return f"{case.latency.why}, {_SURE}"


def _lacks(case: _Case, below: bool, missing: int, tolerance: float) -> list[Reason]:
    """What an endpoint of which something was compared lacks to be called ready."""
    lacks: list[Reason] = []
    if not below:
        untold = case.open if case.suspects.mismatched < case.counts.mismatched else {}
        lacks += list(untold)
        if not untold or not _weighed(case.suspects, tolerance)[1]:
            lacks.append(Reason.FEW)
    if case.latency.pace is Pace.UNSURE:
        lacks.append(Reason.LATENCY)
    if missing:
        lacks.append(Reason.HOURS)
    return lacks


class _Need(NamedTuple):
    """What would do away with a lack, None where nothing surely does or where it cannot be told."""

    why: str
    requests: int | None
    hours: float | None


def _untold(tally: Tally) -> Reason:
    """More requests do not help where rules keep all of them from the target; where chance does, they do."""
    is_kept = tally.skipped and not was_tried(tally) and Skip.SAMPLE not in tally.skipped
    return Reason.KEPT if is_kept else Reason.NOTHING


def _nothing(tally: Tally) -> str:
    """Why nothing of an endpoint counts for its verdict."""
    if tally.learned.matched + tally.learned.differed:
        return "what was compared went into learning legacy's own noise"
    if tally.target_alone:
        return "legacy gave no answer, so there was nothing to compare with"
    return "neither legacy nor the target gave an answer" if tally.unanswered else "nothing was compared"


def _need(reason: Reason, case: _Case, missing: int, recorded: float, tolerance: float) -> _Need:
    suspects = case.suspects
    more, time = _more(suspects, recorded, tolerance)
    if reason is Reason.NOTHING:
        return _Need(_nothing(case.tally), more, None)
    if reason is Reason.KEPT:
        return _Need("kept from the target by rules or the sample", None, None)
    if reason is Reason.FEW:
        told = suspects.mismatched < case.counts.mismatched
        seen = "" if told else f"{_seen(case)}: "  # or it is said what else is wrong
        sure = f"{more:,} more without a difference would show that at most {_share(tolerance)} do, {_SURE}"
        return _Need(seen + sure, more, time)
    if reason is Reason.LEARNING:
        return _Need(f"{_seen(case)}: whether that is legacy's own noise is being learned", None, None)
    if reason is Reason.RULE:
        return _Need(f"{_seen(case)}: {_ruleless(case.open[reason], case.unlike)}", None, None)
    if reason is Reason.UNANALYSED:
        return _Need(f"{_seen(case)}: some of them could not be analysed in time", None, None)
    if reason is Reason.HOURS:
        return _Need(f"{_hours(missing)} of the day must be seen", 0, float(missing))
    answers = case.latency.needed
    why = f"more answers must show that the target is as fast: so far {case.latency.why}"
    return _Need(why, answers, answers and answers * recorded / case.counts.exchanges)


def _more(suspects: Counts, recorded: float, tolerance: float) -> tuple[int, float | None]:
    """How many requests without a difference would do, and after how many hours: new ones, or any where
    hardly one is new."""
    more = needed(suspects.mismatched, suspects.units, tolerance)
    if not suspects.units:
        return more, None
    time = more * recorded / suspects.units
    if suspects.exchanges < _REPEATED * suspects.units:
        return more, time
    any_more = needed(*_repeated(suspects), tolerance)
    return min((time, more), (any_more * recorded / suspects.exchanges, any_more))[::-1]


def _most(each: Iterable[_Number | None]) -> _Number | None:
    """The greatest need; None where one cannot be told."""
    known = list(each)
    return None if None in known else max(number for number in known if number is not None)


def _seen(case: _Case, weighed: Counts | None = None) -> str:
    """What was seen; of `weighed` alone, where that is less than all."""
    counts = weighed or case.counts
    requests = "" if counts.exchanges == counts.units else " distinct requests"
    failed = f" ({case.tally.failed:,} failed)" if case.tally.failed else ""
    differ = f"{counts.mismatched:,} of {counts.units:,}{requests} differ"
    return f"{differ}{_beside(case, counts)}{failed}{_left_out(case.tally)}"


def _seen_repeated(case: _Case) -> str:
    """What an endpoint was weighed by of which hardly a request is new."""
    counts = case.counts
    requests = "1 distinct request" if counts.units == 1 else f"{counts.units:,} distinct requests"
    differ = f"{counts.differing:,} of {counts.exchanges:,} exchanges of {requests} differ"
    return f"{differ}{_beside(case, counts)}{_left_out(case.tally)}"


def _left_out(tally: Tally) -> str:
    """That something was answered by the target alone, which is held neither for it nor against it."""
    alone = tally.target_alone
    return f", without {alone:,} that legacy did not answer" if alone else ""


def _beside(case: _Case, counts: Counts) -> str:
    """That more differed than what is weighed, or the count of those that differ would contradict it."""
    if counts.differing < case.counts.differing:
        may_be = [word for reason, word in _OPEN.items() if reason in case.open]
        return f" beside what {' or '.join(may_be)}"
    tally = case.tally
    differed = tally.differed + tally.failed - tally.learned.differed - tally.differed_alone
    return " beside legacy's own noise" if differed > counts.differing else ""


_OPEN = {
    Reason.LEARNING: "may be legacy's own noise",
    Reason.RULE: "legacy itself varies",
    Reason.UNANALYSED: "could not be analysed in time",
}


def _ruleless(names: list[str], unlike: Mapping[str, str]) -> str:
    """What to do about structure that legacy varies itself, or about a place where the target does so in
    another way: that is told first. `shadow rules suggest` prints the line."""
    names = sorted(names, key=lambda each: each not in unlike)
    more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
    if how := unlike.get(names[0]):
        return f"legacy itself varies {names[0]}{more}, but the target's value {how}"
    return f"legacy itself varies {names[0]}{more}, and only a rule may be silent about structure"


def _hours(number: int) -> str:
    return "1 more hour" if number == 1 else f"{number} more hours"


def overall(tried: Sequence[Verdict], untried: int) -> tuple[Verdict, str]:
    """One verdict for all, and why: regressed where one endpoint is, ready only where all are.

    `tried` are the verdicts of the endpoints that were to be compared. Those that a rule kept away
    altogether are `untried`: they are told, and do not count, or no service that has a write would be ready.
    """
    regressed, short, ready = (tried.count(each) for each in Verdict)
    counts = [
        (regressed, "regressed", "regressed"),
        (short, "needs more data", "need more data"),
        (ready, "is ready", "are ready"),
    ]
    parts = [f"{count:,} {one if count == 1 else many}" for count, one, many in counts if count]
    noun = "endpoint" if len(tried) == 1 else "endpoints"
    why = f"of {len(tried):,} {noun} {', '.join(parts)}" if tried else "nothing was compared"
    if untried:
        were = "was" if untried == 1 else "were"
        why += f"; {untried:,} more {were} kept from the target by rules or the sample"
    if regressed:
        return Verdict.REGRESSED, why
    return (Verdict.READY if tried and not short else Verdict.NOT_ENOUGH_DATA), why


def was_tried(tally: Tally) -> bool:
    """Whether any request was to be compared; where a rule skipped them all, none was. What broke off before
    legacy had answered is no rule's doing: an endpoint of which nothing else is known is not ready."""
    excused = sum(count for reason, count in tally.skipped.items() if reason not in _BROKEN_OFF)
    return tally.fates > excused or tally.in_flight > 0


def _share(rate: float) -> str:
    return f"{rate * 100:.2g} %"


_SURE = f"{100 * (1 - ALPHA):.0f} % sure"
