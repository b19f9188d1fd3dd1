"""Which judges a rule's images are shown to, in which order, and what they must say together."""

from __future__ import annotations

from collections.abc import Iterable

from semopt.criteria import Recognised, with_default
from semopt.types import Evaluator, Judges, Juror, Jury, Settings

COST = 10.0
"""Of one pass through a judge that says nothing of it, where one through `embedded` is 1."""


def searching(settings: Settings, judges: Judges, graphic: bool) -> Jury:
    """Those that the search asks. graphic: whether the image is a drawing or screenshot. Raises EvaluatorError."""
    return _jury(settings, settings.evaluators, settings.agree, judges, graphic)


def confirming(settings: Settings, judges: Judges, graphic: bool) -> Jury | None:
    """Those that look at what was found, and must all recognise it; None where there are none for such images.

    Where none of them has a say on the original, nothing is held against what was found.
    """
    jury = _jury(settings, settings.confirm, None, judges, graphic, unheard=True)
    return jury if jury.judges else None


def asked(settings: Settings, judges: Judges, graphic: bool) -> list[Jury]:
    """All who have a word on what was found: those of the search, and those that confirm where there are any."""
    both = searching(settings, judges, graphic), confirming(settings, judges, graphic)
    return [jury for jury in both if jury is not None]


def _jury(
    settings: Settings, names: Iterable[str], agree: int | None, judges: Judges, graphic: bool, unheard: bool = False
) -> Jury:
    made = {name: judges[name] for name in names}
    present = {name: judge for name, judge in made.items() if _domain(judge) in ("any", _wanted(graphic))}
    kept = tuple((name, with_default(settings.keep_for(name))) for name in present)
    needed = None if agree is None else min(agree, len(present))
    jurors = sorted((_juror(name, judge) for name, judge in present.items()), key=lambda one: one.cost)
    absent = tuple(name for name in made if name not in present)
    return Jury(Recognised(kept, needed, unheard), tuple(jurors), needed, absent)


def _wanted(graphic: bool) -> str:
    return "graphics" if graphic else "photos"


def _domain(judge: Evaluator) -> str:
    return str(getattr(judge, "domain", "any"))


def _juror(name: str, judge: Evaluator) -> Juror:
    return Juror(name, float(getattr(judge, "cost", COST)), judge.labels, bool(getattr(judge, "mirrors", True)))
