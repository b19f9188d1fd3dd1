"""Images whose variants do not stand as they should, made good: from the cache, or by a search."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from semopt.ledger import again
from semopt.orders import Found, Order, Searcher
from semopt.outcomes import outcome_of
from semopt.purses import Held
from semopt.sharing import Means, Sharing
from semopt.types import Outcome, Task, Work

if TYPE_CHECKING:
    from semopt.cache import Cache
    from semopt.remote.shared import Shared

log = logging.getLogger("semopt")

LASTING = ("ok", "kept", "failed")
"""How a search may end for good; what came of a dying worker or an unreadable file is tried again."""

MEANWHILE = "the best within the time; the next build goes on"


@dataclass(frozen=True, slots=True)
class Stale:
    """An image whose variants do not stand as they should."""

    task: Task
    sha256: str
    key: str


class Renewal:
    """Of one run. Every answer is noted in the ledger, or held until its share is known."""

    def __init__(self, means: Means, sharing: Sharing) -> None:
        self._means, self._sharing = means, sharing

    def cached(self, one: Stale) -> tuple[Outcome, list[bytes]] | None:
        """An answer with the bytes of all its variants, where the cache has them and they can be believed."""
        answer = self._means.cache.get(one.key)
        if answer is None:
            return None
        whole = self._means.contents(answer, one.task, one.sha256)
        return None if whole is None else (answer, whole)

    def _restored(self, one: Stale) -> Outcome | None:
        """An image from the cache, written where its variants belong."""
        found = self.cached(one)
        if found is None:
            return None
        answer, contents = found
        return self._install(one, one.key, replace(answer, status=again(answer.status), work=Work()), contents)

    def _install(self, one: Stale, key: str, answer: Outcome, contents: Iterable[bytes]) -> Outcome:
        """Write what was found, or hold it until its share is known. key: empty where it is no answer that lasts."""
        if key and self._sharing.hold(Held(one.task, one.sha256, key, answer)):
            return _passing(one.task, answer)
        return self._means.ledger.install(one.task, key, answer, contents)

    def renewed(self, stale: list[Stale]) -> Iterator[Outcome]:
        """Stale images made good: from the cache where it has an answer, else searched, equal ones once."""
        groups: dict[str, list[Stale]] = {}
        for one in self._means.cache.ahead(stale, lambda one: (one.key, one.task.asset.stat.size)):
            restored = None if one.key in groups else self._restored(one)
            if restored is None:
                groups.setdefault(one.key, []).append(one)
            else:
                yield restored
        if groups:
            yield from self._searched(list(groups.values()))

    def _searched(self, groups: list[list[Stale]]) -> Iterator[Outcome]:
        orders = [Order(number, group[0].task, group[0].sha256) for number, group in enumerate(groups)]
        with ExitStack() as stack:
            yield from self._installed(self._searcher(len(orders), stack).search(orders), groups)

    def _searcher(self, images: int, stack: ExitStack) -> Searcher:
        """Who answers: a cluster where the config names one, unless the caller's crew is warm; else this machine."""
        if self._means.crew is None and self._means.config.executor.kind == "ray":
            from semopt.cluster import Cluster

            cluster = Cluster(self._means.config, self._means.scope.workers, self._means.until)
            stack.callback(cluster.close)
            return cluster
        from semopt.engine import Engine

        return Engine(self._means.config, self._means.workers(images, stack), self._means.until)

    def _installed(self, founds: Iterable[Found], groups: list[list[Stale]]) -> Iterator[Outcome]:
        for found in founds:
            first, *twins = groups[found.order.number]
            answer = outcome_of(found)
            if found.ended is not None and not found.ended.complete:
                yield from self._meanwhile((first, *twins), answer, found.contents)
                continue
            if found.kind not in LASTING:
                for one in (first, *twins):
                    if found.kind == "unreadable":
                        self._means.ledger.index.doubt(one.task.asset.path)
                    yield _passing(one.task, answer)
                continue
            answer = self._means.scope.revised(first.task, answer, found.contents)
            contents = found.contents if answer.variants else ()
            self._means.keep(first.key, answer, contents)
            yield self._install(first, first.key, answer, contents)
            for twin in twins:
                known = replace(answer, status=again(answer.status), work=Work())
                yield self._install(twin, twin.key, known, contents)

    def _meanwhile(self, ones: Sequence[Stale], answer: Outcome, contents: Sequence[bytes]) -> Iterator[Outcome]:
        """The best within the time stands until the next build, which searches again as if there were nothing."""
        if answer.variants:
            answer = replace(answer, reason="; ".join(filter(None, (answer.reason, MEANWHILE))))
        for one in ones:
            yield self._install(one, "", answer, contents)


def keep(cache: Cache | Shared, key: str, answer: Outcome, contents: Iterable[bytes]) -> None:
    """Put an answer and the bytes of its variants into the cache; one that cannot be written costs a search."""
    try:
        cache.put(key, answer, list(contents))
    except OSError as error:
        log.warning("the cache cannot be written (%s); the next build will search again", error.strerror or error)


def _passing(task: Task, answer: Outcome) -> Outcome:
    """What is noted later, or never, as the next build tries it again."""
    return replace(answer, path=task.asset.path, rule=task.rule.name)
