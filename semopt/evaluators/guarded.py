"""A judge that others wrote: what it answers is checked, and what it raises becomes a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from semopt.types import Evaluator, EvaluatorError, Score

if TYPE_CHECKING:
    from PIL import Image

T = TypeVar("T")
TRAITS = ("cost", "mirrors", "domain", "pixels")
"""What a judge may say of itself beside; see `semopt.types.Evaluator`."""


class GuardedEvaluator:
    """The judge under the name that the config gives it. labels: its scores must say which class they are of."""

    def __init__(self, name: str, judge: Evaluator, labels: bool):
        self.name, self.labels = name, labels
        self._judge = judge
        for trait in TRAITS:
            if hasattr(judge, trait):
                setattr(self, trait, getattr(judge, trait))
        pixels = getattr(judge, "pixels", None)
        if pixels is not None and not (isinstance(pixels, int) and pixels > 0):
            raise self._fault(f"pixels: expected a whole number from 1, found {pixels!r:.80}")

    def observe(self, images: Sequence[Image.Image]) -> Sequence[Any]:
        """As the judge does. Raises EvaluatorError where it fails, or gives another number of observations."""
        seen = self._tried("observe", lambda: list(self._judge.observe(images)))
        if len(seen) != len(images):
            raise self._fault(f"observe gave {len(seen)} observations of {len(images)} images")
        return seen

    def compare(self, reference: Any, observed: Any) -> Score:
        """As the judge does. Raises EvaluatorError where it fails, or gives no proper score."""
        score = self._tried("compare", lambda: self._judge.compare(reference, observed))
        if not isinstance(score, Score):
            raise self._fault(f"compare gave {type(score).__name__}, not a semopt.types.Score")
        if not 0.0 <= score.similarity <= 1.0:
            raise self._fault(f"compare gave a similarity of {score.similarity:g}, not from 0 to 1")
        if self.labels and (score.rank is None or score.label is None or score.label_before is None):
            raise self._fault("compare gave no label_before, label and rank; give them, or leave out 'labels: true'")
        return score

    def _tried(self, what: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except EvaluatorError:
            raise
        except Exception as error:  # whatever the judge's code raises
            raise self._fault(f"{what} failed ({type(error).__name__}: {error})") from error

    def _fault(self, text: str) -> EvaluatorError:
        return EvaluatorError(f"evaluator {self.name!r}: {text}")
