"""`semopt watch`: build, then rebuild what changes."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import warnings
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semopt.cli import arguments
from semopt.terminal import printable

if TYPE_CHECKING:
    from semopt.show import Shown
    from semopt.types import Config, Outcome
    from semopt.watch import Event, Origin

EXAMPLES = """\
  semopt watch              build, then rebuild what changes; Ctrl-C ends it
  semopt watch site --json  one JSON object a line, each with a type: watching, outcome, removed, built, config, notice
  semopt watch --poll       for network drives and containers, where the system tells of no change
"""


def add(commands: arguments.Commands[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    watch = arguments.command(commands, "watch", "build, then rebuild what changes until stopped", EXAMPLES)
    watch.set_defaults(command=run)
    arguments.add_tree(watch)
    arguments.add_jobs(watch)
    watch.add_argument("--poll", action="store_true", help="look every second instead of asking the system")
    watch.add_argument("--json", action="store_true", help="one JSON object a line on stdout, each with a type")
    arguments.add_loudness(watch)


def run(parsed: argparse.Namespace) -> int:
    """Watch until stopped by a signal, which `main` turns into the exit code."""
    from semopt import pipeline
    from semopt.watch import watch

    # watchdog warns of a race of its own with new folders; the look at the whole tree does not depend on it.
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"watchdog\.")
    logging.getLogger("watchdog").setLevel(
        logging.CRITICAL
    )  # such as of a queue that overflowed: a look follows anyway
    origin = _origin(parsed)
    shown = _Shown(origin.load(), parsed)
    scope = pipeline.Scope(parsed.jobs or pipeline.default_jobs(), None, shown.first.live)
    if not parsed.json:
        scope = replace(scope, planned=shown.first.planned)
    say = _json if parsed.json else shown.say
    with shown, closing(watch(origin, scope, parsed.poll)) as events:
        for event in events:
            say(event)
    return 0


def _origin(parsed: argparse.Namespace) -> Origin:
    """The config, found and read again from absolute paths: the folder of this process may go and come back."""
    from semopt import config
    from semopt.watch import Origin

    parsed.folder = parsed.folder.absolute()
    parsed.config = parsed.config and parsed.config.absolute()
    return Origin(lambda: parsed.config or config.find(parsed.folder), lambda: arguments.config_of(parsed))


class _Once(logging.Filter):
    """Passes each warning once: every build would say it again."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        new = text not in self._said
        self._said.add(text)
        return new


class _Shown:
    """Lines for people: the first build as `semopt build` shows it, then a line for each change."""

    def __init__(self, config: Config, parsed: argparse.Namespace) -> None:
        from semopt.show import Shown

        self.first: Shown = Shown(config, False, parsed.quiet, parsed.verbose)
        self._once = _Once()
        self._quiet, self._verbose, self._building = parsed.quiet, parsed.verbose, True

    def __enter__(self) -> _Shown:
        logging.getLogger("semopt").addFilter(self._once)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        logging.getLogger("semopt").removeFilter(self._once)
        if self._building:
            self.first.__exit__(kind)

    def say(self, event: Event) -> None:
        """Show one event."""
        from semopt import watch
        from semopt.types import Outcome

        if isinstance(event, Outcome):
            self.first.outcome(event) if self._building else self._outcome(event)
        elif isinstance(event, watch.Built):
            self._built(event)
        elif isinstance(event, watch.Notice):
            print(event.text, file=sys.stderr, flush=True)
        elif isinstance(event, watch.Configured):
            self._configured(event.file, event.error)
        elif isinstance(event, watch.Removed):
            self._line(f"{printable(event.path)}: removed")
        elif isinstance(event, watch.Watching):
            self._line(f"watching {printable(str(event.folder))}; Ctrl-C ends it")

    def _line(self, text: str) -> None:
        if not self._quiet:
            print(text, flush=True)

    def _outcome(self, outcome: Outcome) -> None:
        from semopt.show import sentence

        if outcome.status == "failed":
            print(f"{sentence(outcome)}; the original is untouched", file=sys.stderr, flush=True)
        else:
            self._line(sentence(replace(outcome, status="optimized") if outcome.variants else outcome))

    def _built(self, built: Any) -> None:
        if self._building:
            self._building = False
            self.first.__exit__(None)
            sys.stdout.flush()
        elif self._verbose:
            self._line(f"built: {built.changed} changed, {built.seconds:.2f} s")

    def _configured(self, file: Path | None, error: str) -> None:
        if error:
            print(f"{error}\nthe last good config stays in force", file=sys.stderr, flush=True)
        else:
            self._line(f"{file.name if file else 'no config'}: read again")


def _json(event: Event) -> None:
    """One event as a program reads it."""
    from semopt import watch
    from semopt.show import outcome_json
    from semopt.types import Outcome

    names = {watch.Watching: "watching", watch.Built: "built", watch.Configured: "config", watch.Notice: "notice"}
    if isinstance(event, Outcome):
        value = {"type": "outcome", **outcome_json(event)}
    else:
        value = {"type": names.get(type(event), "removed"), **asdict(event)}
    print(json.dumps(value, default=str), flush=True)
