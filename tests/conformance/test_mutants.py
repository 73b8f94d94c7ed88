"""The suite itself: a build that breaks one rule fails it.

A mutant is a line of the program changed while a chapter is played. A line that is no longer there is a
failure, too: whoever changes it brings its mutant along.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from types import FunctionType, ModuleType
from typing import NamedTuple

import pytest
from conformance import connections
from support import conformance
from support.conformance import Case, Stage
from support.live_path import LivePath

from shadow.wire.response_head import FRAMINGS, HEADS


class Mutant(NamedTuple):
    """A fault in `module`: this text in the place of that. `kills` is a chapter, or a test of connections."""

    module: str
    text: str
    fault: str
    kills: str | Callable[[LivePath], Awaitable[None]]
    also: tuple[str, str] = ("", "")  # a second fault, where a rule is kept twice


ALONE = ("fields_are_sound(", "(")
"""llhttp knows the rule, too: here ours stands alone."""

REQUEST, RESPONSE = "wire.request_head", "wire.response_head"
BODY, DOWN, UP = "wire.body", "wire.downstream", "wire.upstream"

MUTANTS = {
    # the request line
    "bare LF behind the request line": Mutant(REQUEST, "_REQUEST_LINE.match(raw)", r'_REQUEST_LINE.match(raw := re.sub(rb"(?<!\r)\n", b"\r\n", raw, count=1))', "requests.request_line"),
    "HTTP/1.2": Mutant(REQUEST, r"HTTP/1\.[01]", r"HTTP/1\.[0-9]", "requests.request_line"),
    "two spaces": Mutant(REQUEST, "+) ([!-~", "+) +([!-~", "requests.request_line"),
    "control bytes in the target": Mutant(REQUEST, r"[!-~\x80-\xff]", r"[^\x20]", "requests.request_line"),
    "Host over absolute-form": Mutant(REQUEST, "self.host if self.authority is None else self.authority", "self.host or self.authority", "requests.request_line"),
    "absolute-form with a user": Mutant(REQUEST, "absolute is None or not _AUTHORITY.fullmatch(absolute[1])", "absolute is None", "requests.request_line"),
    "asterisk for all": Mutant(REQUEST, 'and method == b"OPTIONS":\n        return None', 'and True:\n        return None', "requests.request_line"),
    "CONNECT": Mutant(REQUEST, '(b"CONNECT", b"TRACE")', '(b"TRACE",)', "requests.methods"),
    "TRACE": Mutant(REQUEST, '(b"CONNECT", b"TRACE")', '(b"CONNECT",)', "requests.methods"),
    # fields
    "fields unjudged": Mutant(REQUEST, "if not fields_are_sound(", "if not (", "requests.fields"),
    "folded lines": Mutant(REQUEST, "raw[_LINE_END + 2 :], httptools", r'raw[_LINE_END + 2 :].replace(b"\r\n ", b"   "), httptools', "requests.fields"),
    "space before the colon": Mutant(REQUEST, "raw[_LINE_END + 2 :], httptools", r'raw[_LINE_END + 2 :].replace(b" :", b":"), httptools', "requests.fields"),
    "bare LF behind a field": Mutant(REQUEST, "raw[_LINE_END + 2 :], httptools", r'raw[_LINE_END + 2 :].replace(b"\n", b"\r\n").replace(b"\r\r", b"\r"), httptools', "requests.fields"),
    "no Host": Mutant(REQUEST, "(hosts == 0 and self.version_1_1)", "False", "requests.host"),
    "two Hosts": Mutant(REQUEST, "hosts > 1 or ", "", "requests.host"),
    "any Host": Mutant(REQUEST, "not _HOSTS[self.host]", "not self.host.isascii()", "requests.host"),
    # framing
    "two lengths": Mutant(REQUEST, "self.length is not None or not value.isdigit()", "not value.isdigit()", "requests.framing", ALONE),
    "signed lengths": Mutant(REQUEST, "not value.isdigit() or", 'not value.lstrip(b"+-").isdigit() or', "requests.framing", ALONE),
    "endless lengths": Mutant(REQUEST, "len(value) > 18", "len(value) > 999", "requests.framing"),
    "a length and an encoding": Mutant(REQUEST, "if self.length is not None:  #", "if False:  #", "requests.framing", ALONE),
    "encodings that end in chunked": Mutant(REQUEST, 'value.lower() != b"chunked"', 'not value.lower().endswith(b"chunked")', "requests.framing"),
    "two encodings": Mutant(REQUEST, "transfer_encoding is not None or value", "value", "requests.framing", ALONE),
    "an encoding in HTTP/1.0": Mutant(REQUEST, '!= b"chunked" or not self.version_1_1', '!= b"chunked"', "requests.framing"),
    "look-alikes": Mutant(REQUEST, 'return Refusal(400, "look-alike field")', "pass", "requests.framing"),
    # chunks and trailers
    "spaces around a size": Mutant(BODY, 'rb"([0-9A-Fa-f]{1,15})', 'rb" *([0-9A-Fa-f]{1,15}) *', "requests.chunks"),
    "sixteen digits": Mutant(BODY, "{1,15}", "{1,16}", "requests.chunks"),
    "bare LF behind a size": Mutant(BODY, r')?\r\n")', r')?\r?\n")', "requests.chunks"),
    "a chunk that ends anyhow": Mutant(BODY, r'if data[end - 2 : end] != b"\r\n":', "if False:", "requests.chunks"),
    "endless extensions": Mutant(BODY, "_MAX_EXTENSIONS: Final = 4096", "_MAX_EXTENSIONS: Final = 1 << 30", "requests.chunks"),
    "trailers that frame": Mutant(BODY, "not _NOT_IN_TRAILERS.match(line)", "True", "requests.trailers"),
    "trailers that Connection names": Mutant(BODY, 'and line[: line.index(b":")].lower() not in self._named', "", "requests.trailers"),
    "any trailer": Mutant(BODY, "elif not _TRAILER.fullmatch(line):", "elif False:", "requests.trailers"),
    "endless trailers": Mutant(BODY, "_MAX_TRAILERS: Final = 8192", "_MAX_TRAILERS: Final = 1 << 30", "requests.trailers"),
    # hop by hop
    "Keep-Alive passes": Mutant(REQUEST, "http2-settings|keep-alive|", "http2-settings|", "requests.hop_by_hop"),
    "what Connection names passes": Mutant(REQUEST, "self._cut_named(named)", "pass", "requests.hop_by_hop"),
    "Connection may name anything": Mutant(REQUEST, "frozenset(said) - PROTECTED", "frozenset(said)", "requests.hop_by_hop"),
    "strangers say who they are": Mutant(REQUEST, "if self.peer.trusted:", "if True:", "requests.hop_by_hop"),
    "clients mark requests": Mutant(REQUEST, "x[-_.]shadow(?:", "x-shadow-via(?:", "requests.hop_by_hop"),
    "loops": Mutant(REQUEST, "self.passage.marker in self.marker", "False", "requests.hop_by_hop"),
    "close is not heard": Mutant(DOWN, "self._close = not head.keep_alive or front.lame", "self._close = front.lame", "requests.hop_by_hop"),
    "friends are not believed": Mutant(REQUEST, "if not self.peer.trusted:", "if True:", "requests.forwarding"),
    # Expect, upgrades, limits, pipelining
    "100 for all": Mutant(DOWN, "(head.status != 100 or asked.expects)", "True", "requests.expect"),
    "1xx to HTTP/1.0": Mutant(DOWN, "asked.minor == 1 and (head", "(head", "requests.expect"),
    "the target is asked to wait": Mutant("live.exchange", "without_expectation(head.forward) if", "head.forward if", "requests.expect"),
    "HTTP/2 is offered": Mutant(REQUEST, 'protocol.startswith(b"h2")', "False", "requests.upgrade"),
    "upgrades are mirrored": Mutant("live.exchange", "if head.upgrade else live", "if False else live", "requests.upgrade"),
    "endless lines": Mutant(REQUEST, "if line.end() - 2 > longest:", "if False:", "requests.limits"),
    "endless fields": Mutant(REQUEST, "> self.passage.max_fields:", "> 1 << 30:", "requests.limits"),
    "endless blocks": Mutant(REQUEST, "if end < 4 or end > self._passage.max_block:", "if end < 4:", "requests.limits"),
    "a refused client is read on": Mutant(DOWN, "close=True)\n        self._buffer = b\"\"\n        self._linger()", "close=True)\n        self._buffer = b\"\"\n        self.send()\n        self._read_next()", "requests.framing"),
    "refusals echo": Mutant(DOWN, "own_answer(status, reason,", 'own_answer(status, f"{reason} {self._head}",', "requests.framing"),
    # answers
    "any status line": Mutant(RESPONSE, "([1-9][0-9]{2})", "([0-9]{2,3})", "answers.status_line"),
    "fields of answers unjudged": Mutant(RESPONSE, "return fields_are_sound(", "return (", "answers.fields"),
    "Keep-Alive of legacy passes": Mutant(RESPONSE, "content-length|keep-alive|", "content-length|", "answers.fields"),
    "what legacy's Connection names passes": Mutant(RESPONSE, "cuts += tuple(", "_ = tuple(", "answers.fields"),
    "legacy's close is not heard": Mutant(RESPONSE, 'b"close" not in said and', "", "answers.fields"),
    "an answer with both": Mutant(RESPONSE, "return chunked and length is not None", "return False", "answers.framing", ALONE),
    "an answer with two lengths": Mutant(RESPONSE, "if length is not None or not value.isdigit()", "if not value.isdigit()", "answers.framing", ALONE),
    "an answer with any encoding": Mutant(RESPONSE, 'value.lower() != b"chunked"', "not value", "answers.framing"),
    "204 with a length": Mutant(RESPONSE, "status >= 200 and status != 204", "status >= 200", "answers.framing"),
    "HEAD with a body": Mutant(RESPONSE, '_read(raw, bodiless=True) if method == b"HEAD" else ', "", "answers.framing"),
    "304 with a body": Mutant(RESPONSE, " or status == 304", "", "answers.framing"),
    "half an answer is whole": Mutant(UP, "isinstance(self._decoder, UntilClose)", "self._decoder is not None", "answers.framing"),
    "surplus bytes, connection kept": Mutant(UP, "not surplus and", "", "answers.framing"),
    "a 101 that nobody asked for": Mutant("live.exchange", "not self._head.upgrade or ", "", "answers.framing"),
    "endless 1xx": Mutant(UP, "if self._interims > _MAX_INTERIM:", "if False:", "answers.framing"),
    # connections
    "an early answer, connection kept": Mutant(DOWN, "self._chunking = False\n        if self._decoder", "self._chunking = self._close = False\n        self._decoder = None\n        if self._decoder", connections.early_answer),
    "an early answer, legacy's connection kept": Mutant(UP, "elif complete and not", "elif not", connections.early_answer),
    "a stranger's answer": Mutant(UP, "            self.close()\n            return\n        self.heard", "            self._buffer = data\n            return\n        self.heard", connections.stranger),
    "a stranger's answer just then": Mutant("wire.pool", "and connection.is_silent():", "and True:", connections.stranger_just_then),
    "a write asked twice": Mutant("live.exchange", "and self._head.method in IDEMPOTENT_METHODS\n", "\n", connections.no_second_write),
    "what comes too early is kept": Mutant(UP, "            self.close()\n            return\n        self.heard", "            self._buffer = data\n            return\n        self.heard", connections.too_early),
    "legacy may never answer": Mutant(UP, "if waits.answer < waits.whole:", "if False:", connections.never),
    "requests are read while one is under way": Mutant(DOWN, "elif self._request is not None or self._writing_paused:", "elif self._writing_paused:", connections.one_at_a_time),
    "our own error, connection kept": Mutant(DOWN, "self._close = self._close or self._decoder is not None or head", "self._decoder = None\n            self._close = self._close or head", connections.own_error_with_the_body_still_coming),
    "other fields of the same length": Mutant(REQUEST, "words[2] == known.rest", "len(words[2]) == len(known.rest)", connections.said_before),
    "a host is remembered": Mutant(REQUEST, " or authority is not None:", ":", connections.said_before),
    "an id is remembered": Mutant(REQUEST, "fresh_id if own is None else b\"\"", "b\"\"", connections.said_before),
    "pipelined requests are forgotten": Mutant(DOWN, "self._buffer = behind", 'self._buffer = b""', connections.one_at_a_time),
    "a tunnel without a 101": Mutant(DOWN, "self._buffer = body.rest", 'self._buffer = b""', connections.refused_upgrade),
}  # fmt: skip


def mutate(monkeypatch: pytest.MonkeyPatch, mutant: Mutant) -> None:
    """Change the program where it stands, so that all who have imported from it are changed."""
    module = importlib.import_module(f"shadow.{mutant.module}")
    source = inspect.getsource(module)
    assert mutant.text in source, "the line has changed: so must its mutant"
    assert mutant.also[0] in source
    source = source.replace(mutant.text, mutant.fault)
    source = source.replace(*mutant.also) if mutant.also[0] else source
    changed = ModuleType(module.__name__)
    exec(compile(source, module.__file__ or "", "exec"), changed.__dict__)
    _take_over(monkeypatch, module, changed)


def _take_over(monkeypatch: pytest.MonkeyPatch, old: object, new: object) -> None:
    for name, value in list(vars(old).items()):
        other = vars(new).get(name)
        if isinstance(value, property):
            value, other = value.fget, getattr(other, "fget", None)
        if isinstance(value, FunctionType) and isinstance(other, FunctionType):
            if value.__module__ == other.__module__ and value.__code__ != other.__code__:
                monkeypatch.setattr(value, "__code__", other.__code__)
        elif isinstance(value, type) and value.__module__ == getattr(other, "__module__", None):
            if other is not value:
                _take_over(monkeypatch, value, other)
        elif isinstance(value, re.Pattern | int) and other != value and isinstance(old, ModuleType):
            monkeypatch.setattr(old, name, other)


async def survives(kills: str) -> bool:
    """Whether every case of a chapter passes."""
    chapter = importlib.import_module(f"conformance.{kills}")
    stage = Stage(**getattr(chapter, "SETTINGS", {}))
    await stage.open()
    try:
        for case in chapter.CASES:
            await (stage.play(case) if isinstance(case, Case) else stage.hear(case))
    except Exception:
        return False
    finally:
        with suppress(AssertionError):
            await stage.close()
    return True


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """What one build has read of a head says nothing of another."""
    for memo in HEADS, FRAMINGS:
        memo.clear()
    yield
    for memo in HEADS, FRAMINGS:
        memo.clear()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
async def test_is_killed(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least one case of its chapter fails."""
    monkeypatch.setattr(conformance, "PATIENCE", 0.5)
    monkeypatch.setattr("support.live_path.PATIENCE", 0.5)
    mutate(monkeypatch, mutant)
    if isinstance(mutant.kills, str):
        assert not await survives(mutant.kills)
    else:
        path = LivePath()
        await path.legacy.start()
        with pytest.raises((AssertionError, TimeoutError, EOFError)):
            await mutant.kills(path)
        with suppress(AssertionError, TimeoutError):
            await path.stop()
