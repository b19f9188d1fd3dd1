"""A classification network of torch as a judge."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from semopt.evaluators.families import families_of
from semopt.evaluators.fusing import fuse
from semopt.evaluators.sighting import Sighting, compare, middle
from semopt.types import Domain, EvaluatorError, Score

if TYPE_CHECKING:
    from PIL import Image

BATCH = {"cpu": 1}
ON_A_GPU = 16
"""Images in one pass. On the CPU a batch of 8 costs as much an image as a batch of 1. A shape that never changes keeps
an image's answer free of its neighbours, to the bit."""

TOLERANCE = 0.001
"""Of similarity, by which the answers of a GPU may differ, as it sums in another order. What stands as near to a
threshold may be chosen there and not here; an answer in the cache is one for both."""


class NetworkEvaluator:
    """A torchvision network. `transforms` turns an RGB image into its input, (3, height, width) of a fixed size.

    device: where it runs. batch: images in one pass. threads: how many passes may run at once on the CPU, each on one
    core; whoever knows how many cores there are to use sets it.
    """

    labels = True
    domain: Domain = "photos"

    def __init__(
        self,
        name: str,
        network: torch.nn.Module,
        transforms: Any,
        categories: Sequence[str],
        batch: int | None = None,
        device: str = "cpu",
    ):
        self.name, self.threads = name, 1
        # One torch thread: MobileNetV2 18.6 to 16.2 ms, ResNet50 91 to 80, SqueezeNet 17 to 8; ConvNeXt loses 8 %.
        self._network = network.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._transforms, self._device = transforms, device
        self._categories, self._families = categories, families_of(categories)
        self._batch = batch or BATCH.get(device, ON_A_GPU)
        self._kept = threading.local()  # features of the pass that the thread is in
        linear = [module for module in network.modules() if isinstance(module, torch.nn.Linear)]
        self._keeps = bool(linear)  # SqueezeNet has none: its logits serve as features
        if linear:
            linear[-1].register_forward_pre_hook(self._keep)

    def _keep(self, module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        self._kept.features = inputs[0]

    def fuse(self, image: Image.Image) -> None:
        """Make the network faster, if it gives the same for this image then."""
        with _one_thread(), _exact():
            fuse(self._network, self._input([image]))

    def observe(self, images: Sequence[Image.Image]) -> list[Sighting]:
        """Look at RGB images of any size from 1 px. Raises EvaluatorError where the outputs are no numbers."""
        batches = [images[start : start + self._batch] for start in range(0, len(images), self._batch)]
        with _one_thread(), _exact():
            if self.threads == 1 or len(batches) < 2 or self._device != "cpu":
                return [seen for batch in batches for seen in self._look(batch)]
            with ThreadPoolExecutor(self.threads) as pool:
                return [seen for found in pool.map(self._look, batches) for seen in found]

    def _input(self, images: Sequence[Image.Image]) -> torch.Tensor:
        """(batch, 3, height, width), filled up with black to its fixed size."""
        prepared = [self._transforms(middle(image))[None] for image in images]
        if missing := self._batch - len(prepared):
            prepared += [torch.zeros_like(prepared[0])] * missing
        return (torch.cat(prepared) if len(prepared) > 1 else prepared[0]).to(self._device)

    def _look(self, images: Sequence[Image.Image]) -> list[Sighting]:
        """One pass."""
        with torch.inference_mode():
            logits = self._network(self._input(images))
            features = self._kept.features.flatten(1) if self._keeps else logits
            logits, features = logits.cpu(), features.cpu()
        if not (logits.isfinite().all() and features.isfinite().all()):
            raise EvaluatorError(f"evaluator {self.name!r}: its outputs are not finite; the weights are damaged")
        return [Sighting(logits[row].numpy().copy(), features[row].numpy().copy()) for row in range(len(images))]

    def compare(self, reference: Sighting, observed: Sighting) -> Score:
        """How far one sighting is from the original's."""
        return compare(reference, observed, self._categories, self._families)


def device_for(wanted: str, name: str) -> str:
    """Where a judge of this name runs: "auto" is a GPU where torch sees one. Raises EvaluatorError."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(device for device, usable in there.items() if usable)
    if not there[wanted]:
        raise EvaluatorError(
            f"evaluator {name!r}: device: this torch sees no {wanted}, only "
            f"{' and '.join(device for device, usable in there.items() if usable)}; set it to auto"
        )
    return wanted


@contextmanager
def _one_thread() -> Iterator[None]:
    """One torch thread in here: sums in another order would give other bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _exact() -> Iterator[None]:
    """Whole floats on NVIDIA's GPUs, and the same algorithm each time."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield
