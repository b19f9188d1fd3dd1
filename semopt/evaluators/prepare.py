"""An image as a network of one's own wants it: scaled, cropped, its pixels as numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from semopt.evaluators.sighting import middle
from semopt.types import EvaluatorError, EvaluatorSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MARGIN = 256 / 224
"""`resize: crop` scales to this much more than it needs and takes the middle, as most ImageNet networks expect."""

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Preparation:
    """From an RGB image to the network's input of one image. size: (height, width) in px.

    resize: "crop", "cover" (the same without a margin) or "squash" (the shape is not kept). brightest: what white
    is before mean and std. last: the channels come last (NHWC).
    """

    size: tuple[int, int]
    resize: str
    brightest: float
    mean: Triple
    std: Triple
    bgr: bool
    last: bool
    dtype: np.dtype[Any]

    def __call__(self, image: Image.Image) -> NDArray[Any]:
        """Of an RGB image of any size from 1 px: (1, 3, height, width), or (1, height, width, 3)."""
        pixels: NDArray[np.float32] = np.asarray(self._scaled(middle(image.convert("RGB"))), np.float32)
        if not np.issubdtype(self.dtype, np.integer):
            mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
            pixels = np.asarray((pixels * np.float32(self.brightest / 255) - mean) / std)
        pixels = pixels[..., ::-1] if self.bgr else pixels
        shaped = pixels if self.last else pixels.transpose(2, 0, 1)
        return np.ascontiguousarray(shaped[None], self.dtype)

    def _scaled(self, image: Image.Image) -> Image.Image:
        height, width = self.size
        if self.resize == "squash":
            return image.resize((width, height), Image.Resampling.BILINEAR)
        scale = max(width / image.width, height / image.height) * (MARGIN if self.resize == "crop" else 1)
        large = (max(width, round(image.width * scale)), max(height, round(image.height * scale)))
        left, top = (large[0] - width) // 2, (large[1] - height) // 2
        return image.resize(large, Image.Resampling.BILINEAR).crop((left, top, left + width, top + height))


def preparation(spec: EvaluatorSpec, size: tuple[int, int], last: bool, dtype: np.dtype[Any]) -> Preparation:
    """What the spec says, else what most networks trained on ImageNet want. Raises EvaluatorError."""
    whole = np.issubdtype(dtype, np.integer)
    if stated := [key for key in ("range", "mean", "std") if whole and spec.option(key) is not None]:
        raise EvaluatorError(f"evaluator {spec.name!r}: {stated[0]}: its network takes bytes as they are; remove it")
    full = spec.option("range") == "255"
    std = _triple(spec, "std", (1.0, 1.0, 1.0) if full else IMAGENET_STD)
    if not all(std):
        raise EvaluatorError(f"evaluator {spec.name!r}: std: expected numbers other than 0")
    return Preparation(
        size,
        spec.option("resize") or "crop",
        255.0 if full else 1.0,
        _triple(spec, "mean", (0.0, 0.0, 0.0) if full else IMAGENET_MEAN),
        std,
        spec.option("channels") == "bgr",
        last,
        dtype,
    )


def _triple(spec: EvaluatorSpec, key: str, default: Triple) -> Triple:
    stated = spec.option(key)
    if stated is None:
        return default
    red, green, blue = json.loads(stated)
    return float(red), float(green), float(blue)
