"""Whether the judges see an original well enough to decide about it, and what is done where they do not.

A judge with classes is shown the original as it is, mirrored, shifted and resampled. If it is not sure of its answer,
or changes it in two of the looks, what it says about variants is chance, and the original goes another way, with the
reason. The looks are those that confirming needs as references, so none is shown twice. Every other judge is shown it
as it is, and may say that it has no say on it: such a judge is not counted, and where it was the last one the original
goes another way too.

Measured with MobileNetV2 on 222 photographs of which many show none of its classes: 31 % go another way. Of their
variants a quantised MobileNetV1 recognises 57 %, of the others' 71 %; where that network is sure of the original itself
(120 photographs, of which 19 % go), 74 % and 88 %. A least probability of 0.3 sends 27 % away (60 and 69 %), one of 0.4
37 % (54 and 74 %). To send away at the first changed answer tells no more: 36 % (57 and 72 %).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from semopt.search.board import LOOKS
from semopt.types import Halt, Juror, Look, Observe, Problem, Request, Score, Search, SearchResult

LEAST_SURE = 0.35
MOST_CHANGES = 1
ALTERED = {"mirror": "mirrored", "shift": "shifted by a few pixels", "resample": "scaled once more"}
Way = tuple[str, Callable[[Problem], Search]]
"""The name of a strategy and its search."""


def routed(
    problem: Problem, find: Callable[[Problem], Search], graphics: Sequence[Way], photos: Sequence[Way]
) -> Search:
    """A strategy's own search; where its judges cannot decide, the first of the other ways that finds something.

    graphics: the ways for drawings and screenshots, photos: those for all else.
    """
    ways = graphics if problem.source.graphic else photos
    if problem.absent and not problem.judges:
        return (yield from _elsewhere(problem, ways, _not_theirs(problem)))
    silent: dict[str, Score] = {}
    doubts: dict[str, str] = {}
    looks: dict[str, tuple[Score, ...]] = {}
    try:
        for one in problem.judges:
            score = yield from _seen(one, "plain")
            if score.silent:
                silent[one.name] = score
            else:
                looks[one.name], doubt = yield from _doubt(one, score)
                doubts |= {one.name: f"{one.name} {doubt}"} if doubt else {}
    except Halt:
        return SearchResult((), (), "the time was up before anything was found", complete=False)
    heard = tuple(one for one in problem.judges if one.name not in silent)
    able = tuple(one for one in heard if one.name not in doubts)
    if problem.judges and len(able) < max(1, min(problem.agree or len(heard), len(heard))):
        return (yield from _elsewhere(problem, ways, "; ".join([*_silence(problem, silent, heard), *doubts.values()])))
    return (
        yield from find(replace(problem, judges=able, silent=silent, looks={one.name: looks[one.name] for one in able}))
    )


def _elsewhere(problem: Problem, ways: Sequence[Way], why: str) -> Search:
    """The first way that finds something, else the last; with the trials of all that were gone."""
    trials: tuple[Any, ...] = ()
    for name, find in ways:
        ended = yield from find(problem)
        trials += ended.trials
        ended = replace(ended, trials=trials, strategy=name, why=why)
        if ended.accepted or not ended.complete:
            break
    return ended


def _not_theirs(problem: Problem) -> str:
    does = "does not judge" if len(problem.absent) == 1 else "do not judge"
    kind = "drawings or screenshots" if problem.source.graphic else "photographs"
    return f"{' and '.join(problem.absent)} {does} {kind}"


def _silence(problem: Problem, silent: Mapping[str, Score], heard: Sequence[Juror]) -> Iterator[str]:
    """Why nobody has a say, where that is so: those whose affair it is not, and those who have none on it."""
    if not heard:
        yield from [_not_theirs(problem)] if problem.absent else []
        yield from (f"{name} has no say ({score.silent})" for name, score in silent.items())


def _seen(judge: Juror, look: Look) -> Generator[Request, Any, Score]:
    """What a judge says of the original in a look, beside the plain one."""
    (scores,) = yield Observe((None,), "reference", look, (judge.name,))
    score: Score = scores[judge.name]
    return score


def _doubt(judge: Juror, plain: Score) -> Generator[Request, Any, tuple[tuple[Score, ...], str]]:
    """What a judge says of the altered looks, and why it cannot decide about this original; empty where it can.

    Asks no further than it must.
    """
    if not judge.labels:
        return (), ""
    if plain.sure is not None and plain.sure < LEAST_SURE:
        return (), f"is not sure what it sees ({plain.label_before!r}, {plain.sure:.0%})"
    scores: list[Score] = []
    changes: list[str] = []
    for look in LOOKS:
        if look == "mirror" and not judge.mirrors:
            continue
        seen = yield from _seen(judge, look)
        scores.append(seen)
        if seen.rank:
            changes.append(f"{ALTERED[look]} for {seen.label!r}")
        if len(changes) > MOST_CHANGES:
            return tuple(scores), f"takes it for {seen.label_before!r}, {', '.join(changes)}"
    return tuple(scores), ""
