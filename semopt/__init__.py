"""semopt: the smallest image a machine still recognises, as a step of an asset build.

As a library: `semopt.build`, `semopt.compress`, `semopt.dataset`, `semopt.load_config`; `semopt.Compressor` and its two
examples, and the `Evaluator` that they are called with; the protocols and records are in `semopt.types`. Importing this
loads none of it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from semopt import types as types
    from semopt.api import build as build
    from semopt.api import compress as compress
    from semopt.api import dataset as dataset
    from semopt.api import load_config as load_config
    from semopt.compressors import Compressor as Compressor
    from semopt.compressors import Evaluator as Evaluator
    from semopt.compressors import JPEGCompressor as JPEGCompressor
    from semopt.compressors import ResizeCompressor as ResizeCompressor

__version__ = "0.1.0"

_HOMES = {
    "build": "semopt.api",
    "compress": "semopt.api",
    "dataset": "semopt.api",
    "load_config": "semopt.api",
    "types": "",
    "Compressor": "semopt.compressors",
    "Evaluator": "semopt.compressors",
    "JPEGCompressor": "semopt.compressors",
    "ResizeCompressor": "semopt.compressors",
}
"""Where the public names live; empty for a module of the package."""

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'semopt' has no attribute {name!r}")
    home = _HOMES[name]
    return getattr(importlib.import_module(home), name) if home else importlib.import_module(f"semopt.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
