"""`semopt evaluators`: the judges that a config may name."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

from semopt.cli import arguments

if TYPE_CHECKING:
    from semopt.roster import Member

EXAMPLES = """\
  semopt evaluators              the built-in judge, those that semopt.yaml declares, and the other kinds
  semopt evaluators --models     the networks of torchvision, for {kind: torchvision, model: ...}
"""


def add(commands: arguments.Commands[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    does = "list the judges that a config may name, and whether what they need is installed"
    evaluators = arguments.command(commands, "evaluators", does, EXAMPLES)
    evaluators.set_defaults(command=run)
    arguments.add_tree(evaluators)
    evaluators.add_argument("--models", action="store_true", help="list the networks of torchvision by name instead")
    evaluators.add_argument("--json", action="store_true", help="one JSON object a line on stdout, each with a type")


def run(parsed: argparse.Namespace) -> int:
    """List judges or networks. A judge that is not ready is no failure: that is what one asks."""
    if parsed.models:
        _models(parsed.json)
        return 0
    from semopt import roster

    members = list(roster.members(arguments.config_of(parsed, urls=True)))
    if parsed.json:
        for one in members:
            kind = "kind" if one.name is None else "evaluator"
            print(json.dumps({"type": kind, **asdict(one), "installed": one.installed}))
    else:
        print("\n".join(_lines(members)))
    return 0


def _models(as_json: bool) -> None:
    from semopt import roster

    for name in roster.networks():
        print(json.dumps({"type": "model", "kind": "torchvision", "name": name}) if as_json else name)


def _lines(members: Iterable[Member]) -> Iterable[str]:
    """The table, and below it what is missing."""
    from semopt.terminal import printable

    shown = [("evaluator", "kind", "ready", "classes", "fingerprint"), *map(_row, members)]
    widths = [max(len(row[column]) for row in shown) for column in range(4)]
    for row in shown:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), printable(row[4])])
    yield ""
    for one in members:
        of = f"kind {one.kind}" if one.name is None else one.name
        if one.missing:
            yield f"{of} needs {' and '.join(one.missing)}: {one.install}"
        elif one.problem:
            yield printable(one.problem)


def _row(one: Member) -> tuple[str, ...]:
    ready = "no" if one.missing or one.problem else "yes"
    return (one.name or "-", one.kind, ready, "yes" if one.labels else "no", one.fingerprint or "-")
