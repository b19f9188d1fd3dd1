"""The embedded network in torch, as `semopt.evaluators.drift` runs it, with what only training needs."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from semopt.evaluators.drift import DARK

CHANNELS = (24, 32, 48, 64)
KERNELS = (7, 3, 3, 3)
STRIDES = (4, 2, 2, 2)
HIDDEN = 16
"""Numbers in the middle of the two layers that tell how frail a picture is."""

SHARES = (0.0, -0.5, -1.0, -1.0, -1.0, -1.0)
"""Where the weights of the shares start, before softplus: slopes by scale, light, colour."""

LEAST = 1e-6
"""The smallest sum whose logarithm is taken: equal pictures have none."""


class Layer(nn.Module):
    """A convolution, batch norm and ReLU."""

    def __init__(self, inner: int, outer: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inner, outer, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outer)

    def forward(self, flow: torch.Tensor) -> torch.Tensor:
        """(n, inner, height, width) to (n, outer, height / stride, width / stride)."""
        return F.relu(self.norm(self.convolution(flow)))


class Net(nn.Module):
    """Gives the logarithm of the drift."""

    def __init__(self) -> None:
        super().__init__()
        sides = zip((3, *CHANNELS), CHANNELS, KERNELS, STRIDES, strict=False)
        self.layers = nn.ModuleList(Layer(*four) for four in sides)
        self.maps = nn.ParameterList(torch.full((channels,), -3.0) for channels in CHANNELS)
        self.shares = nn.Parameter(torch.tensor(SHARES))
        self.attention = nn.Conv2d(CHANNELS[-1], 1, 1, bias=False)
        self.inner, self.outer = nn.Linear(2 * CHANNELS[-1], HIDDEN), nn.Linear(HIDDEN, 1)
        self.power, self.scale = nn.Parameter(torch.tensor(0.0)), nn.Parameter(torch.tensor(2.0))
        for still in (self.attention.weight, self.outer.weight, self.outer.bias):
            nn.init.zeros_(still)

    def forward(
        self, originals: torch.Tensor, versions: torch.Tensor, owner: torch.Tensor, shares: torch.Tensor
    ) -> torch.Tensor:
        """Logarithms of the drift, (versions,).

        originals, versions: (n, 3, side, side), bytes as `pixels` gives them. owner: (versions,) the index of each
        version's original. shares: (versions, 6).
        """
        count, flow, seen = len(originals), torch.cat([originals, versions]), []
        for layer in self.layers:
            flow = layer(flow)
            seen.append(flow.float())
        with torch.autocast("cpu", enabled=False):
            attention = self._attention(seen[-1][:count])
            found = (shares * F.softplus(self.shares)).sum(1)
            for at, weights in zip(seen, self.maps, strict=True):
                here = F.interpolate(attention, at.shape[-2:])[owner]
                apart = (_unit(at[:count])[owner] - _unit(at[count:])).square() * here
                found = found + apart.mean((2, 3)) @ F.softplus(weights)
            return found.clamp_min(LEAST).log() * self.power.exp() + self.scale + self._frailty(seen[-1][:count])[owner]

    def _attention(self, last: torch.Tensor) -> torch.Tensor:
        """(originals, 1, height, width), 1 in the mean."""
        score = self.attention(last)
        return F.softmax(score.flatten(1), 1).view_as(score) * score[0].numel()

    def _frailty(self, last: torch.Tensor) -> torch.Tensor:
        """Logarithms, (originals,)."""
        hidden = F.relu(self.inner(torch.cat([last.mean((2, 3)), last.amax((2, 3))], 1)))
        return self.outer(F.dropout(hidden, 0.3, self.training))[:, 0]


def pixels(canvases: torch.Tensor) -> torch.Tensor:
    """Bytes (n, height, width, 3) as the network's input, (n, 3, height, width) from -2 to 2."""
    flow = canvases.permute(0, 3, 1, 2).float().mul_(4 / 255).sub_(2)
    return flow.contiguous(memory_format=torch.channels_last)


def _unit(maps: torch.Tensor) -> torch.Tensor:
    """Every position at length 1, but for darkness."""
    return maps / (maps.square().sum(1, keepdim=True) + DARK).sqrt()
