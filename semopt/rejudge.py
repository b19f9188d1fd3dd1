"""Asks today's judges about variants that stand: original and variants are decoded, nothing is encoded."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from semopt import regular
from semopt.atomic import digest
from semopt.types import Candidate, Config, Jury, Outcome, Score, Share, Source, Task, ViewSize

if TYPE_CHECKING:
    from semopt.crew import Crew, Judges
    from semopt.pool import Answer, Worker

SLACK = (
    0.02  # of a similarity, and 100 times that of the metric: by so much what is a share may be seen worse than then
)
AHEAD = 2  # images for each worker: one is decoded while the other's views are judged


@dataclass(frozen=True, slots=True)
class Doubt:
    """An image whose variants stand, but the judges must be asked. changed: its key is known to be another."""

    task: Task
    sha256: str
    entry: Outcome
    changed: bool

    @property
    def strategy(self) -> str:
        """What was followed: the rule's strategy, or where its search went instead."""
        return self.entry.strategy or self.task.rule.settings.strategy or "both"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the judges said. kind: "ok", or a failure as in `pool.Answer`. reason: why not, empty where all hold."""

    doubt: Doubt
    kind: str
    reason: str = ""


def ask(config: Config, doubts: Sequence[Doubt], jobs: int, progress: bool = False) -> Iterator[Asked]:
    """Ask about each, in the order in which the answers come. Raises EvaluatorError."""
    from semopt.crew import Crew

    crew = Crew(min(jobs, len(doubts)), progress)
    try:
        yield from _Asking(config, doubts, crew).all()
    finally:
        crew.close()


class _Asking:
    """One round of questions."""

    def __init__(self, config: Config, doubts: Sequence[Doubt], crew: Crew) -> None:
        from semopt.crew import Judges

        self._config, self._doubts, self._pool = config, doubts, crew.pool
        self._judges: Judges = Judges(config, crew)
        self._waiting = iter(range(len(doubts)))
        self._asked: dict[int, Worker] = {}

    def all(self) -> Iterator[Asked]:
        """Keep every worker busy until all is answered."""
        for worker in self._pool.workers * AHEAD:
            yield from self._put(worker)
        while self._asked:
            try:
                answer = self._pool.answers.get(timeout=0.5)
            except queue.Empty:
                self._pool.kill_late(lambda tag: self._config.limits.seconds)
                continue
            if isinstance(answer.tag, int):
                worker = self._asked.pop(answer.tag)
                yield from self._put(worker)
                yield self._heard(self._doubts[answer.tag], answer)

    def _put(self, worker: Worker) -> Iterator[Asked]:
        """Give a worker its next image; one whose files went away meanwhile fails at once."""
        for number in self._waiting:
            doubt = self._doubts[number]
            try:
                files = self._files(doubt)
            except OSError as error:
                yield Asked(doubt, "unreadable", f"cannot be read: {error.strerror or error}")
                continue
            self._asked[number] = worker
            self._question(worker, number, doubt, files)
            return

    def _question(self, worker: Worker, number: int, doubt: Doubt, files: list[tuple[Candidate, bytes]]) -> None:
        from semopt.looks import sizes
        from semopt.session import opening_of
        from semopt.strategies import strategies

        settings = doubt.task.rule.settings
        opening = opening_of(doubt.task, doubt.sha256, self._config.limits)
        judged = strategies()[doubt.strategy].judged
        wanted = sizes((*settings.evaluators, *settings.confirm), self._judges) if judged else ()
        metric, _ = _floor(doubt) or (None, 0.0)
        worker.ask(number, opening, "appraise", files, metric, wanted)
        worker.ask(None, opening, "close")

    def _files(self, doubt: Doubt) -> list[tuple[Candidate, bytes]]:
        found = []
        for one in doubt.entry.variants:
            content = regular.read(self._config.root / one.path)
            if digest(content) != one.sha256:
                raise OSError(f"{one.path} changed meanwhile")
            found.append((Candidate(one.format, one.width, one.height, one.quality), content))
        return found

    def _heard(self, doubt: Doubt, answer: Answer) -> Asked:
        if answer.kind == "late":
            return Asked(doubt, "late", self._config.limits.too_slow)
        if answer.kind != "ok":
            return Asked(doubt, answer.kind, str(answer.value))
        source, views, figures = answer.value
        if doubt.entry.share is not None and not doubt.entry.share.met:
            return Asked(doubt, "ok", "; ".join(self._lost(doubt, doubt.entry.share, figures, views)))
        reasons = [*_below(doubt, figures), *(self._unrecognised(doubt, source, views) if views else ())]
        return Asked(doubt, "ok", "; ".join(reasons))

    def _unrecognised(self, doubt: Doubt, source: Source, views: Mapping[ViewSize, Sequence[Any]]) -> Iterator[str]:
        """A clause for each variant that the judges do not recognise, those that confirm included."""
        from semopt.looks import compared

        settings = doubt.task.rule.settings
        juries = self._juries(doubt, source)
        names = {one.name for jury in juries for one in jury.judges} if juries else set(settings.evaluators)
        for variant, scores in zip(doubt.entry.variants, compared(names, self._judges, views), strict=True):
            if not (all(jury.criterion(scores).passed for jury in juries) if juries else _same_class(scores)):
                clauses = ", ".join(said(name, score) for name, score in scores.items())
                yield f"{variant.path} is not recognised ({clauses})"

    def _lost(
        self, doubt: Doubt, share: Share, figures: Sequence[float], views: Mapping[ViewSize, Sequence[Any]]
    ) -> Iterator[str]:
        """A clause where the worst variant of a share that is below its threshold is seen worse than it was then."""
        from semopt.looks import compared

        seen = list(figures)
        if share.by in doubt.task.rule.settings.evaluators and views:
            seen = [scores[share.by].similarity for scores in compared([share.by], self._judges, views)]
        metric, _ = _floor(doubt) or ("", 0.0)
        if seen and min(seen) < share.figure - (100 * SLACK if share.by == metric else SLACK):
            yield f"{share.by} gives {min(seen):.4g} where it gave {share.figure:.4g}, as its share of spend"

    def _juries(self, doubt: Doubt, source: Source) -> list[Jury]:
        """The rule's own; the post's strategies have none, as they ask for the top class alone."""
        from semopt.panel import asked

        if doubt.strategy not in ("semantic", "both"):
            return []
        return asked(doubt.task.rule.settings, self._judges, source.graphic)


def said(name: str, score: Score) -> str:
    """What a judge gives a variant, and its answer where that is another."""
    from semopt.criteria import relation

    if score.silent:
        return f"{name} has no say"
    figure = f"{name} gives {score.similarity:.3f}"
    if score.label == score.label_before:
        return figure
    return ", ".join(filter(None, [f"{figure} and sees {score.label!r} for {score.label_before!r}", relation(score)]))


def _same_class(scores: dict[str, Score]) -> bool:
    return all(score.rank in (None, 0) for score in scores.values())


def _floor(doubt: Doubt) -> tuple[str, float] | None:
    from semopt.problem import measured

    return measured(doubt.strategy, doubt.task.rule.settings)


def _below(doubt: Doubt, figures: Sequence[float]) -> Iterator[str]:
    """A clause for each variant that is not close enough to the eye."""
    metric, least = _floor(doubt) or ("", 0.0)
    for variant, figure in zip(doubt.entry.variants, figures, strict=False):
        if figure < least:
            what = "has not the same pixels" if metric == "identical" else f"has {metric} {figure:.1f}, under {least:g}"
            yield f"{variant.path} {what}"
