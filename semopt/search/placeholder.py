"""The picture that stands in a page until the real one comes: what can be recognised in a kilobyte, no blur.

Of the sizes and qualities that fit, the smallest that a judge recognises as it would a variant; where a kilobyte is not
enough for that, the one that is nearest to it.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

from semopt.search.lattice import STEP
from semopt.types import Candidate, Encode, Halt, Observe, Request, Scores, Search, SearchResult, Source, Trial

ENCODER = "webp"  # 66 bytes beside the pixels, AVIF 308; read by every browser that reads `<picture>`
MOST_BYTES = 750  # of the file: base64 and `data:image/webp;base64,` make 1,023 characters of it
RECOGNISED = 0.9  # the default threshold of every judge's similarity
SIDES = tuple(round(16 * STEP**step) for step in range(8))
QUALITIES = (1, 5, 12, 22, 35, 50, 65, 80)


def with_placeholder(search: Search, source: Source, judges: Sequence[str]) -> Search:
    """A search, and then that for the placeholder. judges: names of those who are asked for it."""
    ended: SearchResult = yield from search
    if not ended.complete:
        return ended
    try:
        return replace(ended, placeholder=(yield from _found(source, judges)))
    except Halt:
        return replace(ended, complete=False)


def _found(source: Source, judges: Sequence[str]) -> Generator[Request, Any, Trial | None]:
    candidates = _candidates(source)
    sizes: list[int | None] = yield Encode(candidates)
    fitting = [Trial(one, size) for one, size in zip(candidates, sizes, strict=True) if size and size <= MOST_BYTES]
    finest = {(trial.candidate.width, trial.candidate.height): trial for trial in fitting}  # qualities ascend
    trials = [*finest.values()]
    if len(trials) > 1:
        scores: list[Scores] = yield Observe(
            tuple(trial.candidate for trial in trials), "placeholder", judges=tuple(judges)
        )
        trials = [replace(trial, scores=seen) for trial, seen in zip(trials, scores, strict=True)]
    return _chosen(trials)


def _candidates(source: Source) -> tuple[Candidate, ...]:
    """Of each size every quality, ascending; the last size is at most the original's."""
    longest = max(source.width, source.height)
    sides = [side for side in SIDES if side < longest] or [longest]
    sizes = dict.fromkeys(
        (max(1, round(source.width * side / longest)), max(1, round(source.height * side / longest))) for side in sides
    )
    return tuple(Candidate(ENCODER, *size, quality) for size in sizes for quality in QUALITIES)


def _chosen(trials: Sequence[Trial]) -> Trial | None:
    recognised = [trial for trial in trials if similarity(trial) >= RECOGNISED]
    if recognised:
        return min(recognised, key=lambda trial: trial.bytes)
    return max(trials, key=lambda trial: (similarity(trial), -trial.bytes), default=None)


def similarity(trial: Trial) -> float:
    """What the strictest judge that has a say saw; 0 where none has."""
    return min((score.similarity for score in (trial.scores or {}).values() if not score.silent), default=0.0)
