"""Values within what a rule allows."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow.compare.values import margin, moment, same_but_host, url


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0.01", "0.01"),
        ("1.0", "1"),
        ("1000", "1000"),
        ("0", "0"),
        ("5.50%", "5.5%"),
        ("2s", "2s"),
        ("1500ms", "1.5s"),
        ("2m", "120s"),
        ("1h", "3600s"),
        ("1d", "86400s"),
    ],
)
def test_margins(text: str, written: str) -> None:
    """Each has one way of being written."""
    assert str(margin(text)) == written
    assert margin(written) == margin(text)


@pytest.mark.parametrize(
    "text", ["", "-1", "1e3", "nan", "inf", "1 %", "1 s", "s", "%", "1w", ".5", "1" * 40]
)
def test_what_is_no_margin(text: str) -> None:
    """It is refused, with what it could be."""
    with pytest.raises(ValueError, match=r"is not understood; it can be a number such as 0\.01, 1% or 2s"):
        margin(text)


@pytest.mark.parametrize(
    ("within", "legacy", "target", "equal"),
    [
        ("0.01", "10.00", "10.01", True),
        ("0.01", "10.00", "10.02", False),
        ("1%", "100", "101", True),
        ("1%", "100", "102", False),
        ("1%", "-100", "-101", True),
        ("1%", "-1", "1", False),
        ("1%", "0", "0.0001", False),
        ("200%", "-1", "1", True),
        ("0%", "1", "1.0", True),
        ("2s", "1767225600", "1767225602", True),
        ("2s", "1767225600", "1767225603", False),
        ("2s", "1767225600000", "1767225602000", True),
        ("2s", "1767225600000", "1767225602001", False),
        ("2s", "1767225600", "1767225600000", False),
        ("2s", "10", "11", False),
    ],
)
def test_numbers(within: str, legacy: str, target: str, equal: bool) -> None:
    """Absolute, relative to the larger one, or as Unix times in seconds or milliseconds."""
    assert margin(within).numbers(Decimal(legacy), Decimal(target)) is equal
    assert margin(within).numbers(Decimal(target), Decimal(legacy)) is equal
    assert margin(within).texts(legacy, target) is equal


@pytest.mark.parametrize(
    ("legacy", "target", "equal"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:02Z", True),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:02.000001Z", False),
        ("2026-01-01T00:00:00Z", "2026-01-01T09:00:01+09:00", True),
        ("2026-01-01T00:00:00.123Z", "2026-01-01 00:00:01+00:00", True),
        ("2026-01-01T00:00:00", "2026-01-01T00:00:01", True),
        ("2026-01-01T00:00:00", "2026-01-01T00:00:00Z", False),
        ("20260101T000000Z", "2026-01-01T00:00:01Z", True),
        ("2026-01-01", "2026-01-02", False),
        ("Thu, 01 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:02 GMT", True),
        ("Thu, 01 Jan 2026 00:00:00 GMT", "Thursday, 01-Jan-26 00:00:01 GMT", True),
        ("Thu, 01 Jan 2026 00:00:00 GMT", "Thu Jan  1 00:00:01 2026", True),
        ("Thu, 01 Jan 2026 00:00:00 GMT", "2026-01-01T00:00:00Z", False),
        ("Thu, 01 Abc 2026 00:00:00 GMT", "Thu, 01 Abc 2026 00:00:01 GMT", False),
        ("2026-02-30T00:00:00Z", "2026-02-30T00:00:01Z", False),
        ("a", "b", False),
        ("0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", False),
    ],
)
def test_moments(legacy: str, target: str, equal: bool) -> None:
    """Of one form, in any zone; what is no time is not within any time of another."""
    assert margin("2s").texts(legacy, target) is equal
    assert margin("2s").texts(target, legacy) is equal


@settings(derandomize=True)
@given(
    st.text(max_size=50) | st.from_regex(r"\d{4}-?\d\d-?\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d*)?([+-]\d\d:?\d\d|Z)?")
)
def test_no_text_is_an_error(text: str) -> None:
    """It is a moment or it is none."""
    moment(text)
    margin("1s").texts(text, text + "0")


@pytest.mark.parametrize(
    ("legacy", "target", "equal"),
    [
        ("http://old/a?b#c", "https://new:8443/a?b#c", True),
        ("http://old", "https://new/", True),
        ("//old/a", "/a", True),
        ("http://old/a", "http://new/b", False),
        ("/a", "/b", False),
        ("mailto:a@old", "mailto:a@new", False),
        ("http://old/%e3", "http://new/%E3", True),
    ],
)
def test_urls_but_for_the_host(legacy: str, target: str, equal: bool) -> None:
    """Path, query and fragment count."""
    assert same_but_host(legacy, target) is equal
    assert same_but_host(target, legacy) is equal


@settings(derandomize=True, max_examples=500)
@given(st.text(max_size=30) | st.text(":/?#@[]%2fAhtps80 .", max_size=30))
def test_a_usual_form_stays(text: str) -> None:
    """Normalising twice is normalising once."""
    assert str(url(str(url(text)))) == str(url(text))
