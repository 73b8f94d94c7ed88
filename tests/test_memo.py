"""What is remembered of keys: bounded, and never wrong."""

from __future__ import annotations

import pytest

from shadow.memo import Memo


def test_a_key_is_asked_about_once() -> None:
    """The second time the answer is at hand."""
    asked: list[bytes] = []

    def find(key: bytes) -> bytes:
        asked.append(key)
        return key.upper()

    memo = Memo(find, longest=3)
    assert [memo[b"abc"], memo[b"abc"], memo[b"abcd"], memo[b"abcd"]] == [b"ABC", b"ABC", b"ABCD", b"ABCD"]
    assert asked == [b"abc", b"abcd", b"abcd"]  # a long one each time


def test_a_full_memo_starts_over() -> None:
    """Any number of keys takes the room of a few thousand."""
    memo = Memo(int, longest=10)
    assert [memo[str(number)] for number in range(10_000)] == [*range(10_000)]
    assert len(memo) <= 4096


def test_nothing_is_kept_of_what_raises() -> None:
    """It raises the next time as well."""
    memo = Memo(int, longest=10)
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            memo["x"]
    assert "x" not in memo
