"""Encodes candidates that were judged before, in worker processes: the bytes of each are made once more."""

from __future__ import annotations

import queue
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semopt.session import opening_of
from semopt.types import Config, Task, Trial

if TYPE_CHECKING:
    from semopt.crew import Crew
    from semopt.pool import Worker

AHEAD = 2  # images for each worker: the next is there when it has done with one
TICK_S = 0.5  # how often it is looked whether a worker hangs


@dataclass(frozen=True, slots=True)
class Wanted:
    """Trials of an image whose bytes are wanted. sha256: of the image's bytes."""

    task: Task
    sha256: str
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """The bytes of each trial, in order. kind: "ok", or a failure as in `pool.Answer`, with the reason."""

    wanted: Wanted
    kind: str
    reason: str = ""
    contents: tuple[bytes, ...] = ()


def encoded(config: Config, wanted: Iterable[Wanted], crew: Crew) -> Iterator[Made]:
    """Encode for each image, in the order in which they are done. Closed before its end it ends the crew's workers."""
    asked: dict[int, tuple[Wanted, Worker]] = {}
    waiting = enumerate(wanted)

    def ask(worker: Worker) -> None:
        for number, one in waiting:
            asked[number] = one, worker
            _question(config, worker, number, one)
            return

    try:
        for worker in crew.pool.workers * AHEAD:
            ask(worker)
        while asked:
            try:
                answer = crew.pool.answers.get(timeout=TICK_S)
            except queue.Empty:
                crew.pool.kill_late(lambda tag: config.limits.seconds)
                continue
            if isinstance(answer.tag, int):
                one, worker = asked.pop(answer.tag)
                ask(worker)
                yield _made(config, one, answer.kind, answer.value)
    finally:
        if asked:
            crew.close()


def _question(config: Config, worker: Worker, number: int, one: Wanted) -> None:
    opening = opening_of(one.task, one.sha256, config.limits)
    worker.ask(number, opening, "fetch", [trial.candidate for trial in one.trials])
    worker.ask(None, opening, "close")


def _made(config: Config, one: Wanted, kind: str, value: object) -> Made:
    """What was judged had the bytes of its trial; anything else was not."""
    if kind != "ok":
        return Made(one, kind, config.limits.too_slow if kind == "late" else str(value))
    contents = tuple(content for content in value if isinstance(content, bytes)) if isinstance(value, list) else ()
    if [len(content) for content in contents] != [trial.bytes for trial in one.trials]:
        return Made(one, "failed", OTHER)
    return Made(one, "ok", "", contents)


OTHER = "its encoder no longer gives the bytes that were judged; run semopt cache clear, and build again"
