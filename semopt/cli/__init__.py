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
from semopt.cli import build, cache, check, clean, compress, evaluators, explain, init, schema, watch
from semopt.show import printable
from semopt.types import ConfigError, EvaluatorError, SemoptError

COMMANDS = (build, watch, check, explain, compress, init, clean, cache, evaluators, schema)

SOME_FAILED, USAGE, INTERRUPTED, TERMINATED = 1, 2, 130, 143


class Terminated(BaseException):
    """SIGTERM arrived."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives the exit code: 0 done, 1 some image failed, 2 config or usage, 130 and 143 stopped."""
    parsed = parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    _log_to_stderr(parsed)
    command: Callable[[argparse.Namespace], int] = parsed.command
    try:
        signal.signal(signal.SIGTERM, _terminate)
        return command(parsed)
    except (ConfigError, EvaluatorError) as error:
        return _say(error, USAGE)
    except SemoptError as error:
        return _say(error, SOME_FAILED)
    except BrokenPipeError:
        # Whoever read the output has closed it; what is still buffered has no reader either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SOME_FAILED
    except OSError as error:
        return _say(f"{error.filename or 'semopt'}: {error.strerror or error}", SOME_FAILED)
    except KeyboardInterrupt:
        return _say("stopped; what was finished is kept", INTERRUPTED)
    except Terminated:
        return _say("terminated; what was finished is kept", TERMINATED)


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


def _terminate(number: int, frame: object) -> None:
    raise Terminated


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
