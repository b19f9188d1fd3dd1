"""The bar while images are built: how many, bytes saved so far, images a second and the time left."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from semopt.terminal import coloured, size

SHAPE = "{percentage:3.0f}% {bar} {n_fmt}/{total_fmt} images{said}"


class Bar(tqdm):  # type: ignore[type-arg]
    """A bar on stderr that goes away at its end. saved: bytes so far."""

    saved = 0

    def __init__(self, images: int) -> None:
        colour = "green" if coloured(sys.stderr) else None
        super().__init__(total=images, file=sys.stderr, leave=False, dynamic_ncols=True, colour=colour,
                         bar_format=SHAPE, mininterval=0.2, smoothing=0.1)  # fmt: skip

    def add(self, saved: int) -> None:
        """One image more, with the bytes that it saves."""
        self.saved += saved
        self.update()

    @property
    def format_dict(self) -> dict[str, Any]:
        """What `SHAPE` may name."""
        known = dict(super().format_dict)
        return {**known, "said": said(known["n"], known["total"] or 0, known["elapsed"], known["rate"], self.saved)}


def said(done: int, images: int, elapsed: float, rate: float | None, saved: int) -> str:
    """What is said after the count. elapsed: seconds. rate: images a second of late, None where not known."""
    rate = rate or (done / elapsed if elapsed else 0.0)
    if not done or not rate:
        return ""
    pace = f"{rate:.1f}/s" if rate >= 1 else f"{1 / rate:.1f} s each"
    return f", {size(max(saved, 0))} saved, {pace}, {_clock((images - done) / rate)} left"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
