"""What a strategy is handed for one image: its rule's settings, resolved against the image and the judges."""

from __future__ import annotations

from dataclasses import replace

from semopt.encoders import chosen
from semopt.panel import confirming, searching
from semopt.types import Encoder, Judges, Problem, Settings, Source, Strategy

DEFAULT_FLOOR = {"ssimulacra2": 70.0}
"""Its authors call 70 high quality: an average viewer notices no difference without comparing."""


def problem(settings: Settings, strategy: Strategy, source: Source, judges: Judges) -> Problem:
    """The problem of an image under a rule. Raises EvaluatorError and PluginError."""
    asked = settings if strategy.judged else replace(settings, evaluators=(), confirm=())
    jury = searching(asked, judges, source.graphic)
    return Problem(
        source,
        _encoders(settings, strategy, source),
        settings.write or strategy.write,
        jury.criterion,
        floor_of(settings),
        *(settings.widths, settings.min_width, _most(settings, source), settings.seed),
        *(jury.judges, jury.agree, jury.absent),
        confirming(asked, judges, source.graphic),
        below=settings.below,
    )


def floor_of(settings: Settings) -> dict[str, float]:
    """The least figure of each metric that people are to see."""
    return dict(settings.floor) or DEFAULT_FLOOR


def measured(strategy: str | None, settings: Settings) -> tuple[str, float] | None:
    """The metric that a strategy's variants are held against and its least figure; None where there is none."""
    if strategy == "lossless":
        return "identical", 1.0
    return next(iter(floor_of(settings).items())) if strategy in ("visual", "both") else None


def _encoders(settings: Settings, strategy: Strategy, source: Source) -> tuple[Encoder, ...]:
    """Those of the rule, or the strategy's own. What is transparent stays so, unless the rule names a background."""
    wanted = chosen(settings.formats or strategy.formats)
    if not source.alpha or settings.background is not None:
        return wanted
    return tuple(encoder for encoder in wanted if encoder.alpha) or wanted


def _most(settings: Settings, source: Source) -> int | None:
    """The greatest width in px that leaves both sides within what the rule allows."""
    if settings.max_side is None:
        return settings.max_width
    longer = max(source.width, source.height)
    width = max(1, source.width * min(settings.max_side, longer) // longer)
    return min(width, settings.max_width or width)
