"""What a part of the soak was asked, and what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """folder: an empty one, the part's own. rounds: how often to try. seed: of all that is drawn.

    corpora: folders of images of the user's, read only.
    """

    folder: Path
    rounds: int
    seed: int = 0
    corpora: tuple[Path, ...] = ()


@dataclass
class Report:
    """Figures by name, and a sentence for each promise that was broken."""

    figures: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def expect(self, holds: bool, fault: str) -> None:
        """Note a fault where something does not hold."""
        if not holds:
            self.faults.append(fault)

    def lines(self, name: str) -> list[str]:
        """For people: the figures in one line, then the faults."""
        figures = ", ".join(f"{value:,} {figure}" for figure, value in self.figures.items())
        return [f"{name}: {figures}; {len(self.faults)} faults", *(f"  {fault}" for fault in self.faults[:20])]
