"""The log: one event, one parseable line, whatever happens."""

from __future__ import annotations

import json
import logging
import os
import pty
import select
import shutil
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadow.record.configured import ConfigRecord
from shadow.record.tally import Tally
from shadow.serve.logs import LONGEST_LINE, Sink, configure, reconfigure
from shadow.serve.recorder import Recorder
from shadow.settings import Log, Record

EVIL = 'a\tb\r\n\x00\x1b[31m\x7f\x85\u2028\u202e\ud800 "q" \\ = 検索'


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging is the process's own: each test leaves it as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


class Said:
    """A configured log that writes into a pipe, and what came out of it."""

    def __init__(self, form: Any, level: Any = "info") -> None:
        self._out, self._in = os.pipe()
        configure(Log(format=form, level=level), self._in)
        self.say = structlog.get_logger()

    def lines(self) -> list[str]:
        os.close(self._in)
        with open(self._out, "rb") as file:
            data = file.read().decode()
        assert data.endswith("\n") or not data
        return data.split("\n")[:-1]


def read_ltsv(line: str) -> dict[str, str]:
    return dict(field.split(":", 1) for field in line.split("\t"))  # type: ignore[misc]


def test_json_gives_values_back() -> None:
    """Text, numbers, truth and nothing are what they were; bytes are text."""
    log = Said("json")
    log.say.info("begun", port=80, share=0.5, on=True, none=None, text=EVIL, data=b"\xff\n")
    (line,) = log.lines()
    event = json.loads(line)
    assert event.pop("time").endswith("Z")
    assert event == {
        "level": "info",
        "event": "begun",
        "port": 80,
        "share": 0.5,
        "on": True,
        "none": None,
        "text": EVIL.replace("\ud800", "\\ud800"),
        "data": "\\xff\n",
    }


def test_ltsv_has_a_field_for_each_value() -> None:
    """Tabs and line ends in values are escaped; quotes and other alphabets stay."""
    log = Said("ltsv")
    log.say.warning("begun", port=80, text='検索 "a"\tb')
    (line,) = log.lines()
    fields = read_ltsv(line)
    assert list(fields) == ["time", "level", "event", "port", "text"]
    assert (fields["level"], fields["port"], fields["text"]) == ("warning", "80", '検索 "a"\\tb')


def test_the_console_is_for_reading() -> None:
    """Words without quotes where they can be read back so."""
    log = Said("console")
    log.say.info("asks the target", address="127.0.0.1:80", why="no answer")
    (line,) = log.lines()
    assert line.partition(" ")[2] == 'info    asks the target address=127.0.0.1:80 why="no answer"'


@pytest.mark.parametrize("form", ["console", "json", "ltsv"])
def test_hostile_values_make_one_printable_line(form: str) -> None:
    """No value or key ends a line, moves a cursor, or turns the reading direction."""
    log = Said(form)
    log.say.info(EVIL, value=EVIL, data=EVIL.encode("utf-8", "surrogatepass"), **{EVIL: EVIL, "": [EVIL]})
    (line,) = log.lines()
    assert line.replace("\t", "").isprintable()
    assert (form == "ltsv") == ("\t" in line)


@pytest.mark.parametrize("form", ["console", "json", "ltsv"])
def test_a_line_is_bounded_and_still_parses(form: str) -> None:
    """However long, however many: 16 KiB, with time, level and event."""
    for values in ({"one": "x" * 1_000_000}, {f"k{i}" * 99: "\U000e0001" * 10_000 for i in range(200)}):
        log = Said(form)
        log.say.error("large", **values)
        (line,) = log.lines()
        assert len(line.encode()) < LONGEST_LINE
        assert "large" in line
        if form == "json":
            assert json.loads(line)["level"] == "error"
        if form == "ltsv":
            assert read_ltsv(line)["level"] == "error"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # its first run makes tables of Unicode
@given(st.dictionaries(st.text(), VALUES, max_size=5), st.sampled_from(["json", "ltsv"]))
def test_any_event_is_one_parseable_line(values: dict[str, Any], form: str) -> None:
    """Also where a key is `event`, `self` or `level`."""
    log = Said(form)
    log.say.info("said", **(values | {"event": 1, "self": 2, "level": 3}))
    (line,) = log.lines()
    event = json.loads(line) if form == "json" else read_ltsv(line)
    assert (event["event"], event["level"]) == ("said", "info")


def test_values_that_cannot_be_shown_do_not_raise() -> None:
    """Nor do integers beyond what Python writes, or numbers that JSON has not."""

    class Hidden:
        def __repr__(self) -> str:
            raise RuntimeError

    log = Said("json")
    log.say.info("said", hidden=Hidden(), huge=10**5000, nan=float("nan"), exc_info="not one")
    (line,) = log.lines()
    assert json.loads(line)["hidden"] == "<Hidden>"


def test_below_the_level_nothing_is_said() -> None:
    """The level of the settings is the least that is written."""
    log = Said("json", "warning")
    log.say.debug("a")
    log.say.info("b")
    log.say.warning("c")
    assert [json.loads(line)["event"] for line in log.lines()] == ["c"]


def test_an_exception_is_one_line() -> None:
    """A traceback is a value like others."""
    log = Said("json")
    try:
        raise ValueError(EVIL.encode())
    except ValueError:
        log.say.exception("failed")
    (line,) = log.lines()
    assert "ValueError" in json.loads(line)["exception"]


def test_libraries_and_warnings_are_lines_too() -> None:
    """What asyncio or aiohttp say does not come as text of their own form, even if it is ill-formed."""
    log = Said("json")
    logging.getLogger("aiohttp.server").error("bad\n%d", 1)
    logging.getLogger("asyncio").warning("%d", "x")
    logging.getLogger("aiohttp.access").info("a request")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    events = [json.loads(line) for line in log.lines()]
    assert [(event["level"], event["logger"]) for event in events] == [
        ("error", "aiohttp.server"),
        ("warning", "asyncio"),
        ("warning", "py.warnings"),
    ]
    assert events[0]["event"] == "bad\n1"


def said_on_a_terminal() -> str:
    outside, terminal = pty.openpty()
    try:
        configure(Log(), terminal)
        structlog.get_logger().error("failed")
        return os.read(outside, 1000).decode()
    finally:
        os.close(outside)
        os.close(terminal)


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal has colours unless NO_COLOR is set; a pipe never has."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[31merror" in said_on_a_terminal()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in said_on_a_terminal()
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in said_on_a_terminal()


def test_a_full_pipe_loses_lines_but_no_time() -> None:
    """Nobody reads: writing returns, lines are counted, none is torn, and the next one tells."""
    out, into = os.pipe()
    configure(Log(format="json"), into)
    log = structlog.get_logger()
    for i in range(100):
        log.info("said", i=i, text="x" * 6000)
    before = b""
    while select.select([out], [], [], 0)[0]:
        before += os.read(out, 1 << 20)
        log.debug("not said")
    log.info("again")
    os.close(into)
    with open(out, "rb") as file:
        lines = (before + file.read()).splitlines()
    events = [json.loads(line) for line in lines]
    taken = len(events) - 1
    assert events[-1]["event"] == "again"
    assert events[-1]["lost"] == 100 - taken
    assert [event["i"] for event in events[:-1]] == list(range(taken))


def test_other_settings_lose_nothing_of_what_was_said() -> None:
    """A line that a full pipe has cut is ended after a reload, and the lost ones are told."""
    out, into = os.pipe()
    configure(Log(format="json"), into)
    for _ in range(100):
        structlog.get_logger().info("said", text="x" * 6000)
    reconfigure(Log(format="json", level="debug"))
    before = os.read(out, 1 << 20)
    structlog.get_logger().debug("again")
    os.close(into)
    with open(out, "rb") as file:
        events = [json.loads(line) for line in (before + file.read()).splitlines()]
    assert events[-1]["event"] == "again"
    assert events[-1]["lost"] == 101 - len(events)


def test_a_pipe_that_another_has_just_filled() -> None:
    """It was writable when it was asked, and is full when it is written to: nobody waits, it is kept."""
    out, into = os.pipe()
    sink = Sink(into)
    asked, sink._poll = sink._poll, Writable()  # type: ignore[assignment]
    os.set_blocking(into, False)
    with suppress(BlockingIOError):
        while True:
            os.write(into, b"x" * select.PIPE_BUF)
    os.set_blocking(into, True)
    writing = threading.Thread(target=sink.write, args=(b"line\n",), daemon=True)
    writing.start()
    writing.join(10)
    assert not writing.is_alive(), "it waits for somebody to read"
    sink._poll = asked
    while select.select([out], [], [], 0)[0]:
        os.read(out, 1 << 20)
    sink.write(b"next\n")
    assert os.read(out, 100) == b"line\nnext\n"
    assert sink.lost == 0
    os.close(out)
    os.close(into)


class Writable:
    """What the kernel said a moment ago."""

    def poll(self, _: int) -> list[tuple[int, int]]:
        return [(0, select.POLLOUT)]


def test_a_closed_standard_error_does_not_raise() -> None:
    """The reader is gone, or the descriptor is: the line is lost and counted."""
    out, into = os.pipe()
    sink = Sink(into)
    os.close(out)
    sink.write(b"x\n")
    assert sink.lost == 1
    os.close(into)
    sink.write(b"x\n")
    assert sink.lost == 2


def test_tallies_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    """In one line for each change, by the log of the proxy: the supervisor goes on while the disk is full."""
    log = Said("json")
    folder = tmp_path / "records"
    folder.write_text("in the way")
    books = Recorder(Record(to=str(folder)), "tally", ConfigRecord(0, ""), 0.0)
    for now in (10.0, 20.0):
        books.add({"GET /": Tally(received=1)})
        books.tick(now)
    folder.unlink()
    books.tick(30.0)
    shutil.rmtree(folder)
    folder.write_text("in the way")
    books.add({"GET /": Tally(received=2)})
    books.close(40.0)
    events = [json.loads(line) for line in log.lines()]
    assert [(each["level"], each["event"]) for each in events] == [
        ("warning", "tallies_kept_in_memory"),
        ("info", "tallies_written_again"),
        ("warning", "tallies_kept_in_memory"),
        ("error", "tallies_lost"),
    ]
    assert (events[-1]["folder"], events[-1]["requests"]) == (str(folder), 4)
    assert events[0]["reason"] == "File exists"
