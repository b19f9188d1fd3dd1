"""A classification network of torch as a judge."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from semopt.evaluators.families import families_of
from semopt.evaluators.sighting import Sighting, compare, middle
from semopt.types import Domain, EvaluatorError, Score

if TYPE_CHECKING:
    from PIL import Image


class NetworkEvaluator:
    """A torchvision network. `transforms` turns an RGB image into its input, (3, height, width) of a fixed size.

    The network runs on the CPU one image at a time: a batch of 8 costs as much an image as a batch of 1 there, and
    a batch shape that never changes keeps an image's answer free of its neighbours, to the bit.
    """

    labels = True
    domain: Domain = "photos"

    def __init__(self, name: str, network: torch.nn.Module, transforms: Any, categories: Sequence[str], batch: int = 1):
        self.name = name
        # One torch thread: MobileNetV2 18.6 to 16.2 ms, ResNet50 91 to 80, SqueezeNet 17 to 8; ConvNeXt loses 8 %.
        network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network = network
        self._transforms = transforms
        self._categories, self._families = categories, families_of(categories)
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
        prepared = [self._transforms(middle(image)) for image in images]
        prepared += [torch.zeros_like(prepared[0])] * (self._batch - len(prepared))
        with self._lock, _one_thread(), torch.inference_mode():
            logits = self._network(torch.stack(prepared))
            features = logits if self._features is None else self._features.flatten(1)
        if not (logits.isfinite().all() and features.isfinite().all()):
            raise EvaluatorError(f"evaluator {self.name!r}: its outputs are not finite; the weights are damaged")
        return [Sighting(logits[row].numpy().copy(), features[row].numpy().copy()) for row in range(len(images))]

    def compare(self, reference: Sighting, observed: Sighting) -> Score:
        """How far one sighting is from the original's."""
        return compare(reference, observed, self._categories, self._families)


@contextmanager
def _one_thread() -> Iterator[None]:
    """One torch thread in here: sums in another order would give other bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
