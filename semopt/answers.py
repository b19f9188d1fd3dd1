"""Single answers for those who look and do not build: known to the cache, or searched now; nothing is installed."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from semopt import regular
from semopt.atomic import digest, stat_of
from semopt.keys import Keys
from semopt.outcomes import outcome_of
from semopt.remote.shared import cache_of
from semopt.renewal import LASTING
from semopt.state import STATE, ignored
from semopt.types import Asset, Config, Outcome, Task

if TYPE_CHECKING:
    from pathlib import Path

    from semopt.cache import Cache
    from semopt.crew import Crew
    from semopt.orders import Spent
    from semopt.remote.shared import Shared


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one image. contents: bytes of the outcome's variants, in their order; empty where cached.

    lasting: False where the same search may end otherwise, as after a worker that died. spent: None where none ran.
    """

    outcome: Outcome
    contents: tuple[bytes, ...] = ()
    cached: bool = False
    lasting: bool = True
    spent: Spent | None = None


def asset_of(file: Path, path: str) -> Asset:
    """A file as the searches take it. path: what outcomes call it. Raises OSError."""
    return Asset(path, file, stat_of(os.stat(file)))


def searched(config: Config, tasks: Sequence[Task], crew: Crew) -> Generator[Answer, None, None]:
    """Search these images together; the answers come in the order in which the searches end.

    Reads each original once for its hash. Raises OSError for one that cannot be read, and EvaluatorError.
    """
    from semopt.engine import Engine
    from semopt.orders import Order

    orders = [Order(number, task, digest(regular.read(task.asset.file))) for number, task in enumerate(tasks)]
    for found in Engine(config, crew).search(orders):
        task = found.order.task
        outcome = replace(outcome_of(found), path=task.asset.path, rule=task.rule.name)
        yield Answer(outcome, found.contents, lasting=found.kind in LASTING, spent=found.spent)


def answer_for(config: Config, task: Task, crew: Crew) -> Answer:
    """The answer of the cache where it has one, else of a search now, which the cache keeps.

    No variant, manifest or index is written; the cache only where the tree has a config or was built before.
    Raises OSError where the original cannot be read, and EvaluatorError.
    """
    size = task.asset.stat.size
    # Said here, as a build says it, for the limit is no part of the key: the cache must not have it.
    if reason := config.limits.too_heavy(size):
        return Answer(
            Outcome(task.asset.path, "failed", reason, task.rule.name, task.rule.settings.strategy, bytes=size)
        )
    cache = cache_of(config, keeps=(config.root / STATE).is_dir())
    key = Keys(config).key(task.rule, digest(regular.read(task.asset.file)))
    known = cache.get(key)
    if known is not None:
        return Answer(replace(known, path=task.asset.path, rule=task.rule.name), cached=True)
    for worker in crew.pool.workers:
        worker.rehearse()  # so that the time of the search is not that of starting a process and loading codecs
    (answer,) = searched(config, [task], crew)
    if answer.lasting and (config.file or (config.root / STATE).is_dir()):
        _keep(config, cache, key, answer)
    return answer


def _keep(config: Config, cache: Cache | Shared, key: str, answer: Answer) -> None:
    """Write an answer to the cache; one that cannot be written costs the next command a search and no more."""
    try:
        ignored(config.root / STATE)
        nameless = replace(answer.outcome, path="", rule=None)
        cache.put(key, nameless, list(answer.contents))
    except OSError:
        return
    finally:
        cache.close()
