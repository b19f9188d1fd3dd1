"""What a run over a tree is asked to do, and what it would do."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from semopt.types import Outcome, Plan, Task

Action = Literal["search", "restore", "share", "none", "skip", "fail"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run is asked to do. jobs: worker processes. only: glob; other images are left as they are.

    progress: bars on stderr for downloads. planned: told the number of images before the first outcome. paths: as the
    manifest has them, these alone; None for all. plan: made by the caller; None for that of the config's tree. revised:
    what is to be kept and written of an answer and the bytes of its variants: with all of these or none. seconds: after
    which searches end with their best so far, and the rest is left to the next run. workers: of a cluster, where the
    config names one; None for one on each of its cores.
    """

    jobs: int = 1
    only: str | None = None
    progress: bool = False
    planned: Callable[[int], None] = lambda images: None
    paths: Collection[str] | None = None
    seconds: float | None = None
    plan: Plan | None = None
    revised: Callable[[Task, Outcome, Sequence[bytes]], Outcome] = lambda task, answer, contents: answer
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What a run would do with one image.

    action: "search", "restore" from the cache, "share" (to give it another share of `spend`), "none", "skip" or "fail".
    """

    path: str
    action: Action
    reason: str = ""
    rule: str | None = None
    strategy: str | None = None


def default_jobs() -> int:
    """One worker for each core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
