"""Everything one search has learnt, candidate by candidate."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

from semopt.search.lattice import order
from semopt.types import Candidate, Encode, Measure, Observe, Phase, Problem, Request, SearchResult, Trial, Verdict

Asking = Generator[Request, Any, None]


class Board:
    """The candidates of a search, what was asked of them and what came back. Candidates go by their index."""

    def __init__(self, problem: Problem, candidates: Sequence[Candidate]) -> None:
        self.problem = problem
        self.candidates = list(candidates)
        self.trials: dict[int, Trial] = {}
        self.verdicts: dict[int, Verdict] = {}
        self.impossible: set[int] = set()

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
        if not new:
            return
        answer = yield Observe(tuple(self.candidates[index] for index in new), phase)
        for index, scores in zip(new, answer, strict=True):
            self.verdicts[index] = verdict = self.problem.criterion(scores)
            self.trials[index] = replace(self.trials[index], scores=scores, passed=verdict.passed)

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
        chosen = self._worth_writing(accepted)
        if accepted and not chosen:
            reason = "no variant is smaller than the original"
        accepts = tuple(self.trials[index] for index in chosen)
        return SearchResult(accepts, tuple(self.trials.values()), "" if chosen else reason, complete)

    def _worth_writing(self, accepted: Sequence[int]) -> list[int]:
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
