"""Everything one search has learnt, candidate by candidate."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

from semopt.search.lattice import order
from semopt.types import (
    Candidate,
    Encode,
    Juror,
    Jury,
    Look,
    Measure,
    Observe,
    Phase,
    Problem,
    Request,
    Scores,
    SearchResult,
    Trial,
    Verdict,
)

Asking = Generator[Request, Any, None]
LOOKS: tuple[Look, ...] = ("mirror", "shift", "resample")
"""In which an accepted candidate must be recognised too, the sternest first."""


class Board:
    """The candidates of a search, what was asked of them and what came back. Candidates go by their index."""

    def __init__(self, problem: Problem, candidates: Sequence[Candidate]) -> None:
        self.problem = problem
        self.candidates = list(candidates)
        self.trials: dict[int, Trial] = {}
        self.verdicts: dict[int, Verdict] = {}
        self.impossible: set[int] = set()
        self.jury = Jury(problem.criterion, problem.judges)
        self.altered: dict[int, list[Verdict]] = {}
        self.refused: dict[int, str] = {}
        self.consulted: dict[int, Verdict] = {}

    def add(self, candidate: Candidate) -> int:
        """The index of a candidate, which is new or was there."""
        if candidate not in self.candidates:
            self.candidates.append(candidate)
        return self.candidates.index(candidate)

    def bytes(self, index: int) -> int:
        """Bytes of an encoded candidate."""
        return self.trials[index].bytes

    def passed(self, index: int) -> bool:
        """Whether the judges were asked and said yes."""
        return index in self.verdicts and self.verdicts[index].passed

    def encode(self, indices: Sequence[int]) -> Asking:
        """Encode those of these that were not."""
        new = [index for index in indices if index not in self.trials and index not in self.impossible]
        if not new:
            return
        answer = yield Encode(tuple(self.candidates[index] for index in new))
        for index, size in zip(new, answer, strict=True):
            if size is None:
                self.impossible.add(index)
            else:
                self.trials[index] = Trial(self.candidates[index], size)

    def observe(self, indices: Sequence[int], phase: Phase) -> Asking:
        """Show those of these to the judges that were not shown, encoding them first."""
        yield from self.encode(indices)
        new = [index for index in indices if index in self.trials and index not in self.verdicts]
        seen: dict[int, Scores] = dict.fromkeys(new, self.problem.silent)
        yield from self._show(self.jury, seen, phase, "plain")
        for index, scores in seen.items():
            self.verdicts[index] = verdict = self.jury.criterion(scores)
            self.trials[index] = replace(self.trials[index], scores=scores, passed=verdict.passed)

    def unseen(self, index: int) -> list[Look]:
        """The altered looks in which an accepted candidate was not shown yet."""
        mirrors = not self.jury.judges or self._mirrored(self.jury)
        able = [look for look in LOOKS if look != "mirror" or mirrors]
        return able[len(self.altered.get(index, ())) :]

    def alter(self, index: int, look: Look) -> Asking:
        """Show a candidate in the next of its unseen looks, and note the margin.

        A look in which nobody has a say, as where it cuts off the only line of text, counts neither for it nor against.
        """
        asked = self._mirrored(self.jury) if look == "mirror" else self.jury.judges
        given = {one.name for one in self.jury.judges} - {one.name for one in asked}
        scores = self.trials[index].scores or {}
        kept = {name: scores[name] for name in given & scores.keys()}
        seen: dict[int, Scores] = {index: {**self.problem.silent, **kept}}
        yield from self._show(replace(self.jury, judges=asked), seen, "confirm", look)
        heard = not all(score.silent for score in seen[index].values())
        self.altered.setdefault(index, []).append(self.jury.criterion(seen[index]) if heard else Verdict(True, 0.0))

    def consult(self, index: int) -> Generator[Request, Any, Verdict]:
        """Ask the judges that took no part; without any, all is well. Their scores are kept in the trial."""
        jury = self.problem.confirm
        if jury is None:
            return Verdict(True, 0.0)
        seen: dict[int, Scores] = {index: {}}
        yield from self._show(jury, seen, "confirm", "plain")
        verdict = jury.criterion(seen[index])
        one = self.trials[index]
        self.trials[index] = replace(one, scores={**(one.scores or {}), **seen[index]})
        self.consulted[index] = verdict
        if not verdict.passed:
            self.refuse(index, "confirm")
        return verdict

    def refuse(self, index: int, why: str) -> None:
        """Note that a candidate which had passed failed at something else."""
        self.refused[index] = why
        self.trials[index] = replace(self.trials[index], passed=False, refused=why)

    def _show(self, jury: Jury, seen: dict[int, Scores], phase: Phase, look: Look) -> Asking:
        """Show candidates to one judge after another, the cheapest first, each until its verdict is settled."""
        stages: list[tuple[str, ...]] = [(one.name,) for one in jury.judges]
        for stage in stages or [()]:
            left = [index for index, scores in seen.items() if not scores or not jury.criterion(scores).settled]
            if left:
                answer = yield Observe(tuple(self.candidates[index] for index in left), phase, look, stage)
                for index, scores in zip(left, answer, strict=True):
                    seen[index] = {**seen[index], **scores}

    @staticmethod
    def _mirrored(jury: Jury) -> tuple[Juror, ...]:
        """The judges to which a mirrored picture says the same."""
        return tuple(one for one in jury.judges if one.mirrors)

    def measure(self, index: int, metric: str) -> Asking:
        """Compare a candidate with the original, encoding it first; the figure is kept in its trial."""
        yield from self.encode([index])
        if index in self.trials and self.trials[index].measured is None:
            (figure,) = yield Measure((self.candidates[index],), metric)
            self.trials[index] = replace(self.trials[index], measured=figure)

    def key(self, index: int) -> tuple[int, int, int, int]:
        """Sorts encoded candidates totally, the best first."""
        return order(self.candidates[index], self.bytes(index), self.problem.encoders)

    def conclude(self, accepted: Sequence[int], reason: str = "", complete: bool = True) -> SearchResult:
        """The answer of the search: of those accepted what is worth writing, and every trial in the order made."""
        chosen = self.worth_writing(accepted)
        if accepted and not chosen:
            reason = "no variant is smaller than the original"
        accepts = tuple(self.trials[index] for index in chosen)
        return SearchResult(accepts, tuple(self.trials.values()), "" if chosen else reason, complete)

    def worth_writing(self, accepted: Sequence[int]) -> list[int]:
        """Smallest first: none as large as the original, nor as a chosen one of a more widely supported format."""
        smaller = sorted((i for i in accepted if self.bytes(i) < self.problem.source.bytes), key=self.key)
        groups: dict[int, list[int]] = {}
        for index in smaller:
            groups.setdefault(self.candidates[index].width if self.problem.widths else 0, []).append(index)
        return sorted((index for group in groups.values() for index in self._of_one_size(group)), key=self.key)

    def _of_one_size(self, smaller: list[int]) -> list[int]:
        support = {encoder.name: encoder.support for encoder in self.problem.encoders}
        if self.problem.write == "smallest":
            return smaller[:1]
        chosen: list[int] = []
        for index in sorted(smaller, key=lambda i: (support[self.candidates[i].encoder], self.key(i))):
            if all(self.bytes(index) < self.bytes(other) for other in chosen):
                chosen.append(index)
        return chosen
