"""Noise is masked where legacy varies by itself, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from hashlib import sha256
from math import log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tallies import LEGACY, VALUE, about, add, learn

from shadow.model import Difference, DifferenceKind, Failure, FailureKind, Fate, Masked, Response
from shadow.record.parts import Learned, Paired
from shadow.record.tally import Tally
from shadow.verdict import noise
from shadow.verdict.noise import MARGIN, NoiseMask, State, gain
from shadow.verdict.statistics import ALPHA
from shadow.verdict.verdict import Reason, Verdict, judge

STAMP = Difference(DifferenceKind.CHANGED, "json:$.at", "1", "2")
AT = "changed json:$.at"


def only(tally: Tally) -> NoiseMask:
    [mask] = noise.learn({"GET /": tally}).masks
    return mask


def places(*differences: Difference) -> Tally:
    return learn(Tally(), 40, differences, differences)


def test_what_always_varies_is_masked_after_a_few_dozen_pairs() -> None:
    """A timestamp differs in every pair, and so can tell nothing of the target."""
    assert only(learn(Tally(), 24, (STAMP,), (STAMP,))).state is State.LEARNING

    mask = only(add(learn(Tally(), 25, (STAMP,), (STAMP,)), range(9), STAMP))
    assert (mask.endpoint, mask.signature, mask.masked) == ("GET /", AT, True)
    assert (mask.pairs, mask.both, mask.target_only, mask.control_only) == (25, 25, 0, 0)
    assert (mask.why, mask.silenced) == ("legacy varies it in 100 % of the pairs", 9)


def test_what_only_the_target_varies_is_no_noise() -> None:
    """Where legacy is always equal to itself there is nothing to mask."""
    assert noise.learn({"GET /": learn(Tally(), 5000, (STAMP,))}).masks == []


def test_what_the_target_varies_more_is_refused() -> None:
    """A field that legacy varies at times, and of which the target makes something else every time."""
    made = learn(learn(Tally(), 50, (STAMP,)), 20, (STAMP,), (STAMP,))
    mask = only(made)

    assert mask.state is State.REFUSED
    assert mask.why == "the target differs more often than legacy from itself"


def test_what_both_vary_at_times_is_masked_with_evidence() -> None:
    """A list in one of two orders: answers are as often equal as not, whoever gives them."""

    def pairs(times: int) -> Tally:
        made = learn(learn(Tally(), times), times, (STAMP,), (STAMP,))
        return learn(learn(made, times, (STAMP,)), times, (), (STAMP,))

    assert only(pairs(50)).state is State.LEARNING
    assert only(pairs(150)).masked


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (DifferenceKind.MISSING, "json:$.at"),
        (DifferenceKind.ADDED, "header:x-cache"),
        (DifferenceKind.TYPE, "json:$.at"),
        (DifferenceKind.CHARSET, "body"),
        (DifferenceKind.UNDECODABLE, "body"),
        (DifferenceKind.CHANGED, "status"),
        (DifferenceKind.CHANGED, "body"),
        (DifferenceKind.CHANGED, "text:7"),
        (DifferenceKind.CHANGED, "json:$"),
    ],
)
def test_a_mask_never_hides_structure(kind: DifferenceKind, path: str) -> None:
    """Status, presence, type, charset and bodies as a whole are too much to be silent about: that takes a
    rule. Before the pairs tell, and where the target varies them more, they are like any difference."""
    found = Difference(kind, path, "1", "2")
    mask = only(places(found))

    assert mask.state is State.RULE
    assert "but a mask would hide" in mask.why
    assert noise.learn({"GET /": places(found)}).unruled("GET /") == {mask.signature}
    assert only(learn(Tally(), 3, (found,), (found,))).state is State.LEARNING
    assert only(learn(learn(Tally(), 50, (found,)), 20, (found,), (found,))).state is State.REFUSED


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (DifferenceKind.CHANGED, "header:x-request-id"),
        (DifferenceKind.CHANGED, "cookie:sid"),
        (DifferenceKind.ORDER, "json:$.items[3].tags"),
    ],
)
def test_values_and_order_are_masked(kind: DifferenceKind, path: str) -> None:
    """What leaves the structure as it is."""
    assert only(places(Difference(kind, path, "1", "2"))).masked


def test_a_mask_that_would_silence_too_much_is_refused() -> None:
    """After learning a release broke the field for good: more differs than legacy ever varied."""
    made = learn(learn(Tally(), 700), 300, (STAMP,), (STAMP,))
    assert only(add(add(made, range(1000)), range(1000, 1400), STAMP)).masked

    mask = only(add(made, range(2000, 4000), STAMP))
    assert (mask.state, mask.silenced) == (State.REFUSED, 0)
    assert mask.why == (
        "it would silence too much: 70.6 % of the exchanges differ there, "
        "where legacy varied in 30 % of the pairs"
    )


def test_silenced_are_exchanges_that_show_nothing_else() -> None:
    """A mask excuses nothing that stands beside it."""
    made = places(STAMP)
    add(add(add(made, range(5), STAMP), range(5, 7), STAMP, VALUE), range(9, 10), VALUE)

    assert only(made).silenced == 5


def test_masks_belong_to_their_endpoint_and_have_a_version() -> None:
    """What one endpoint varies excuses no other; the version tells masks apart, not the counts behind."""
    learned = noise.learn({"GET /a": places(STAMP), "GET /b": places(VALUE), "GET /c": Tally()})

    assert learned.excused("GET /a") == {AT}
    assert learned.excused("GET /c") == frozenset()
    assert len(learned.version) == 8
    assert learned.version == noise.learn({"GET /b": places(VALUE), "GET /a": places(STAMP)}).version
    assert learned.version != noise.learn({"GET /a": places(STAMP)}).version
    assert noise.learn({"GET /c": Tally()}).version == ""


counts = st.integers(0, 30)


@given(counts, counts, counts)
def test_the_gain_is_that_of_its_definition(both: int, target_only: int, control_only: int) -> None:
    """The logarithm of a mean of products, in exact arithmetic."""
    margin = Fraction(1, 5)
    exact = Fraction(0)
    for stake in map(Fraction, noise._STAKES):
        won = (1 + stake * (1 + margin)) ** control_only * (1 + stake * margin) ** both
        exact += (1 - stake) ** target_only * won / len(noise._STAKES)

    assert gain(Paired(both, target_only, control_only)) == pytest.approx(float(log(exact)), abs=1e-9)


@pytest.mark.parametrize("both", [Fraction(0), Fraction(1, 50), Fraction(1, 5)])
def test_the_gain_is_fair_at_the_margin(both: Fraction) -> None:
    """Where the target differs just the margin more often, a pair changes no gain on average."""
    margin = Fraction(1, 5)
    control = Fraction(1, 4)
    target = (1 + margin) * control
    for stake in map(Fraction, noise._STAKES):
        mean = (
            both * (1 + stake * margin)
            + (target - both) * (1 - stake)
            + (control - both) * (1 + stake * (1 + margin))
            + (1 - target - control + both)
        )
        assert mean == 1


@pytest.mark.parametrize(
    ("varies", "together"), [(0.02, 0.5), (0.1, 0.0), (0.3, 0.5), (0.6, 0.8), (0.8, 1.0)]
)
def test_a_real_regression_is_seldom_masked(varies: float, together: float) -> None:
    """With an extra rate above the margin, watched after every pair, under 5 % of all runs ever mask it."""
    np = pytest.importorskip("numpy")
    chance = np.random.default_rng(20261122)
    runs, pairs = 400, 3000
    both = varies * together
    edges = np.cumsum([both, varies * (1 + 1.25 * MARGIN) - both, varies - both])
    drawn = chance.random((runs, pairs))
    both_seen, target_seen, control_seen = (
        np.cumsum((drawn >= low) & (drawn < high), axis=1)
        for low, high in zip([0, *edges[:-1]], edges, strict=True)
    )
    gains = np.full((runs, pairs), -np.inf)
    for stake in noise._STAKES:
        lost = np.where(target_seen > 0, -np.inf, 0) if stake == 1 else target_seen * np.log1p(-stake)
        won = control_seen * np.log1p(stake * (1 + MARGIN)) + both_seen * np.log1p(stake * MARGIN)
        gains = np.logaddexp(gains, lost + won - np.log(len(noise._STAKES)))

    assert (gains >= -log(ALPHA)).any(axis=1).mean() < ALPHA


def varying(pairs: int, value: Callable[[int], str], target: Callable[[int], str]) -> Tally:
    """As many pairs, in which legacy has another value each time, and the target one of its own."""
    made = Tally()
    for number in range(pairs):
        first, second = value(2 * number), value(2 * number + 1)
        theirs = target(number)
        path = "json:$.at"
        ours = Difference(DifferenceKind.CHANGED, path, first, theirs)
        learn(made, 1, (ours,), (Difference(DifferenceKind.CHANGED, path, first, second),))
    return made


def token(number: int) -> str:
    """As random as they are."""
    return sha256(b"%d" % number).hexdigest()


SCRIPT = '{{"api": "{}", "id": "{}"}}'


@pytest.mark.parametrize(
    ("value", "target", "how"),
    [
        (token, lambda _: "", "is always the same"),
        (lambda n: f"{1000 + n} views", lambda _: "0 views", "is always the same"),
        (
            lambda n: f"https://files.example.com/1?sig={token(n)}",
            lambda n: f"http://minio.svc.cluster.local:9000/1?sig={token(-n)}",
            "lacks what legacy's have in common",
        ),
        (
            lambda n: SCRIPT.format("https://api.example.com", token(n)),
            lambda n: SCRIPT.format("http://localhost:3000", token(-n)),
            "lacks what legacy's have in common",
        ),
        (
            lambda n: f"12.50 EUR, {token(n)}",
            lambda n: f"0.00 EUR, {token(-n)}",
            "lacks what legacy's have in common",
        ),
    ],
)
def test_noise_never_hides_a_target_that_is_broken_there(
    value: Callable[[int], str], target: Callable[[int], str], how: str
) -> None:
    """It differs as often as legacy from itself, and has no value or another host in it."""
    made = varying(40, value, target)
    mask = only(made)

    assert (mask.state, mask.unlike) == (State.RULE, how)
    assert mask.why == (
        f"legacy varies it in 100 % of the pairs, but the target's value {how}: "
        "write a rule if nobody needs it"
    )
    judged = judge(add(made, range(5000), STAMP))
    assert (judged.verdict, judged.reasons) == (Verdict.NOT_ENOUGH_DATA, (Reason.RULE,))
    assert f"legacy itself varies {AT}, but the target's value {how}" in judged.why


@pytest.mark.parametrize(
    ("value", "target"),
    [
        (token, lambda n: token(-n)),
        (lambda n: f"{1000 + n} views", lambda n: f"{n} views"),
        (lambda n: f"2026-11-23T12:00:{n % 60:02}.120Z", lambda n: f"2026-11-23T12:01:{n % 60:02}.340Z"),
        (lambda n: f"Mon, 12:00:00.{n:03}", lambda n: f"Mon, 12:00:01.{n + 1:03}"),
        (
            lambda n: SCRIPT.format("Xk29fjAbQ1w_38dk", token(n)),
            lambda n: SCRIPT.format("b7Hs-2kLm", token(-n)),
        ),
        (lambda n: f"0.0{n} s by web03", lambda n: f"0.1{n} s by web-7d9f"),
        (lambda n: "on" if n % 2 else "off", lambda _: "off"),
    ],
)
def test_what_both_vary_alike_is_masked(value: Callable[[int], str], target: Callable[[int], str]) -> None:
    """Clocks that go apart, counters of each side, builds and servers with names of their own: no host, no
    word and no number is gone. Of two values one may be missing by chance."""
    assert only(varying(40, value, target)).masked


def test_values_of_one_kind_are_seldom_called_unlike() -> None:
    """Texts of a few words out of a pool, watched after every pair: in under 5 % of all runs, ever."""
    chance = Random(20261123)
    words = [chr(97 + n) * 3 for n in range(12)]
    runs, wrong = 300, 0
    for _ in range(runs):
        paired = Paired()
        for _ in range(200):
            first, second, theirs = (" ".join(chance.sample(words, 4)) for _ in range(3))
            ours = Difference(DifferenceKind.CHANGED, "text", first, theirs)
            paired.see([ours], [Difference(DifferenceKind.CHANGED, "text", first, second)])
            paired.both += 1
            if noise._unlike(paired):
                wrong += 1
                break

    assert wrong / runs < ALPHA


def test_values_are_counted_alike_in_any_order() -> None:
    """Tallies of workers and pods add up to the same."""
    parts = [varying(5, lambda n, k=k: token(100 * k + n), token).learned for k in range(3)]
    merged = [Learned(), Learned()]
    for each, order in zip(merged, (parts, parts[::-1]), strict=True):
        for part in order:
            each.merge(part)

    assert merged[0] == merged[1]
    assert merged[0].differences[AT].control_values.bit_count() > 9


GONE = Difference(DifferenceKind.MISSING, "html:div.popup", "Buy!")
CAME = GONE.swapped()
FAULT = Difference(DifferenceKind.CHANGED, "status", "200", "500")


@pytest.mark.parametrize("found", [GONE, CAME, FAULT])
def test_what_comes_by_chance_on_either_side_is_no_regression(found: Difference) -> None:
    """In one page of a hundred, so that no control has shown it, or only the other way round."""
    made = learn(Tally(), 40)
    add(add(add(made, range(1000)), range(1000, 1012), found), range(1012, 1020), found.swapped())
    assert {each.state for each in noise.learn({"GET /": made}).masks} == {State.LEARNING}
    assert judge(made).reasons[0] is Reason.LEARNING

    other = add(learn(learn(Tally(), 40), 1, (), (found.swapped(),)), range(1000, 1009), found)
    assert {each.state for each in noise.learn({"GET /": other}).masks} == {State.LEARNING}


def test_what_is_seen_one_way_is_no_chance() -> None:
    """Nor what was seen to stay, what the pairs show of the target alone, or what nobody can learn of."""

    def both(made: Tally, this: int, that: int) -> Tally:
        add(add(made, range(1000)), range(1000, 1000 + this), GONE)
        return add(made, range(2000, 2000 + that), CAME)

    def verdict(made: Tally) -> Verdict:
        return judge(made).verdict

    assert verdict(both(learn(Tally(), 40), 20, 20)) is Verdict.NOT_ENOUGH_DATA
    assert verdict(both(learn(Tally(), 40), 25, 5)) is Verdict.REGRESSED
    assert verdict(both(Tally(), 20, 20)) is Verdict.REGRESSED
    alone = learn(learn(learn(Tally(), 300), 8, (GONE,)), 8, (CAME,))
    assert verdict(both(alone, 20, 20)) is Verdict.REGRESSED
    assert noise.learn({"GET /": alone}).masks == []
    stays = both(learn(Tally(), 40), 20, 20)
    stays.differences["missing html:div.popup"].stable = 1
    assert verdict(stays) is Verdict.REGRESSED


@pytest.mark.parametrize("away", ["timeout", "502"])
def test_outages_of_both_sides_are_no_chance(away: str) -> None:
    """That legacy was away as often excuses no target that was."""
    found = Difference(DifferenceKind.CHANGED, "status", "200", away)
    made = add(add(learn(Tally(), 40), range(1000)), range(1000, 1020), found)
    gone = Failure(FailureKind.TIMEOUT) if away == "timeout" else Response(502)
    for number in range(20):
        made.count(gone, LEGACY, Masked(Fate.DIFFERED, (found.swapped(),)), about(number))

    assert judge(made).verdict is Verdict.REGRESSED
