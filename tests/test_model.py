"""The words of the system."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shadow.model import Failure, FailureKind, Headers, Outcome, Response, Statuses, fields, head_of


def test_fields_are_as_they_stood_on_the_wire() -> None:
    """Order, case and duplicates are kept; only the space around a value is not."""
    head = b"HTTP/1.1 200 OK\r\nb:1\r\nA: \tx: y \r\nB: 2\r\nnone:\r\n\r\n"
    assert fields(head) == ((b"b", b"1"), (b"A", b"x: y"), (b"B", b"2"), (b"none", b""))


@pytest.mark.parametrize(
    ("legacy", "target", "text", "answered"),
    [
        (Response(200), Response(200), "200→200", (True, True, True)),
        (Response(301), Failure(FailureKind.TOO_LARGE), "301→too_large", (True, False, False)),
        (Failure(FailureKind.TIMEOUT), Response(200), "timeout→200", (False, True, False)),
        (Failure(FailureKind.DNS), Failure(FailureKind.DNS), "dns→dns", (False, False, True)),
    ],
)
def test_statuses_are_read_back(
    legacy: Outcome, target: Outcome, text: str, answered: tuple[bool, bool, bool]
) -> None:
    """Records tell which side answered, and whether both gave the same."""
    both = Statuses.of(legacy, target)

    assert (str(both), Statuses.read(text)) == (text, both)
    assert (both.legacy_answered, both.target_answered, both.are_equal) == answered


def test_an_answer_of_which_no_head_is_known() -> None:
    """Where only a line of a log tells of it."""
    assert Response(200).headers == ()


BYTES = st.binary(max_size=6).map(lambda said: said.replace(b"\n", b"").strip(b" \t"))
NAMES = st.text(string.ascii_letters + "-_ ", max_size=6).map(str.encode)


@settings(max_examples=200, derandomize=True)
@given(st.lists(st.tuples(NAMES, BYTES)).map(tuple))
@example(tuple((b"a%d" % number, b"") for number in range(1000)))
def test_a_head_of_fields_has_these(headers: Headers) -> None:
    """Of any length, and whoever asked before."""
    head = head_of(headers)
    assert fields(head) == fields(head) == headers
