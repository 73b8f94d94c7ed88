"""Texts that are unequal, and equal once what a rule names is taken out."""

from __future__ import annotations

import pytest

from shadow.compare.rules import compile_rule
from shadow.compare.silence import Silence
from shadow.settings import Compare

HOSTS = ("old.example.com", "www.old.example.com", "new.example.com")


def silence(**lines: tuple[str, ...]) -> Silence:
    """What a section makes of unequal texts."""
    return Silence(compile_rule(Compare(**lines), Compare()).steps)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lines", "legacy", "target", "equal"),
    [
        ({"cut": (r"build-\d+",)}, "a build-1 b", "a build-22 b", True),
        ({"cut": (r"build-\d+",)}, "a build-1 b", "a build-22 c", False),
        ({"cut": (r"build-\d+",)}, "a build-1 b", "a  b", True),
        ({"cut": (r"^\d+:",)}, "1:a", "2:a", True),
        ({"cut": (r"[あ-ん]+",)}, "価あ", "価いう", True),
        ({"cut": (r"x",)}, "\ud800x", "\ud800", True),
        ({"cut": (r"x",)}, "\ud800x", "\ud801", False),
        ({"cut": (r"\b",)}, "a b", "a c", False),
        ({"hosts": HOSTS}, "http://old.example.com/a", "http://new.example.com/a", True),
        ({"hosts": HOSTS}, "see WWW.Old.example.com.", "see new.example.com.", True),
        ({"hosts": HOSTS}, "a@old.example.com,old.example.com", "a@new.example.com,new.example.com", True),
        ({"hosts": HOSTS}, "https%3A%2F%2Fold.example.com%2F", "https%3A%2F%2Fnew.example.com%2F", True),
        ({"hosts": HOSTS}, r"https:\/\/old.example.com\/", r"https:\/\/new.example.com\/", True),
        ({"hosts": HOSTS}, "https&#x2F;&#x2F;old.example.com", "https&#x2F;&#x2F;new.example.com", True),
        (
            {"hosts": HOSTS},
            r"https:\u002F\u002Fold.example.com\u002F",
            r"https:\u002F\u002Fnew.example.com\u002F",
            True,
        ),
        ({"hosts": HOSTS}, r"https:\x2f\x2fold.example.com", r"https:\x2f\x2fnew.example.com", True),
        (
            {"hosts": HOSTS},
            "https%253A%252F%252Fold.example.com",
            "https%253A%252F%252Fnew.example.com",
            True,
        ),
        ({"hosts": HOSTS}, "id=2Fold.example.com", "id=2Fnew.example.com", False),
        ({"hosts": HOSTS}, "http://old.example.com:81/", "http://new.example.com/", False),
        ({"hosts": HOSTS}, "http://very-old.example.com/", "http://new.example.com/", False),
        ({"hosts": HOSTS}, "http://old.example.com.evil/", "http://new.example.com.evil/", False),
        ({"hosts": HOSTS}, "http://old.example.com/", "https://new.example.com/", False),
        ({"hosts": ("a:81", "b")}, "http://a:81/", "http://b/", True),
        ({"equivalent": ("wave-dash",)}, "〜−‖¢£¬—¦", "～－∥￠￡￢―￤", True),
        ({"equivalent": ("wave-dash",)}, "〜a", "～b", False),
    ],
)
def test_one_line(lines: dict[str, tuple[str, ...]], legacy: str, target: str, equal: bool) -> None:
    """It silences what it names, from either side, and nothing else."""
    rule = silence(**lines)

    assert (rule(legacy, target) is not None) is equal
    assert rule(target, legacy) == rule(legacy, target)
    assert rule.notes == []


def test_only_lines_that_are_needed_are_named() -> None:
    """Those that merely match are not; where it takes several, each is told."""
    rule = silence(cut=(r"build-\d+", r"\d+ms", "never"), hosts=("old.example", "new.example"))

    assert rule("1ms", "2ms") == r"cut \d+ms"
    assert rule("build-1 1ms old.example", "build-1 2ms new.example") == (
        "cut \\d+ms\nhosts old.example new.example"
    )
    assert rule("build-1 a", "build-2 b") is None


@pytest.mark.parametrize("pattern", ["(a+)+$", "a", "a?", "a.*z|a", "(a|b|ab)*c", "([ab]{0,20}){0,20}z"])
def test_hostile_patterns_have_an_end(pattern: str) -> None:
    """What is left to do then is not done, and a note says so."""
    rule = silence(cut=(pattern,))

    assert rule("a" * 1_000_000, "a" * 1_000_000 + "xb") is None
    assert rule.notes in ([], ["so much to cut that not all of it was: texts are compared as they are"])


def test_many_texts_have_an_end() -> None:
    """As one long one has."""
    rule = silence(cut=("b",))
    silenced = sum(rule("ab", "abb") is not None for _ in range(100_000))

    assert 10_000 < silenced < 100_000
    assert rule.notes
