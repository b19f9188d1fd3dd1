"""`semopt clean`: takes out of a tree what semopt put there."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import asdict

from semopt.cli import arguments

log = logging.getLogger("semopt")

EXAMPLES = """\
  semopt clean --dry-run         say what would be removed
  semopt clean site              remove variants, manifest and .semopt; originals are never touched

A variant that was edited since, and a file that semopt did not write, stays and is named; the exit code is 1 then.
"""


def add(commands: arguments.Commands[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    clean = arguments.command(commands, "clean", "remove everything that semopt wrote into a tree", EXAMPLES)
    clean.set_defaults(command=run)
    arguments.add_tree(clean)
    clean.add_argument("--dry-run", action="store_true", help="say what would be removed and remove nothing")
    clean.add_argument("--json", action="store_true", help="one JSON object a line on stdout, each with a type")
    arguments.add_loudness(clean, quiet="what is left only", verbose="a line for every file")


def run(parsed: argparse.Namespace) -> int:
    """Remove, or say what would be removed; 1 where something is left."""
    from semopt import cleaning
    from semopt.terminal import printable, size

    config = arguments.config_of(parsed)
    gone, left, total = 0, 0, 0
    for step in cleaning.preview(config) if parsed.dry_run else cleaning.clean(config, _waiting):
        gone, left, total = gone + (not step.left), left + bool(step.left), total + step.bytes
        if parsed.json:
            print(json.dumps({"type": "file", **asdict(step), "removed": not step.left and not parsed.dry_run}))
        elif parsed.verbose and not step.left:
            print(f"{printable(step.path)}: {'would be removed' if parsed.dry_run else 'removed'}")
        if step.left:
            print(f"{printable(step.path)}: left: {printable(step.left)}", file=sys.stderr)
    if parsed.json:
        print(json.dumps({"type": "summary", "files": gone, "bytes": total, "left": left, "dry_run": parsed.dry_run}))
    elif not parsed.quiet:
        does = "would be removed" if parsed.dry_run else "removed"
        print(f"{gone} files, {size(total)} {does}" + (f"; {left} left" if left else "") + ".")
    return 1 if left else 0


def _waiting() -> None:
    log.warning("a build of this tree runs; waiting for it")
