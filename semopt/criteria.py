"""Which scores still count as recognised."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from semopt.evaluators.calibration import THRESHOLD
from semopt.evaluators.families import FAMILY_HEIGHT, UNRELATED
from semopt.types import EvaluatorError, Keep, Score, Scores, Verdict

MOST = 6.0  # margins are clipped here: beyond it more certainty tells a search nothing
# The margin of a lost label: a step has no size of its own, and half a unit is a typical near miss. That of a family
# is no finer, as an edge of WordNet is no unit: four of them up from a retriever are dogs, from a cat the carnivores.
LABEL = 0.5


@dataclass(frozen=True, slots=True)
class Recognised:
    """`agree` of the judges (None: all of them) must accept. judges: name and what must survive in its eyes.

    unheard: what is said where none of them has a say.
    """

    judges: tuple[tuple[str, Keep], ...]
    agree: int | None = None
    unheard: bool = False

    def __call__(self, scores: Scores) -> Verdict:
        """The verdict of the least content judge that is still needed; those without a say are not counted.

        Of missing judges both the best and the worst is supposed: where it makes no difference the verdict is settled.
        One that turns out to have no say makes no more difference than these. The margin is that of the judges who are
        there.
        """
        given = [(name, keep) for name, keep in self.judges if name in scores]
        heard = [(name, keep) for name, keep in given if not scores[name].silent]
        known = [margin(scores[name], keep, f"evaluator {name!r}") for name, keep in heard]
        missing = len(self.judges) - len(given)
        worst, best = (self._needed([*known, *[supposed] * missing]) for supposed in (-MOST, MOST))
        refused = best < 0
        return Verdict(worst >= 0, best if refused else worst, settled=refused or worst >= 0)

    def _needed(self, margins: Sequence[float]) -> float:
        """The margin of the last judge that is needed of those who have a say, or may have one."""
        if not margins:
            return MOST if self.unheard else -MOST
        needed = len(margins) if self.agree is None else min(self.agree, len(margins))
        return sorted(margins, reverse=True)[needed - 1]


def with_default(keep: Keep) -> Keep:
    """The default similarity is asked for unless a figure is named: a label alone is never enough by default."""
    figures = (keep.similarity, keep.kept, keep.kl, keep.cosine, keep.cer)
    if any(figure is not None for figure in figures):
        return keep
    return Keep(THRESHOLD, keep.label, keep.family_height)


def margin(score: Score, keep: Keep, judge: str = "a judge") -> float:
    """How far one judge's score is inside what must survive: log odds, 0 at the threshold, at most 6 either way.

    Raises EvaluatorError, which names the judge, where the score has no figure that is asked for.
    """
    margins = [MOST]
    if keep.similarity is not None:
        margins.append(_log_odds(score.similarity) - _log_odds(keep.similarity))
    if keep.cosine is not None:
        margins.append(_log(1 - keep.cosine) - _log(1 - _known(score.cosine, "cosine", judge)))
    if keep.kl is not None:
        margins.append(_log(keep.kl) - _log(_known(score.kl, "kl", judge)))
    if keep.cer is not None:
        margins.append(_log(keep.cer) - _log(_known(score.cer, "cer", judge)))
    if keep.kept is not None:
        margins.append(2 * (_log(_known(score.kept, "kept", judge)) - _log(keep.kept)))
    if not label_holds(score, keep, judge):
        margins.append(-LABEL)
    return -MOST if any(map(math.isnan, margins)) else max(-MOST, min(margins))


def label_holds(score: Score, keep: Keep, judge: str = "a judge") -> bool:
    """Whether the answer is still as `label` asks for, if it does. Raises EvaluatorError, as `margin`."""
    if keep.label is None:
        return True
    if keep.label == "family":
        height = FAMILY_HEIGHT if keep.family_height is None else keep.family_height
        return _known(score.family, "family", judge) <= height
    return _known(score.rank, "label", judge) < {"same": 1, "top5": 5}[keep.label]


def relation(score: Score) -> str:
    """How near the two labels are, in words; empty where they are the same or nothing is known of it."""
    if not score.family:
        return ""
    return "no family" if score.family >= UNRELATED else f"family at height {score.family}"


def _known(figure: float | None, name: str, judge: str) -> float:
    """A figure that is asked for. Raises EvaluatorError; the config vouches for all judges but those of one's own."""
    if figure is None and name == "family":
        raise EvaluatorError(
            f"{judge} has no families, which 'keep' asks for, as its classes are not ImageNet's; "
            "ask for 'label: same' or 'label: top5', or ask another judge"
        )
    if figure is None:
        raise EvaluatorError(f"{judge} gives no {name!r}, which 'keep' asks for; remove it, or ask another judge")
    return figure


def _log_odds(share: float) -> float:
    return _log(share) - _log(1 - share)


def _log(figure: float) -> float:
    return math.log(max(figure, 1e-12))
