"""The strategies. To add one: write a value that satisfies `semopt.types.Strategy`, and one line here.

Names are listed apart, so that a config is checked without loading the searches.
"""

from __future__ import annotations

from semopt.types import Strategy

NAMES = ("semantic", "visual", "both", "lossless", "skip")


def strategies() -> dict[str, Strategy]:
    """The registry."""
    from semopt.strategies.both import BOTH
    from semopt.strategies.lossless import LOSSLESS
    from semopt.strategies.semantic import SEMANTIC
    from semopt.strategies.skip import SKIP
    from semopt.strategies.visual import VISUAL

    return {strategy.name: strategy for strategy in (SEMANTIC, VISUAL, BOTH, LOSSLESS, SKIP)}


def default_for(graphic: bool) -> str:
    """Without rules nobody's page shows a smear: photographs get `both`, drawings and screenshots `lossless`."""
    return "lossless" if graphic else "both"
