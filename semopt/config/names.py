"""What the registries offer, so that names are checked and choices are listed. Asked only when a config is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from semopt.types import EvaluatorKind, Keep

ALL = frozenset(each.name for each in fields(Keep)) - {"cer"}
UNLABELLED = frozenset({"similarity", "cosine"})
LOSSY = ("semantic", "visual", "both")


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a config may use.

    models: the networks of torchvision. figures: by kind of evaluator, the fields of Keep that its judges can answer.
    options: by kind of evaluator, its keys beside `kind`, each as in `semopt.evaluators.Key`. usable: by strategy, the
    formats that it can do something with, where these are not all. broken: by kind or format that another package
    adds, why it cannot be used.
    """

    strategies: tuple[str, ...]
    formats: tuple[str, ...]
    models: tuple[str, ...]
    figures: Mapping[str, frozenset[str]]
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    usable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)


def known(kinds: Collection[str] = (), formats: Collection[str] = ()) -> Names:
    """The names of the registries, imported late: importing the config imports none of them.

    kinds, formats: those that a config names. Only where one of them is not built in, other packages are asked.
    """
    from semopt.encoders import ENCODERS
    from semopt.evaluators import KINDS
    from semopt.evaluators.names import TORCHVISION_MODELS
    from semopt.strategies import NAMES as STRATEGIES

    broken = {**KINDS.load(kinds), **ENCODERS.load(formats)}
    figures = {name: _figures(kind) for name, kind in KINDS.items()}
    if not set(kinds) <= set(figures):
        figures = {**dict.fromkeys(KINDS.names(), ALL), **figures}
    return Names(
        strategies=STRATEGIES,
        formats=tuple(ENCODERS) if set(formats) <= set(ENCODERS) else ENCODERS.names(),
        models=TORCHVISION_MODELS,
        figures=figures,
        options={name: kind.keys for name, kind in KINDS.items()},
        usable={
            "jpeg": ("jpeg",),
            "lossless": tuple(name for name, encoder in ENCODERS.items() if encoder.lossless),
            **dict.fromkeys(LOSSY, tuple(name for name, encoder in ENCODERS.items() if encoder.ladder)),
        },
        broken=broken,
    )


def _figures(kind: EvaluatorKind) -> frozenset[str]:
    """What the judges of a kind can answer: what it says, else what judges with or without classes can."""
    return frozenset(getattr(kind, "figures", ())) or (ALL if kind.labels else UNLABELLED)
