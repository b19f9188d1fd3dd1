"""`semopt check`: for CI; whether what was built still holds, or another tool's files are still recognised."""

from __future__ import annotations

import argparse
import json
import os
import sys
import textwrap
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semopt.cli import arguments
from semopt.terminal import columns, painted, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semopt.findings import Finding

EXAMPLES = """\
  semopt check                   exit 1 where a variant is missing, stale, edited, failed, over its limits
                                 (limits: {variant: 100kB, folder: 2MB, tree: 10MB}) or no longer recognised
  semopt check site --json
  semopt check --again           ask the judges about every variant, not only where rule or versions changed
  semopt check assets --against public/assets
                                 are another tool's files (cat.webp, cat.jpg.webp, cat.480w.webp) recognised as
                                 the originals of the same path?
  semopt check --markdown >> "$GITHUB_STEP_SUMMARY"
Nothing is written. Where it is not known what a variant was made for, as in a fresh checkout without
.semopt, the judges are asked too. In GitHub Actions what does not hold is annotated beside its file.
"""

WIDTH = 14
"""Columns of a verdict."""


def add(commands: arguments.Commands[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    does = "say whether what was built still holds, and exit with 1 where it does not; writes nothing"
    check = arguments.command(commands, "check", does, EXAMPLES)
    check.set_defaults(command=run)
    arguments.add_tree(check)
    add = check.add_argument
    add("--only", metavar="GLOB", help="only images that match, relative to the tree")
    add("--again", action="store_true", help="ask the judges about every variant")
    add("--against", type=Path, metavar="DIR", help="look at the files of this tree instead, whoever made them")
    add("--evaluator", metavar="NAME", help="with --against: ask this judge instead of those of the rules")
    arguments.add_jobs(check)
    shape = check.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="one JSON object a line on stdout, each with a type")
    shape.add_argument("--markdown", action="store_true", help="a summary for a pull request on stdout")
    arguments.add_loudness(check)


def run(parsed: argparse.Namespace) -> int:
    """Check; 1 where something does not hold."""
    if parsed.against is not None:
        from semopt.cli.against import against

        return against(parsed)
    if parsed.evaluator is not None:
        from semopt.types import ConfigError

        raise ConfigError("--evaluator: goes with --against; without it the judges of the rules are asked")
    from semopt import check, pipeline

    config = arguments.config_of(parsed)
    scope = check.Scope(parsed.jobs or pipeline.default_jobs(), parsed.only, parsed.again)
    found = list(check.check(config, scope))
    wrong = sum(not finding.holds for finding in found)
    ending = _advice(wrong, Counter(finding.verdict for finding in found))
    if parsed.json:
        json_lines(found, [{"type": "finding", **asdict(finding)} for finding in found])
    elif not parsed.markdown:
        _show(found, parsed.quiet, parsed.verbose, ending)
    return to_pull_request(found, [config.root] * len(found), parsed.markdown, ending)


def json_lines(found: Sequence[Finding], values: Sequence[dict[str, Any]], **more: Any) -> None:
    """An object for each finding, and what they come to."""
    for finding, value in zip(found, values, strict=True):
        print(json.dumps({**value, "holds": finding.holds}))
    verdicts = dict(Counter(finding.verdict for finding in found))
    print(json.dumps({"type": "summary", "verdicts": verdicts, **more, "holds": all(one.holds for one in found)}))


def to_pull_request(found: Sequence[Finding], roots: Sequence[Path], as_markdown: bool, ending: str) -> int:
    """Markdown where that is wanted, annotations on stderr (GitHub reads both streams) in Actions; the exit code.

    roots: the folder that each path is relative to.
    """
    from semopt.cli.gate import annotated, markdown

    if as_markdown:
        print("\n".join(markdown(found, ending)))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        sys.stdout.flush()
        for line in annotated(zip(found, roots, strict=True)):
            print(line, file=sys.stderr)
    return 0 if all(finding.holds for finding in found) else 1


def _show(found: Sequence[Finding], quiet: bool, verbose: bool, ending: str) -> None:
    """A line for each thing that does not hold, with -v for every thing, and what they come to."""
    for finding in found:
        if verbose or not finding.holds:
            print(line(finding))
    if not quiet:
        print("\n".join(filter(None, [f"{table(found) or 'There are no images here'}.", ending])))


def table(found: Sequence[Finding]) -> str:
    """How many there are of each verdict, those that do not hold in red."""
    wrong = {finding.verdict for finding in found if not finding.holds}
    counts = sorted(Counter(finding.verdict for finding in found).items())
    return ", ".join(painted(f"{count} {name}", *(("red",) if name in wrong else ())) for name, count in counts)


def line(finding: Finding) -> str:
    """A finding in 80 columns; names are not broken."""
    said = f"{printable(finding.path)}: {printable(finding.reason)}" if finding.reason else printable(finding.path)
    verdict = painted(f"{finding.verdict:<{WIDTH}}", "green" if finding.holds else "red")
    return verdict + "\n".join(wrapped(said, WIDTH)).lstrip()


def wrapped(text: str, indent: int) -> list[str]:
    """A text in 80 columns, indented; names are not broken."""
    blank = " " * indent
    room = 80 - (columns(text) - len(text) if columns(text) <= 80 else 0)
    return textwrap.wrap(
        text, room, initial_indent=blank, subsequent_indent=blank, break_long_words=False, break_on_hyphens=False
    )


def _advice(wrong: int, counts: Counter[str]) -> str:
    """What to do about it."""
    if not wrong:
        return "Everything holds." if counts else ""
    mended = sum(counts[verdict] for verdict in ("missing", "stale", "unrecognised"))
    return "`semopt build` mends what is missing, stale or unrecognised." if mended else ""
