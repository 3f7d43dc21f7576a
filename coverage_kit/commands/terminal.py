"""What the commands print, and how they end when someone stops them.

Text from outside may be in every line, so each line goes through `for_terminal`.
"""

import inspect
import logging
import os
import re
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, TextIO

import typer
from typer.core import TyperCommand, TyperGroup

from coverage_kit.errors import CoverageKitError
from coverage_kit.escaping import for_terminal

# The panels of `coverage-kit --help`.
START = "Start"
RUN = "Run"
ACT = "Act on the results"
CHECK = "Check the results"
ASK = "Ask models and engines"

_AGAIN = "Run the same command again"
# What is left of a command that was stopped, and how to go on.
KEPT = {
    "run": f"Fetched pages and vectors are kept in the cache. {_AGAIN}: it continues from there.",
    "demo": f"Vectors are kept in the cache. {_AGAIN}: it continues from there.",
    "init": "The new folder may lack files. Delete it, then run the same command again.",
    "fetches": f"The log is unchanged. {_AGAIN}.",
    "inspect": f"The log is unchanged. {_AGAIN}.",
    "inspect-site": f"Fetched pages are kept in the cache. {_AGAIN}: it continues from there.",
    "compare": f"Both runs are kept. {_AGAIN}: each comparison is counted once.",
    "apply": f"Your site is unchanged, and so is an earlier copy. {_AGAIN}.",
    "draft": f"Drafts so far are kept. {_AGAIN}: it asks only for the others.",
    "report": f"The run's tables are kept. {_AGAIN}: it writes every output anew.",
    "pictures": f"Pictures so far are kept. {_AGAIN}.",
    "panel": f"The run is unchanged, and a draw of edits is kept. {_AGAIN}.",
    "ask": f"Answers so far are kept. {_AGAIN}: nothing is asked twice.",
    "judge": f"Grades so far are kept in the cache. {_AGAIN}: it asks only for the others.",
    "sample": f"Choices and replies so far are kept. {_AGAIN}: it asks only for the others.",
    "dismiss": f"Dismissals so far are kept. {_AGAIN}.",
    "tune": f"The run and an earlier model are unchanged. {_AGAIN}: the training starts anew.",
    "costs": f"The ledger is unchanged. {_AGAIN}.",
    "cache": f"What was not removed is kept. {_AGAIN}.",
}
# Signals that stop a command as Ctrl-C does: `kill`, and a terminal that was closed.
_STOPS = ("SIGTERM", "SIGHUP")


# How messages name settings, as in coverage.toml, and the options that do the same.
_OPTIONS = (
    (re.compile(r'\[log\.columns\] (\w+) = "([^"]*)"'), r'--column "\1=\2"'),
    (re.compile(r"\[?log\.columns\]?"), "--column"),
    (re.compile(r"\[log\] files|log\.files"), "--log"),
    (re.compile(r"\[log\] strict|log\.strict"), "--strict"),
    (re.compile(r"\[site\] source|site\.source"), "--site"),
    (re.compile(r"\[site\] base_url|site\.base_url"), "--base-url"),
    (re.compile(r"\[site\] brand|site\.brand"), "--brand"),
    (re.compile(r"\[match\] encoder|match\.encoder"), "--encoder"),
    (re.compile(r"\[parallel\] backend|parallel\.backend"), "--backend"),
    (re.compile(r"\[parallel\] workers|parallel\.workers"), "--workers"),
    (re.compile(r"\[out\]"), "--out"),
    (
        re.compile(r"docs/settings\.md lists every key"),
        "coverage-kit run --help lists every option",
    ),
)


# Whether messages name options in place of settings.
_names_options = ContextVar("names_options", default=False)


class Stopped(KeyboardInterrupt):
    """A signal stopped the command; libraries clean up as they do after Ctrl-C."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(number)


class Command(TyperCommand):
    """A command whose help shows no type for a switch, and wraps paragraphs as wide as it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A docstring breaks its lines at a width of its own.
        paragraphs = inspect.cleandoc(self.help or "").split("\n\n")
        self.help = "\n\n".join(" ".join(text.split()) for text in paragraphs)

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters."""
        return _without_types(super().get_params(ctx))


class CommandGroup(TyperGroup):
    """The commands; one that is stopped says what is kept and how to go on."""

    def get_params(self, ctx: Any) -> Any:
        """Return the options that come before a command."""
        return _without_types(super().get_params(ctx))

    def invoke(self, ctx: Any) -> Any:
        """Run a command. Raises Exit with the status that shells give a stopped program."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            raise typer.Exit(say_stopped(stop, str(ctx.invoked_subcommand))) from None


def _without_types(params: Any) -> Any:
    """Return the parameters; switches, and arguments that have a name, show no type in a help."""
    for param in params:
        if getattr(param, "is_flag", False) and param.metavar is None:
            param.metavar = ""
        if param.param_type_name == "argument" and param.metavar:
            param.display_type_rich = _no_type
    return params


def _no_type(ctx: Any) -> str:
    return ""


def name_options(text: str) -> str:
    """Return a message with options in place of the settings that have one.

    >>> name_options('Say which: [log.columns] query = "Prompt".')
    'Say which: --column "query=Prompt".'
    """
    for setting, option in _OPTIONS:
        text = setting.sub(option, text)
    return text


@contextmanager
def naming_options() -> Iterator[None]:
    """Let errors and warnings name options, where the reader has no coverage.toml."""
    token = _names_options.set(True)
    try:
        yield
    except CoverageKitError as error:
        parts = (error.where, error.what, error.found, error.cure)
        raise type(error)(*map(name_options, parts)) from error
    finally:
        _names_options.reset(token)


def say_stopped(stop: KeyboardInterrupt, command: str = "") -> int:
    """Say that a command was stopped, what is kept and how to go on; return the exit status."""
    number = stop.number if isinstance(stop, Stopped) else signal.SIGINT
    # The line starts anew, because a progress bar or ^C may be on the present one.
    say(f"\ncoverage-kit: stopped. {KEPT.get(command, f'{_AGAIN}.')}", err=True)
    return 128 + number


def say(text: object, *, err: bool = False) -> None:
    """Print a text. Where nobody reads on (`| head`), the command goes on without printing."""
    try:
        typer.echo(for_terminal(str(text)), err=err)
    except BrokenPipeError:
        _mute(sys.stderr if err else sys.stdout)


def set_up_messages() -> None:
    """Let libraries show only warnings, and let every message be safe for a terminal."""
    if not logging.getLogger().handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Formatter("%(message)s"))
        logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.captureWarnings(True)


@contextmanager
def terminal() -> Iterator[None]:
    """Set up the terminal for a command, and put back what was there."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows a mark in its place.
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    previous = {}
    for name in _STOPS:
        number = getattr(signal, name, None)
        # Only in the main thread; a signal that someone ignores or handles stays so.
        with suppress(ValueError):
            if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                previous[number] = signal.signal(number, _stop)
    hook, sys.excepthook = sys.excepthook, _show_fault
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        # A fault is shown after this, by the hook that is safe.
        if not isinstance(sys.exc_info()[1], Exception):
            sys.excepthook = hook


def _open_closed_streams() -> None:
    """Let streams that are closed (`2>&-`) lead nowhere, where progress bars can write.

    Otherwise the next file would get a stream's number, and what libraries print.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 (stays open)
            setattr(sys, name, nowhere)


class _Formatter(logging.Formatter):
    """Formats a message as a text that a terminal only shows."""

    def format(self, record: logging.LogRecord) -> str:
        text = for_terminal(super().format(record))
        return name_options(text) if _names_options.get() else text


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)


def _show_fault(
    kind: type[BaseException], fault: BaseException, trace: TracebackType | None
) -> None:
    sys.stderr.write(for_terminal("".join(traceback.format_exception(kind, fault, trace))))


def _mute(stream: TextIO) -> None:
    """Let a stream whose reader has gone write to nowhere."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
