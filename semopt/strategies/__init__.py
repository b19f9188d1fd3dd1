"""The strategies. To add one: write a value that satisfies `semopt.types.Strategy`, and one line here.

What a config and a cache key need is listed here, so that neither loads the searches.
"""

from __future__ import annotations

from semopt.types import Outcome, Strategy

FORMATS: dict[str, tuple[str, ...]] = {
    "semantic": ("avif", "webp", "jpeg"),
    "visual": ("avif", "webp", "jpeg"),
    "both": ("avif", "webp", "jpeg"),
    "lossless": ("webp", "png"),
    "resize": ("jpeg",),
    "jpeg": ("jpeg",),
    "skip": (),
}
"""The formats of each strategy where a rule names none."""

ROUTES: dict[str, tuple[str, ...]] = {"semantic": ("visual", "lossless"), "both": ("visual",)}
"""Where an original goes instead that the judges of its rule cannot decide about."""


NAMES = tuple(FORMATS)


def strategies() -> dict[str, Strategy]:
    """The registry."""
    from semopt.strategies.both import BOTH
    from semopt.strategies.jpeg import JPEG
    from semopt.strategies.lossless import LOSSLESS
    from semopt.strategies.resize import RESIZE
    from semopt.strategies.semantic import SEMANTIC
    from semopt.strategies.skip import SKIP
    from semopt.strategies.visual import VISUAL

    return {strategy.name: strategy for strategy in (SEMANTIC, VISUAL, BOTH, LOSSLESS, RESIZE, JPEG, SKIP)}


def default_for(graphic: bool) -> str:
    """Without rules nobody's page shows a smear: photographs get `both`, drawings and screenshots `lossless`."""
    return "lossless" if graphic else "both"


def went_elsewhere(outcome: Outcome, wanted: str) -> bool:
    """Whether the search of this strategy left it for the outcome's own, for the reason that the outcome has."""
    return bool(outcome.reason) and outcome.strategy in ROUTES.get(wanted, ())
