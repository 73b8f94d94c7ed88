"""Texts that are unequal, and equal once what a rule names is taken out of both.

Bounded: a comparison has so much work for it, and then texts count as they are, with a note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

import re2

from shadow.compare.charset import fold
from shadow.settings import SettingError

_WORK = 150_000_000
"""Steps of pattern machines for one comparison, each 4 ns at worst. A pattern of ten states needs ten
million for a megabyte."""

_CALL = 1000  # what one look at a text costs beside
_PASS = 10  # what a character costs that is looked at
_LARGEST = 1000  # states of a pattern; ten names and a number have a hundred


class Step(Protocol):
    """One line of a rule."""

    @property
    def line(self) -> str:
        """As it is shown."""

    def plain(self, text: str, work: Work) -> str:
        """The text without what does not matter."""


class Work:
    """What is left to be spent."""

    def __init__(self) -> None:
        self._left = _WORK
        self.spent = False
        """Was there more to do than is allowed?"""

    def has(self, steps: int) -> bool:
        """Is there enough left?"""
        self.spent |= steps > self._left
        return not self.spent

    def take(self, steps: int) -> None:
        self._left -= steps


class Silence:
    """The steps of a rule, at work in one comparison."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self._steps = steps
        self._work = Work()

    def __call__(self, legacy: str, target: str) -> str | None:
        """The lines by which two unequal texts count as equal, each on a line of its own; or None."""
        used = self._used(legacy, target)
        for step in used if len(used) > 1 else ():
            rest = [one for one in used if one is not step]
            if self._equal(legacy, target, rest):
                used = rest
        return "\n".join(step.line for step in used) or None

    @property
    def notes(self) -> list[str]:
        """That there was more to do than is done."""
        return ["so much to cut that not all of it was: texts are compared as they are"] * self._work.spent

    def _used(self, legacy: str, target: str) -> list[Step]:
        """The steps that change one of the texts, up to the one that makes them equal; none if none does."""
        used: list[Step] = []
        for step in self._steps:
            ours, theirs = step.plain(legacy, self._work), step.plain(target, self._work)
            if (ours, theirs) != (legacy, target):
                used.append(step)
                if ours == theirs:
                    return [] if self._work.spent else used
                legacy, target = ours, theirs
        return []

    def _equal(self, legacy: str, target: str, steps: list[Step]) -> bool:
        for step in steps:
            legacy, target = step.plain(legacy, self._work), step.plain(target, self._work)
        return legacy == target


class Cut:
    """What matches a pattern is cut out. Raises SettingError for a pattern that cannot be used."""

    def __init__(self, pattern: str) -> None:
        self.line = f"cut {pattern}"
        options = re2.Options()
        options.never_capture = True  # where a group begins is nobody's question, and costs a slower machine
        options.log_errors = False
        try:
            self._pattern = re2.compile(pattern, options)
        except re2.error as error:
            reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
            raise SettingError("cut", f"{pattern!r} is no pattern as RE2 reads it: {reason}") from error
        self._states = self._pattern.programsize
        if not pattern or self._states > _LARGEST:
            raise SettingError("cut", f"{pattern!r} {'is too large' if pattern else 'can match nothing'}")

    def plain(self, text: str, work: Work) -> str:
        data = text.encode("utf-8", "surrogatepass")
        pieces: list[bytes] = []
        done = start = 0
        # Finding one match may take the machine to the end of the text, and will not often.
        while (rest := len(data) - start) >= 0 and work.has(_CALL + rest * self._states):
            work.take(_CALL)
            found = self._pattern.search(data, start)
            if found is None:
                work.take(rest * self._states)
                break
            begin, end = found.span()
            work.take((end - start + rest // 16) * self._states)
            pieces.append(data[done:begin])
            done, start = end, max(end, begin + 1)
        pieces.append(data[done:])
        return b"".join(pieces).decode("utf-8", "backslashreplace")


# Not within another name, but after a slash or @ that a URL, a URL within one, or a script has escaped.
_SLASH = r"(?<=2F)(?:(?<=%2F)|(?<=%252F)|(?<=\\x2F)|(?<=\\u002F))"
_BEFORE = rf"(?:(?<![\w.-])|{_SLASH}|(?<=%40))"


class Hosts:
    """Names of hosts count as one."""

    def __init__(self, names: Iterable[str]) -> None:
        names = list(names)
        self.line = "hosts " + " ".join(names)
        longest_first = sorted(names, key=len, reverse=True)
        literal = "|".join(re.escape(name) for name in longest_first)  # no pattern of a user: re is as safe
        after = r"(?![\w-]|\.\w|:\d)"
        self._names = re.compile(f"{_BEFORE}(?:{literal}){after}", re.I | re.A)

    def plain(self, text: str, work: Work) -> str:
        work.take(_CALL + len(text) * _PASS)
        return self._names.sub("HOST", text)


class Equivalent(NamedTuple):
    """Characters that stand for each other."""

    line: str
    fold: Callable[[str], str]

    def plain(self, text: str, work: Work) -> str:
        work.take(_CALL + len(text) * _PASS)
        return self.fold(text)


EQUIVALENCES: dict[str, Callable[[str], str]] = {"wave-dash": fold}
"""By the names that settings have for them."""
