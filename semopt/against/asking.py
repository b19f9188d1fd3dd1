"""Asks the judges about files of another tree: each is decoded in a worker, beside its original."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semopt.against.compared import Compared, notes
from semopt.atomic import digest
from semopt.types import Config, Jury, Score, Settings, Source, Task

if TYPE_CHECKING:
    from semopt.crew import Crew, Judges
    from semopt.pool import Answer, Worker

AHEAD = 2  # originals for each worker: one is decoded while the other's views are judged


@dataclass
class Question:
    """An original and the files that stand for it. answers, sizes: of the original (0), then of each file."""

    place: str
    task: Task
    files: list[tuple[str, Path]]
    answers: dict[int, Answer] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)


def ask(
    config: Config, questions: Sequence[Question], jobs: int, progress: bool
) -> Iterator[tuple[Question, list[Compared]]]:
    """Ask about each, in the order in which the answers come. Raises EvaluatorError."""
    if not questions:
        return
    from semopt.crew import Crew

    crew = Crew(min(jobs, len(questions)), progress)
    try:
        yield from _Asking(config, questions, crew).all()
    finally:
        crew.close()


class _Asking:
    """One round of questions to workers, and what the judges say to the pictures that come back."""

    def __init__(self, config: Config, questions: Sequence[Question], crew: Crew) -> None:
        from semopt.crew import Judges

        self._config, self._pool = config, crew.pool
        self._judges: Judges = Judges(config, crew)
        self._waiting = iter(range(len(questions)))
        self._questions = questions
        self._with: dict[int, Worker] = {}

    def all(self) -> Iterator[tuple[Question, list[Compared]]]:
        """Keep every worker busy until all is answered."""
        for worker in self._pool.workers * AHEAD:
            self._put(worker)
        while self._with:
            try:
                answer = self._pool.answers.get(timeout=0.5)
            except queue.Empty:
                self._pool.kill_late(lambda tag: self._config.limits.seconds)
                continue
            if isinstance(answer.tag, tuple):
                number, place = answer.tag
                question = self._questions[number]
                question.answers[place] = answer
                if len(question.answers) == 1 + len(question.files):
                    self._put(self._with.pop(number))
                    yield question, list(self._heard(question))

    def _put(self, worker: Worker) -> None:
        """Give a worker its next original, and the files after it."""
        number = next(self._waiting, None)
        if number is not None:
            question = self._questions[number]
            self._with[number] = worker
            for place, file in enumerate([question.task.asset.file, *(file for _, file in question.files)]):
                self._show(worker, (number, place), file, question)

    def _show(self, worker: Worker, tag: tuple[int, int], file: Path, question: Question) -> None:
        """Have one file decoded. What cannot be read is answered at once, through the same queue."""
        from semopt.looks import sizes
        from semopt.pool import Answer
        from semopt.session import Opening

        settings, limits = question.task.rule.settings, self._config.limits
        try:
            content = file.read_bytes()
        except OSError as error:
            self._pool.answers.put(Answer(tag, "unreadable", f"cannot be read: {error.strerror or error}"))
            return
        question.sizes[tag[1]] = len(content)
        if reason := limits.too_heavy(len(content)):
            self._pool.answers.put(Answer(tag, "failed", reason))
            return
        opening = Opening(file, digest(content), limits, settings.ground, settings.metadata)
        wanted = sizes((*settings.evaluators, *settings.confirm), self._judges)
        worker.ask(tag, opening, "appraise", (), None, wanted)
        worker.ask(None, opening, "close")

    def _heard(self, question: Question) -> Iterator[Compared]:
        first, before = question.answers[0], question.sizes.get(0, 0)
        if first.kind != "ok":
            reason = f"the original cannot be looked at: {self._fault(first)}"
            yield Compared(question.place, None, "skipped" if first.kind == "kept" else "failed", reason, (), before)
            return
        source, views, _ = first.value
        places = [place for place in question.answers if place and question.answers[place].kind == "ok"]
        seen = self._scores(
            question.task.rule.settings, source, views, [question.answers[at].value[1] for at in places]
        )
        scores = dict(zip(places, seen, strict=True))
        for place, (name, _) in enumerate(question.files, 1):
            answer, sizes = question.answers[place], (before, question.sizes.get(place, 0))
            one = Compared(question.place, name, "failed", "", (), *sizes, source.width, source.height)
            if answer.kind == "ok":
                made = answer.value[0]
                one = replace(one, width=made.width, height=made.height)
                yield self._judged(question, source, replace(one, notes=tuple(notes(one))), scores[place])
            else:
                yield replace(one, reason=self._fault(answer))

    def _fault(self, answer: Answer) -> str:
        if answer.kind == "late":
            return self._config.limits.too_slow
        return str(answer.value)

    def _scores(self, settings: Settings, source: Source, views: Any, others: Sequence[Any]) -> list[dict[str, Score]]:
        """By judge, of each file; of those judges whose affair such a picture is."""
        from semopt.looks import compared

        names = {one.name for jury in self._juries(settings, source) for one in jury.judges}
        together = {size: [own[0], *(one[size][0] for one in others)] for size, own in views.items()}
        return compared(names, self._judges, together)

    def _juries(self, settings: Settings, source: Source) -> list[Jury]:
        from semopt.panel import asked

        return asked(settings, self._judges, source.graphic)

    def _judged(self, question: Question, source: Source, one: Compared, scores: dict[str, Score]) -> Compared:
        one = replace(one, scores=tuple(sorted(scores.items())))
        if all(score.silent for score in scores.values()):
            what = "a drawing or screenshot" if source.graphic else "a photograph"
            return replace(one, verdict="unjudged", reason=f"no judge of its rule has a say on it, {what}")
        juries = self._juries(question.task.rule.settings, source)
        if all(jury.criterion(scores).passed for jury in juries if jury.judges):
            return replace(one, verdict="ok")
        from semopt.rejudge import said

        clauses = ", ".join(said(name, score) for name, score in scores.items())
        return replace(one, verdict="unrecognised", reason=f"is not recognised ({clauses})")
