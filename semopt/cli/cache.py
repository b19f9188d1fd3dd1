"""`semopt cache`: what lies in the cache, and how to make it smaller."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from semopt.cli import arguments

if TYPE_CHECKING:
    from semopt.types import Config

log = logging.getLogger("semopt")

EXAMPLES = """\
  semopt cache show              how much lies in the cache, and where
  semopt cache prune             remove what no image of the tree refers to any more, and what is damaged
  semopt cache clear site        remove all of it; the next build searches again what has changed

A folder that several trees share as their cache is pruned to what this one tree needs. Where the config names a URL,
these look at the folder in front of it; nothing behind the URL is ever listed or removed.
"""

DOES = {
    "show": "say how much lies in the cache, and where",
    "prune": "remove what no image of the tree, as last built, refers to, and what is damaged",
    "clear": "remove everything that the cache wrote",
}


def add(commands: arguments.Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and what it can do."""
    cache = arguments.command(commands, "cache", "look at the cache of searched images, or make it smaller", EXAMPLES)
    actions: arguments.Commands[argparse.ArgumentParser] = cache.add_subparsers(metavar="ACTION", required=True)
    for name, does in DOES.items():
        action = arguments.command(actions, name, does, f"  semopt cache {name} site\n")
        action.set_defaults(command=run, action=name)
        arguments.add_tree(action)
        action.add_argument("--json", action="store_true", help="one JSON object on stdout, with a type")


def run(parsed: argparse.Namespace) -> int:
    """Show, prune or clear; 1 where something could not be removed."""
    config = arguments.config_of(parsed, urls=True)
    return _show(config, parsed.json) if parsed.action == "show" else _shrink(config, parsed.action, parsed.json)


def _show(config: Config, as_json: bool) -> int:
    from semopt import stock
    from semopt.terminal import printable, size

    found = stock.take(stock.folder_of(config))
    counts = {"answers": len(found.answers), "contents": len(found.contents), "bytes": found.bytes}
    if as_json:
        shared = {"shared": config.shared} if config.shared else {}
        print(json.dumps({"type": "cache", "folder": str(found.folder), **shared, **counts}))
    else:
        sums = f"{counts['answers']} answers, {counts['contents']} contents, {size(found.bytes)}"
        behind = f", in front of {config.shared}, which is not looked at" if config.shared else ""
        print(f"{sums} in {printable(str(found.folder))}{behind}")
    return 0


def _shrink(config: Config, action: str, as_json: bool) -> int:
    from semopt import stock
    from semopt.terminal import printable, size

    does = stock.prune if action == "prune" else stock.clear
    if config.shared:
        log.warning("%s is left as it is; let a rule of the bucket remove what is old", config.shared)
    gone = does(config, lambda: log.warning("a build of this tree runs; waiting for it"))
    rest = stock.take(stock.folder_of(config))
    kept = {"answers": len(rest.answers), "contents": len(rest.contents), "bytes": rest.bytes}
    if as_json:
        print(json.dumps({"type": "removed", "folder": str(rest.folder), **asdict(gone), "kept": kept}))
    else:
        print(
            f"removed {gone.answers} answers and {gone.contents} contents, {size(gone.bytes)}; "
            f"{kept['answers']} answers, {kept['contents']} contents, {size(rest.bytes)} are left"
        )
    for sentence in gone.left:
        print(printable(sentence), file=sys.stderr)
    return 1 if gone.left else 0
