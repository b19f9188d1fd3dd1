"""Judges of kind `onnx`: a classification network of one's own, run by onnxruntime.

Imports neither onnxruntime nor numpy before a judge is loaded.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from semopt import regular
from semopt.evaluators import files
from semopt.types import EvaluatorError, EvaluatorSpec

if TYPE_CHECKING:
    from semopt.evaluators.graph import OnnxEvaluator

ALGORITHM = 3
"""Raise it when preprocessing or comparison change."""

_LOCATION = b"\x0a\x08location\x12"  # onnx.proto, TensorProto.external_data: a key and, after its length, a path
_CONTENT = ("path", "labels", "sha256")


def fingerprint(spec: EvaluatorSpec) -> str:
    """The content of network, weights beside it and labels; how images are prepared; the libraries that do it.

    Raises EvaluatorError: a file or onnxruntime is missing, or a file has other content than it should.
    """
    path, labels = _path(spec), spec.option("labels")
    parts = [f"onnx:{ALGORITHM}:sha256-{files.agreed(spec, 'path', path)}"]
    parts += [f"data-{files.checked(spec, 'path', path.parent / name)}" for name in outside(path)]
    parts += [f"labels-{files.checked(spec, 'labels', Path(labels))}"] if labels else []
    parts += [f"{key}={value}" for key, value in spec.options if key not in _CONTENT]
    return ":".join([*parts, *(f"{name}-{files.version(name)}" for name in ("onnxruntime", "numpy", "pillow"))])


def load(spec: EvaluatorSpec, progress: bool) -> OnnxEvaluator:
    """Open the network, find out what it takes and gives, and try it.

    Raises EvaluatorError: onnxruntime or a file missing, a graph that is none of an image classifier, outputs that
    are no numbers, labels that do not fit.
    """
    path, labels = _path(spec), spec.option("labels")
    files.version("onnxruntime")
    files.agreed(spec, "path", path)
    names = _labels(spec, Path(labels)) if labels else None

    from semopt.evaluators.graph import OnnxEvaluator

    return OnnxEvaluator(spec, path, names)


def _path(spec: EvaluatorSpec) -> Path:
    path = spec.option("path")
    if not path:
        raise EvaluatorError(f"evaluator {spec.name!r}: path: is missing; it names the network's file")
    return Path(path)


def _labels(spec: EvaluatorSpec, file: Path) -> tuple[str, ...]:
    """The names of the classes, one a line; blank lines at the end do not count."""
    try:
        text = regular.read(file).decode("utf-8-sig")
    except OSError as error:
        raise EvaluatorError(f"evaluator {spec.name!r}: labels: cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise EvaluatorError(f"evaluator {spec.name!r}: labels: {file} is no UTF-8 text ({error.reason})") from error
    return tuple(line.strip() for line in text.rstrip().split("\n"))


def outside(file: Path) -> list[str]:
    """The files beside the graph in which its weights lie, if they do; exporters name them as they please."""
    try:
        with regular.opened(file) as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return sorted({*_locations(content)})
    except (OSError, ValueError):  # ValueError: an empty file cannot be mapped, and names nothing
        return []


def _locations(content: mmap.mmap) -> Iterator[str]:
    at = content.find(_LOCATION)
    while at >= 0:
        start = at + len(_LOCATION)
        length, start = _length(content, start)
        name = content[start : start + length].decode("utf-8", "replace")
        if name and not re.search(r"[\x00-\x1f\ufffd]", name):
            yield name
        at = content.find(_LOCATION, start)


def _length(content: mmap.mmap, at: int) -> tuple[int, int]:
    """A protobuf number below 2**14, and the place after it."""
    first, second = content[at : at + 1] or b"\0", content[at + 1 : at + 2] or b"\0"
    return (first[0], at + 1) if first[0] < 128 else ((first[0] & 127) | second[0] << 7, at + 2)
