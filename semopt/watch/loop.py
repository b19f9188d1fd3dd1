"""Builds a tree, then rebuilds what changes, until the caller stops asking.

Hints from the system say when to look; what is so only the look says: a plan with every file's stat, held against the
one that was built. It is taken after each burst of hints and every few seconds, so a lost hint costs seconds at most.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from semopt import manifest, pipeline, plan
from semopt.atomic import stat_of
from semopt.crew import Crew
from semopt.types import ConfigError, EvaluatorError, EvaluatorSpec, Stat
from semopt.watch.events import Built, Configured, Event, Notice, Origin, Removed, Watching
from semopt.watch.hints import Hints
from semopt.watch.settling import SETTLED_S, Settling, Sight, differing

QUIET_S = 0.05  # without a hint for this long a burst is over;
BURST_S = 2.0  # one that goes on is looked at all the same, and files still being written are waited for no longer
LOOK_S = 2.0  # between looks without any hint
POLL_S = 1.0  # the same where there are no hints at all
SHARE = 20  # a look may take this part of the time between two of them
YOUNG_S = 2.0  # an image that fails this soon after it changed is tried once more before that is said
RETRY_S = 5.0  # after a fault that ended a whole build


def watch(origin: Origin, scope: pipeline.Scope, poll: bool = False) -> Generator[Event, None, None]:
    """Build, then go on building what changes; ends when closed. poll: do without hints from the system.

    An Outcome comes for every image at first, then only where something else came of it than before. Raises
    ConfigError, EvaluatorError and OSError before and in the first build; later they are events.
    """
    with ExitStack() as stack:
        crew, hints = Crew(scope.jobs, scope.progress), Hints()
        stack.callback(crew.close)
        stack.callback(hints.stop)
        yield from _Watch(origin, scope, crew, hints, poll).events()


class _Watch:
    def __init__(self, origin: Origin, scope: pipeline.Scope, crew: Crew, hints: Hints, poll: bool) -> None:
        self._origin, self._scope, self._crew, self._hints = origin, scope, crew, hints
        self._config = self._good = origin.load()
        self._polling = poll
        self._watched: tuple[int, int] | None = None  # device and inode of the folder that is listened to
        self._built: Sight = {}
        self._given: Sight = {}
        self._settling = Settling()
        self._tried: dict[str, float] = {}  # files that failed while young, and when they did
        self._outputs: set[str] = set()
        self._entries: dict[str, Any] = {}
        self._cost = self._retry_at = 0.0
        self._pending_since: float | None = None
        self._lost, self._fault = False, ""

    def events(self) -> Iterator[Event]:
        """Everything that happens."""
        yield from self._listen()
        yield Watching(self._config.assets, self._polling)
        self._given = self._files()
        yield from self._build(self._look(), first=True)
        self._scope = replace(self._scope, planned=lambda images: None)
        yield from self._warm()
        while True:
            self._wait()
            if time.monotonic() >= self._retry_at:
                yield from self._reconcile()

    def _listen(self) -> Iterator[Event]:
        """Ask the system for hints; where it gives none, go on without."""
        if self._polling:
            return
        try:
            status = os.stat(self._config.assets)
            self._watched = (status.st_dev, status.st_ino)
            self._hints.start(self._config.assets, [Path(path) for path in self._files()])
        except OSError as error:
            if os.path.isdir(self._config.assets):
                self._polling = True
                why = error.strerror or error
                yield Notice(f"{self._config.assets}: cannot be watched ({why}); looking every {POLL_S:g} s instead")

    def _warm(self) -> Iterator[Event]:
        import semopt.engine  # noqa: F401  # brings the searches

        try:
            self._crew.warm(self._judges())
        except EvaluatorError as error:
            yield Notice(str(error))

    def _judges(self) -> list[EvaluatorSpec]:
        """The judges that the tree's images are shown to."""
        from semopt.strategies import strategies

        known = strategies()
        rules = {rule.name: rule for rule in (*self._config.rules, self._config.default)}
        asked = {
            name
            for entry in self._entries.values()
            if entry["strategy"] in known and known[entry["strategy"]].judged and entry["rule"] in rules
            for name in rules[entry["rule"]].settings.evaluators
        }
        return [spec for spec in self._config.evaluators if spec.name in asked]

    def _wait(self) -> None:
        """Until a look is worth while."""
        begun = time.monotonic()
        if self._pending_since is not None:
            seconds = SETTLED_S / 2
        else:
            seconds = max(POLL_S if self._polling or self._lost else LOOK_S, SHARE * self._cost)
        retries = [at + YOUNG_S - begun for at in self._tried.values()]
        if self._hints.wait(max(min([seconds, *retries]), QUIET_S, self._retry_at - begun)):
            self._hints.wait_for_quiet(max(QUIET_S, self._cost), BURST_S)

    def _reconcile(self) -> Iterator[Event]:
        """Look, and build what has changed and is whole."""
        now = time.monotonic()
        given = differing(self._given, self._files())
        seen = self._look_again()
        if seen is None and not (given and self._origin.find()):
            yield from self._gone()
            return
        if self._lost or self._stale():
            yield from self._back()
        self._try_again(now)
        changed = {**differing(self._built, seen or {}), **given} if seen is not None else given
        whole = self._settling.whole(changed, now, self._hints.closed, self._hints.writing)
        if not self._due(changed, whole, now):
            return
        if whole & set(given):
            yield from self._configure()
        elif seen is not None:
            yield from self._rebuild(seen)

    def _due(self, changed: Sight, whole: set[str], now: float) -> bool:
        """Whether to build now: something is whole, and what is not has been waited for long enough."""
        if not changed:
            self._pending_since = None
            self._settling.forget_all_but(self._tried)
            return False
        self._pending_since = now if self._pending_since is None else self._pending_since
        return bool(whole) and (len(whole) == len(changed) or now - self._pending_since >= BURST_S)

    def _gone(self) -> Iterator[Event]:
        if not self._lost:
            self._lost, self._pending_since = True, None
            yield Notice(f"{self._config.assets}: is gone; waiting until it is there again")

    def _back(self) -> Iterator[Event]:
        """The tree is another one than that which was listened to."""
        yield from self._listen()
        if self._lost:
            self._lost = False
            self._built = {}
            yield Notice(f"{self._config.assets}: is there again")

    def _stale(self) -> bool:
        if self._polling:
            return False
        try:
            status = os.stat(self._config.assets)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) != self._watched or not self._hints.alive

    def _try_again(self, now: float) -> None:
        """Let images that failed while young count as changed once more."""
        ripe = {path for path, at in self._tried.items() if now - at >= YOUNG_S}
        self._built = {path: stands for path, stands in self._built.items() if path not in ripe}
        self._tried = {path: at for path, at in self._tried.items() if path not in ripe}

    def _files(self) -> dict[str, Stat | str | None]:
        """The config and the files that it names for its judges, as they stand."""
        named = {value for spec in self._config.evaluators for _, value in spec.options if os.path.isabs(value)}
        file = self._origin.find() or self._config.root / "semopt.yaml"
        return {path: _standing(path) for path in (str(file), *sorted(named))}

    def _look_again(self) -> Sight | None:
        """What stands in the tree; None where there is none."""
        begun = time.monotonic()
        try:
            return self._look()
        except OSError:
            return None
        finally:
            self._cost = time.monotonic() - begun

    def _look(self) -> Sight:
        planned = plan.make(self._config, self._outputs.__contains__)
        skipped = {str(self._config.root / one.path): one.reason for one in planned.skipped}
        return {**skipped, **{str(task.asset.file): task.asset.stat for task in planned.tasks}}

    def _configure(self) -> Iterator[Event]:
        """Read the config again and build with it; where that cannot be done the last good one stays."""
        self._given = self._files()
        self._hints.closed.difference_update(self._given)
        try:
            config = self._origin.load()
        except ConfigError as error:
            yield Configured(self._origin.find(), str(error))
            return
        moved = config.assets != self._config.assets
        self._config = config
        self._given = {path: self._given.get(path, stands) for path, stands in self._files().items()}
        yield Configured(config.file)
        seen = self._look_again()
        if seen is not None:
            yield from self._rebuild(seen)
        if moved or self._config.file != self._good.file:
            yield from self._listen()
        yield from self._warm()

    def _rebuild(self, seen: Sight) -> Iterator[Event]:
        try:
            yield from self._build(seen)
        except (ConfigError, EvaluatorError) as error:
            new, self._config = self._config is not self._good, self._good
            self._given = self._files()
            if new or self._put_off(str(error)):
                yield Configured(self._origin.find(), str(error))
        except OSError as error:
            fault = f"{error.filename or self._config.root}: {error.strerror or error}; trying again"
            if self._put_off(fault):
                yield Notice(fault)

    def _put_off(self, fault: str) -> bool:
        """Build again later; whether the fault is another one than before."""
        self._retry_at = time.monotonic() + RETRY_S
        before, self._fault = self._fault, fault
        return fault != before

    def _build(self, seen: Sight, first: bool = False) -> Iterator[Event]:
        begun, changed, configured = time.monotonic(), 0, self._config is not self._good
        statuses: Counter[str] = Counter()
        met: dict[str, Any] = {}
        for outcome in pipeline.run(self._config, self._scope, self._crew):
            entry: Any = manifest.entry(outcome)
            self._outputs.update(variant.path for variant in outcome.variants)
            if not first and outcome.status == "failed" and self._young(outcome.path, begun):
                entry = self._entries.get(outcome.path)
            elif self._entries.get(outcome.path) != entry:
                changed += 1
                yield outcome
            if entry is not None:
                statuses[outcome.status] += 1
                met[outcome.path] = entry
        gone = sorted(path for path in self._entries if path not in met)
        yield from map(Removed, gone)
        self._settle(seen, met)
        if first or changed or gone or configured:
            yield Built(dict(statuses), changed + len(gone), time.monotonic() - begun)

    def _young(self, path: str, now: float) -> bool:
        """Whether an image may still be on its way; then it is tried again before its failure is believed."""
        file = str(self._config.root / path)
        if self._settling.age(file, now) >= YOUNG_S:
            return False
        self._tried.setdefault(file, now)
        return True

    def _settle(self, seen: Sight, met: dict[str, Any]) -> None:
        """The tree is built as it was seen."""
        self._built, self._entries, self._good = seen, met, self._config
        self._pending_since, self._fault = None, ""
        self._hints.closed.clear()
        self._settling.forget_all_but(self._tried)


def _standing(path: str) -> Stat | None:
    try:
        return stat_of(os.stat(path))
    except OSError:
        return None
