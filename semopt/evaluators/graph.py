"""An ONNX graph as a judge: what it takes and gives is found out when it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from semopt.evaluators.families import families_of
from semopt.evaluators.prepare import Preparation, preparation
from semopt.evaluators.runtime import opened
from semopt.evaluators.sighting import Sighting, compare
from semopt.types import EvaluatorError, EvaluatorSpec, Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

TYPES: dict[str, np.dtype[Any]] = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(float16)": np.dtype(np.float16),
    "tensor(double)": np.dtype(np.float64),
    "tensor(uint8)": np.dtype(np.uint8),
}
USUAL_PX = 224
LEAST = np.float32(1e-12)  # a probability of 0 counts as this: its logarithm must be a number


class OnnxEvaluator:
    """A network that takes one image and gives a figure for each class.

    Runs on the CPU with one thread, one image a pass: an image's answer is free of its neighbours, to the bit.
    """

    labels = True

    def __init__(self, spec: EvaluatorSpec, file: Path, names: Sequence[str] | None):
        self.name, self._spec = spec.name, spec
        self._session = _session(spec, file)
        self._input, self._prepared = _entrance(spec, self._session.get_inputs())
        given = [output.name for output in self._session.get_outputs()]
        self._outputs = [_named(spec, "output", given) or given[0]]
        self._outputs += filter(None, [_named(spec, "features", given)])
        self._probabilities = spec.option("scores") == "probabilities"
        seen = [self._pass(image) for image in _probes()]
        if spec.option("scores") is None:
            self._probabilities = all(_sums_to_one(scores) for scores, _ in seen)
        self._names = names or tuple(map(str, range(seen[0][0].size)))
        if len(self._names) != seen[0][0].size:
            raise self._fault(f"labels: {len(self._names)} lines, but its network has {seen[0][0].size} classes")
        self._families = families_of(self._names)

    def observe(self, images: Sequence[Image.Image]) -> list[Sighting]:
        """Look at RGB images of any size from 1 px. Raises EvaluatorError where the outputs are no numbers."""
        return [self._look(image) for image in images]

    def compare(self, reference: Sighting, observed: Sighting) -> Score:
        """How far one sighting is from the original's."""
        return compare(reference, observed, self._names, self._families)

    def _look(self, image: Image.Image) -> Sighting:
        scores, features = self._pass(image)
        return Sighting(np.log(np.maximum(scores, LEAST)) if self._probabilities else scores, features)

    def _pass(self, image: Image.Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The figures of the classes, and the features or nothing."""
        try:
            given = self._session.run(self._outputs, {self._input: self._prepared(image)})
        except Exception as error:  # onnxruntime's own classes, which have no common one
            raise self._fault(f"its network cannot be run: {_first_line(error)}") from error
        scores = self._row(given[0])
        features = np.asarray(given[1], np.float32).ravel() if len(given) > 1 else np.zeros(0, np.float32)
        if not (np.isfinite(scores).all() and np.isfinite(features).all()):
            raise self._fault("its outputs are not finite; the weights are damaged")
        return scores, features

    def _row(self, given: Any) -> NDArray[np.float32]:
        """One figure for each class, from (1, classes), (classes,) or (1, classes, 1, 1)."""
        figures = np.asarray(given)
        if figures.size < 2 or figures.size != max(figures.shape) or not np.issubdtype(figures.dtype, np.number):
            name, others = self._outputs[0], [output.name for output in self._session.get_outputs()]
            raise self._fault(
                f"output: expected one figure for each of two or more classes, found {figures.dtype} of shape "
                f"{figures.shape} from {name!r}; its outputs are {', '.join(map(repr, others))}"
            )
        with np.errstate(over="ignore"):  # infinity is reported
            return np.array(figures, np.float32).ravel()

    def _fault(self, text: str) -> EvaluatorError:
        return EvaluatorError(f"evaluator {self.name!r}: {text}")


def _session(spec: EvaluatorSpec, file: Path) -> Any:
    """The graph, ready to run."""
    try:
        return opened(str(file))
    except ImportError as error:
        raise EvaluatorError(f"onnxruntime cannot be imported ({error}); pip install onnxruntime") from error
    except Exception as error:  # onnxruntime's own classes, which have no common one
        raise EvaluatorError(
            f"evaluator {spec.name!r}: {file} is no ONNX network that onnxruntime can open: {_first_line(error)}"
        ) from error


def _entrance(spec: EvaluatorSpec, inputs: Sequence[Any]) -> tuple[str, Preparation]:
    """The name of the input, and what prepares an image for it."""
    if len(inputs) != 1:
        raise EvaluatorError(f"evaluator {spec.name!r}: its network takes {len(inputs)} inputs, not one image")
    (entrance,) = inputs
    shape, takes = entrance.shape, f"evaluator {spec.name!r}: its network takes {entrance.type} of {entrance.shape}"
    if len(shape) != 4 or entrance.type not in TYPES:
        raise EvaluatorError(f"{takes}; expected numbers for images: batch, channels, height and width")
    if isinstance(shape[0], int) and shape[0] > 1:
        raise EvaluatorError(f"{takes}; export it with a batch of 1, or of any size")
    last = _channels_last(spec, shape, takes)
    size = _size(spec, shape[1:3] if last else shape[2:4])
    return entrance.name, preparation(spec, size, last, TYPES[entrance.type])


def _channels_last(spec: EvaluatorSpec, shape: Sequence[Any], takes: str) -> bool:
    """Whether the layout is NHWC: stated, or where the 3 is."""
    stated = spec.option("layout")
    last = stated == "nhwc" if stated else shape[3] == 3 and shape[1] != 3
    channels = shape[3] if last else shape[1]
    if isinstance(channels, int) and channels != 3:
        raise EvaluatorError(f"{takes}; expected three channels{f' in layout {stated}' if stated else ''}")
    return last


def _size(spec: EvaluatorSpec, sides: Sequence[Any]) -> tuple[int, int]:
    """Height and width in px: the graph's where it has them, else the spec's, else 224."""
    stated = int(spec.option("size") or USUAL_PX)
    height, width = (side if isinstance(side, int) and side > 0 else stated for side in sides)
    if spec.option("size") and (height, width) != (stated, stated):
        raise EvaluatorError(f"evaluator {spec.name!r}: size: its network takes {width} x {height} px; remove it")
    return height, width


def _named(spec: EvaluatorSpec, key: str, given: Sequence[str]) -> str | None:
    """The output that a key names."""
    name = spec.option(key)
    if name is not None and name not in given:
        known = ", ".join(map(repr, given))
        raise EvaluatorError(f"evaluator {spec.name!r}: {key}: {name!r} is no output of its network; there are {known}")
    return name


def _probes() -> list[Image.Image]:
    """Something grey and something loud: weights that are damaged show here, not in mid-build."""
    noise = np.random.default_rng(0).integers(0, 256, (24, 24, 3), np.uint8)
    return [Image.new("RGB", (64, 64), (128, 128, 128)), Image.fromarray(noise)]


def _sums_to_one(scores: NDArray[np.float32]) -> bool:
    return bool((scores >= 0).all()) and abs(float(scores.sum(dtype=np.float64)) - 1) < 1e-3


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
