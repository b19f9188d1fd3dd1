"""Judges that take no part in any search: files of three kinds, each answering with a class and its probability.

    --judge other.tflite                          by the package `ai-edge-litert`
    --judge net.onnx                              by onnxruntime
    --judge mobilenet_v2=weights.pth              a state dict for this network of torchvision, with its own preparation
    --judge 'net.onnx?size=260&filter=bicubic&kin=another architecture, the same training pictures'

What stands after the question mark may stand in a JSON file beside it too (net.json beside net.onnx). `size`: px of the
square input. `resize`: px of the shorter side before the middle is cut out, 8/7 of the size if not stated. `filter`:
bilinear or bicubic. `mean`, `std`: of values from 0 to 1, three numbers each, ImageNet's if not stated. `layout`: nchw
or nhwc. `channels`: rgb or bgr. `scores`: logits or probabilities. `kin`: what it shares with the judges of the search.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
from PIL import Image

from semopt.atomic import digest
from semopt.evaluators import KINDS
from semopt.evaluators.runtime import opened
from semopt.types import EvaluatorSpec
from tests.bench.frontier.store import Answer

Ask = Callable[[Sequence[Image.Image]], list[Answer]]
KEYS = ("name", "kin", "size", "resize", "crop", "filter", "mean", "std", "layout", "channels", "scores")
BATCH = 16


@dataclass(frozen=True)
class Judge:
    """A network to ask. kin: what it shares with the search's judges. file: sha256 of its file. key: that and more.

    key changes whenever the same picture may get another answer.
    """

    name: str
    kin: str
    file: str
    key: str
    ask: Ask


@dataclass(frozen=True)
class Preparation:
    """From an RGB image to a square input. mean and std are of values from 0 to 1; both empty: bytes as they are."""

    size: int
    resize: int
    filter: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    layout: str
    channels: str

    def __call__(self, image: Image.Image) -> Any:
        """Of any size: (size, size, 3), or (3, size, size)."""
        cut = min(image.size) * self.size / self.resize
        left, top = (image.width - cut) / 2, (image.height - cut) / 2
        shown = image.convert("RGB").resize(
            (self.size, self.size), Image.Resampling[self.filter.upper()], box=(left, top, left + cut, top + cut)
        )
        pixels = np.asarray(shown)[..., :: -1 if self.channels == "bgr" else 1]
        if self.mean:
            mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
            pixels = (pixels / np.float32(255) - mean) / std
        return pixels.transpose(2, 0, 1) if self.layout == "nchw" else pixels


def load(spec: str) -> Judge:
    """The judge that the command line names. Raises ValueError, OSError, and what its library raises."""
    architecture, file, options = parsed(spec)
    sha = digest(file.read_bytes())
    if architecture:
        ask, how = _torchvision(architecture, file), architecture
    else:
        maker = {".tflite": _tflite, ".onnx": _onnx}.get(file.suffix.lower())
        if maker is None:
            raise ValueError(f"{spec}: expected FILE.tflite, FILE.onnx or NETWORK=FILE")
        ask, how = maker(file, options)
    name = str(options.get("name") or architecture or file.stem)
    return Judge(name, str(options.get("kin") or "not stated"), sha, f"{sha}:{how}", ask)


def parsed(spec: str) -> tuple[str | None, Path, dict[str, Any]]:
    """The network of torchvision if one is named, the file, and what is said of it. Raises ValueError and OSError."""
    place, _, query = spec.partition("?")
    found = re.fullmatch(r"(?:(\w+)=)?(.+)", place, re.DOTALL)
    if not found:
        raise ValueError(f"{spec!r}: expected FILE.tflite, FILE.onnx or NETWORK=FILE")
    architecture, file = found[1], Path(found[2])
    beside = file.with_suffix(".json")
    options: dict[str, Any] = json.loads(beside.read_text("utf-8")) if beside.is_file() else {}
    options |= dict(parse_qsl(query, strict_parsing=True)) if query else {}
    if unknown := [key for key in options if key not in KEYS]:
        raise ValueError(f"{spec}: {unknown[0]!r} is none of {', '.join(KEYS)}")
    return architecture, file, options


def classifier(file: Path) -> Callable[[Image.Image], Answer]:
    """A judge for one picture at a time."""
    judge = load(str(file))
    return lambda image: judge.ask([image])[0]


def _torchvision(architecture: str, file: Path) -> Ask:
    options = (("model", architecture), ("weights", str(file.resolve())))
    network = KINDS["torchvision"].load(EvaluatorSpec(architecture, "torchvision", options), False)
    return lambda images: [_answer(seen.logits, True) for seen in network.observe([i.convert("RGB") for i in images])]


def _onnx(file: Path, options: Mapping[str, Any]) -> tuple[Ask, str]:
    session = opened(str(file))
    inlet = session.get_inputs()[0]
    last = inlet.shape[-1] == 3
    found = inlet.shape[1 if last else 2]
    prepare = preparation(options, found if isinstance(found, int) else 224, "nhwc" if last else "nchw", False)
    step = 1 if inlet.shape[0] == 1 else BATCH

    def ask(images: Sequence[Image.Image]) -> list[Answer]:
        batches = (images[start : start + step] for start in range(0, len(images), step))
        outputs = [session.run(None, {inlet.name: np.stack([prepare(i) for i in batch])})[0] for batch in batches]
        return [_answer(row, options.get("scores") != "probabilities") for batch in outputs for row in batch]

    return ask, json.dumps({**asdict(prepare), "scores": options.get("scores")})


def _tflite(file: Path, options: Mapping[str, Any]) -> tuple[Ask, str]:
    from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]

    interpreter = Interpreter(str(file), num_threads=1)
    interpreter.allocate_tensors()
    inlet, outlet = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    prepare = preparation(options, int(inlet["shape"][1]), "nhwc", inlet["dtype"] == np.uint8)
    scale, zero = outlet["quantization"]

    def ask(images: Sequence[Image.Image]) -> list[Answer]:
        return [one(image) for image in images]

    def one(image: Image.Image) -> Answer:
        interpreter.set_tensor(inlet["index"], prepare(image)[None])
        interpreter.invoke()
        row = interpreter.get_tensor(outlet["index"])[0].astype(np.float64)
        return _answer((row - zero) * scale if scale else row, options.get("scores") == "logits")

    return ask, json.dumps({**asdict(prepare), "scores": options.get("scores")})


def preparation(options: Mapping[str, Any], size: int, layout: str, whole: bool) -> Preparation:
    """What the options say, else what most networks want. whole: bytes as they are."""
    size = int(options.get("size") or size)
    mean, std = _triple(options.get("mean"), (0.485, 0.456, 0.406)), _triple(options.get("std"), (0.229, 0.224, 0.225))
    return Preparation(
        size,
        int(options.get("resize") or round(size * 8 / 7)),
        str(options.get("filter") or "bilinear"),
        () if whole else mean,
        () if whole else std,
        str(options.get("layout") or layout),
        str(options.get("channels") or "rgb"),
    )


def _triple(stated: Any, default: tuple[float, ...]) -> tuple[float, ...]:
    """Three numbers, from a list or from words with commas."""
    if stated is None:
        return default
    return tuple(float(part) for part in (stated.split(",") if isinstance(stated, str) else stated))


def _answer(scores: Any, logits: bool) -> Answer:
    """Of one picture's row of scores."""
    shares = np.exp(scores - scores.max()) if logits else scores
    return int(scores.argmax()), float(shares.max() / shares.sum())
