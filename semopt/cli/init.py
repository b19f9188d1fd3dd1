"""`semopt init`: a first semopt.yaml, proposed from what lies in the tree."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from semopt.cli import arguments
from semopt.terminal import counted, printable, size
from semopt.types import ConfigError

if TYPE_CHECKING:
    from semopt.estimate import Estimate

WAIT = "searching a few images for what a build would save ..."

EXAMPLES = """\
  semopt init --dry-run          print the config that would be written
  semopt init site               look at the images below site and write site/semopt.yaml
  semopt init --no-estimate      and do not search a few images for what a build would save
No variant is written: a sample of up to twelve images is searched in memory, for some seconds.
"""


def add(commands: arguments.Commands[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    does = "look at the images of a tree and write a commented semopt.yaml with a rule for each sort of folder"
    init = arguments.command(commands, "init", does, EXAMPLES)
    init.set_defaults(command=run)
    init.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="the tree (default: .)")
    init.add_argument("--dry-run", action="store_true", help="print the config and write nothing")
    init.add_argument("--no-estimate", action="store_true", help="do not say what a build would save")


def run(parsed: argparse.Namespace) -> int:
    """Write or print the config; one that is there already is never overwritten."""
    from semopt import config, scaffold, state

    file = parsed.folder / config.NAME
    if not parsed.folder.is_dir():
        raise ConfigError(f"{parsed.folder}: no such folder")
    there = ConfigError(f"{printable(str(file))} is there already and is left as it is; --dry-run prints a proposal")
    if not parsed.dry_run and os.path.lexists(file):
        raise there
    proposal = scaffold.propose(parsed.folder.resolve())
    if parsed.dry_run:
        print(proposal.text, end="", flush=True)
        if not parsed.no_estimate:
            _estimate(proposal.text, file, sys.stderr)
        return 0
    try:
        with open(file, "x", encoding="utf-8", newline="\n") as stream:
            stream.write(proposal.text)
    except FileExistsError:
        raise there from None
    if not os.path.islink(file.with_name(state.STATE)):
        with suppress(OSError):  # the schema that the first line names; the first build brings it too
            state.prepare(file.with_name(state.STATE))
    if not parsed.no_estimate:
        _estimate(proposal.text, file, sys.stdout)
    sums = f"{counted(proposal.rules, 'rule')} for {counted(proposal.images, 'image')}"
    print(f"{printable(str(file))}: {sums}. Next: semopt build --dry-run")
    return 0


def _estimate(text: str, file: Path, stream: TextIO) -> None:
    """Say what a build would save; a judge that cannot be asked is the build's affair, and the config is there."""
    from semopt import config, pipeline
    from semopt.crew import Crew
    from semopt.estimate import MOST_SAMPLES, estimate
    from semopt.types import SemoptError

    crew = Crew(min(pipeline.default_jobs(), MOST_SAMPLES))
    live = sys.stderr.isatty()
    if live:
        print(WAIT, end="\r", file=sys.stderr, flush=True)
    try:
        found = estimate(config.parse(text, file.resolve()), crew)
    except (SemoptError, OSError):
        found = None
    finally:
        crew.close()
        if live:
            print(" " * len(WAIT), end="\r", file=sys.stderr, flush=True)
    if found is not None:
        print(said(found), file=stream)


def said(found: Estimate) -> str:
    """An estimate in a sentence or two, of 80 columns."""
    share, saved = f"{100 * found.share:.0f} %", size(round(found.share * found.bytes))
    if found.exact:
        return f"A build would save {share}: {saved} of {size(found.bytes)} (all {found.images} images were searched)."
    of = f"{counted(found.sampled, 'image')} of {found.images:,}"
    if found.low is None or found.high is None:
        return f"A build may save about {share}, {saved} of {size(found.bytes)}.\nThat is of {of}: a guess."
    span = f"{100 * found.low:.0f} to {100 * found.high:.0f} %"
    return (
        f"A build would save about {share} ({span}), some {saved} of {size(found.bytes)}.\n"
        f"Estimated from {of}; 19 such spans in 20 hold the true share."
    )
