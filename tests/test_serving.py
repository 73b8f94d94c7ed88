"""Who answers: shares, stickiness, and the guard."""

from __future__ import annotations

import pytest

from shadow.serving import Serving, Watch, target_share
from shadow.settings import Endpoint, Guard, Seconds


def head(cookie: str = "", client: str = "192.0.2.1") -> bytes:
    line = f"Cookie: {cookie}\r\n" if cookie else ""
    return f"GET / HTTP/1.1\r\n{line}X-Forwarded-For: {client}, 10.0.0.1\r\n\r\n".encode()


def serving(serve: str, *cookies: str) -> Serving:
    return Serving([Endpoint(match="GET /", serve=serve)], cookies, "salt")


@pytest.mark.parametrize(
    ("text", "share"), [("legacy", 0.0), ("target", 1.0), ("5%", 0.05), ("0.5 %", 0.005), ("100%", 1.0)]
)
def test_a_share_is_read(text: str, share: float) -> None:
    """In words or in percent."""
    assert target_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "both", "5", "101%", "-1%", "1e3%", "Target"])
def test_what_is_no_share(text: str) -> None:
    """It is refused with what would be right."""
    with pytest.raises(ValueError, match="expected legacy, target, or"):
        target_share(text)


def test_a_share_is_a_share_of_clients() -> None:
    """Of many clients about as many as the share says, and each always the same."""
    rule = serving("20%")
    chosen = [rule.by_target(0, head(client=f"10.0.{n // 250}.{n % 250}")) for n in range(2000)]
    assert 320 < sum(chosen) < 480
    assert chosen == [rule.by_target(0, head(client=f"10.0.{n // 250}.{n % 250}")) for n in range(2000)]


def test_a_session_is_known_by_its_cookie() -> None:
    """Wherever its client comes from, and whatever other cookies there are."""
    rule = serving("50%", "sid")
    for session in range(50):
        sides = {
            rule.by_target(0, head(f"a=1; sid={session}; b=2", "192.0.2.1")),
            rule.by_target(0, head(f"sid={session}", "192.0.2.2")),
        }
        assert len(sides) == 1


def test_other_endpoints_are_legacys() -> None:
    """A request that no line names, too."""
    assert not serving("target").by_target(None, head())


def test_the_guard_counts_a_share_of_a_window() -> None:
    """It takes enough failures, and a large enough share of the answers, within one window."""
    watch = Watch(Guard(failures=0.5, window=Seconds(10), least=3))
    assert [watch.ended(True, 1.0) for _ in range(2)] == [False, False]
    assert watch.ended(True, 2.0)
    assert not watch.ended(False, 3.0), "let in again, it is counted anew"
    assert [watch.ended(True, 20.0) for _ in range(2)] == [False, False], "another window"
    assert [watch.ended(False, 21.0) for _ in range(4)] == [False] * 4
    assert not watch.ended(True, 22.0), "three of seven"
