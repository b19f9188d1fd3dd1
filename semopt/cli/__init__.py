"""The command `semopt`: arguments in, lines and an exit code out. Heavy imports happen inside the commands.

To add a command: write a module here with `add(commands)`, and one line in `COMMANDS`.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence

from semopt import __version__
from semopt.cli import (
    build,
    cache,
    check,
    clean,
    completion,
    compress,
    dataset,
    evaluators,
    explain,
    html,
    init,
    report,
    schema,
    watch,
)
from semopt.terminal import printable
from semopt.types import ConfigError, EvaluatorError, SemoptError

COMMANDS = (
    *(build, watch, check, explain, report, compress, dataset, html),
    *(init, clean, cache, evaluators, schema, completion),
)

SOME_FAILED, USAGE = 1, 2
STOPS = {signal.SIGINT: "stopped", signal.SIGTERM: "terminated"}
"""Signals that end a run in good order, with what is said then; the exit code is 128 more than the signal's number."""


class Stopped(BaseException):
    """A signal arrived."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives the exit code: 0 done, 1 some image failed, 2 config or usage, 130 and 143 stopped."""
    parsed = parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    _log_to_stderr(parsed)
    command: Callable[[argparse.Namespace], int] = parsed.command
    arrived: list[signal.Signals] = []
    try:
        _raise_on_signals(arrived)
        code = command(parsed)
    except BaseException as error:
        if not arrived:
            return _fault(error)
    # Libraries turn what is raised in the middle of them into errors of their own, as an extension module that is
    # being imported does, or swallow it. So what counts is that a signal arrived, not what came out.
    return _say(f"{STOPS[arrived[0]]}; what was finished is kept", 128 + arrived[0]) if arrived else code


def _fault(error: BaseException) -> int:
    """Say what ended a command, in words where semopt has them; anything else is raised again."""
    if isinstance(error, (ConfigError, EvaluatorError)):
        return _say(error, USAGE)
    if isinstance(error, SemoptError):
        return _say(error, SOME_FAILED)
    if isinstance(error, BrokenPipeError):
        # Whoever read the output has closed it; what is still buffered has no reader either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SOME_FAILED
    if isinstance(error, OSError):
        return _say(f"{error.filename or 'semopt'}: {error.strerror or error}", SOME_FAILED)
    raise error


def _raise_on_signals(arrived: list[signal.Signals]) -> None:
    """Raise Stopped wherever the program is when a signal arrives, and note which one it was."""

    def stop(number: int, frame: object) -> None:
        arrived.append(signal.Signals(number))
        raise Stopped

    for one in STOPS:
        if signal.getsignal(one) is not signal.SIG_IGN:  # as under nohup, or in the background of a script
            signal.signal(one, stop)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    made = argparse.ArgumentParser(
        "semopt", description="Makes every image in a tree as small as a machine still recognises it."
    )
    made.add_argument("--version", action="version", version=f"semopt {__version__}")
    commands = made.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return made


def _say(message: object, code: int) -> int:
    print("\n".join(map(printable, str(message).splitlines())), file=sys.stderr)
    return code


class _Printable(logging.Formatter):
    """Names in messages cannot act on a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def _log_to_stderr(parsed: argparse.Namespace) -> None:
    logger = logging.getLogger("semopt")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(_Printable())
        logger.addHandler(handler)
    quiet, verbose = getattr(parsed, "quiet", False), getattr(parsed, "verbose", False)
    logger.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose else logging.WARNING)


if __name__ == "__main__":
    sys.exit(main())
