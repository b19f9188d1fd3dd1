"""Why one file is treated as it is: the rule that governs it, or what leaves it out, and every trial of its search."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from semopt import manifest, naming, plan
from semopt.answers import answer_for
from semopt.crew import Crew
from semopt.criteria import label_holds, relation
from semopt.globs import matcher
from semopt.strategies import went_elsewhere
from semopt.types import Config, Keep, Outcome, Rule, Score, Skipped, Task, Trial

if TYPE_CHECKING:
    from semopt.orders import Spent


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that matches a file. glob: the first of its globs that does. line: in the config, 0 without one."""

    rule: Rule
    glob: str

    @property
    def line(self) -> int:
        """Where the rule stands in the config, from 1; 0 where there is none."""
        return self.rule.line


@dataclass(frozen=True, slots=True)
class Explained:
    """All that is known of one file.

    path: relative to the config's folder, or as given where it is outside of the tree. governed: the first match, None
    where nothing governs it; later: the rules that would have matched. left: why no search sees the file, else empty.
    outcome: with every trial, None where it was left out. cached: the outcome was known from before. floor: what a
    trial's measured figure must reach, None where nothing is measured. spent: seconds, None where nothing was searched.
    shared: what stands for it as its share of `spend`, by the last build; None where that is what its search found.
    """

    path: str
    governed: Match | None = None
    later: tuple[Match, ...] = ()
    left: str = ""
    outcome: Outcome | None = None
    cached: bool = False
    floor: float | None = None
    spent: Spent | None = None
    shared: Outcome | None = None

    @property
    def instead(self) -> str:
        """The strategy that the search left for the outcome's, for the outcome's reason; empty where it left none."""
        if self.governed is None or self.outcome is None:
            return ""
        wanted = self.governed.rule.settings.strategy or "both"
        return wanted if went_elsewhere(self.outcome, wanted) else ""

    def wins(self, trial: Trial) -> bool:
        """Whether a trial is one of the variants."""
        return _is_among(trial, self.outcome)

    def verdict(self, trial: Trial) -> str:
        """What became of a trial: "share", "winner", "yes", "no", "no, " and where, or empty where nobody was asked.

        "share" is what stands instead of the winner.
        """
        if _is_among(trial, self.shared):
            return "share"
        if self.wins(trial):
            return "winner"
        if trial.refused:
            return f"no, {trial.refused}"
        measured = None if trial.measured is None or self.floor is None else trial.measured >= self.floor
        said = [one for one in (measured, trial.passed) if one is not None]
        return ("yes" if all(said) else "no") if said else ""

    def lacks(self) -> Iterator[tuple[int, str]]:
        """Each width in px that the rule wants and no variant has, though others do, with a clause that says why."""
        if self.outcome is None or self.governed is None:
            return
        for width in self.outcome.lacks(self.governed.rule.settings):
            trials = [trial for trial in self.outcome.trials if trial.candidate.width == width]
            smaller = [trial for trial in trials if trial.bytes < (self.outcome.bytes or 0)]
            if not trials:
                yield width, "nothing so wide was tried"
            elif not smaller:
                yield width, "nothing so wide is smaller than the original"
            elif any(trial.passed is False for trial in smaller):
                yield width, "it is not recognised; strategy visual asks no judge"
            else:
                yield width, "nothing so wide is good enough and smaller than the original"

    def confirmation(self) -> str:
        """How what was found was confirmed, a clause; empty where no look beside the search was needed."""
        if self.outcome is None or self.governed is None or not self.outcome.variants or not self.outcome.work.confirm:
            return ""
        said = f"{self.outcome.work.confirm} looks beside the search"
        if self.outcome.strategy == "semantic":
            said += ": mirrored, shifted, scaled once more, and at the next size and quality"
        names = self.governed.rule.settings.confirm
        return f"{said}; by {', '.join(names)}, who took no part in it" if names else said

    def answers(self) -> Iterator[str]:
        """A sentence for each judge whose answer must be kept: what it was, and what became of it in the trials."""
        if self.outcome is None or self.governed is None or self.outcome.strategy not in ("semantic", "both"):
            return
        settings = self.governed.rule.settings
        for name in settings.evaluators:
            keep = settings.keep_for(name)
            scores = [trial.scores[name] for trial in self.outcome.trials if trial.scores and name in trial.scores]
            if keep.label is not None and scores:
                yield _answered(name, keep, scores)


def _is_among(trial: Trial, outcome: Outcome | None) -> bool:
    """Whether a trial is one of the variants of an outcome."""
    one = trial.candidate
    variants = () if outcome is None else outcome.variants
    made = [(variant.format, variant.width, variant.height, variant.quality) for variant in variants]
    return (one.encoder, one.width, one.height, one.quality) in made


def _answered(name: str, keep: Keep, scores: Sequence[Score]) -> str:
    """Of one judge: the other answers that its label allows, and those that it does not, each once."""
    said: dict[str, dict[str, None]] = {"allows": {}, "refuses": {}}
    for score in scores:
        if score.label != score.label_before:
            near = f" ({relation(score)})" if keep.label == "family" else ""
            said["allows" if label_holds(score, keep) else "refuses"][f"{score.label!r}{near}"] = None
    others = [f"{what} {', '.join(labels)}" for what, labels in said.items() if labels]
    return "; ".join([f"{name} sees {scores[0].label_before!r}", *others])


def explain(config: Config, file: Path, crew: Crew) -> Explained:
    """Explain one file. Writes neither variants nor manifest. Raises OSError and EvaluatorError."""
    place = place_of(config, file)
    if place is None:
        named = f", the tree of {config.file.name}" if config.file else ""
        return Explained(str(file), left=f"lies outside of {config.assets}{named}, so no rule governs it")
    path = plan.relative(config, place)
    planned = _planned(config, path)
    if planned is None:
        return Explained(path, left=_left_out(config, place))
    governed, *later = matches(config, place)
    if isinstance(planned, Skipped):
        return Explained(path, governed, tuple(later), planned.reason)
    answer = answer_for(config, planned, crew)
    floor = floor_of(governed.rule, answer.outcome)
    shared = _shared(config, answer.outcome)
    return Explained(path, governed, tuple(later), "", answer.outcome, answer.cached, floor, answer.spent, shared)


def _shared(config: Config, answer: Outcome) -> Outcome | None:
    """What the manifest has of an image, where that is a share and of these bytes."""
    entries = manifest.read(manifest.load(config.root), config.root / manifest.NAME)
    try:
        standing = manifest.outcome(answer.path, entries[answer.path])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return standing if standing.share is not None and standing.sha256 == answer.sha256 else None


def floor_of(rule: Rule, outcome: Outcome) -> float | None:
    """The least figure that the strategy accepts; lossless asks whether the pixels are the same (1) or not (0)."""
    from semopt.problem import measured

    metric = measured(outcome.strategy, rule.settings)
    return None if metric is None else metric[1]


def matches(config: Config, place: str) -> list[Match]:
    """Every rule that matches a path relative to the tree, the governing one first; the default one if none does."""
    found = [
        Match(rule, glob)
        for rule in config.rules
        for glob in [next((glob for glob in rule.match if matcher([glob])(place)), None)]
        if glob is not None
    ]
    return found or [Match(config.default, config.default.match[0])]


def place_of(config: Config, file: Path) -> str | None:
    """A file's path relative to the tree, POSIX; None where it lies outside. The file itself may be a link."""
    given = Path(os.path.abspath(file))
    real = Path(os.path.realpath(given.parent)) / given.name
    for tree in (config.assets, Path(os.path.realpath(config.assets))):
        for one in (given, real):
            if one.is_relative_to(tree) and one != tree:
                return one.relative_to(tree).as_posix()
    return None


def _planned(config: Config, path: str) -> Task | Skipped | None:
    """What a build would make of the file; the plan itself is asked, so that the two cannot differ."""
    owned = manifest.owned(manifest.read(manifest.load(config.root), config.root / manifest.NAME))
    made = plan.make(config, owned.__contains__)
    tasks = (task for task in made.tasks if task.asset.path == path)
    return next(tasks, None) or next((one for one in made.skipped if one.path == path), None)


def _left_out(config: Config, place: str) -> str:
    """Why the plan does not know a file of the tree."""
    *folders, name = place.split("/")
    for depth, folder in enumerate(folders, 1):
        if folder.startswith(".") or folder in plan.NEVER:
            return f"is in {'/'.join(folders[:depth])}/, and folders of that name are always left out"
    for depth in range(1, len(folders) + 2):
        part = "/".join([*folders, name][:depth])
        glob = next((glob for glob in config.exclude if matcher([glob])(part)), None)
        if glob is not None:
            what = "" if depth > len(folders) else f" {part}/, where it is"
            return f"is excluded: '{glob}' of exclude: matches{what or ' it'}"
    if naming.MARK in name:
        return f"is a variant, which semopt writes itself; explain its original, {name.partition(naming.MARK)[0]}"
    if PurePosixPath(name).suffix.lower() not in plan.SUFFIXES:
        return f"is not an image by its name; looked at are {' '.join(sorted(plan.SUFFIXES))}"
    ways = ("/".join(folders[:depth]) for depth in range(1, len(folders) + 1))
    if link := next((way for way in ways if (config.assets / way).is_symlink()), None):
        return f"lies behind {link}, and links to folders are not followed: {os.path.realpath(config.assets / place)}"
    return "is a file that semopt wrote, so it is no original"
