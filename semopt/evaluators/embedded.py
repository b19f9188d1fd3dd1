"""The judge of kind `embedded`: needs no download and no torch.

In this version it is a classical descriptor without weights (`descriptor.py`), not a trained network; a small trained
one takes the same seam later. It tells how much of an image's structure is left, and knows no classes.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from semopt.evaluators.calibration import similarity
from semopt.types import Domain, EvaluatorSpec, Score

if TYPE_CHECKING:
    from PIL import Image

    from semopt.evaluators.descriptor import Sighting

ALGORITHM = 1
"""Raise it when the descriptor or a constant of it changes."""

# On 195 photographs (tests/bench/calibrate.py): 5,537 bytes in the mean, and two networks both keep their answer on
# 91 %; on 90 others 4,571 bytes and 88 %. Half the drift gives 96 %, twice the drift 78 %.
SAFE = 0.065


class EmbeddedEvaluator:
    """About 2 ms for an image of 512 px."""

    labels = False
    cost = 1.0
    domain: Domain = "photos"

    def __init__(self, name: str):
        self.name = name

    def observe(self, images: Sequence[Image.Image]) -> list[Sighting]:
        """Look at RGB images of any size from 1 px."""
        from semopt.evaluators.descriptor import describe

        return [describe(image) for image in images]

    def compare(self, reference: Sighting, observed: Sighting) -> Score:
        """How far one sighting is from the original's."""
        from semopt.evaluators.descriptor import cosine, drift

        return Score(similarity(drift(reference, observed), SAFE), cosine=cosine(reference, observed))


def fingerprint(spec: EvaluatorSpec) -> str:
    """The algorithm's number, what it calls safe, and the library that scales its canvas."""
    return f"embedded:{ALGORITHM}:{SAFE}:pillow-{importlib.metadata.version('pillow')}"


def load(spec: EvaluatorSpec, progress: bool) -> EmbeddedEvaluator:
    """Nothing to load."""
    return EmbeddedEvaluator(spec.name)
