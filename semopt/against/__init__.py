"""Whether the pictures of another tree, whoever made them, are still recognised as the originals. Writes nothing.

Files are paired by their names (`pairs`), decoded as upright sRGB like originals, and shown to the judges of the rule
that governs the original (`asking`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from semopt import manifest, plan
from semopt.against.asking import Question, ask
from semopt.against.compared import Compared as Compared
from semopt.against.pairs import paired
from semopt.findings import Finding, over
from semopt.globs import matcher
from semopt.types import Config, ConfigError, EvaluatorSpec, Rule, Settings, Task


@dataclass(frozen=True, slots=True)
class Two:
    """Two trees, absolute folders. only: glob, relative to the originals. evaluator: in place of every rule's."""

    originals: Path
    others: Path
    only: str | None = None
    evaluator: str | None = None
    jobs: int = 1
    progress: bool = False


def trees(config: Config, folder: Path, others: Path) -> tuple[Config, Path, Path]:
    """The config and the two folders, as they are without links. DIR counts where it lies in the config's tree, else
    that tree does.

    A folder that has nothing to do with the config's tree is one of its own, under the same rules.
    Raises ConfigError where the two trees are one.
    """
    real, tree, beside = (Path(os.path.realpath(one)) for one in (folder, config.assets, others))
    if not real.is_relative_to(tree) and not tree.is_relative_to(real):
        config, tree = replace(config, root=real, assets=real), real
    originals = real if real.is_relative_to(tree) else tree
    if originals == beside:
        raise ConfigError(f"--against {others}: is the tree of originals itself; name the other tool's files")
    return config, originals, beside


def compare(config: Config, two: Two) -> Iterator[Compared | Finding]:
    """Every file beside its original, in the order of originals; then files without one, then what is over limits.

    Raises OSError where a tree cannot be read, ConfigError and EvaluatorError.
    """
    config = judged_by(config, two.evaluator) if two.evaluator else config
    tasks, broken = _originals(config, two)
    files = dict(_files(two.others, two.originals))
    pairs = paired([*tasks], files)
    selected = matcher([two.only]) if two.only is not None else lambda place: True
    chosen = [place for place in tasks if selected(place)]
    asked: dict[str, list[Compared]] = {}
    questions = [
        Question(place, task, [(name, files[name]) for name in pairs.found[place]])
        for place in chosen
        if (task := tasks[place]) is not None and pairs.found[place]
    ]
    for question, compared in ask(config, questions, two.jobs, two.progress):
        asked[question.place] = compared
    for place in chosen:
        yield from asked.get(place) or [_without(place, tasks[place], pairs.alone)]
    if two.only is None:
        yield from (Finding(name, "extra", reason) for name, reason in pairs.alone.items())
    yield from broken
    yield from over(config.limits, {one.other: one.bytes for all_of in asked.values() for one in all_of if one.other})


def _without(place: str, task: Task | None, alone: dict[str, str]) -> Compared:
    """An original without a file, or one that its rule skips."""
    if task is None:
        return Compared(place, None, "skipped")
    near = next((name for name, reason in alone.items() if place in reason), None)
    reason = f"has no file there{f'; {near} {alone[near]}' if near else ''}"
    return Compared(place, None, "missing", reason, bytes_before=task.asset.stat.size)


def judged_by(config: Config, name: str) -> Config:
    """The same with one judge in place of every rule's: one of the config's, or a network of torchvision.

    What a rule wants to be kept is asked of it only where the rule names it. Raises ConfigError.
    """
    from semopt.config.faults import advise, show
    from semopt.evaluators.names import TORCHVISION_MODELS

    known = [spec.name for spec in config.evaluators]
    if name not in (*known, *TORCHVISION_MODELS):
        near = advise(name, (*known, *TORCHVISION_MODELS)) or "; `semopt evaluators` lists them"
        raise ConfigError(f"--evaluator: {show(name)} is no judge{near}")
    specs = config.evaluators
    if name not in known:
        specs = (*specs, EvaluatorSpec(name, "torchvision", (("model", name),)))

    def changed(settings: Settings) -> Settings:
        keep = tuple(pair for pair in settings.keep if pair[0] == name)
        return replace(settings, evaluators=(name,), confirm=(), agree=None, keep=keep)

    def rule(one: Rule) -> Rule:
        return replace(one, settings=changed(one.settings))

    return replace(config, evaluators=specs, rules=tuple(map(rule, config.rules)), default=rule(config.default))


def _originals(config: Config, two: Two) -> tuple[dict[str, Task | None], list[Finding]]:
    """Tasks by their paths relative to the originals, None for those that a rule skips; and what cannot be read."""
    base = Path(os.path.realpath(config.assets))
    inside = two.originals.relative_to(base).as_posix()
    start = plan.relative(config, "" if inside == "." else f"{inside}/")
    written = manifest.owned(manifest.read(manifest.load(config.root), config.root / manifest.NAME))
    made = plan.make(config, written.__contains__)
    broken = [Finding(one.path, "failed", one.reason) for one in made.skipped if one.status == "failed"]
    found: dict[str, Task | None] = {task.asset.path: task for task in made.tasks}
    found |= {one.path: None for one in made.skipped if one.status == "skipped"}
    there = two.others.relative_to(two.originals).as_posix() + "/" if two.others.is_relative_to(two.originals) else None
    places = {path.removeprefix(start): task for path, task in sorted(found.items()) if path.startswith(start)}
    return {place: task for place, task in places.items() if there is None or not place.startswith(there)}, broken


def _files(folder: Path, originals: Path) -> Iterator[tuple[str, Path]]:
    """Every image by name of the other tree, semopt's own variants too; not those of the originals below it."""
    for where, folders, names in os.walk(folder, onerror=_raise):
        here = Path(where)
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in plan.NEVER and here / name != originals
        )
        for name in sorted(names):
            if Path(name).suffix.lower() in plan.SUFFIXES and not name.startswith((".", plan.APPLE)):
                yield (here / name).relative_to(folder).as_posix(), here / name


def _raise(error: OSError) -> None:
    raise error
