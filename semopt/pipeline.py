"""Joins the stages: plan, look up, search, write. The one module that knows them all.

`run` yields an Outcome for every image met, in the order of paths. Whatever ends it, the manifest that it leaves
names only files that are there and whole.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from semopt import plan, state
from semopt.globs import matcher
from semopt.keys import Keys
from semopt.ledger import Ledger
from semopt.lock import locked
from semopt.purses import Purses
from semopt.remote.mirror import Mirror
from semopt.remote.publish import publish
from semopt.remote.shared import cache_of
from semopt.renewal import Renewal, Stale, keep
from semopt.scope import Action, Scope, Step, default_jobs
from semopt.sharing import Means, Sharing
from semopt.state import STATE
from semopt.stock import folder_of
from semopt.types import Config, Outcome, SemoptError, Skipped, Task

__all__ = ["Action", "Scope", "Step", "default_jobs", "preview", "run"]

if TYPE_CHECKING:
    from semopt.crew import Crew

log = logging.getLogger("semopt")


def run(config: Config, scope: Scope, crew: Crew | None = None) -> Iterator[Outcome]:
    """Build the tree. crew: warm workers and judges of the caller's, who closes them.

    Raises ConfigError and EvaluatorError, and OSError where the tree cannot be read or written; everything about
    single images is an Outcome.
    """
    folder = config.root / STATE
    mirror = Mirror(config, config.remote) if config.remote else None
    if mirror is not None:
        mirror.make()
    folder_of(config)  # raises where what is written there would land elsewhere
    with locked(folder / "lock", lambda: log.warning("another build of this tree runs; waiting for it")):
        state.prepare(folder)
        if mirror is not None:
            mirror.fetch()
        build = _Build(config, scope, crew)
        build.recover()
        for warning in build.warnings:
            log.warning(warning)
        if scope.only is not None and not build.images:
            log.warning("no image matches --only %s", scope.only)
        scope.planned(build.images)
        try:
            yield from build.ordered(build.outcomes())
        finally:
            build.close()
        if mirror is not None:
            publish(mirror)


def preview(config: Config, scope: Scope) -> Iterator[Step]:
    """What `run` would do, in the order of paths. Writes nothing."""
    if config.remote:
        raise SemoptError(f"{config.remote} is fetched before it is looked at, so nothing tells what would be done")
    build = _Build(replace(config, shared=None), scope)  # nobody is asked what would be done
    steps = [_skip(one) for one in build.skipped] + [build.step(task) for task in build.tasks]
    shared = build.shared([step.path for step in steps if step.action in ("search", "restore")])
    for step in sorted(steps, key=lambda step: step.path):
        yield replace(step, action="share") if step.path in shared else step


def _skip(one: Skipped) -> Step:
    return Step(one.path, "fail" if one.status == "failed" else "skip", one.reason, one.rule, one.strategy)


class _Build:
    """One run over one tree."""

    def __init__(self, config: Config, scope: Scope, crew: Crew | None = None) -> None:
        self._config, self._scope = config, scope
        until = time.monotonic() + (float("inf") if scope.seconds is None else scope.seconds)
        self._base = plan.relative(config, "")
        self._ledger = Ledger(config, self._base)
        self._cache = cache_of(config)
        self._keys = Keys(config)
        planned = scope.plan or plan.make(config, self._ledger.writer.owned_paths().__contains__)
        self._matches = matcher([scope.only]) if scope.only is not None else lambda place: True
        self.tasks = [task for task in planned.tasks if self._selected(task.asset.path)]
        self.skipped = [one for one in planned.skipped if self._selected(one.path)]
        purses = Purses(config, self._base)
        unused = purses.unused(task.asset.path for task in planned.tasks)
        self.warnings = (*planned.warnings, *unused)
        everything = {task.asset.path for task in planned.tasks} | {one.path for one in planned.skipped}
        self._hidden = hidden = tuple(plan.relative(config, place) for place in planned.unreadable)
        gone = {path for path in self._ledger.before if path not in everything and not path.startswith(hidden)}
        self._gone = set(filter(self._selected, gone))
        self._paths = sorted([task.asset.path for task in self.tasks] + [one.path for one in self.skipped])
        means = Means(config, scope, self._ledger, self._cache, partial(keep, self._cache), crew, until, self._whole)
        self._sharing = Sharing(means, purses)
        self._renewal = Renewal(means, self._sharing)

    @property
    def _whole(self) -> bool:
        """Whether the run is about all of the tree."""
        return self._scope.only is None and self._scope.paths is None and not self._hidden

    @property
    def images(self) -> int:
        """The number of outcomes to come."""
        return len(self._paths)

    def _selected(self, path: str) -> bool:
        """Whether the run is about this image."""
        among = self._scope.paths is None or path in self._scope.paths
        return among and self._matches(path.removeprefix(self._base))

    def ordered(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """Outcomes in the order of paths, each noted as soon as it is known."""
        expected = iter(self._paths)
        ready: dict[str, Outcome] = {}
        following = next(expected, None)
        for outcome in outcomes:
            ready[outcome.path] = self._ledger.done[outcome.path] = outcome
            while following is not None and following in ready:
                yield ready.pop(following)
                following = next(expected, None)

    def recover(self) -> None:
        """Sweep away what a killed build left. Only for who holds the lock."""
        self._ledger.recover()

    def close(self) -> None:
        """Bring manifest and index up to date, also where the run was cut short."""
        complete = len(self._ledger.done) == len(self._paths)
        try:
            self._ledger.close({*self._paths, *self._gone}, complete, self._whole)
        finally:
            self._cache.close(complete)

    def step(self, task: Task) -> Step:
        """What would be done with a task."""
        looked = self._look(task)
        action: Action = "none"
        if isinstance(looked, Stale):
            action = "restore" if self._renewal.cached(looked) else "search"
        elif looked.status == "failed":
            action = "fail"
        else:
            self._sharing.stands(task, looked)
        reason = "" if isinstance(looked, Stale) else looked.reason
        return Step(task.asset.path, action, reason, task.rule.name, task.rule.settings.strategy)

    def shared(self, stale: Sequence[str]) -> set[str]:
        """Of images that stand, those that would get another share, as far as that is known without a search."""
        return set(self._sharing.foreseen(stale, {*self._paths, *self._gone}))

    def outcomes(self) -> Iterator[Outcome]:
        """Every outcome, in the order in which they become known."""
        for one in self.skipped:
            yield Outcome(one.path, one.status, one.reason, one.rule, one.strategy)
        stale = []
        for task in self.tasks:
            looked = self._look(task)
            if isinstance(looked, Stale):
                stale.append(looked)
            elif not self._sharing.stands(task, looked):
                yield looked
        yield from self._sharing.begin([one.task.asset.path for one in stale], {*self._paths, *self._gone})
        stale += [Stale(*one) for one in self._sharing.unknown()]
        if stale:
            self._ledger.retire([one.task for one in stale])
            yield from self._sharing.passed(self._renewal.renewed(stale))
        yield from self._sharing.end()

    def _look(self, task: Task) -> Stale | Outcome:
        """What is known of an image without decoding it."""
        asset = task.asset
        failed = Outcome(asset.path, "failed", "", task.rule.name, task.rule.settings.strategy, bytes=asset.stat.size)
        if reason := self._config.limits.too_heavy(asset.stat.size):
            return replace(failed, reason=reason)
        try:
            sha256 = self._ledger.index.sha256(asset.path, asset.file, asset.stat)
        except OSError as error:
            return replace(failed, reason=f"cannot be read: {error.strerror or error}")
        key = self._keys.key(task.rule, sha256)
        return self._ledger.unchanged(task, sha256, key) or Stale(task, sha256, key)
