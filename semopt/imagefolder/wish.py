"""What a person asks of a dataset, checked and turned into a config whose variants go to a folder of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from semopt.atomic import is_inside
from semopt.types import BUILT_IN, Config, ConfigError, EvaluatorSpec, Keep, Label, Limits, Rule, Settings

FORMATS = ("webp", "jpeg")
"""What ImageFolder knows by its suffix and every Pillow opens."""

USABLE = ("webp", "jpeg", "avif")
ANY = "any"
LABELS: tuple[str, ...] = (*get_args(Label), ANY)
SUFFIX = ".semopt"
OUTPUT = "{dir}/{name}.{ext}"
LIMITS = Limits(max_bytes=2_000_000_000)  # what is over the other limits and opens is copied


@dataclass(frozen=True, slots=True)
class Wish:
    """How a dataset is to be shrunk.

    evaluator: "embedded", a network of torchvision, or a judge of `config`; None for the judges that the config asks by
    default, else "embedded". weights: a file for the network. similarity: 0 to 1, None for 0.9. label: "same", "top5",
    "family" or "any"; None for "same" where the judge has classes. confirm: judges that take no part in the search.
    state: the folder of the books, None for one beside `target`. keep_names: files are called as their originals,
    whatever their format.
    """

    source: Path
    target: Path
    evaluator: str | None = None
    weights: Path | None = None
    config: Path | None = None
    similarity: float | None = None
    label: str | None = None
    confirm: tuple[str, ...] = ()
    formats: tuple[str, ...] = FORMATS
    max_side: int | None = None
    keep_names: bool = False
    state: Path | None = None


def config_for(wish: Wish) -> Config:
    """The config of a wish. Raises ConfigError that names all that is wrong."""
    from semopt import config

    faults = [*_misplaced(wish), *_faults(wish)]
    loaded = config.load(wish.config) if wish.config else None
    asked = (wish.evaluator,) if wish.evaluator else loaded.default.settings.evaluators if loaded else ("embedded",)
    declared = {spec.name: spec for spec in (loaded.evaluators if loaded else BUILT_IN)}
    judges = _Judges(declared, wish.weights if len(asked) == 1 else None)
    specs = tuple(filter(None, (judges.spec(name, name in asked) for name in (*asked, *wish.confirm))))
    faults += [*judges.faults, *_label_faults(wish, specs[: len(asked)])]
    if faults:
        raise ConfigError("\n".join(faults))
    keep = tuple(sorted((spec.name, _keep(wish, spec)) for spec in specs))
    settings = Settings("semantic", wish.formats, "smallest", asked, wish.confirm, keep=keep, max_side=wish.max_side)
    state, target = _state(wish), Path(os.path.realpath(wish.target))
    return Config(state, Path(os.path.abspath(wish.source)), None, (), Rule("dataset", ("**",), settings), specs,
                  limits=LIMITS, output=OUTPUT, target=target)  # fmt: skip


def has_classes(spec: EvaluatorSpec) -> bool:
    """Whether a judge names classes."""
    from semopt.evaluators import KINDS

    return KINDS[spec.kind].labels or spec.option("labels") == "true"


def _state(wish: Wish) -> Path:
    target = os.path.realpath(wish.target)
    return Path(os.path.realpath(wish.state)) if wish.state else Path(target + SUFFIX)


def _misplaced(wish: Wish) -> Iterator[str]:
    """What is wrong with the folders."""
    source, target, state = (os.path.realpath(one) for one in (wish.source, wish.target, _state(wish)))
    if not os.path.isdir(source):
        yield f"{wish.source}: no such folder"
    if os.path.lexists(target) and not os.path.isdir(target):
        yield f"{wish.target}: is no folder"
    if is_inside(target, source) or is_inside(source, target):
        yield f"{wish.target}: lies in {wish.source}, or that in it; name a folder beside it"
    for name, folder in ((wish.source, source), (wish.target, target)):
        if is_inside(state, folder) or is_inside(folder, state):
            yield f"{state}: the books cannot lie in {name}, nor that in them; name another folder with --state"


def _faults(wish: Wish) -> Iterator[str]:
    """What is wrong with the figures and formats."""
    from semopt.config.faults import advise, show

    if not wish.formats:
        yield f"formats: name at least one of {', '.join(USABLE)}"
    for name in wish.formats:
        if name not in USABLE:
            yield f"formats: {show(name)} is not a format for this{advise(name, USABLE)}"
    if wish.label is not None and wish.label not in LABELS:
        yield f"label: {show(wish.label)} is not known; choose from {', '.join(LABELS)}"
    if wish.similarity is not None and not 0 <= wish.similarity <= 1:
        yield f"similarity: expected a number from 0 to 1, found {wish.similarity:g}"
    if wish.max_side is not None and wish.max_side < 1:
        yield f"max_side: expected a whole number of px from 1 up, found {wish.max_side}"
    if set(wish.confirm) & {wish.evaluator}:
        yield f"confirm: {show(str(wish.evaluator))} takes part in the search already; name a judge that does not"


def _label_faults(wish: Wish, specs: tuple[EvaluatorSpec, ...]) -> Iterator[str]:
    if wish.label not in (None, ANY) and specs and not any(map(has_classes, specs)):
        names = ", ".join(repr(spec.name) for spec in specs)
        yield f"label: {names} knows no classes; name a network of torchvision as evaluator"


def _keep(wish: Wish, spec: EvaluatorSpec) -> Keep:
    """What must survive in the eyes of a judge: the answer of those that give one."""
    if not has_classes(spec) or wish.label == ANY:
        return Keep(wish.similarity)
    labels: dict[str, Label] = {label: label for label in get_args(Label)}
    return Keep(wish.similarity, labels[wish.label or "same"])


class _Judges:
    """Judges by name: built in, declared in the config, or networks of torchvision."""

    def __init__(self, declared: dict[str, EvaluatorSpec], weights: Path | None) -> None:
        self._declared, self._weights = declared, weights
        self.faults: list[str] = []

    def spec(self, name: str, searches: bool) -> EvaluatorSpec | None:
        """The judge of a name; None where there is none, and why is among the faults. searches: the weights are its."""
        from semopt.config.faults import advise, show
        from semopt.evaluators.names import TORCHVISION_MODELS

        weights = self._weights if searches else None
        if name in self._declared:
            if weights:
                self.faults.append(f"weights: {show(name)} has its own; name a network of torchvision as evaluator")
            return self._declared[name]
        if name in TORCHVISION_MODELS:
            own = () if weights is None else (("weights", os.path.abspath(weights)),)
            return EvaluatorSpec(name, "torchvision", (("model", name), *own))
        known = (*self._declared, *TORCHVISION_MODELS)
        self.faults.append(f"evaluator: {show(name)} is no judge{advise(name, known)}")
        return None
