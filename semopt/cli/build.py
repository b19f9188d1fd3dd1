"""`semopt build`: the main job."""

from __future__ import annotations

import argparse
import sys

from semopt.cli import arguments

EXAMPLES = """\
  semopt build                   build the tree of the nearest semopt.yaml, or this folder without one
  semopt build site --dry-run    say what would be done
  semopt build --only 'photos/**' --json
"""


def add(commands: arguments.Commands[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    does = "write optimised variants beside the images of a tree, and a manifest beside the config"
    build = arguments.command(commands, "build", does, EXAMPLES)
    build.set_defaults(command=run)
    arguments.add_tree(build)
    add = build.add_argument
    add("--only", metavar="GLOB", help="only images that match, relative to the tree; the others stay as they are")
    arguments.add_jobs(build)
    limit = "end searches after so many seconds with the best so far; the next build goes on"
    add("--time-limit", type=arguments.seconds, metavar="S", help=limit)
    add("--dry-run", action="store_true", help="say what would be done and write nothing")
    add("--report", action="store_true", help="write .semopt/report.html too, as semopt report does")
    add("--json", action="store_true", help="one JSON object a line on stdout, each with a type")
    arguments.add_loudness(build)


def run(parsed: argparse.Namespace) -> int:
    """Build, or say what a build would do; 1 where an image failed."""
    from semopt import pipeline
    from semopt.show import Shown

    config = arguments.config_of(parsed, urls=True)
    shown = Shown(config, parsed.json, parsed.quiet, parsed.verbose, parsed.only)
    jobs = parsed.jobs or pipeline.default_jobs()
    scope = pipeline.Scope(jobs, parsed.only, shown.live, shown.planned, seconds=parsed.time_limit, workers=parsed.jobs)
    if parsed.dry_run:
        for step in pipeline.preview(config, scope):
            shown.step(step)
    else:
        with shown:
            for outcome in pipeline.run(config, scope):
                shown.outcome(outcome)
        if parsed.report:
            from semopt import report

            print(f"Report: {report.write(config)}", file=sys.stderr)
    return 1 if shown.failures else 0
