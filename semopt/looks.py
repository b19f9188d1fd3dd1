"""Images shown to judges: those of many searches in one batch for each judge, each original once in each look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from semopt.types import Candidate, Canvas, Evaluator, Judges, Observe, Passes, Score, ViewSize, Work

if TYPE_CHECKING:
    from PIL import Image

Counts = TypeVar("Counts", Work, Passes)


def pixels(judge: Evaluator) -> ViewSize:
    """The size of the views that a judge wants. canvas: of judges of semopt's own, which have `altered` too."""
    canvas = getattr(judge, "canvas", None)
    wanted: ViewSize = canvas if isinstance(canvas, Canvas) else getattr(judge, "pixels", None)
    return wanted


def tell(judge: Any, plain: Any, altered: Any) -> None:
    """Tell a judge, if it wants to know, that an observation is of the same original in another look."""
    if isinstance(getattr(judge, "canvas", None), Canvas):
        judge.altered(plain, altered)


def sizes(names: Iterable[str], judges: Judges) -> tuple[ViewSize, ...]:
    """Those of several judges, each once."""
    return tuple(dict.fromkeys(pixels(judges[name]) for name in names))


@dataclass
class Tally:
    """The work that one search costs."""

    work: Work = Work()

    def count(self, **more: int) -> None:
        """Add to the work done."""
        self.work = _added(self.work, more)

    def passed(self, judge: str, **more: int) -> None:
        """Add passes of a judge to the work done."""
        own = dict(self.work.judges)
        own[judge] = _added(own.get(judge, Passes()), more)
        self.work = replace(_added(self.work, more), judges=tuple(sorted(own.items())))


def _added(counts: Counts, more: Mapping[str, int]) -> Counts:
    return replace(counts, **{key: getattr(counts, key) + value for key, value in more.items()})


@dataclass
class Sight:
    """What judges know of one original, and of what they were shown last. references: by judge and look.

    judges: those of the rule, who are asked where a request names none. images: by the size of view that a judge wants.
    """

    judges: tuple[str, ...]
    tally: Tally
    references: dict[tuple[str, str], Any] = field(default_factory=dict)
    request: Observe = Observe(())
    images: Mapping[ViewSize, Sequence[Image.Image]] = field(default_factory=dict)

    def wanted(self, request: Observe) -> list[Candidate | None]:
        """Note a request; gives what must be shown: the original first, where one of the judges has yet to see it."""
        self.request = request
        original = [None] if any(map(self._is_new_to, self.asked)) else []
        return [*original, *filter(None, request.candidates)]

    @property
    def asked(self) -> tuple[str, ...]:
        """The judges who are asked now."""
        return self.request.judges or self.judges

    def images_for(self, name: str, judge: Evaluator) -> Sequence[Image.Image]:
        """What a judge is shown: without the original where it has seen that."""
        shown = sum(one is not None for one in self.request.candidates)
        images = self.images[pixels(judge)]
        return images if self._is_new_to(name) else images[len(images) - shown :]

    def scores(self, name: str, judge: Evaluator, observations: Iterator[Any]) -> Iterator[Score]:
        """A judge's score of each candidate. observations: of `images_for` it, then others'."""
        look = self.request.look
        if self._is_new_to(name):
            self.references[name, look] = next(observations)
            self.tally.passed(name, reference=1)
            if (name, "plain") in self.references and look != "plain":
                tell(judge, self.references[name, "plain"], self.references[name, look])
        for one in self.request.candidates:
            if one is None:
                yield judge.compare(self.references[name, "plain"], self.references[name, look])
            else:
                self.tally.passed(name, **{self.request.phase: 1})
                yield judge.compare(self.references[name, look], next(observations))

    def _is_new_to(self, judge: str) -> bool:
        return (judge, self.request.look) not in self.references


def judged(sights: Sequence[Sight], judges: Judges) -> list[list[dict[str, Score]]]:
    """For each sight the scores of each of its candidates, by judge."""
    scores: list[list[dict[str, Score]]] = [[{} for _ in sight.request.candidates] for sight in sights]
    for name in sorted({name for sight in sights for name in sight.asked}):
        group = [(sight, own) for sight, own in zip(sights, scores, strict=True) if name in sight.asked]
        images = [image for sight, _ in group for image in sight.images_for(name, judges[name])]
        observations = iter(judges[name].observe(images) if images else ())
        for sight, own in group:
            for entry, score in zip(own, sight.scores(name, judges[name], observations), strict=True):
                entry[name] = score
    return scores


def compared(
    names: Iterable[str], judges: Judges, views: Mapping[ViewSize, Sequence[Image.Image]]
) -> list[dict[str, Score]]:
    """What judges give pictures beside an original, by judge. views: the original first, by size as in `pixels`."""
    scores: list[dict[str, Score]] = [{} for _ in next(iter(views.values()))[1:]]
    for name in sorted(names):
        judge = judges[name]
        before, *seen = judge.observe(views[pixels(judge)])
        for own, one in zip(scores, seen, strict=True):
            own[name] = judge.compare(before, one)
    return scores
