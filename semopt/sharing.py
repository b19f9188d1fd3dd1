"""Gives the images of each folder of `spend` their shares: what became of them is held until all of it is known.

    outcomes --> standing, held --worth--> choices --spend--> shares --cache, or encoded afresh--> outcomes

An image's answer stays what the search found, in the cache as in the index; its share is another trial of that search,
encoded once more. So another figure in the config costs a few encodes and no network pass, and the same answers give
the same shares, in whatever order and however many builds they came. Where nothing changed the index tells so, and no
answer is read.

A build of a part of the tree leaves to all others what they have, and shares what is left among the images that it
searched; the next build of the whole tree shares anew.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from semopt import manifest
from semopt.belief import believable
from semopt.cache import Cache
from semopt.ledger import Ledger, again
from semopt.purses import Held, Purses, warning
from semopt.remote.shared import Shared
from semopt.scope import Scope
from semopt.types import Config, Outcome, Task, Variant, Work

if TYPE_CHECKING:
    from semopt.afresh import Made
    from semopt.crew import Crew
    from semopt.portion import Portion

log = logging.getLogger("semopt")


@dataclass(frozen=True, slots=True)
class Means:
    """What a run lends. keep: puts an answer and the bytes of its variants into the cache.

    until: by `time.monotonic`; after it everybody has what was found. whole: all of the tree is looked at.
    """

    config: Config
    scope: Scope
    ledger: Ledger
    cache: Cache | Shared
    keep: Callable[[str, Outcome, Sequence[bytes]], None]
    crew: Crew | None = None
    until: float = float("inf")
    whole: bool = True

    def workers(self, images: int, stack: ExitStack) -> Crew:
        """The caller's crew, or one of this run's own that ends with the stack."""
        from semopt.crew import Crew

        if self.crew is not None:
            return self.crew
        crew = Crew(min(self.scope.jobs, images), self.scope.progress)
        stack.callback(crew.close)
        return crew

    def contents(self, answer: Outcome, task: Task, sha256: str) -> list[bytes] | None:
        """The bytes of an answer's variants, where the cache has them all and they can be believed.

        None has more than its original: what an answer says of their bytes is not believed before.
        """
        found = [self.cache.content(variant.sha256, task.asset.stat.size) for variant in answer.variants]
        whole = [content for content in found if content is not None]
        return whole if believable(answer, whole, task.asset, sha256, self.config.limits) else None


@dataclass
class Sharing:
    """One run's shares."""

    means: Means
    purses: Purses
    _held: dict[str, Held] = field(default_factory=dict)
    _standing: dict[str, tuple[Task, Outcome]] = field(default_factory=dict)
    _counted: dict[str, int] = field(default_factory=dict)  # bytes of images that keep what they have
    _due: set[str] = field(default_factory=set)
    _halted: bool = False

    def governs(self, path: str) -> bool:
        """Whether an image takes from a folder of `spend`."""
        return self.purses.folder(path) is not None

    def stands(self, task: Task, outcome: Outcome) -> bool:
        """Take an image that is as the last build left it; whether its share has to be known first."""
        waits = bool(outcome.variants) and self.governs(outcome.path)
        if waits:
            self._standing[outcome.path] = task, outcome
        return waits

    def hold(self, held: Held) -> bool:
        """Take an image with its answer in place of writing it; whether its share has to be known first."""
        waits = bool(held.answer.variants) and self.governs(held.task.asset.path)
        if waits:
            self._held[held.task.asset.path] = held
        return waits

    def begin(self, stale: Iterable[str], about: Collection[str]) -> Iterator[Outcome]:
        """All images were looked at. Gives those that stand and keep what they have.

        stale: paths of those that will be built. about: of those that this run is about; what others have counts.
        """
        if not self.means.whole:
            before = self.means.ledger.before
            self._counted = {path: _bytes(manifest.variants(before[path])) for path in before.keys() - about}
        self._due = {folder for folder in map(self.purses.folder, stale) if folder is not None}
        if self.means.whole:
            self._due |= {folder for folder in self.purses.bytes.keys() - self._due if not self._known(folder)}
        index = self.means.ledger.index
        for folder in self._due | (index.spent.keys() - self.purses.bytes.keys()):
            index.settled(folder, None)
        for path, (_, outcome) in list(self._standing.items()):
            if not self.means.whole or self.purses.folder(path) not in self._due:
                del self._standing[path]
                self._counted[path] = _bytes(outcome.variants)
                yield outcome

    def _known(self, folder: str) -> bool:
        """Whether the shares that stand in a folder are right; their warning is given again."""
        digest, said = self.means.ledger.index.spent.get(folder, ("", ""))
        keys = self.means.ledger.index.keys
        standing = [(path, keys[path]) for path in self._standing if self.purses.folder(path) == folder]
        same = digest == self.purses.digest(folder, standing)
        if same and said:
            log.warning(said)
        return same

    def foreseen(self, stale: Sequence[str], about: Collection[str]) -> Iterator[str]:
        """What would be written anew of what stands, in folders where nothing would be built."""
        for _ in (*self.begin(stale, about), *self.unknown()):
            pass
        for folder in self._due - {*map(self.purses.folder, stale)}:
            from semopt.portion import portions

            held = [one for path, one in self._held.items() if self.purses.folder(path) == folder]
            for one in portions(folder, held, self.purses.bytes[folder])[0]:
                path = one.held.task.asset.path
                if self.means.ledger.index.shares.get(path, one.held.key) != one.key:
                    yield path

    def unknown(self) -> Iterator[tuple[Task, str, str]]:
        """Images that stand, and whose answers nobody knows any more: each with its sha256 and key, to be searched."""
        for path, (task, outcome) in self._standing.items():
            key, sha256 = self.means.ledger.index.keys[path], outcome.sha256 or ""
            answer = self.means.cache.get(key)
            if answer is None or (answer.sha256, answer.bytes) != (sha256, task.asset.stat.size):
                yield task, sha256, key
            else:
                self._held[path] = Held(task, sha256, key, replace(answer, work=Work()), outcome)

    def passed(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """The outcomes of images that are not held. Those of searches that were halted count with what they have."""
        for outcome in outcomes:
            if outcome.path not in self._held:
                if self.governs(outcome.path) and outcome.variants:
                    self._counted[outcome.path], self._halted = _bytes(outcome.variants), True
                yield outcome

    def end(self) -> Iterator[Outcome]:
        """Every answer is known: the outcomes of all images that were held, folder by folder."""
        held: dict[str, list[Held]] = {folder: [] for folder in sorted(self._due)}
        for path, one in sorted(self._held.items()):
            held[self.purses.folder(path) or ""].append(one)
        spent = self.purses.spent(self._counted)
        for folder, ones in held.items():
            yield from self._shared(folder, ones, spent[folder])

    def _shared(self, folder: str, held: Sequence[Held], elsewhere: int) -> Iterator[Outcome]:
        from semopt.portion import portions

        late = time.monotonic() >= self.means.until
        budget = None if late else self.purses.bytes[folder] - elsewhere
        found, shares = portions(folder, held, budget)
        yield from self._written(found, late)
        if self.means.whole and not late and not self._halted:
            said = warning(folder, self.purses.bytes[folder], elsewhere + shares.needed, elsewhere + shares.least)
            keys = [(one.task.asset.path, one.key) for one in held]
            self.means.ledger.index.settled(folder, [self.purses.digest(folder, keys), said])
            if said:
                log.warning(said)

    def _written(self, portions: Sequence[Portion], late: bool) -> Iterator[Outcome]:
        """Every image with its portion. late: what stands stays as it is."""
        ledger, shares = self.means.ledger, self.means.ledger.index.shares
        changing = []
        for one in portions:
            standing = one.held.standing
            if standing is None or (not late and shares.get(standing.path, one.held.key) != one.key):
                changing.append(one)
            else:
                yield standing if late else one.outcome(standing)
        if changing:
            ledger.retire([one.held.task for one in changing if one.held.standing])
        unmade = []
        for one in changing:
            restored = self._restored(one)
            if restored is None:
                unmade.append(one)
            else:
                yield restored
        if unmade:
            yield from self._encoded(unmade)

    def _restored(self, one: Portion) -> Outcome | None:
        """An image with its portion out of the cache."""
        known = one.held.answer if one.is_own else self.means.cache.get(one.key)
        if known is None:
            return None
        whole = self.means.contents(replace(known, status="optimized"), one.held.task, one.held.sha256)
        if whole is None or not one.is_of(known.variants):
            return None
        status = again(one.held.answer.status) if one.held.standing else one.held.answer.status
        return self._install(one, replace(one.held.answer, status=status, variants=known.variants), whole)

    def _encoded(self, portions: Sequence[Portion]) -> Iterator[Outcome]:
        from semopt.afresh import encoded

        by_path = {one.held.task.asset.path: one for one in portions}
        with ExitStack() as stack:
            crew = self.means.workers(len(portions), stack)
            for made in encoded(self.means.config, [one.wanted for one in portions], crew):
                yield self._made(by_path[made.wanted.task.asset.path], made)

    def _made(self, one: Portion, made: Made) -> Outcome:
        answer, task = one.held.answer, one.held.task
        encodes = answer.work.encodes + len(one.wanted.trials)
        answer = replace(answer, work=replace(answer.work, encodes=encodes))
        if made.kind != "ok":
            failed = replace(answer, path=task.asset.path, rule=task.rule.name, status="failed", variants=())
            return replace(failed, reason=made.reason)
        answer = replace(answer, variants=one.variants(made.contents))
        if not one.is_own:
            self.means.keep(one.key, replace(answer, trials=()), made.contents)
        return self._install(one, answer, made.contents)

    def _install(self, one: Portion, answer: Outcome, contents: Sequence[bytes]) -> Outcome:
        outcome = self.means.ledger.install(one.held.task, one.held.key, one.outcome(answer), contents)
        if outcome.status != "failed" and not one.is_own:
            self.means.ledger.index.shared(outcome.path, one.key)
        return outcome


def _bytes(variants: Iterable[Variant]) -> int:
    return sum(variant.bytes for variant in variants)
