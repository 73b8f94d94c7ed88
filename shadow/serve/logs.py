"""The program's own log, on standard error: for a terminal, or as JSON or LTSV lines.

Whatever a value holds, one event is exactly one parseable line of printable characters, at most
`LONGEST_LINE` bytes. Logging never raises and never waits: a line that standard error does not take
now is lost, and the next line says how many were.
"""

from __future__ import annotations

import errno
import json
import logging
import math
import os
import re
import select
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import structlog

from shadow import settings

LONGEST_LINE = 16 * 1024  # bytes with the newline; Docker's log driver splits lines above
MOST_KEYS = 64  # of one event
LONGEST_KEY = 32  # characters

Plain: TypeAlias = str | int | float | bool | None
Render: TypeAlias = Callable[[Mapping[str, Plain]], str]
"""An event of plain values, `time`, `level` and `event` first, as one line without its end."""


def configure(log: settings.Log, fd: int = 2) -> None:
    """Sets up structlog, and what libraries say through `logging`, for this process and its children."""
    _configure(log, Sink(fd))


def reconfigure(log: settings.Log) -> None:
    """The same once more: what has not been written to the end is, and what was lost is told."""
    _configure(log, structlog.get_config()["logger_factory"]())


def _configure(log: settings.Log, sink: Sink) -> None:
    render = {"console": _console(_in_colour(sink.fd)), "json": _json, "ltsv": _ltsv}[log.format]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", key="time"),
            structlog.processors.format_exc_info,
            Line(render, sink),
        ],
        wrapper_class=_logger_class(getattr(logging, log.level.upper())),
        logger_factory=lambda *_: sink,
        cache_logger_on_first_use=False,
    )
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    root.handlers[:] = [_FromLibraries()]
    root.setLevel(logging.WARNING)  # below that, libraries tell their own story, a line per request


def _in_colour(fd: int) -> bool:
    return os.isatty(fd) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


# ---- what the code calls ---------------------------------------------------------------------


def _logger_class(level: int) -> type[structlog.BoundLoggerBase]:
    """What `structlog.get_logger()` gives: below `level` silent, and never raising."""

    class Logger(structlog.BoundLoggerBase):
        def debug(self, event: object, /, **values: object) -> None:
            self._say(logging.DEBUG, "debug", event, values)

        def info(self, event: object, /, **values: object) -> None:
            self._say(logging.INFO, "info", event, values)

        def warning(self, event: object, /, **values: object) -> None:
            self._say(logging.WARNING, "warning", event, values)

        def error(self, event: object, /, **values: object) -> None:
            self._say(logging.ERROR, "error", event, values)

        def exception(self, event: object, /, **values: object) -> None:
            self._say(logging.ERROR, "error", event, {"exc_info": True, **values})

        def _say(self, at: int, method: str, event: object, values: dict[str, object]) -> None:
            if at < level:
                return
            try:
                (line,), _ = self._process_event(method, event, values)  # type: ignore[arg-type]  # shown, whatever it is
            except Exception as error:
                # A log line must not take down what it tells of.
                why = {"why": type(error).__name__}
                (line,), _ = self._process_event("error", "a log line could not be made", why)
            self._logger.write(line)

    return Logger


class _FromLibraries(logging.Handler):
    """Gives what libraries log to structlog, so that it is one line too."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event = record.getMessage()
        except Exception:  # the library's format and arguments do not fit
            event = str(record.msg)
        log = structlog.get_logger()
        say = log.error if record.levelno >= logging.ERROR else log.warning
        say(event, logger=record.name, exc_info=record.exc_info)


# ---- from an event to a line -----------------------------------------------------------------


class Line:
    """The last processor: makes the bytes of the line."""

    def __init__(self, render: Render, sink: Sink) -> None:
        self._render = render
        self._sink = sink

    def __call__(self, logger: object, method: str, event: Mapping[str, Any]) -> bytes:
        first = {key: event.get(key) for key in ("time", "level", "event")}
        if self._sink.lost:
            first["lost"] = self._sink.lost
        values = list((first | {str(key): value for key, value in event.items()}).items())[:MOST_KEYS]
        for longest in (8192, 2048, 512, 128, 32, 8):
            plain = {
                _key(key): _plain(value, longest if i > 1 else 32) for i, (key, value) in enumerate(values)
            }
            line = self._render(plain).encode() + b"\n"
            if len(line) <= LONGEST_LINE:
                break
        return line


def _key(key: str) -> str:
    """A label as LTSV allows it, for every format: one search finds them all."""
    return re.sub(r"[^0-9A-Za-z_.-]", "_", key[:LONGEST_KEY]) or "_"


def _plain(value: object, longest: int) -> Plain:
    """The value itself where JSON has it, else its text, cut to `longest` characters."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and -(1 << 63) <= value < 1 << 64:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    text = _text(value, longest)
    text = text if len(text) <= longest else f"{text[:longest]}…"
    return text.encode("utf-8", "backslashreplace").decode()  # lone surrogates are no text


def _text(value: object, longest: int) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes | bytearray):
        return value[: longest + 1].decode("utf-8", "backslashreplace")
    try:
        return repr(value)
    except Exception:  # a value that cannot show itself must not hide the event
        return f"<{type(value).__name__}>"


def _quoted(text: str) -> str:
    """The text as a JSON string of printable characters: no control, bidirectional or line separator."""
    quoted = json.dumps(text, ensure_ascii=False)
    if quoted.isprintable():
        return quoted
    return "".join(c if c.isprintable() else _escaped(c) for c in quoted)


def _escaped(c: str) -> str:
    return f"\\u{ord(c):04x}" if ord(c) < 0x10000 else json.dumps(c)[1:-1]


def _value(value: Plain) -> str:
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _json(event: Mapping[str, Plain]) -> str:
    return "{" + ", ".join(f'"{key}": {_value(value)}' for key, value in event.items()) + "}"


def _ltsv(event: Mapping[str, Plain]) -> str:
    """Values with JSON's escapes, but quotes as they are."""
    return "\t".join(
        f"{key}:"
        + (_quoted(value)[1:-1].replace('\\"', '"') if isinstance(value, str) else json.dumps(value))
        for key, value in event.items()
    )


_COLOURS = {"debug": "\x1b[2m", "info": "\x1b[32m", "warning": "\x1b[33m", "error": "\x1b[31m"}


def _console(colour: bool) -> Render:
    """`TIME LEVEL event in words key=value key="a text"`."""

    def render(event: Mapping[str, Plain]) -> str:
        level = str(event["level"])
        on, off = (_COLOURS[level], "\x1b[0m") if colour else ("", "")
        text = _value(event["event"])
        told = text[1:-1] if re.fullmatch(r'"[^"=\\]+"', text) else text
        head = f"{event['time']} {on}{level:<7}{off} {told}"
        rest = [
            f"{key}={_bare(value)}" for key, value in event.items() if key not in ("time", "level", "event")
        ]
        return " ".join([head, *rest])

    return render


def _bare(value: Plain) -> str:
    """A text without quotes where it can be read back so."""
    text = _value(value)
    return text[1:-1] if re.fullmatch(r'"[^\s"=\\]+"', text) else text


# ---- from a line to standard error -----------------------------------------------------------


class Sink:
    """A file descriptor that may be slow, full or gone. Writing to it never waits and never raises.

    A pipe that reports itself writable takes `PIPE_BUF` bytes without blocking, so a line is written
    in such pieces; what a full pipe leaves of a line is written before the next one. All our processes write
    to the same pipe, and another may fill it behind that report: so the kernel is told not to wait, where it
    can be. The descriptor itself cannot be made non-blocking: others that we do not know have it too.
    """

    def __init__(self, fd: int) -> None:
        self.lost = 0  # lines since the last one that was taken
        self.fd = fd
        self._rest = b""
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)

    def write(self, line: bytes) -> None:
        """Takes the line, which tells how many were lost before it, or counts it as lost."""
        self._push()
        if not self._rest:
            self._rest = line
            if self._push():
                self.lost = 0
                return
        self.lost += 1

    def _push(self) -> bool:
        """Writes what can be written now; False where nothing ever can."""
        try:
            while self._rest and self._poll.poll(0):
                self._rest = self._rest[self._write(self._rest[: select.PIPE_BUF]) :]
        except BlockingIOError:
            pass  # somebody else filled it in between
        except OSError:  # closed, or nobody reads
            self._rest = b""
            return False
        return True

    def _write(self, piece: bytes) -> int:
        try:
            return os.pwritev(self.fd, (piece,), -1, os.RWF_NOWAIT)
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:  # files and terminals, and pipes before Linux 6.4
                raise
            return os.write(self.fd, piece)
