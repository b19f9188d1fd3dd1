"""`semopt report`: the page of before and after."""

from __future__ import annotations

import argparse
from pathlib import Path

from semopt.cli import arguments

EXAMPLES = """\
  semopt report                  writes .semopt/report.html for the last build; open it in a browser
  semopt report -o report.html   writes it elsewhere; links to the pictures are relative to it
"""


def add(commands: arguments.Commands[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    does = "write the page that shows before and after, what the judges saw, and every trial"
    report = arguments.command(commands, "report", does, EXAMPLES)
    report.set_defaults(command=run)
    arguments.add_tree(report)
    report.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to write it (.semopt/report.html)")


def run(parsed: argparse.Namespace) -> int:
    """Write the page and say where it is."""
    from semopt.report import write

    print(f"Report: {write(arguments.config_of(parsed, urls=True), parsed.output)}")
    return 0
