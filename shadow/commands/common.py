"""What commands have in common: loading settings, refusing input, writing results."""

from __future__ import annotations

import codecs
import errno
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TextIO

import click

if TYPE_CHECKING:
    from shadow.config.load import Loaded
    from shadow.record.segment import Unreadable

BAD_INPUT: Final = 3
"""A setting, wherever it stands, a file or other input that cannot be used; 2 is wrong usage."""

_SPELLED: Final = "shadow.spelled"
# What we write ourselves: a letter of a value that is not there is shown by its number.
_SPELLINGS: Final = str.maketrans({"→": "->", "×": "x", "✗": "x", "✓": "+", "·": "|", "…": "...", "─": "-"})


def _spelled(error: UnicodeError) -> tuple[str, int]:
    """What a terminal's charset does not have, in letters that all have."""
    assert isinstance(error, UnicodeEncodeError)
    spelled = error.object[error.start : error.end].translate(_SPELLINGS)
    return spelled.encode("ascii", "backslashreplace").decode(), error.end


codecs.register_error(_SPELLED, _spelled)


class Commands(click.Group):
    """The commands of a program that needs all its libraries: where one is missing, it says so and ends. Exit
    codes are a shell's: 128 and the signal where Ctrl-C or a reader that has left ends a command."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ImportError as error:
            refuse([f"not installed whole, install shadow-proxy anew: {error}"])

    def main(self, *arguments: Any, **settings: Any) -> NoReturn:
        if os.getpid() == 1:  # of a container: for that one a signal without a handler is lost
            signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        out = sys.stdout
        if isinstance(out, TextIOWrapper) and out.errors == "strict":
            out.reconfigure(errors=_SPELLED)
        try:
            try:
                code = super().main(*arguments, **{**settings, "standalone_mode": False})
            finally:
                if sys.stdout is not None:  # it may have been closed for us
                    sys.stdout.flush()  # now, while it can be told that this fails
            sys.exit(code or 0)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            sys.exit(128 + signal.SIGINT)
        except SystemExit as error:
            # Click has noticed, and put another in its place; or rich has.
            if (out is not None and sys.stdout is not out) or isinstance(error.__context__, BrokenPipeError):
                _leave_standard_output(128 + signal.SIGPIPE)
            raise
        except BrokenPipeError:
            _leave_standard_output(128 + signal.SIGPIPE)
        except OSError as error:
            if error.filename is not None or error.errno not in (errno.ENOSPC, errno.EIO, errno.EBADF):
                raise
            click.echo(f"standard output: {error.strerror}", err=True)
            _leave_standard_output(BAD_INPUT)


def _leave_standard_output(code: int) -> NoReturn:
    """Leave without a last try to write what it has not taken."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(code)


class _Place(click.Path):
    """A shell completes it as the name of a file. An empty one is what a variable that is not set leaves."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not value:
            self.fail("is empty; name a file or a folder", param, ctx)
        return super().convert(value, param, ctx)


PLACE: Final = _Place(readable=False)
"""A file, a folder, a glob or a URL, that need not exist."""


config_option: Final = click.option(
    "--config",
    "-c",
    metavar="FILE",
    type=PLACE,
    help="YAML with settings, or SHADOW_CONFIG; `shadow config show` prints all.",
)
target_option: Final = click.option("--target", metavar="URL", help="Who shall answer tomorrow.")


def log_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The flags of our own log."""
    level = click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error.")
    return click.option("--log-format", metavar="FORMAT", help="console, json or ltsv.")(level(command))


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The flags of settings that are wanted often; all others are in the file and the environment."""
    options: list[Callable[[Callable[..., Any]], Callable[..., Any]]] = [
        config_option,
        click.option("--legacy", metavar="URL", help="Who answers today, e.g. http://old:80."),
        target_option,
        click.option("--listen", metavar="HOST:PORT", help="Where clients connect; port 0 picks one."),
        click.option("--admin", metavar="HOST:PORT", help="Health, metrics and live report."),
        click.option(
            "--tap", flag_value="true", help="Take copies that nginx, Envoy or Istio mirror; ask both."
        ),
        click.option(
            "--record",
            metavar="FOLDER|URL",
            type=PLACE,
            help="Where segments are kept; s3://BUCKET/PREFIX. [default: shadow-data]",
        ),
        click.option("--workers", metavar="N", help="Live workers, one core each; 0 is by the cores."),
        click.option("--sample", metavar="F", help="Share of requests to mirror, 0 to 1."),
        log_options,
    ]
    for option in reversed(options):
        command = option(command)
    return command


def load_settings(path: str | None, flags: dict[str, str | None], needed: Iterable[str] = ()) -> Loaded:
    from shadow.config.load import ConfigError, load

    try:
        return load(config_file(path), named_flags(flags), os.environ, needed=needed)
    except ConfigError as error:
        refuse(error.problems)


def config_file(named: str | None) -> str | None:
    """The file of settings: that of the flag, or of the variable."""
    return named or os.environ.get("SHADOW_CONFIG") or None


def named_flags(flags: dict[str, str | None]) -> dict[str, str | None]:
    return {name.replace("_", "-"): value for name, value in flags.items()}


def refuse(problems: list[str]) -> NoReturn:
    """Say what is wrong with the input, a line each, and leave."""
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(BAD_INPUT)


def nothing(what: str, unreadable: Unreadable) -> str:
    """Why a place has none of what was looked for."""
    if not (unreadable.lines or unreadable.segments):
        return f"no {what} yet; give what was named by --record"
    why = f", such as {unreadable.first}" if unreadable.first else ""
    left_out = f"lines {unreadable.lines:,}, segments {unreadable.segments:,}{why}"
    return f"no {what} that can be read; left out: {left_out}"


@contextmanager
def writing(output: str | None, form: str = "text") -> Iterator[TextIO]:
    """Standard output, or the file that was named. What is no text for people is UTF-8 on any terminal."""
    if output is None and form != "text" and isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        with (
            nullcontext(sys.stdout) if output is None else Path(output).open("w", encoding="utf-8") as stream
        ):
            yield stream
    except BrokenPipeError:  # see `Commands.main`
        raise
    except OSError as error:
        todo = "; name a file that this user may write" if output else ""
        refuse([f"{output or 'standard output'}: {error.strerror}{todo}"])
