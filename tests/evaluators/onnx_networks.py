"""Small networks as ONNX files, for tests: made of torch, trained where they are to see something."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

CLASSES = ("stripes", "disc", "chessboard")


def scene(label: int, seed: int, size: int = 64) -> Image.Image:
    """One of the classes, somewhere, in some colours, with a little noise."""
    random = np.random.default_rng([label, seed])
    y, x = np.mgrid[0:size, 0:size] / size
    period, shift = random.uniform(0.18, 0.3), random.uniform(0, 1)
    shape = [
        np.sin(2 * np.pi * (x / period + shift)) > 0,
        np.hypot(x - random.uniform(0.35, 0.65), y - random.uniform(0.35, 0.65)) < random.uniform(0.2, 0.35),
        (np.sin(2 * np.pi * (x / period + shift)) > 0) ^ (np.sin(2 * np.pi * y / period) > 0),
    ][label]
    dark, light = random.uniform(10, 100, 3), random.uniform(150, 240, 3)
    pixels = np.where(shape[..., None], light, dark) + random.normal(0, 6, (size, size, 1))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


class Small(torch.nn.Module):
    """Two convolutions and a linear layer, (batch, 3, height, width) to logits; with its features if asked."""

    def __init__(self, features: bool = False):
        super().__init__()
        self.see = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 5, 4, 2), torch.nn.ReLU(), torch.nn.Conv2d(8, 16, 5, 2, 2), torch.nn.ReLU()
        )
        self.tell = torch.nn.Linear(32, len(CLASSES))
        self.features = features

    def forward(self, batch):
        seen = self.see(batch)
        seen = torch.cat([seen.mean((2, 3)), seen.amax((2, 3))], dim=1)
        return (self.tell(seen), seen) if self.features else self.tell(seen)


def trained(steps: int = 90) -> Small:
    """A network that tells the three classes apart, in a second or two."""
    torch.manual_seed(0)
    images = np.stack([np.asarray(scene(label, seed), np.float32) for seed in range(20) for label in range(3)])
    batch = torch.from_numpy(images.transpose(0, 3, 1, 2) / 127.5 - 1)
    wanted = torch.arange(3).repeat(20)
    network = Small()
    optimiser = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(steps):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(network(batch), wanted).backward()
        optimiser.step()
    return network.eval()


def export(
    network: torch.nn.Module,
    file: Path,
    shape: Sequence[int] = (1, 3, 64, 64),
    free: Sequence[int] = (),
    dtype: torch.dtype = torch.float32,
) -> Path:
    """Write a network as ONNX. free: the dimensions of its input that may have any size."""
    example = torch.zeros(*shape, dtype=dtype)
    outputs = network.eval()(example)
    names = ["logits", "features", "third"][: len(outputs) if isinstance(outputs, tuple) else 1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls this exporter old; the new one needs one more package
        axes = {"image": {axis: f"side{axis}" for axis in free}}
        torch.onnx.export(
            network, (example,), str(file), input_names=["image"], output_names=names, dynamic_axes=axes, dynamo=False
        )
    return file
