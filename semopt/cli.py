"""The command `semopt`: arguments in, lines and an exit code out. Heavy imports happen inside the commands."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from semopt import __version__
from semopt.types import ConfigError, EvaluatorError, SemoptError

if TYPE_CHECKING:
    from semopt.types import Config

DONE, SOME_FAILED, USAGE, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143

BUILD_EXAMPLES = """examples:
  semopt build                   build the tree of the nearest semopt.yaml, or this folder without one
  semopt build site --dry-run    say what would be done
  semopt build --only 'photos/**' --json
"""


class Terminated(BaseException):
    """SIGTERM arrived."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives the exit code."""
    parsed = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    _log_to_stderr(parsed.quiet, parsed.verbose)
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


def _say(message: object, code: int) -> int:
    print(message, file=sys.stderr)
    return code


def _terminate(number: int, frame: object) -> None:
    raise Terminated


def _log_to_stderr(quiet: bool, verbose: bool) -> None:
    logger = logging.getLogger("semopt")
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())
    logger.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose else logging.WARNING)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "semopt", description="Makes every image in a tree as small as a machine still recognises it."
    )
    parser.add_argument("--version", action="version", version=f"semopt {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_build(commands)
    return parser


def _add_build(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    build = commands.add_parser(
        "build",
        help="write optimised variants beside the images of a tree",
        description="Writes optimised variants beside the images of a tree, and a manifest beside the config.",
        epilog=BUILD_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    build.set_defaults(command=_build)
    add = build.add_argument
    add("folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="holds the config (default: .)")
    add("--config", type=Path, metavar="FILE", help="use this config instead of the nearest semopt.yaml")
    add("--only", metavar="GLOB", help="only images that match, relative to the tree; the others stay as they are")
    add("--jobs", type=_jobs, metavar="N", help="worker processes (default: one for each core)")
    add("--dry-run", action="store_true", help="say what would be done and write nothing")
    add("--json", action="store_true", help="one JSON object a line on stdout, each with a type")
    loud = build.add_mutually_exclusive_group()
    loud.add_argument("-q", "--quiet", action="store_true", help="failures only")
    loud.add_argument("-v", "--verbose", action="store_true", help="a line for every image")


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 up, found {text!r}")
    return int(text)


def _config(parsed: argparse.Namespace) -> Config:
    from semopt import config

    file = parsed.config or config.find(parsed.folder)
    if file is None and not parsed.folder.is_dir():
        raise ConfigError(f"{parsed.folder}: no such folder")
    return config.load(file) if file else config.default(parsed.folder)


def _build(parsed: argparse.Namespace) -> int:
    from semopt import pipeline
    from semopt.show import Shown

    config = _config(parsed)
    shown = Shown(config, parsed.json, parsed.quiet, parsed.verbose)
    jobs = parsed.jobs or pipeline.default_jobs()
    scope = pipeline.Scope(jobs, parsed.only, progress=shown.live, planned=shown.planned)
    if parsed.dry_run:
        for step in pipeline.preview(config, scope):
            shown.step(step)
    else:
        with shown:
            for outcome in pipeline.run(config, scope):
                shown.outcome(outcome)
    return SOME_FAILED if shown.failures else DONE


if __name__ == "__main__":
    sys.exit(main())
