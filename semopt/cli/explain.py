"""`semopt explain`: the rule that governs a file and why, and every trial of its search."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from semopt.cli import arguments
from semopt.types import Config, ConfigError, Outcome, Passes, Score, Work

if TYPE_CHECKING:
    from semopt.explain import Explained, Match

EXAMPLES = """\
  semopt explain photos/cat.jpg
  semopt explain photos/cat.jpg --json
The answer of the cache is shown where there is one; else the image is searched now. No variant is written.
"""

JUDGE_COLUMNS = 8
MOST_JUDGES = 3


def add(commands: arguments.Commands[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    does = "say which rule governs a file and why, and show every trial with bytes, scores and verdict"
    command = arguments.command(commands, "explain", does, EXAMPLES)
    command.set_defaults(command=run)
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument("--config", type=Path, metavar="FILE", help="use this config, not the nearest semopt.yaml")
    command.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(parsed: argparse.Namespace) -> int:
    """Explain; 1 where the image cannot be searched, 2 where there is no such file."""
    from semopt.crew import Crew
    from semopt.explain import explain

    if not parsed.file.is_file() and not parsed.file.is_symlink():
        what = "is a folder; name a file in it" if parsed.file.is_dir() else "no such file"
        raise ConfigError(f"{parsed.file}: {what}")
    crew = Crew(1, sys.stderr.isatty())
    try:
        found = explain(_config(parsed), parsed.file, crew)
    finally:
        crew.close()
    print(json.dumps(as_json(found)) if parsed.json else "\n".join(lines(found)))
    return 1 if found.outcome is not None and found.outcome.status == "failed" else 0


def _config(parsed: argparse.Namespace) -> Config:
    """The config that governs FILE; without one, that of the folder that was built, or the one where the person is."""
    from semopt import config, manifest

    folder = parsed.file.absolute().parent
    file = parsed.config or config.find(folder)
    if file is not None:
        return config.load(file)
    here = Path.cwd()
    otherwise = here if folder.is_relative_to(here) else folder
    built = (one for one in (folder, *folder.parents) if (one / manifest.NAME).is_file())
    return config.default(next(built, otherwise))


def as_json(found: Explained) -> dict[str, object]:
    """All of it as a program reads it."""
    from semopt.manifest import entry
    from semopt.records import trial_json
    from semopt.show import outcome_json

    outcome = found.outcome
    whole = {} if outcome is None else outcome_json(outcome)
    trials = () if outcome is None else outcome.trials
    return {
        "type": "explanation",
        **whole,
        "path": found.path,
        "governed": None if found.governed is None else _match_json(found.governed),
        "later": [_match_json(match) for match in found.later],
        "left": found.left,
        "cached": found.cached,
        "milliseconds": _milliseconds(found),
        "confirmation": found.confirmation() or None,
        "floor": found.floor,
        "instead": found.instead or None,
        "shared": None if found.shared is None else entry(found.shared),
        "trials": [{**trial_json(trial), "verdict": found.verdict(trial)} for trial in trials],
    }


def _milliseconds(found: Explained) -> dict[str, int] | None:
    """What the search took just now; None where the answer was known."""
    if found.spent is None:
        return None
    pixels, judges = (round(1000 * seconds) for seconds in (found.spent.pixels, found.spent.judges))
    return {"pixels": pixels, "judges": judges, "together": pixels + judges}


def _match_json(match: Match) -> dict[str, object]:
    return {"rule": match.rule.name, "line": match.line, "match": match.glob}


def lines(found: Explained) -> Iterator[str]:
    """All of it as a person reads it; tables of at most 80 columns."""
    from semopt.terminal import printable

    if found.governed is None:
        yield f"{printable(found.path)} {found.left}."
        return
    yield printable(found.path)
    yield from _line("rule", _said(found.governed))
    for match in found.later:
        yield from _line("later", f"{_said(match)}, had it come first")
    if found.outcome is None:
        yield from _line("left", found.left)
    else:
        yield from _of_outcome(found.outcome, found)


def _said(match: Match) -> str:
    if match.rule.name == "default":
        return "default, which takes what no rule matches"
    strategy = match.rule.settings.strategy or "both or lossless"
    return f"{match.rule.name} in line {match.line}: '{match.glob}' matches; {strategy}"


def _of_outcome(outcome: Outcome, found: Explained) -> Iterator[str]:
    from semopt.terminal import printable, size

    source = f"{outcome.width}x{outcome.height} px, {size(outcome.bytes or 0)}" if outcome.width else "not decoded"
    yield f"  original  {source}"
    yield from _line("strategy", f"{outcome.strategy or 'none'}{_routed(outcome, found)}")
    yield from _line("answer", f"{_answer(outcome)}{'; known to the cache' if found.cached else '; searched now'}")
    for width, why in found.lacks():
        yield from _line("lacks", f"{width} px: {why}")
    if found.shared is not None:
        yield from _line("share", _share(found.shared))
    if confirmed := found.confirmation():
        yield from _line("confirmed", confirmed)
    work = outcome.work
    yield from _line("work", f"passes: {_passes(work)}; {work.encodes} encodes, {work.measures} measures")
    yield from _line("time", _time(found))
    if len(work.judges) > 1:
        yield from (f"            {printable(name)}: {_passes(passes)}" for name, passes in work.judges)
    for one in found.answers():
        yield from _line("answers", one)
    if outcome.trials:
        yield ""
        yield from table(outcome, found)


def _line(head: str, said: str) -> list[str]:
    """A line with its head, in as many of 80 columns as it takes; words are broken only where one alone is longer."""
    from semopt.terminal import printable

    start = f"  {head:<9} "
    return textwrap.wrap(
        printable(said), 80, initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False
    )


def _time(found: Explained) -> str:
    """What the search took; what starts workers and judges is not in it."""
    took = _milliseconds(found)
    if took is None:
        return "none: the answer was known" if found.cached else "none"
    return f"{took['together']:,} ms: pixels {took['pixels']:,}, judges {took['judges']:,}"


def _routed(outcome: Outcome, found: Explained) -> str:
    """Why it is this strategy, where the rule does not say so itself."""
    if found.instead:
        return f" instead of {found.instead}, as {outcome.reason}"
    if found.governed and found.governed.rule.settings.strategy:
        return ""
    looks = {"lossless": ", as its pixels look like a drawing", "both": ", as its pixels look like a photograph"}
    return looks.get(outcome.strategy or "", "")


def _passes(work: Work | Passes) -> str:
    return f"{work.reference} reference + {work.search} search + {work.confirm} confirm"


def _answer(outcome: Outcome) -> str:
    from semopt.terminal import size

    if not outcome.variants:
        return f"{outcome.status}: {outcome.reason}"
    return ", ".join(f"{one.format} {size(one.bytes)}" for one in outcome.variants)


def _share(shared: Outcome) -> str:
    """What stands instead of the answer, and by whose bytes."""
    share = shared.share
    whose = f"of {share.folder}/" if share and share.folder else "of the tree"
    figures = "" if share is None else f": {share.by} gives {share.figure:.4g}"
    wanted = "" if share is None or share.wanted is None else f", {share.wanted:g} is asked for"
    return f"{_answer(shared)}, by spend {whose}{figures}{wanted}"


def table(outcome: Outcome, found: Explained) -> Iterator[str]:
    """Every trial in the order of bytes, at most 80 columns. Beyond three judges their least similarity is shown."""
    from semopt.terminal import printable, size

    judges = sorted({name for trial in outcome.trials for name in trial.scores or ()})
    columns: Sequence[str] = judges if len(judges) <= MOST_JUDGES else [f"least of {len(judges)}"]
    heads = "".join(f" {_short(printable(name)):>{JUDGE_COLUMNS}}" for name in columns)
    yield f"  {'format':<6} {'size':>11} {'q':>3} {'bytes':>7}{heads} {'metric':>6} verdict"
    for trial in sorted(outcome.trials, key=lambda trial: trial.bytes):
        one, scores = trial.candidate, trial.scores or {}
        seen = [scores.get(name) for name in judges]
        least = min(filter(None, seen), key=lambda score: score.similarity, default=None)
        shown = seen if len(judges) <= MOST_JUDGES else [least]
        figures = "".join(f" {_figure(score):>{JUDGE_COLUMNS}}" for score in shown)
        metric = "" if trial.measured is None else f"{trial.measured:.1f}"
        quality = "" if one.quality is None else str(one.quality)
        box = f"{one.width}x{one.height}"
        start = f"  {one.encoder:<6} {box:>11} {quality:>3} {size(trial.bytes):>7}{figures} {metric:>6}"
        yield f"{start} {found.verdict(trial)}".rstrip()


def _figure(score: Score | None) -> str:
    """A judge's similarity; a dash where it has no say, nothing where it was not asked."""
    if score is None:
        return ""
    return "-" if score.silent else f"{score.similarity:.3f}"


def _short(name: str) -> str:
    return name if len(name) <= JUDGE_COLUMNS else f"{name[: JUDGE_COLUMNS - 1]}…"
