"""Arguments that several commands share, and the config that they lead to."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from semopt.types import ConfigError

if TYPE_CHECKING:
    from semopt.types import Config

Commands = argparse._SubParsersAction  # argparse gives its type no public name


def command(
    commands: Commands[argparse.ArgumentParser], name: str, does: str, examples: str
) -> argparse.ArgumentParser:
    """A command with a sentence and examples for its --help."""
    return commands.add_parser(
        name,
        help=does,
        description=does[0].upper() + does[1:] + ".",
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_tree(to: argparse.ArgumentParser) -> None:
    """DIR and --config."""
    to.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="holds the config (default: .)")
    to.add_argument("--config", type=Path, metavar="FILE", help="use this config instead of the nearest semopt.yaml")


def add_loudness(
    to: argparse.ArgumentParser, quiet: str = "failures only", verbose: str = "a line for every image"
) -> None:
    """-q and -v."""
    loud = to.add_mutually_exclusive_group()
    loud.add_argument("-q", "--quiet", action="store_true", help=quiet)
    loud.add_argument("-v", "--verbose", action="store_true", help=verbose)


def add_jobs(to: argparse.ArgumentParser) -> None:
    """--jobs."""
    to.add_argument("--jobs", type=positive, metavar="N", help="worker processes (default: one for each core)")


def positive(text: str) -> int:
    """A whole number from 1 up."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 up, found {text!r}")
    return int(text)


def seconds(text: str) -> float:
    """A number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number of seconds, found {text!r}")
    return value


def share(text: str) -> float:
    """A number from 0 to 1."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, found {text!r}")
    return number


def config_of(parsed: argparse.Namespace, urls: bool = False) -> Config:
    """The config that DIR and --config lead to, or the default one of DIR. Raises ConfigError.

    urls: the tree may be at one.
    """
    from semopt import config

    if not parsed.folder.is_dir():
        raise ConfigError(f"{parsed.folder}: no such folder")
    file = parsed.config or config.find(parsed.folder)
    found = config.load(file) if file else config.default(parsed.folder)
    if found.remote and not urls:
        said = "assets: this command is for trees on a disk; those at a URL have build, report, cache and explain"
        raise ConfigError(f"{file}: {said}")
    return found
