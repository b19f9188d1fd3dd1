"""The embedded network: what it sees of an image, and how far two sightings differ.

Four plain convolutions look at the whole picture, squashed onto a square canvas; beside their maps the slopes of the
brightness at four scales and the layout of light and colour are kept. The difference of two sightings is a sum of
shares, each with a weight that training found (docs/embedded.md). A variant has the shape of its original up to
rounding, so both are squashed alike, and a line one pixel wide needs no case of its own.

onnxruntime runs the network: on one core 1 ms where plain NumPy took 4 to 30 for one of the same size.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from semopt.evaluators.graphfile import Graph
from semopt.evaluators.runtime import opened
from semopt.types import Canvas

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

SIDE = 256
CANVAS = Canvas(SIDE, SIDE, Image.Resampling.BILINEAR, gap=2.0)
SCALES = 4
TILE = 8
DARK = 1e-2
"""Added to the squared length of a position's features: where the network sees nothing, noise is no direction."""
FLOORS = ((1 / 255) ** 2,) * SCALES + (0.02**2, 0.02**2)
"""Edges of one grey level and tinges of 2 % count as none: what a codec does to an empty sky is no loss."""
YARD_PX, YARD_QUALITY = 192, 30
"""The loss that every original is measured by: made this small and saved as a JPEG of this quality."""
LEAST_YARD = 0.7
"""Photographs have 0.7 to 2.2; an empty sky hardly drifts, and is not held to a smaller yard for it."""
EVEN = 0.8
"""How far drift is counted in yards of its own image, 0 to 1. How easily an image drifts is hard to tell for a small
network: at 0.8 the same agreement of three other networks needs 6 % fewer bytes than at 0, at 1.2 4 % fewer (143
photographs)."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


@dataclass(slots=True)
class Sighting:
    """maps: per layer (channels, height, width), each position of length 1. attention: of the deepest map's height and
    width, 1 in the mean: where a difference counts. frailty: a factor for all of them, by what is shown. slopes: per
    scale (2, height, width), brightness a pixel across and down. light: (tiles, tiles), 0 to 1. colour: (2, tiles,
    tiles), blue and red less light. canvas: (SIDE, SIDE, 3), what was looked at. yard: the drift that the standard loss
    costs, found when it is first asked for.
    """

    maps: tuple[Plane, ...]
    attention: Plane
    frailty: float
    slopes: tuple[Plane, ...]
    light: Plane
    colour: Plane
    canvas: NDArray[np.uint8]
    yard: float | None = None


@dataclass(frozen=True)
class Student:
    """The trained weights.

    kernels, biases: per layer (out, in, height, width) and (out,). strides: per layer. maps: per layer (channels,)
    weights of the maps' differences. shares: (6,) weights of the shares. attention: (channels of the last layer,).
    frailty: weights and biases of two small dense layers over the means and maxima of the last map. power, scale:
    drift = frailty * e**scale * sum**power.
    """

    kernels: tuple[Plane, ...]
    biases: tuple[Plane, ...]
    strides: tuple[int, ...]
    maps: tuple[NDArray[np.float64], ...]
    shares: NDArray[np.float64]
    attention: Plane
    frailty: tuple[NDArray[np.float64], ...]
    power: float
    scale: float

    @classmethod
    def read(cls, file: Path) -> Student:
        """The weights in a file of `tests.bench.train`. Raises OSError, ValueError and KeyError where it is damaged."""
        with np.load(file, allow_pickle=False) as kept:
            layers = range(int(kept["layers"]))
            return cls(
                tuple(kept[f"kernel{at}"].astype(np.float32) for at in layers),
                tuple(kept[f"bias{at}"].astype(np.float32) for at in layers),
                tuple(int(kept[f"stride{at}"]) for at in layers),
                tuple(kept[f"map{at}"].astype(np.float64) for at in layers),
                kept["shares"].astype(np.float64),
                kept["attention"].astype(np.float32),
                tuple(kept[f"frailty{at}"].astype(np.float64) for at in range(4)),
                float(kept["power"]),
                float(kept["scale"]),
            )

    def look(self, image: Image.Image) -> Sighting:
        """Look at an RGB image of any size from 1 px."""
        return self._seen(np.asarray(squashed(image)))

    def _seen(self, canvas: NDArray[np.uint8]) -> Sighting:
        pixels = np.ascontiguousarray(canvas.transpose(2, 0, 1))[None].astype(np.float32)
        seen = [plane[0] for plane in self._session.run(None, {"pixels": pixels})]
        layers = len(self.kernels)
        maps, (score, mean, most), rest = seen[:layers], seen[layers : layers + 3], seen[layers + 3 :]
        return Sighting(
            tuple(maps),
            _softened(score[0]),
            self._frailty(np.concatenate([mean.ravel(), most.ravel()]).astype(np.float64)),
            tuple(rest[:SCALES]),
            rest[SCALES][0],
            rest[SCALES + 1],
            canvas,
        )

    def drift(self, before: Sighting, after: Sighting) -> float:
        """0 for equal images, about 1 for the standard loss."""
        return float(self.distance(before, after) / max(self.yard(before), LEAST_YARD) ** EVEN)

    def yard(self, sighting: Sighting) -> float:
        """The drift that the standard loss costs."""
        if sighting.yard is None:
            sighting.yard = self.distance(sighting, self._seen(_worn(sighting.canvas)))
        return sighting.yard

    def distance(self, before: Sighting, after: Sighting) -> float:
        """0 for equal images; the unit is the drift of the large networks that it was trained on."""
        pairs = zip(before.maps, after.maps, self.maps, strict=True)
        found = sum(float(_dot(weights, _apart(one, other, before.attention))) for one, other, weights in pairs)
        found += float(_dot(self.shares, shares(before, after)))
        return float(np.exp(self.scale) * found**self.power * before.frailty)

    def _frailty(self, summary: NDArray[np.float64]) -> float:
        inner, bias, outer, last = self.frailty
        hidden = np.maximum((inner * summary).sum(1) + bias, 0.0)
        return float(np.exp(_dot(outer.ravel(), hidden) + last[0]))

    @cached_property
    def _session(self) -> Any:
        return opened(self._graph().file())

    def _graph(self) -> Graph:
        graph = Graph()
        pixels = graph.input("pixels", (1, 3, SIDE, SIDE))
        share = graph.add("Mul", pixels, graph.constant(np.array([1 / 255], np.float32)))
        self._convolve(graph, share)
        light = _mixed(graph, share, _LUMA[None])
        for scale in range(SCALES):
            side = SIDE >> scale
            graph.output(f"slopes{scale}", _slopes(graph, light), (1, 2, side - 2, side - 2))
            light = graph.add("AveragePool", light, kernel_shape=(2, 2), strides=(2, 2))
        tiles = graph.add("AveragePool", share, kernel_shape=(TILE, TILE), strides=(TILE, TILE))
        count = SIDE // TILE
        graph.output("light", _mixed(graph, tiles, _LUMA[None]), (1, 1, count, count))
        less = np.array([[0, 0, 1], [1, 0, 0]], np.float32) - _LUMA
        graph.output("colour", _mixed(graph, tiles, less), (1, 2, count, count))
        return graph

    def _convolve(self, graph: Graph, share: str) -> None:
        """The layers; each gives its map out, every position at length 1, and the last what else is read off it."""
        flow = graph.add("Mul", share, graph.constant(np.array([4], np.float32)))
        flow = graph.add("Sub", flow, graph.constant(np.array([2], np.float32)))
        side = SIDE
        for at, (kernel, bias, stride) in enumerate(zip(self.kernels, self.biases, self.strides, strict=True)):
            pad = kernel.shape[-1] // 2
            weights = graph.constant(kernel), graph.constant(bias)
            flow = graph.add("Conv", flow, *weights, strides=(stride, stride), pads=(pad, pad, pad, pad))
            flow = graph.add("Relu", flow)
            side //= stride
            square = graph.add("ReduceSumSquare", flow, axes=(1,), keepdims=1)
            length = graph.add("Sqrt", graph.add("Add", square, graph.constant(np.array([DARK], np.float32))))
            graph.output(f"map{at}", graph.add("Div", flow, length), (1, len(bias), side, side))
        graph.output("attention", _mixed(graph, flow, self.attention[None]), (1, 1, side, side))
        graph.output("mean", graph.add("GlobalAveragePool", flow), (1, len(bias), 1, 1))
        graph.output("most", graph.add("GlobalMaxPool", flow), (1, len(bias), 1, 1))


def squashed(image: Image.Image) -> Image.Image:
    """The whole image on the square canvas that the network sees, RGB."""
    return CANVAS.squashed(image if image.mode == "RGB" else image.convert("RGB"))


def cosine(before: Sighting, after: Sighting) -> float:
    """Mean over the positions of the deepest map; 1 for equal images."""
    even = np.ones_like(before.attention)
    return 1.0 - float(_apart(before.maps[-1], after.maps[-1], even).sum()) / 2


def _apart(one: Plane, other: Plane, attention: Plane) -> NDArray[np.float64]:
    """Mean squared difference of each channel, (channels,), each position as much as is attended to it."""
    times = one.shape[1] // attention.shape[0]
    here = attention.repeat(times, 0).repeat(times, 1)
    return np.asarray((np.square(one - other) * here).mean((1, 2), dtype=np.float64))


def _worn(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A canvas after the standard loss."""
    file = io.BytesIO()
    small = Image.fromarray(canvas).resize((YARD_PX, YARD_PX), Image.Resampling.LANCZOS)
    small.save(file, "JPEG", quality=YARD_QUALITY)
    with Image.open(file) as image:
        return np.asarray(squashed(image))


def _softened(score: Plane) -> Plane:
    """Scores of positions as attention, 1 in the mean."""
    odds = np.exp(score - score.max())
    return np.asarray(odds / odds.mean(), np.float32)


def _dot(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Not `@`: BLAS shares the work among threads, waits for each where cores are busy, and rounds by their number."""
    return float(np.einsum("i,i->", one, other))


def shares(before: Sighting, after: Sighting) -> NDArray[np.float64]:
    """Energy of the difference as a share of the energy that was there: slopes at each scale, light, colour."""
    pairs = [*zip(before.slopes, after.slopes, strict=True), (before.light, after.light), (before.colour, after.colour)]
    there = [*before.slopes, before.light - before.light.mean(), before.colour]
    lost = [float(np.square(one - other).sum(dtype=np.float64)) for one, other in pairs]
    whole = [float(np.square(plane).sum(dtype=np.float64)) for plane in there]
    spread = [plane.shape[-1] * plane.shape[-2] * floor for plane, floor in zip(there, FLOORS, strict=True)]
    return np.asarray(np.array(lost) / (np.array(whole) + np.array(spread)))


def _mixed(graph: Graph, planes: str, matrix: Plane) -> str:
    """Channels as weighted sums of the three of colour."""
    return graph.add("Conv", planes, graph.constant(np.ascontiguousarray(matrix[:, :, None, None], np.float32)))


def _slopes(graph: Graph, light: str) -> str:
    """Central differences across and down: unlike those of neighbours they leave out the finest noise."""
    across = np.zeros((3, 3), np.float32)
    across[1, 0], across[1, 2] = -0.5, 0.5
    return graph.add("Conv", light, graph.constant(np.ascontiguousarray(np.stack([across, across.T])[:, None])))
