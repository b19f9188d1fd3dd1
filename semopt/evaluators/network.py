"""A classification network as a judge: what it saw of an image, and how far two sightings differ."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from semopt.evaluators.calibration import similarity
from semopt.types import EvaluatorError, Score

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

# drift = kl / SAFE_KL + (1 - cosine) / SAFE_ANGLE; 1 is safe. Measured with MobileNetV2 on 195 photographs
# (tests/bench/calibrate.py): mean bytes of the smallest accepted candidate and the share of photographs on which
# another network keeps its answer. This sum at 1: 3,781 bytes, 93 %; on 90 others 2,880 and 91 %. KL alone: 4,262
# and 91 % at 0.1 nats, 6,290 and 94 % at 0.05. For 95 % the sum needs 4,358 bytes, the cosine alone 5,206 and the KL
# alone 6,966; weights of the cosine from 2 to 6 times that of the KL are alike.
SAFE_KL = 0.6
SAFE_ANGLE = 0.2

WIDEST = 4


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a network made of one image. logits: (classes,) float32. features: (width of the last layer,) float32."""

    logits: NDArray[np.float32]
    features: NDArray[np.float32]


class NetworkEvaluator:
    """A torchvision network. `transforms` turns an RGB image into its input, (3, height, width) of a fixed size.

    The network runs on the CPU one image at a time: a batch of 8 costs as much an image as a batch of 1 there, and
    a batch shape that never changes keeps an image's answer free of its neighbours, to the bit.
    """

    labels = True

    def __init__(self, name: str, network: torch.nn.Module, transforms: Any, categories: Sequence[str], batch: int = 1):
        self.name = name
        # One torch thread: MobileNetV2 18.6 to 16.2 ms, ResNet50 91 to 80, SqueezeNet 17 to 8; ConvNeXt loses 8 %.
        network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network = network
        self._transforms = transforms
        self._categories = categories
        self._batch = batch
        self._lock = threading.Lock()
        self._features: torch.Tensor | None = None
        linear = [module for module in network.modules() if isinstance(module, torch.nn.Linear)]
        if linear:  # SqueezeNet has none: its logits serve as features
            linear[-1].register_forward_pre_hook(self._keep)

    def _keep(self, module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        self._features = inputs[0]

    def observe(self, images: Sequence[Image.Image]) -> list[Sighting]:
        """Look at RGB images of any size from 1 px. Raises EvaluatorError where the outputs are no numbers."""
        found: list[Sighting] = []
        for start in range(0, len(images), self._batch):
            found += self._look(images[start : start + self._batch])
        return found

    def _look(self, images: Sequence[Image.Image]) -> list[Sighting]:
        """One pass; the batch is filled up with black to its fixed size."""
        prepared = [self._transforms(_middle(image)) for image in images]
        prepared += [torch.zeros_like(prepared[0])] * (self._batch - len(prepared))
        with self._lock, _one_thread(), torch.inference_mode():
            logits = self._network(torch.stack(prepared))
            features = logits if self._features is None else self._features.flatten(1)
        if not (logits.isfinite().all() and features.isfinite().all()):
            raise EvaluatorError(f"evaluator {self.name!r}: its outputs are not finite; the weights are damaged")
        return [Sighting(logits[row].numpy().copy(), features[row].numpy().copy()) for row in range(len(images))]

    def compare(self, reference: Sighting, observed: Sighting) -> Score:
        """How far one sighting is from the original's."""
        before, after = _log_softmax(reference.logits), _log_softmax(observed.logits)
        top = int(reference.logits.argmax())
        kl = max(0.0, float(np.sum(np.exp(before) * (before - after))))  # rounding may give -1e-17
        angle = _angle(reference.features, observed.features)
        return Score(
            similarity=similarity(kl / SAFE_KL + angle / SAFE_ANGLE, safe=1.0),
            kl=kl,
            cosine=1.0 - angle,
            kept=float(np.exp(after[top] - before[top])),
            label_before=self._categories[top],
            label=self._categories[int(observed.logits.argmax())],
            rank=int(np.sum(observed.logits > observed.logits[top])),
        )


@contextmanager
def _one_thread() -> Iterator[None]:
    """One torch thread in here: sums in another order would give other bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _middle(image: Image.Image) -> Image.Image:
    """The middle of an image that is longer than four times its width, in either direction.

    The preparation scales the shorter side to some 230 px and then crops a square: a line of 1 x 50,000 px would
    have 2.7 gigapixels in between, of which the crop sees none but the middle.
    """
    width, height = image.size
    side = WIDEST * min(width, height)
    cut = (max(0, width - side) // 2, max(0, height - side) // 2)
    return image.crop((cut[0], cut[1], width - cut[0], height - cut[1])) if any(cut) else image


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()))


def _angle(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """1 minus the cosine, exactly 0 for equal vectors: half the squared distance of the unit vectors."""
    return float(np.square(_unit(one) - _unit(other)).sum() / 2)


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float64]:
    wide = vector.astype(np.float64)
    return np.asarray(wide / max(float(np.linalg.norm(wide)), 1e-12))
