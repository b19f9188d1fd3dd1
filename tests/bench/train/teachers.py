"""Large networks, and what they say of a degraded version: how far it drifted, and whether their answer holds.

    mobilenet_v2.pth, NETWORK=FILE            a state dict of a network of torchvision
    net.onnx                                  outputs `logits` and `features`, (n, classes) and (n, any number)

An ONNX file's preparation stands beside it or after a question mark, as for the judges of `tests.bench.frontier`.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from semopt.atomic import digest
from semopt.evaluators import KINDS
from semopt.evaluators.runtime import opened
from semopt.evaluators.sighting import Sighting, compare
from semopt.types import EvaluatorSpec
from tests.bench.frontier.judges import parsed, preparation

USUAL = "mobilenet_v2"


class Teacher(Protocol):
    """key: changes whenever the same picture may be seen otherwise."""

    key: str

    def observe(self, images: Sequence[Image.Image]) -> Sequence[Sighting]:
        """Look at RGB images of any size."""
        ...


@dataclass(frozen=True)
class Lesson:
    """Of one original, by version and teacher: kl in nats and angle (1 - cosine of the features), (versions, teachers)
    float32; held: whether the top class is still the original's. sure: its probability, (teachers,)."""

    kl: np.ndarray
    angle: np.ndarray
    held: np.ndarray
    sure: np.ndarray


def taught(teachers: Sequence[Teacher], original: Image.Image, versions: Sequence[Image.Image]) -> Lesson:
    """What the teachers say."""
    scores = []
    for teacher in teachers:
        before, *after = teacher.observe([original, *versions])
        classes = [str(number) for number in range(len(before.logits))]
        scores.append([compare(before, seen, classes) for seen in after])
    by_version = list(zip(*scores, strict=True))
    return Lesson(
        np.array([[score.kl for score in row] for row in by_version], np.float32),
        np.array([[1 - (score.cosine or 0) for score in row] for row in by_version], np.float32),
        np.array([[score.label == score.label_before for score in row] for row in by_version], bool),
        np.array([row[0].sure for row in scores], np.float32),
    )


def load(spec: str) -> Teacher:
    """A teacher by its file. Raises ValueError, OSError, EvaluatorError, and what its library raises."""
    architecture, file, options = parsed(spec)
    if file.suffix.lower() == ".onnx":
        return Onnx(file, options)
    return Torchvision(architecture or USUAL, file)


class Torchvision:
    """A network of torchvision, prepared for as its default weights are."""

    def __init__(self, architecture: str, file: Path) -> None:
        options = (("model", architecture), ("weights", str(file.resolve())))
        spec = EvaluatorSpec(architecture, "torchvision", options)
        self.observe = KINDS["torchvision"].load(spec, False).observe
        # Not the evaluator's fingerprint: that changes with its idea of a safe drift, which nothing here depends on.
        versions = [importlib.metadata.version(name) for name in ("torchvision", "pillow")]
        self.key = f"{architecture}:{digest(file.read_bytes())}:{versions}"


class Onnx:
    """A network as an ONNX file, on one thread."""

    def __init__(self, file: Path, options: dict[str, Any]) -> None:
        self._session = opened(str(file))
        self._inlet = self._session.get_inputs()[0]
        side = self._inlet.shape[2]
        self._prepare = preparation(options, side if isinstance(side, int) else 224, "nchw", False)
        self.key = f"{digest(file.read_bytes())}:{self._prepare}"

    def observe(self, images: Sequence[Image.Image]) -> list[Sighting]:
        """Look at RGB images of any size, one by one: a batch costs as much an image on one core."""
        return [self._look(image) for image in images]

    def _look(self, image: Image.Image) -> Sighting:
        pixels = np.ascontiguousarray(self._prepare(image)[None], np.float32)
        logits, features = self._session.run(["logits", "features"], {self._inlet.name: pixels})
        return Sighting(logits[0], features[0].ravel())
