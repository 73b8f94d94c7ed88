"""What legacy varies of itself, and so may not be held against the target.

Pure. A fold over the learning evidence of tallies: pairs of exchanges, legacy's first answer against the
target's and against legacy's second. The verdict counts none of those exchanges. Nothing is decided when an
exchange is compared, so a mask holds for all that was recorded, before it was learned too.

**The test.** At one place (a signature) let t be the chance that the target differs from legacy's first
answer, and c the chance that legacy's second one does. A mask asserts t < (1 + m)c: the target differs there
hardly more often than legacy from itself. That is shown, and not just left unrefuted, by betting against
its opposite, t >= (1 + m)c. With a stake s of 0 to 1, a pair multiplies the gain by

    1 - s           if only the target differs
    1 + s(1 + m)    if only legacy's second answer does
    1 + s m         if both do
    1               if neither does

which is 1 - s(t - (1 + m)c) on average: at most 1 where the opposite holds, whatever the dependence of both
answers. So the gain is a supermartingale there, and so is the mean of the gains of several stakes; it
passes 1/alpha with a chance of at most alpha, however often one looks (Ville). It depends on three sums
alone, so pods add up. A place that always varies is masked after 25 pairs; one that the target alone
varies, or that varies seldom, not before the evidence is there.

**The margin** m is relative: what a mask can hide is at most a fifth of what legacy itself varies at that
place. An absolute one of the size of the tolerance would take thousands of pairs for a timestamp.

**By chance** legacy's first answer may be the odd one as well as its second or the target's: a window that
pops up in one page of a hundred is missing as often as it is added. So what a control shows stands for its
mirror image too. And what no control has shown yet, but the traffic about as often the one way as the other,
is still to be learned where legacy is asked twice at all: unless those who asked both again found it to stay,
or until the pairs show that the target alone does it.

**Refused** is a mask that would silence too much: more of the traffic than legacy's own variation accounts
for, so that what came after learning, such as a new version of the target, is not hidden by what was learned
before.

**Structure** is never masked: the status, a body or its text as a whole, anything missing, added, of another
type or charset, or not to be decoded. But where the test says that legacy varies it as much, such as a slot
for advertisements that is there or not, it is nothing to hold against the target: it takes a rule, written by
hand, and until then nothing is called regressed by it, nor ready.

**Unlike** legacy's may be what the target has at a place that both vary: a token that is always empty, a link
to a host of its own. How often it differs does not show that. But where the target varies as legacy does, its
value and legacy's second are interchangeable: neither has less in common with legacy's first more often than
the other, so in at most half of the pairs, and where legacy shows ten values, the target shows one alone with
a chance of 1 in 500. Where it is otherwise it takes a rule too.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from hashlib import sha256
from math import exp, log, log1p
from typing import NamedTuple

from shadow.compare.signature import parse
from shadow.model import DifferenceKind
from shadow.record.parts import OTHER, Paired, Seen
from shadow.record.tally import Tally
from shadow.verdict.counting import compared, shows_only, signatures
from shadow.verdict.statistics import ALPHA, excluded, interval

MARGIN = 0.2
"""How much more often than legacy from itself the target may differ, relatively."""

_STAKES = (1.0, 0.5, 0.25, 0.125, 0.0625)
"""Large ones win quickly where the target never differs alone, small ones where it does as legacy does."""

_NOTHING = -1e9  # log of what is left where all was staked and lost, in place of the endless one

_FACTORS = [
    (log1p(-stake) if stake < 1 else _NOTHING, log1p(stake * (1 + MARGIN)), log1p(stake * MARGIN))
    for stake in _STAKES
]
"""log of what a pair makes of the gain: only the target differs, only legacy's second answer, both."""

_MANY = 10
"""Values of legacy's, as `alike.bit` tells them apart, from which on one alone of the target's is too few."""

_VALUES = {DifferenceKind.CHANGED, DifferenceKind.ORDER}
"""Kinds of difference that leave the structure as it is."""

_WHOLES = {"body", "text", "json:$"}
"""Paths that hold everything of an answer's body."""


class State(enum.StrEnum):
    """Whether a place that legacy varies is excused."""

    MASKED = "masked"
    LEARNING = "learning"  # the pairs do not tell yet
    RULE = "needs a rule"  # it is legacy's own, and structure
    REFUSED = "refused"


class NoiseMask(NamedTuple):
    """A place of an endpoint that legacy varies of itself: of how many `pairs` both differed there, the
    target's answer only, legacy's second only; what follows, and why. `unlike` says in what way the target's
    values are not as legacy's. `silenced` are the exchanges that show it and match by the masks in force."""

    endpoint: str
    signature: str
    pairs: int
    both: int
    target_only: int
    control_only: int
    state: State
    why: str
    unlike: str
    silenced: int = 0

    @property
    def masked(self) -> bool:
        """Whether it is in force."""
        return self.state is State.MASKED


class Noise(NamedTuple):
    """All that was learned. `version` is a short hash over the masks in force; empty where there is none."""

    masks: list[NoiseMask]
    version: str
    by_state: dict[tuple[str, State], frozenset[str]]
    """Signatures, by endpoint and state."""
    unlike: dict[tuple[str, str], str]
    """In what way the target's values are not as legacy's, by endpoint and signature."""

    def excused(self, endpoint: str) -> frozenset[str]:
        """Signatures that do not count at that endpoint."""
        return self.by_state.get((endpoint, State.MASKED), frozenset())

    def learning(self, endpoint: str) -> frozenset[str]:
        """Signatures of which it is not known yet whether they should count."""
        return self.by_state.get((endpoint, State.LEARNING), frozenset())

    def unruled(self, endpoint: str) -> frozenset[str]:
        """Signatures that are legacy's own, and that nothing but a rule may be silent about."""
        return self.by_state.get((endpoint, State.RULE), frozenset())


def learn(tallies: Mapping[str, Tally]) -> Noise:
    """What the learning evidence of all endpoints says, in order of endpoint and signature."""
    masks = [mask for endpoint in sorted(tallies) for mask in _masks(endpoint, tallies[endpoint])]
    in_force = "\n".join(f"{each.endpoint}\n{each.signature}" for each in masks if each.masked)
    version = sha256(in_force.encode("utf-8", "replace")).hexdigest()[:8] if in_force else ""
    by_state: dict[tuple[str, State], set[str]] = {}
    for each in masks:
        by_state.setdefault((each.endpoint, each.state), set()).add(each.signature)
    states = {key: frozenset(names) for key, names in by_state.items()}
    return Noise(masks, version, states, {each[:2]: each.unlike for each in masks if each.unlike})


def gain(paired: Paired) -> float:
    """log of the evidence (an e-value) that the target differs less than (1 + MARGIN) times as often as
    legacy does from itself."""
    both, target_only, control_only = _sums(paired)
    gains = [target_only * lost + control_only * won + both * held for lost, won, held in _FACTORS]
    most = max(gains)
    return most + log(sum(exp(each - most) for each in gains) / len(gains))


def _masks(endpoint: str, tally: Tally) -> Iterator[NoiseMask]:
    pairs = tally.learned.matched + tally.learned.differed
    varied = _varied(tally) if pairs else {}
    found = []
    for name, paired in sorted(varied.items()):
        state, why = _decide(name, paired, pairs, _seen(tally, name), compared(tally))
        found.append(NoiseMask(endpoint, name, pairs, *_sums(paired), state, why, _unlike(paired)))
    in_force = frozenset(each.signature for each in found if each.masked)
    silenced = _silenced(tally, in_force)
    for each in found:
        most = _seen(tally, each.signature)
        yield each._replace(silenced=min(most, silenced[each.signature])) if each.masked else each


def _varied(tally: Tally) -> dict[str, Paired]:
    """What legacy varies, or may vary, and what the pairs say of it."""
    learned = tally.learned.differences
    varied = {}
    for name in (learned.keys() | tally.differences.keys()) - {OTHER}:
        paired = learned.get(name, Paired())
        if paired.both + paired.control_only:
            varied[name] = paired
        elif mirror := _mirror(name, tally):
            either = Paired()
            either.merge(paired)
            either.merge(learned.get(mirror, Paired()))
            if not _is_the_targets(either):
                varied[name] = either
    return varied


def _is_the_targets(paired: Paired) -> bool:
    """Whether the target surely differs more often than legacy from itself."""
    alone, discordant = paired.target_only, paired.target_only + paired.control_only
    return 2 * alone > discordant and excluded(0.5, alone, discordant, 0.5)


def _mirror(name: str, tally: Tally) -> str:
    """The mirror image of a difference that no control has shown, if it makes chance likely: if a control has
    shown it, or neither is surely seen more than the other. Empty where not, or where the one or the other
    was seen to stay, or tells that legacy was away, which is no chance."""
    said = parse(name)
    mirror = str(said.mirrored)
    if mirror == name or said.is_unanswered or said.mirrored.is_unanswered:
        return ""
    ours, theirs = (tally.differences.get(each, Seen(0)) for each in (name, mirror))
    if any(each.stable > each.settled + each.flapping for each in (ours, theirs)):
        return ""
    shown = tally.learned.differences.get(mirror, Paired())
    more, both = max(ours.count, theirs.count), ours.count + theirs.count
    in_balance = ours.count and theirs.count and not excluded(0.5, more, both, 0.5)
    return mirror if shown.both + shown.control_only or in_balance else ""


def _seen(tally: Tally, name: str) -> int:
    """How many exchanges show it, without those that were spent on learning."""
    seen, paired = tally.differences.get(name), tally.learned.differences.get(name, Paired())
    return max(0, seen.count - paired.both - paired.target_only) if seen else 0


def _silenced(tally: Tally, masks: frozenset[str]) -> dict[str, int]:
    """How many exchanges match by these masks, by each that may stand in them: patterns are folded so that
    they show more."""
    silenced = dict.fromkeys(masks, 0)
    for pattern, each in tally.patterns.items():
        if shows_only(pattern, masks):
            for name in signatures(pattern):
                silenced[name] += each.count
    return silenced


def _sums(paired: Paired) -> tuple[int, int, int]:
    return paired.both, paired.target_only, paired.control_only


def _decide(name: str, paired: Paired, pairs: int, seen: int, traffic: int) -> tuple[State, str]:
    """`seen` of the `traffic` that counts for the verdict show it."""
    if gain(paired) < -log(ALPHA):
        if _is_the_targets(paired):
            return State.REFUSED, "the target differs more often than legacy from itself"
        return State.LEARNING, "it takes more pairs to know that the target varies it no more than legacy"
    # What legacy varies at most, as far as is known, against what the traffic shows at least.
    varied = min(paired.both + paired.control_only, pairs)
    if seen * pairs > varied * traffic and (
        interval(min(seen, traffic), traffic, 0.5).lower > interval(varied, pairs, 0.5).upper * (1 + MARGIN)
    ):
        return State.REFUSED, (
            f"it would silence too much: {_share(seen, traffic)} of the exchanges differ there, "
            f"where legacy varied in {_share(varied, pairs)} of the pairs"
        )
    why = f"legacy varies it in {_share(varied, pairs)} of the pairs"
    if hidden := _structural(name):
        return State.RULE, f"{why}, but a mask would hide {hidden}: write a rule if nobody needs it"
    if unlike := _unlike(paired):
        return State.RULE, f"{why}, but the target's value {unlike}: write a rule if nobody needs it"
    return State.MASKED, why


def _structural(name: str) -> str:
    """In what way a difference is more than one of values; empty where it is not."""
    found = parse(name)
    if found.kind not in _VALUES:
        return f"a change of structure ({found.kind})"
    if found.path == "status":
        return "all of the status"
    return "all of the body" if found.path in _WHOLES else ""


def _unlike(paired: Paired) -> str:
    """In what way the target's values are not as legacy's, where both vary; empty where that is not known."""
    if paired.target_values.bit_count() == 1 and paired.control_values.bit_count() >= _MANY:
        return "is always the same"
    less, both = paired.less_alike, paired.both
    if 2 * less > both and excluded(0.5, less, both, 0.5):
        return "lacks what legacy's have in common"
    return ""


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.3g} %"
