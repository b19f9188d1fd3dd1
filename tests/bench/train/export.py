"""A trained network as the file that `semopt.evaluators.drift.Student` reads."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from semopt.atomic import replace_whole
from tests.bench.train.model import Layer, Net


def export(net: Net, file: Path) -> None:
    """Write the weights: kernels in 16 bits, which moves drifts by less than 1 %. Raises OSError."""
    buffer = io.BytesIO()
    with torch.no_grad():
        np.savez(buffer, **_arrays(net))
    replace_whole(file, buffer.getvalue())


def _arrays(net: Net) -> dict[str, np.ndarray]:
    arrays = {"layers": np.array(len(net.layers))}
    for at, layer in enumerate(net.layers):
        kernel, bias = folded(layer)
        arrays |= {f"kernel{at}": kernel.numpy().astype(np.float16), f"bias{at}": bias.numpy()}
        arrays |= {f"stride{at}": np.array(layer.convolution.stride[0]), f"map{at}": F.softplus(net.maps[at]).numpy()}
    dense = (net.inner.weight, net.inner.bias, net.outer.weight, net.outer.bias)
    arrays |= {f"frailty{at}": weights.detach().numpy() for at, weights in enumerate(dense)}
    arrays |= {"shares": F.softplus(net.shares).numpy(), "attention": net.attention.weight[0, :, 0, 0].numpy()}
    return arrays | {"power": net.power.exp().numpy(), "scale": net.scale.detach().numpy()}


def folded(layer: Layer) -> tuple[torch.Tensor, torch.Tensor]:
    """Kernel and bias of the one convolution that does what a convolution and its batch norm do."""
    norm = layer.norm
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return layer.convolution.weight * gain[:, None, None, None], norm.bias - norm.running_mean * gain
