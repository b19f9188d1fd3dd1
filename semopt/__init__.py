"""semopt: the smallest image a machine still recognises, as a step of an asset build.

Importing it loads no torch, no numpy and no Pillow: each public name is fetched when it is first used.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = ["Compressor", "Evaluator", "JPEGCompressor", "ResizeCompressor"]

if TYPE_CHECKING:
    from semopt.compressors import Compressor, Evaluator, JPEGCompressor, ResizeCompressor
else:
    _HOMES = dict.fromkeys(("Compressor", "Evaluator", "JPEGCompressor", "ResizeCompressor"), "semopt.compressors")

    def __getattr__(name):
        if name not in _HOMES:
            raise AttributeError(f"module 'semopt' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
