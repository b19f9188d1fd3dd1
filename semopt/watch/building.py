"""What was built of a tree, image by image, and the next build of it."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from semopt import manifest, pipeline, plan
from semopt.atomic import stat_of
from semopt.crew import Crew
from semopt.types import Config, EvaluatorSpec, Outcome, Stat
from semopt.watch.events import Built, Event, Removed
from semopt.watch.settling import YOUNG_S, Retries, Settling, Sight, differing


class Building:
    """built: the tree as it was seen before the last build. settling, retries: what the next one waits for."""

    def __init__(self, scope: pipeline.Scope, crew: Crew) -> None:
        self._scope, self._crew = scope, crew
        self.built: Sight = {}
        self.settling, self.retries = Settling(), Retries()
        self._names: dict[str, str] = {}  # paths as the manifest has them, by those of the look
        self._left: Sight = {}  # the manifest as the last build left it
        self._outputs: set[str] = set()
        self._entries: dict[str, Any] = {}  # as they were told
        self._lost: set[str] = set()  # paths of those of which a variant is gone
        self._broken = False  # the last build did not come to its end

    def look(self, config: Config) -> Sight | None:
        """What stands in the tree; None where there is none."""
        try:
            planned = plan.make(config, self._outputs.__contains__)
        except OSError:
            return None
        skipped = {str(config.root / one.path): one for one in planned.skipped}
        tasks = {str(task.asset.file): task.asset for task in planned.tasks}
        known = {file: path for file, path in self._names.items() if file in self.built}
        self._names = known | {file: one.path for file, one in (skipped | tasks).items()}
        return {file: one.reason for file, one in skipped.items()} | {file: one.stat for file, one in tasks.items()}

    def meddled(self) -> Sight:
        """The manifest, where it is not as the last build left it: git may have swapped it."""
        return differing(self._left, {path: standing(path) for path in self._left})

    def lost(self, config: Config, seen: Sight) -> Sight:
        """The originals of which a variant is gone, which somebody else removed."""
        root = str(config.root)
        self._lost = {
            path
            for path, entry in self._entries.items()
            if not all(os.path.lexists(os.path.join(root, one["path"])) for one in entry["variants"])
        }
        return {file: stands for file, stands in seen.items() if self._names.get(file) in self._lost}

    def try_again(self, now: float) -> set[str]:
        """Let images that failed count as changed once more when it is time; gives them."""
        ripe = self.retries.ripe(now)
        if ripe:
            self.built = {path: stands for path, stands in self.built.items() if path not in ripe}
        return ripe

    def judges(self, config: Config) -> list[EvaluatorSpec]:
        """The judges that the tree's images are shown to."""
        from semopt.strategies import strategies

        known = strategies()
        rules = {rule.name: rule for rule in (*config.rules, config.default)}
        asked = {
            name
            for entry in self._entries.values()
            if entry["strategy"] in known and known[entry["strategy"]].judged and entry["rule"] in rules
            for name in rules[entry["rule"]].settings.evaluators
        }
        return [spec for spec in config.evaluators if spec.name in asked]

    def first(self, config: Config, seen: Sight) -> Iterator[Event]:
        """Build the tree. Raises OSError, ConfigError and EvaluatorError."""
        yield from self._build(config, seen, (), None, first=True)
        self._scope = replace(self._scope, planned=lambda images: None)

    def again(self, config: Config, seen: Sight, whole: Collection[str], configured: bool) -> Iterator[Event]:
        """Build what changed and is whole. configured: by another config than last time, so that all is built.

        Raises as the first build does, also SemoptError.
        """
        held = differing(self.built, seen).keys() - whole
        paths = self._paths(seen, held, set(whole), configured or bool(config.spend))
        yield from self._build(config, seen, held, paths, configured)

    def _paths(self, seen: Sight, held: set[str], whole: set[str], all_of_it: bool) -> set[str] | None:
        """What to build: only what changed, where that is little and nothing is gone; None for all. Never what is held.

        all_of_it: in any case, as where images share bytes. Of 10,000 images the rest costs half a second.
        """
        all_of_it = all_of_it or 2 * len(whole) > len(seen) or not whole <= seen.keys()
        if all_of_it and not held:
            return None
        return {self._names[path] for path in (self._names.keys() - held if all_of_it else whole)}

    def _build(
        self,
        config: Config,
        seen: Sight,
        held: Collection[str],
        paths: set[str] | None,
        configured: bool = False,
        first: bool = False,
    ) -> Iterator[Event]:
        """held: what is not built, as it is still being written. paths: what is, None for all."""
        begun, changed = time.monotonic(), 0
        broken, self._broken = self._broken, True
        met = {} if paths is None else {path: entry for path, entry in self._entries.items() if path not in paths}
        statuses = Counter(_known(entry["status"]) for entry in met.values())
        for outcome in pipeline.run(config, replace(self._scope, paths=paths), self._crew):
            entry: Any = manifest.entry(outcome)
            self._outputs.update(variant.path for variant in outcome.variants)
            if self._fails(str(config.root / outcome.path), outcome, begun) and not first:
                entry = self._entries.get(outcome.path)
            elif self._entries.get(outcome.path) != entry or outcome.path in self._lost:
                changed += 1
                self._entries[outcome.path] = entry
                yield outcome
            if entry is not None:
                statuses[outcome.status] += 1
                met[outcome.path] = entry
        gone = sorted(path for path in self._entries if path not in met)
        yield from map(Removed, gone)
        self._settle(config, seen, held, met)
        self._broken = False
        if first or changed or gone or configured or broken:
            yield Built(dict(statuses), changed + len(gone), time.monotonic() - begun)

    def _fails(self, file: str, outcome: Outcome, now: float) -> bool:
        """Whether an image failed that may still be on its way; then it is tried again before that is believed."""
        if outcome.status != "failed":
            self.retries.done(file)
            return False
        young = self.settling.age(file, now) < YOUNG_S
        self.retries.failed(file, now, young)
        return young

    def _settle(self, config: Config, seen: Sight, held: Collection[str], met: dict[str, Any]) -> None:
        """The tree is built as it was seen, but for what is held."""
        before = {path: self.built[path] for path in held if path in self.built}
        self.built = {path: stands for path, stands in seen.items() if path not in held} | before
        self._entries, self._lost = met, set()
        self._left = {file: standing(file) for file in [str(config.root / manifest.NAME)]}
        self.retries.forget_all_but(seen)
        self.settling.built(self.settling.since.keys() - held, time.monotonic())
        self.settling.forget_all_but({*self.retries.due, *held})


def standing(path: str) -> Stat | None:
    """What stands at a path; None for nothing."""
    try:
        return stat_of(os.stat(path))
    except OSError:
        return None


def _known(status: str) -> str:
    """What a status of the manifest is called when nothing was done."""
    return status if status in ("failed", "skipped") else "cached"
