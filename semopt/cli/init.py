"""`semopt init`: a first semopt.yaml, proposed from what lies in the tree."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from semopt.cli import arguments
from semopt.types import ConfigError

EXAMPLES = """\
  semopt init --dry-run          print the config that would be written
  semopt init site               look at the images below site and write site/semopt.yaml
"""


def add(commands: arguments.Commands[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    does = "look at the images of a tree and write a commented semopt.yaml with a rule for each sort of folder"
    init = arguments.command(commands, "init", does, EXAMPLES)
    init.set_defaults(command=run)
    init.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="the tree (default: .)")
    init.add_argument("--dry-run", action="store_true", help="print the config and write nothing")


def run(parsed: argparse.Namespace) -> int:
    """Write or print the config; one that is there already is never overwritten."""
    from semopt import config, scaffold
    from semopt.show import printable

    file = parsed.folder / config.NAME
    if not parsed.folder.is_dir():
        raise ConfigError(f"{parsed.folder}: no such folder")
    there = ConfigError(f"{printable(str(file))} is there already and is left as it is; --dry-run prints a proposal")
    if not parsed.dry_run and os.path.lexists(file):
        raise there
    proposal = scaffold.propose(parsed.folder.resolve())
    if parsed.dry_run:
        print(proposal.text, end="")
        return 0
    try:
        with open(file, "x", encoding="utf-8", newline="\n") as stream:
            stream.write(proposal.text)
    except FileExistsError:
        raise there from None
    sums = f"{_counted(proposal.rules, 'rule')} for {_counted(proposal.images, 'image')}"
    print(f"{printable(str(file))}: {sums}. Next: semopt build --dry-run")
    return 0


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
