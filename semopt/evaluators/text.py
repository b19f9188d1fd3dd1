"""The judge of kind `text`: whether the words that can be read in the original can still be read.

It reads with rapidocr, whose package carries the networks; imports neither it nor numpy before a judge is loaded.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from semopt.evaluators import files
from semopt.evaluators.calibration import similarity
from semopt.types import Domain, EvaluatorError, EvaluatorSpec, Score

if TYPE_CHECKING:
    from PIL import Image

    from semopt.evaluators.reading import Reading

ALGORITHM = 1
"""Raise it when reading or comparison change."""

# On 24 screenshots with text: copies at middling quality or better are read with a rate of 0.015 at most; at the lowest
# quality two thirds of them are over 0.02, the worst at 0.9 (docs/judges.md).
SAFE = 0.02

LIBRARIES = ("rapidocr", "onnxruntime", "opencv-python-headless", "pyclipper", "shapely", "numpy", "pillow")

WORDLESS = "no text can be read in the original"


class TextEvaluator:
    """About a second for a screenshot of a megapixel, on one thread.

    pixels: four megapixels hold any screen at its own pixels but for those of two pixels a point, whose text is large.
    """

    labels = False
    cost = 500.0
    mirrors = False
    domain: Domain = "any"
    pixels = 4_000_000

    def __init__(self, spec: EvaluatorSpec):
        from semopt.evaluators.reading import Reader

        self.name = spec.name
        self._reader = Reader(*_networks())

    def observe(self, images: Sequence[Image.Image]) -> list[Reading]:
        """Read RGB images of any size, one after the other."""
        return [self._reader.read(image) for image in images]

    def compare(self, reference: Reading, observed: Reading) -> Score:
        """The share of the original's characters that are read wrongly or not at all; no say where it has none."""
        from semopt.evaluators.legibility import error_rate

        cer = error_rate(reference, observed)
        return Score(1.0, silent=WORDLESS) if cer is None else Score(similarity(cer, SAFE), cer=cer)


def fingerprint(spec: EvaluatorSpec) -> str:
    """What counts as read and as safe, the networks' content, and the libraries that run them.

    Raises EvaluatorError: rapidocr or onnxruntime is missing, or the networks are.
    """
    versions = [f"{name}-{files.version(name, 'text')}" for name in LIBRARIES]
    networks = [f"{file.stem}-{files.checked(spec, 'kind', file)}" for file in _networks()]
    return ":".join([f"text:{ALGORITHM}:{SAFE}", *networks, *versions])


def load(spec: EvaluatorSpec, progress: bool) -> TextEvaluator:
    """Open the networks. Raises EvaluatorError as `fingerprint` does."""
    for name in LIBRARIES:
        files.version(name, "text")
    return TextEvaluator(spec)


def _networks() -> tuple[Path, Path]:
    """The files of the detector and of the recogniser, without importing rapidocr."""
    found = importlib.util.find_spec("rapidocr")
    folder = Path(found.origin or "").parent / "models" if found else Path()
    carried = [sorted(folder.glob(f"*_{part}_*.onnx")) for part in ("det", "rec")] if found else [[], []]
    if not all(len(one) == 1 for one in carried):
        raise EvaluatorError("this rapidocr does not carry one detector and one recogniser; pip install 'semopt[text]'")
    return carried[0][0], carried[1][0]
