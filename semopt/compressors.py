"""The blog post's own system: an evaluator names the class of an image, a compressor iterates until that changes.

    from PIL import Image
    from semopt import Evaluator, JPEGCompressor, ResizeCompressor

    evaluator = Evaluator("resnet152")
    small = ResizeCompressor(evaluator)(Image.open("cat.jpg"))

One network's top class is a poor test of being recognised: docs/the-post.md measures it, and the strategy `semantic`
answers it. To write a compressor of one's own, inherit `Compressor` and write `iteration`.
"""

from __future__ import annotations

import io
import os
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from pathlib import Path

from PIL import Image, ImageOps

from semopt.evaluators import KINDS
from semopt.images import flatten, view
from semopt.types import EvaluatorSpec

Seen = Callable[[Image.Image], Hashable]
"""Anything that names what an image shows: the same answer means that it is still recognised."""


class Evaluator:
    """A pretrained network of torchvision that names the class of an image.

    network: a name such as "resnet152". weights: a named entry of torchvision, or the path of a state dict; without it
    torchvision's default weights, which are downloaded when first needed. Raises EvaluatorError.
    """

    def __init__(self, network: str, weights: str | os.PathLike[str] | None = None) -> None:
        options = {"model": network} | ({} if weights is None else {"weights": _located(weights)})
        spec = EvaluatorSpec(network, "torchvision", tuple(sorted(options.items())))
        self._judge = KINDS["torchvision"].load(spec, progress=True)

    def __call__(self, image: Image.Image) -> str:
        """The name of the class that the network gives the highest probability. image: of any size and mode."""
        (seen,) = self._judge.observe([view(_upright(image))])
        return self._judge.compare(seen, seen).label or ""


class Compressor(ABC):
    """Calls `iteration` again and again; gives the last image before the evaluator's answer changes.

    It ends too after `patience` iterations in a row that changed no pixel, and after `steps` in all.
    """

    steps = 10_000
    patience = 1

    def __init__(self, evaluator: Seen) -> None:
        self.evaluator = evaluator

    @abstractmethod
    def iteration(self, image: Image.Image) -> Image.Image:
        """One step further; gives a new image, and the same pixels where there is no step further."""

    def __call__(self, image: Image.Image) -> Image.Image:
        """Compress an image. It is turned upright first, as its EXIF says, and left as it is itself."""
        image = _upright(image)
        wanted, idle = self.evaluator(image), 0
        for _ in range(self.steps):
            following = self.iteration(image)
            idle = idle + 1 if _same(image, following) else 0
            if idle == self.patience or (not idle and self.evaluator(following) != wanted):
                break
            image = following
        return image


class ResizeCompressor(Compressor):
    """A thumbnail at most as large as the image less 10 px in both directions, its aspect ratio kept; down to 1 px.

    Each step starts from the one before, so that blur accumulates, as in the post.
    """

    def iteration(self, image: Image.Image) -> Image.Image:
        """The next smaller thumbnail."""
        smaller = image.copy()
        smaller.thumbnail((max(1, image.width - 10), max(1, image.height - 10)))
        return smaller


class JPEGCompressor(Compressor):
    """Re-saves the image as JPEG at a random quality from 0 to 100 each step, so that the damage accumulates.

    The qualities follow from the seed, anew for each image. It ends after 100 steps, of which one in the mean has
    quality 0, or 10 in a row without a changed pixel: what stood that stands more of the same. Transparency becomes
    white. What it gives carries its file as `info["file"]`: saving the pixels again would be one step more.
    """

    steps = 100
    patience = 10

    def __init__(self, evaluator: Seen, seed: int = 0) -> None:
        super().__init__(evaluator)
        self._seed = seed
        self._random = random.Random(seed)

    def __call__(self, image: Image.Image) -> Image.Image:
        """Compress an image; the same image gives the same result every time."""
        self._random.seed(self._seed)
        return super().__call__(image)

    def iteration(self, image: Image.Image) -> Image.Image:
        """The image saved once more."""
        buffer = io.BytesIO()
        flatten(image).save(buffer, "JPEG", quality=self._random.randint(0, 100))
        saved = Image.open(buffer)
        saved.load()
        saved.info["file"] = buffer.getvalue()
        return saved


def _upright(image: Image.Image) -> Image.Image:
    return ImageOps.exif_transpose(image)


def _same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and one.mode == other.mode and one.tobytes() == other.tobytes()


def _located(weights: str | os.PathLike[str]) -> str:
    """Weights as a judge's options have them: what looks like a path is one, made absolute."""
    text = os.fspath(weights)
    named = isinstance(weights, str) and not Path(text).suffix and not {"/", os.sep} & set(text)
    return text if named else os.path.abspath(text)
