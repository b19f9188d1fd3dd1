"""The judge of kind `embedded`: a small trained network in the package; needs no download and no torch.

It tells how much of what an image shows is left, on any kind of image, and knows no classes. docs/embedded.md says what
it was trained on and how well it transfers.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from semopt.evaluators import files
from semopt.evaluators.calibration import similarity
from semopt.types import Domain, EvaluatorError, EvaluatorSpec, Score

if TYPE_CHECKING:
    from PIL import Image

    from semopt.evaluators.drift import Sighting, Student

ALGORITHM = 3
"""Raise it when anything but the weights changes what an image's score is."""

WEIGHTS = Path(__file__).with_name("embedded.npz")
SAFE = 0.8
"""Drift that was found safe: on photographs held back from training two networks that took no part both keep their
answer on 92 to 94 % (docs/embedded.md)."""


class EmbeddedEvaluator:
    """About 2 ms for an image of 512 px, on one core."""

    labels = False
    cost = 1.0
    domain: Domain = "photos"

    def __init__(self, name: str, student: Student):
        from semopt.evaluators.drift import CANVAS

        self.name, self._student, self.canvas = name, student, CANVAS

    def observe(self, images: Sequence[Image.Image]) -> list[Sighting]:
        """Look at RGB images of any size from 1 px."""
        return [self._student.look(image) for image in images]

    def altered(self, plain: Sighting, altered: Sighting) -> None:
        """Measure an altered look of an original by the plain one's yard: it is the same, and costs two looks."""
        altered.yard = self._student.yard(plain)

    def compare(self, reference: Sighting, observed: Sighting) -> Score:
        """How far one sighting is from the original's."""
        from semopt.evaluators.drift import cosine

        drift = self._student.drift(reference, observed)
        return Score(similarity(drift, SAFE), cosine=cosine(reference, observed))


def fingerprint(spec: EvaluatorSpec) -> str:
    """The algorithm's number, what it calls safe, the weights, and the libraries that scale and run."""
    versions = ":".join(f"{name}-{importlib.metadata.version(name)}" for name in ("onnxruntime", "pillow"))
    return f"embedded:{ALGORITHM}:{SAFE}:sha256-{files.sha256_of(WEIGHTS)[:16]}:{versions}"


def load(spec: EvaluatorSpec, progress: bool) -> EmbeddedEvaluator:
    """Read the weights and try them on a grey image. Raises EvaluatorError: the package is damaged."""
    from zipfile import BadZipFile

    from PIL import Image

    from semopt.evaluators.drift import Student

    try:
        student = Student.read(WEIGHTS)
        student.look(Image.new("RGB", (64, 64), (128, 128, 128)))
    except (OSError, EOFError, BadZipFile, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise EvaluatorError(
            f"evaluator {spec.name!r}: the weights of the embedded network cannot be used ({error}); "
            "install semopt again"
        ) from error
    return EmbeddedEvaluator(spec.name, student)
