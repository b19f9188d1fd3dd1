"""Which scores still count as recognised."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from semopt.evaluators.calibration import THRESHOLD
from semopt.types import EvaluatorError, Keep, Score, Scores, Verdict

MOST = 6.0  # margins are clipped here: beyond it more certainty tells a search nothing
LABEL = 0.5  # the margin of a lost label: a step has no size of its own, and half a unit is a typical near miss


@dataclass(frozen=True, slots=True)
class Recognised:
    """`agree` of the judges (None: all of them) must accept. judges: name and what must survive in its eyes."""

    judges: tuple[tuple[str, Keep], ...]
    agree: int | None = None

    def __call__(self, scores: Scores) -> Verdict:
        """The verdict of the least content judge that is still needed; those without a say are not counted."""
        heard = [(name, keep) for name, keep in self.judges if not scores[name].silent]
        margins = sorted((margin(scores[name], keep) for name, keep in heard), reverse=True) or [-MOST]
        needed = len(margins) if self.agree is None else min(self.agree, len(margins))
        worst = margins[needed - 1]
        return Verdict(worst >= 0, worst)


def unjudged(sightings: Sequence[Scores]) -> str:
    """Why there is nobody to judge an image, of the scores of some sightings; empty where there is somebody."""
    silent = {name: score.silent for name, score in sightings[0].items()} if sightings else {}
    if not silent or not all(silent.values()):
        return ""
    said = ", ".join(f"'{name}' has no say ({reason})" for name, reason in silent.items())
    return f"{said}; name another judge beside it, such as 'embedded'"


def with_default(keep: Keep) -> Keep:
    """The default similarity is asked for unless a figure is named: a label alone is never enough by default."""
    figures = (keep.similarity, keep.kept, keep.kl, keep.cosine, keep.cer)
    if any(figure is not None for figure in figures):
        return keep
    return Keep(THRESHOLD, keep.label, keep.family_height)


def margin(score: Score, keep: Keep) -> float:
    """How far one judge's score is inside what must survive: log odds, 0 at the threshold, at most 6 either way."""
    margins = [MOST]
    if keep.similarity is not None:
        margins.append(_log_odds(score.similarity) - _log_odds(keep.similarity))
    if keep.cosine is not None:
        margins.append(_log(1 - keep.cosine) - _log(1 - _known(score.cosine, "cosine")))
    if keep.kl is not None:
        margins.append(_log(keep.kl) - _log(_known(score.kl, "kl")))
    if keep.cer is not None:
        margins.append(_log(keep.cer) - _log(_known(score.cer, "cer")))
    if keep.kept is not None:
        margins.append(2 * (_log(_known(score.kept, "kept")) - _log(keep.kept)))
    if keep.label is not None and not _label_holds(score, keep):
        margins.append(-LABEL)
    return max(-MOST, min(margins))


def _label_holds(score: Score, keep: Keep) -> bool:
    rank = _known(score.rank, "label")
    return rank < {"same": 1, "top5": 5}[keep.label or "same"]


def _known(figure: float | None, name: str) -> float:
    """A figure that is asked for. Raises EvaluatorError; the config vouches for all judges but those of one's own."""
    if figure is None:
        raise EvaluatorError(f"a judge gives no {name!r}, which 'keep' asks for; remove it, or ask another judge")
    return figure


def _log_odds(share: float) -> float:
    return _log(share) - _log(1 - share)


def _log(figure: float) -> float:
    return math.log(max(figure, 1e-12))
