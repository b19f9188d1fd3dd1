"""Runs the searches of many images at once: their pixels in worker processes, their network passes here, together."""

from __future__ import annotations

import queue
import time
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from semopt.crew import Crew, Judges
from semopt.looks import Sight, Tally, judged, sizes
from semopt.orders import Found, Order, Spent
from semopt.pool import Answer, Worker
from semopt.problem import problem
from semopt.search.placeholder import with_placeholder
from semopt.session import Opening, opening_of
from semopt.strategies import default_for, strategies
from semopt.types import (
    Config,
    Encode,
    EvaluatorError,
    Halt,
    Measure,
    Observe,
    Request,
    Search,
    SearchResult,
    Source,
    Strategy,
)

TICK_S = 0.5  # how often it is looked whether a worker hangs
GRACE_S = 2.0  # what a worker may still take for one answer when the time is up
LEFT = "the time was up before its turn; the next build goes on"
AT_ONCE = 2  # images under search for each worker: one can wait for the network while the other is encoded

SHARED_PIXELS = 32_000_000  # beyond this many decoded pixels a worker is given no further image

PIXELS_EACH = 25_000_000
"""Decoded pixels under search, of all workers together, for each of them; a larger image is searched alone. One of 35
megapixels takes 1.3 GB, most of it AVIF's encoder: two at once would be beyond 2 GB, in turns it is 1.7."""

ALPHA = 1.2
"""A pixel with alpha counts for so many: AVIF's encoder takes 43 bytes of it at full colour, else 36."""


@dataclass
class _Run:
    """One image under search."""

    order: Order
    opening: Opening
    worker: Worker
    source: Source | None = None
    strategy: Strategy | None = None
    search: Search | None = None
    request: Request | None = None
    ended: SearchResult | None = None
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    judging: float = 0.0

    @property
    def spent(self) -> Spent:
        """What it took so far; of a batch of several images each has its share."""
        return Spent(self.seconds, self.judging)

    @cached_property
    def sight(self) -> Sight:
        """What the judges know of the image."""
        return Sight(self.order.task.rule.settings.evaluators, self.tally)


class Engine:
    """Searches the images ordered; gives what it found in the order in which the searches end."""

    def __init__(self, config: Config, crew: Crew, until: float = float("inf")) -> None:
        """until: by `time.monotonic`; then searches give their best so far, and what was not begun is left."""
        self._config, self._crew, self._until = config, crew, until
        self._judges, self._pool = Judges(config, crew), crew.pool
        self._strategies = strategies()
        self._runs: dict[int, _Run] = {}
        self._looks: list[_Run] = []  # whose images wait for the judges
        self._held: list[_Run] = []  # opened, and closed again until there is room for their pixels
        self._more = True  # images that no worker has yet

    def search(self, orders: Iterable[Order]) -> Iterator[Found]:
        """Closed before its end it ends the crew's workers too, as they may be in mid-work. Raises EvaluatorError."""
        waiting = iter(orders)
        self._more = True
        try:
            while self._more or self._runs:
                if time.monotonic() >= self._until:
                    yield from self._left(waiting)
                    self._more = False
                self._more = self._more and self._start(waiting)
                self._meet()
                yield from self._look() if self._looks and self._pool.answers.empty() else self._next()
                yield from self._resumed()
        finally:
            if self._runs or time.monotonic() >= self._until:
                self._crew.close()

    def _left(self, waiting: Iterator[Order]) -> Iterator[Found]:
        """The time is up: what was not begun, and what workers are still busy with a little later, is left."""
        overdue = time.monotonic() >= self._until + GRACE_S
        judged = {run.order.number for run in self._looks}  # these wait for no worker, and give their best so far
        busy = [run for number, run in self._runs.items() if number not in judged and (overdue or run.search is None)]
        for run in busy:
            yield self._failed(run, Answer(run.order.number, "left", LEFT))
        self._held.clear()
        yield from (Found(order, "left", LEFT) for order in waiting)

    def _start(self, waiting: Iterator[Order]) -> bool:
        """Give images to the workers that have room; False when there are no more."""
        for worker in self._pool.workers:
            while self._has_room(worker):
                order = next(waiting, None)
                if order is None:
                    return False
                run = _Run(order, opening_of(order.task, order.sha256, self._config.limits), worker)
                self._runs[order.number] = run
                worker.ask(order.number, run.opening, "open")
        return True

    def _meet(self) -> None:
        """Load the judges that images just given to workers will be shown to, while these start: 0.4 s of the first."""
        for run in self._runs.values():
            strategy = self._strategies.get(run.order.task.rule.settings.strategy or "")
            if run.source is None and strategy is not None and strategy.judged:
                for name in run.order.task.rule.settings.evaluators:
                    self._judges[name]

    def _has_room(self, worker: Worker) -> bool:
        theirs = [run for run in self._runs.values() if run.worker is worker]
        if self._held or any(run.source is None for run in theirs):
            return False
        return len(theirs) < AT_ONCE and _pixels(theirs) < SHARED_PIXELS

    def _fits(self, run: _Run) -> bool:
        """Whether all that is under search stays within bounds with this image too."""
        others = [one for one in self._runs.values() if one.search is not None]
        return not others or _pixels([*others, run]) <= PIXELS_EACH * len(self._pool.workers)

    def _next(self) -> Iterator[Found]:
        """Take one answer of a worker and go on with its image."""
        self._pool.kill_late(self._seconds_left)
        try:
            answer = self._pool.answers.get(timeout=TICK_S)
        except queue.Empty:
            return
        run = self._runs.get(answer.tag)  # type: ignore[call-overload]
        if run is not None:
            run.seconds += answer.seconds
            late = self._seconds_left(answer.tag) < 0 and answer.kind == "ok"
            yield from self._answered(run, replace(answer, kind="late") if late else answer)

    def _seconds_left(self, tag: Hashable) -> float:
        """What a worker may still spend on an image; start-up and waiting for others do not count."""
        run = self._runs.get(tag)  # type: ignore[call-overload]
        return float("inf") if run is None else self._config.limits.seconds - run.seconds

    def _answered(self, run: _Run, answer: Answer) -> Iterator[Found]:
        if answer.kind != "ok":
            yield self._failed(run, answer)
        elif run.source is None:
            yield from self._opened(run, answer.value)
        elif run.ended is not None:
            yield self._over(run, tuple(answer.value))
        elif isinstance(run.request, Observe):
            run.sight.images = answer.value
            self._looks.append(run)
        else:
            yield from self._advance(run, answer.value)

    def _failed(self, run: _Run, answer: Answer) -> Found:
        reason = answer.value
        if answer.kind == "late":
            reason = self._config.limits.too_slow
        del self._runs[run.order.number]
        if answer.kind not in ("died", "late"):
            run.worker.ask(None, run.opening, "close")
        return Found(run.order, answer.kind, reason, run.source, run.strategy, work=run.tally.work, spent=run.spent)

    def _over(self, run: _Run, contents: tuple[bytes, ...]) -> Found:
        del self._runs[run.order.number]
        run.worker.ask(None, run.opening, "close")
        placeholder = None
        if run.ended and run.ended.placeholder and contents:
            *accepted, placeholder = contents
            contents = tuple(accepted)
        known = (run.source, run.strategy, run.ended, contents, run.tally.work, placeholder, run.spent)
        return Found(run.order, "ok", "", *known)

    def _opened(self, run: _Run, source: Source) -> Iterator[Found]:
        run.source = source
        if self._held or not self._fits(run):
            self._held.append(run)
            run.worker.ask(None, run.opening, "close")
        else:
            yield from self._begun(run)

    def _resumed(self) -> Iterator[Found]:
        """Begin with images that were held, as far as there is room now."""
        while self._held and self._fits(self._held[0]):
            yield from self._begun(self._held.pop(0))

    def _begun(self, run: _Run) -> Iterator[Found]:
        settings, source = run.order.task.rule.settings, run.source
        assert source is not None
        run.strategy = self._strategies[settings.strategy or default_for(source.graphic)]
        run.search = run.strategy.search(problem(settings, run.strategy, source, self._judges))
        if settings.placeholder and not source.alpha:  # it stays behind the picture, and would show through
            run.search = with_placeholder(run.search, source, settings.evaluators)
        yield from self._advance(run, None)

    def _advance(self, run: _Run, answer: Any) -> Iterator[Found]:
        """Send an answer into a search and pass its next request on; at its end fetch what it accepted."""
        assert run.search is not None
        try:
            over = time.monotonic() >= self._until
            run.request = run.search.throw(Halt()) if over else run.search.send(answer)
        except StopIteration as stop:
            run.ended = stop.value
            run.strategy = self._strategies.get(run.ended.strategy or "", run.strategy)
            wanted = [trial.candidate for trial in (*run.ended.accepted, run.ended.placeholder) if trial is not None]
            if not wanted:
                yield self._over(run, ())
            else:
                self._ask(run, "fetch", wanted)
            return
        self._pass_on(run, run.request)

    def _pass_on(self, run: _Run, request: Request) -> None:
        if isinstance(request, Encode):
            run.tally.count(encodes=len(request.candidates))
            self._ask(run, "encode", request.candidates)
        elif isinstance(request, Measure):
            run.tally.count(measures=len(request.candidates))
            self._ask(run, "measure", request.candidates, request.metric)
        else:
            shown = run.sight.wanted(request)
            self._ask(run, "shown", shown, sizes(run.sight.asked, self._judges), request.look)

    def _ask(self, run: _Run, verb: str, *arguments: Any) -> None:
        if not self._more and verb == "encode":  # what it encoded so far is lost, and seldom asked for again
            self._move(run)
        run.worker.ask(run.order.number, run.opening, verb, *arguments)

    def _move(self, run: _Run) -> None:
        """At the end an image goes to a worker that has none left, where its own has two; it is opened anew there."""
        busy = [one.worker for one in self._runs.values() if one not in self._held]
        free = next((worker for worker in self._pool.workers if worker not in busy), None)
        if free is not None and busy.count(run.worker) > 1:
            run.worker.ask(None, run.opening, "close")
            run.worker = free

    def _look(self) -> Iterator[Found]:
        """Show everything that waits to its judges; a judge that breaks costs the images that it was shown."""
        runs, self._looks = self._looks, []
        begun = time.monotonic()
        try:
            scores = judged([run.sight for run in runs], self._judges)
        except EvaluatorError:
            raise
        except Exception as error:
            reason = f"its judge failed ({type(error).__name__}: {error})"
            yield from (self._failed(run, Answer(run.order.number, "unreadable", reason)) for run in runs)
            return
        share = (time.monotonic() - begun) / len(runs)
        for run in runs:
            run.judging += share
        for run, seen in zip(runs, scores, strict=True):
            yield from self._advance(run, seen)


def _pixels(runs: Iterable[_Run]) -> float:
    """Of all originals that are open, by the memory they need."""
    each = (run.source for run in runs if run.source)
    return sum(one.width * one.height * (ALPHA if one.alpha else 1) for one in each)
