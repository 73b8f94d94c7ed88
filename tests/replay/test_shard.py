"""Which shard takes what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.model import LoggedRequest
from replay.shard import Shard, from_environment, session, shard


def asked(**fields: object) -> LoggedRequest:
    return LoggedRequest(b"GET", b"/", 0.0)._replace(**fields)


@given(st.binary(), st.integers(1, 50))
def test_every_key_is_of_one_shard(key: bytes, total: int) -> None:
    """Shards together have everything, and nothing twice."""
    assert sum(Shard(number, total).has(key) for number in range(total)) == 1


def test_shards_are_even() -> None:
    """Each of three has about a third."""
    taken = [sum(Shard(number, 3).has(b"%d" % n) for n in range(30_000)) for number in range(3)]
    assert all(abs(count - 10_000) < 500 for count in taken)


def test_a_key_has_its_shard_for_ever() -> None:
    """The hash is the same on every machine and in every version: a run may go on elsewhere."""
    assert [number for number in range(7) if Shard(number, 7).has(b"10.0.0.1 curl")] == [3]


@pytest.mark.parametrize("text", ["", "3/3", "1", "-1/3", "a/b", "0/0"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    """Shards count from 0."""
    with pytest.raises(ValueError, match="shard"):
        shard(text)


def test_a_job_says_which_shard() -> None:
    """Kubernetes gives the index, the manifest the count."""
    job = {"JOB_COMPLETION_INDEX": "2", "SHADOW_REPLAY_SHARDS": "5"}
    assert from_environment(job) == Shard(2, 5)
    assert from_environment({"JOB_COMPLETION_INDEX": "2"}) == Shard()
    with pytest.raises(ValueError, match="give --shard INDEX/5"):
        from_environment({"SHADOW_REPLAY_SHARDS": "5"})


def test_a_session_is_a_cookie_a_user_or_a_client() -> None:
    """The first of them that the log has; without any there is no order to keep."""
    agent, cookie = (b"User-Agent", b"curl"), (b"Cookie", b"lang=ja; PHPSESSID=abc; t=1")
    assert session(asked(headers=(agent, cookie), user=b"kim", client=b"10.0.0.1")) == b"PHPSESSID=abc"
    assert session(asked(headers=(agent,), user=b"kim", client=b"10.0.0.1")) == b"user kim"
    assert session(asked(headers=(agent,), client=b"10.0.0.1")) == b"10.0.0.1 curl"
    assert session(asked(headers=(agent,))) is None
