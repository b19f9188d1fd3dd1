"""`semopt check`: for CI; whether what was built still holds."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from semopt.cli import arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semopt.check import Finding

EXAMPLES = """\
  semopt check                   exit 1 where a variant is missing, stale, edited, failed, over its limits
                                 (limits: {variant: 100kB, folder: 2MB, tree: 10MB}) or no longer recognised
  semopt check site --json
  semopt check --again           ask the judges about every variant, not only where rule or versions changed
Nothing is written. Where it is not known what a variant was made for, as in a fresh checkout without
.semopt, the judges are asked too.
"""


def add(commands: arguments.Commands[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    does = "say whether what was built still holds, and exit with 1 where it does not; writes nothing"
    check = arguments.command(commands, "check", does, EXAMPLES)
    check.set_defaults(command=run)
    arguments.add_tree(check)
    check.add_argument("--only", metavar="GLOB", help="only images that match, relative to the tree")
    check.add_argument("--again", action="store_true", help="ask the judges about every variant")
    arguments.add_jobs(check)
    check.add_argument("--json", action="store_true", help="one JSON object a line on stdout, each with a type")
    arguments.add_loudness(check)


def run(parsed: argparse.Namespace) -> int:
    """Check; 1 where something does not hold."""
    from semopt import check, pipeline

    scope = check.Scope(parsed.jobs or pipeline.default_jobs(), parsed.only, parsed.again)
    found = list(check.check(arguments.config_of(parsed), scope))
    if parsed.json:
        for finding in found:
            print(json.dumps({"type": "finding", **asdict(finding), "holds": finding.holds}))
        verdicts = dict(Counter(finding.verdict for finding in found))
        print(json.dumps({"type": "summary", "verdicts": verdicts, "holds": all(one.holds for one in found)}))
    else:
        _show(found, parsed.quiet, parsed.verbose)
    return 0 if all(finding.holds for finding in found) else 1


def _show(found: Sequence[Finding], quiet: bool, verbose: bool) -> None:
    """A line for each thing that does not hold, with -v for every thing, and what they come to."""
    from semopt.show import printable

    for finding in found:
        if verbose or not finding.holds:
            said = f"{printable(finding.path)}: {finding.reason}" if finding.reason else printable(finding.path)
            print(_wrapped(f"{finding.verdict:<13} {said}"))
    if not quiet:
        counts = Counter[str](finding.verdict for finding in found)
        table = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
        wrong = sum(not finding.holds for finding in found)
        print("\n".join(filter(None, [f"{table or 'There are no images here'}.", _advice(wrong, counts)])))


def _wrapped(line: str) -> str:
    """A line in 80 columns; names are not broken."""
    indent = " " * 14
    return "\n".join(textwrap.wrap(line, 80, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False))


def _advice(wrong: int, counts: Counter[str]) -> str:
    """What to do about it."""
    if not wrong:
        return "Everything holds." if counts else ""
    mended = sum(counts[verdict] for verdict in ("missing", "stale", "unrecognised"))
    return "`semopt build` mends what is missing, stale or unrecognised." if mended else "See above."
