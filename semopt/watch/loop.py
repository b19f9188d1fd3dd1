"""Builds a tree, then rebuilds what changes, until the caller stops asking.

Hints from the system say when to look; what is so only the look says: a plan with every file's stat, held against the
one that was built. It is taken after each burst of hints, and where a glance every few seconds shows that something is
another than before, so a lost hint costs seconds at most.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

from semopt import pipeline
from semopt.crew import Crew
from semopt.state import STATE
from semopt.types import ConfigError, EvaluatorError, SemoptError, Stat
from semopt.watch.building import Building, standing
from semopt.watch.checkout import Checkout
from semopt.watch.events import Configured, Event, Notice, Origin, Watching
from semopt.watch.glance import glance
from semopt.watch.hints import Hints
from semopt.watch.listening import POLL_S, Listening
from semopt.watch.settling import SETTLED_S, Sight, differing

QUIET_S = 0.05  # without a hint for this long a burst is over;
BURST_S = 2.0  # one that goes on is looked at all the same, and files still being written are waited for no longer
LOOK_S = 2.0  # at least between two looks without any hint;
STIRRED_S = 5.0  # so long after something happened a look may take
SHARE = 20  # this part of the time between two of them,
IDLE_SHARE = 250  # and later this one, so that 10,000 images cost under 1 % of a core: a glance of 44 ms every 11 s
RETRY_S = 5.0  # after a fault that ended a whole build, then twice that and so on,
SELDOM_RETRY_S = 60.0  # until this


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
        self._origin, self._crew, self._hints = origin, crew, hints
        self._config = self._good = origin.load()
        self._building = Building(scope, crew)
        self._listening = Listening(hints, poll)
        self._checkout = Checkout(self._config.assets)
        self._given: Sight = {}
        self._glanced: int | None = None
        self._cost = self._retry_at = self._stirred = 0.0
        self._hinted = self._lost = False
        self._pending_since: float | None = None
        self._fault, self._delay = "", RETRY_S

    def events(self) -> Iterator[Event]:
        """Everything that happens."""
        yield from self._listen()
        yield Watching(self._config.assets, self._listening.polling)
        self._given = self._files()
        os.stat(self._config.assets)  # a tree that is not there is a fault at first
        seen = self._building.look(self._config) or {}
        self._listening.pause(len(seen))
        yield from self._building.first(self._config, seen)
        yield from self._resume()
        yield from self._warm()
        while True:
            self._wait()
            if self._hinted or time.monotonic() >= self._retry_at:
                yield from self._reconcile()

    def _listen(self) -> Iterator[Event]:
        yield from self._listening.start(self._config.assets, self._config.root / STATE, list(map(Path, self._files())))

    def _warm(self) -> Iterator[Event]:
        import semopt.engine  # noqa: F401  # brings the searches

        try:
            self._crew.warm(self._building.judges(self._config))
        except EvaluatorError as error:
            yield Notice(str(error))

    def _wait(self) -> None:
        """Until a look is worth while."""
        begun = time.monotonic()
        polling = self._listening.polling
        if self._pending_since is not None or self._hinted:
            seconds = max(SETTLED_S / 2, self._cost)
        else:
            share = SHARE if polling or begun - self._stirred < STIRRED_S else IDLE_SHARE
            seconds = max(POLL_S if polling or self._lost else LOOK_S, share * self._cost)
        soonest = min(seconds, self._building.retries.seconds(begun), LOOK_S if self._listening.asking else seconds)
        if self._hints.wait(max(soonest, QUIET_S, self._retry_at - begun)):
            self._hints.wait_for_quiet(max(QUIET_S, self._cost), BURST_S)
            self._hinted, self._stirred = True, time.monotonic()

    def _reconcile(self) -> Iterator[Event]:
        """Look, and build what has changed and is whole."""
        now = time.monotonic()
        yield from self._attend(now)
        given = differing(self._given, self._files())
        if not given and not self._worth_while(now):
            return
        if self._checkout.runs(now):
            self._pending_since = self._pending_since or now
            return
        self._hinted = False
        seen = self._building.look(self._config)
        if seen is None and not (given and self._origin.find()):
            yield from self._gone()
            return
        if self._lost or self._listening.stale():
            yield from self._back()
        yield from self._compared(seen, given, now)

    def _compared(self, seen: Sight | None, given: Sight, now: float) -> Iterator[Event]:
        """Build where something else stands than was built. given: of the config and the judges' files."""
        building = self._building
        retried = building.try_again(now)
        in_tree = {} if seen is None else differing(building.built, seen)
        changed = {**in_tree, **given, **self._meddled(seen)}
        whole = building.settling.whole(changed, now, self._hints.closed, self._hints.writing)
        if not self._due(changed, whole, now):
            return
        if (whole & in_tree.keys()) - retried and not self._fault:
            yield from self._listening.found()
        if whole & given.keys():
            yield from self._configure()
        elif seen is not None:
            yield from self._rebuild(seen, whole)

    def _meddled(self, seen: Sight | None) -> Sight:
        """What somebody did to semopt's own files: the manifest is another, or variants are gone."""
        if seen is None:
            return {}
        lost: Sight = {}
        if self._hints.removed:
            lost = self._building.lost(self._config, seen)
            self._hints.removed = bool(lost)
        return {**lost, **self._building.meddled()}

    def _attend(self, now: float) -> Iterator[Event]:
        """See to it that the system tells of changes."""
        yield from self._listening.check(now)
        if self._hints.folders:
            self._hints.folders = False
            yield from self._listening.new_folders()

    def _worth_while(self, now: float) -> bool:
        """Whether a look may find anything. Without a reason to think so a glance tells."""
        building = self._building
        if self._hinted or self._pending_since is not None or self._lost or self._listening.stale():
            return True
        if building.retries.ripe(now) or building.meddled():
            return True
        before, begun = self._glanced, time.monotonic()
        try:
            self._glanced = glance(self._config.assets)
        except OSError:
            return True
        self._cost = time.monotonic() - begun
        self._hints.removed = self._hints.removed or self._glanced != before
        return self._glanced != before

    def _due(self, changed: Sight, whole: set[str], now: float) -> bool:
        """Whether to build now: something is whole, and what is not has been waited for long enough."""
        if not changed:
            self._pending_since = None
            self._building.settling.forget_all_but(self._building.retries.due)
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
            self._building.built = {}
            yield Notice(f"{self._config.assets}: is there again")

    def _files(self) -> dict[str, Stat | str | None]:
        """The config and the files that it names for its judges, as they stand."""
        named = {value for spec in self._config.evaluators for _, value in spec.options if os.path.isabs(value)}
        file = self._origin.find() or self._config.root / "semopt.yaml"
        return {path: standing(path) for path in (str(file), *sorted(named))}

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
        self._config, self._checkout = config, Checkout(config.assets)
        self._given = {path: self._given.get(path, stands) for path, stands in self._files().items()}
        yield Configured(config.file)
        seen = self._building.look(config)
        if seen is not None:
            yield from self._rebuild(seen, seen)
        if moved or self._config.file != self._good.file:
            yield from self._listen()
        yield from self._warm()

    def _rebuild(self, seen: Sight, whole: Collection[str]) -> Iterator[Event]:
        new = self._config is not self._good
        self._listening.pause(len(whole))
        try:
            yield from self._building.again(self._config, seen, whole, new)
        except OSError as error:
            fault = f"{error.filename or self._config.root}: {error.strerror or error}; trying again"
            if self._put_off(fault):
                yield Notice(fault)
        except SemoptError as error:
            self._config = self._good
            self._given = self._files()
            said = not new and self._put_off(str(error))
            if new or (said and isinstance(error, ConfigError | EvaluatorError)):
                yield Configured(self._origin.find(), str(error))
            elif said:
                yield Notice(f"{error}; trying again")
        else:
            self._settle()
        yield from self._resume()

    def _resume(self) -> Iterator[Event]:
        self._hinted = self._hinted or (self._listening.missed and not self._fault)
        yield from self._listening.resume()

    def _put_off(self, fault: str) -> bool:
        """Build again later; whether the fault is another one than before."""
        self._retry_at = time.monotonic() + self._delay
        self._delay = min(2 * self._delay, SELDOM_RETRY_S)
        before, self._fault = self._fault, fault
        return fault != before

    def _settle(self) -> None:
        """A build is over, and the last glance was of another tree."""
        self._glanced = None
        self._good, self._stirred = self._config, time.monotonic()
        self._pending_since, self._fault, self._delay = None, "", RETRY_S
        self._hints.closed.clear()
