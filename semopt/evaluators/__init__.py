"""The table of judges. To add a kind: write a module with `fingerprint` and `load`, and one line here.

Other packages add theirs through the entry point group `semopt.evaluators`: a `Kind`, or any `types.EvaluatorKind`.
Importing this imports no torch, no numpy and no Pillow; a kind's module is imported when one of its judges is asked
for.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from semopt.evaluators.names import DEVICES, TORCHVISION_MODELS
from semopt.plugins import Registry
from semopt.types import Evaluator, EvaluatorKind, EvaluatorSpec


@dataclass(frozen=True, slots=True)
class Key:
    """What a config may say under a judge's `kind`. choices: the only values, empty for any text.

    file: a value that looks like a path ("/" or a suffix in it) is one, relative to the config; it arrives absolute.
    sort: what the value is: a path or paths (they arrive absolute), a folder (by default the config's), pixels, three
    numbers, a mapping of plain values. All but one word arrives as JSON. A flag called `labels` says whether this
    judge names classes, whatever the kind says. example: shown where a required key is missing.
    """

    required: bool = False
    choices: tuple[str, ...] = ()
    file: bool = False
    sort: Literal["text", "path", "paths", "folder", "object", "sha256", "flag", "pixels", "three", "mapping"] = "text"
    example: str = ""


@dataclass(slots=True)  # not frozen: the protocol's attributes are plain ones
class Kind:
    """A kind of judge that lives in a module of its own. labels: its judges name classes.

    needs: packages that must be there to load one, by the names they are imported under. extra: of semopt, that
    installs them. figures: what `keep` may ask of its judges, empty for what follows from labels.
    """

    module: str
    keys: Mapping[str, Key]
    labels: bool
    needs: tuple[str, ...] = ()
    extra: str = ""
    figures: tuple[str, ...] = ()

    def fingerprint(self, spec: EvaluatorSpec) -> str:
        """Changes whenever the same image may get another score. Imports no torch. Raises EvaluatorError."""
        return str(importlib.import_module(self.module).fingerprint(spec))

    def load(self, spec: EvaluatorSpec, progress: bool) -> Evaluator:
        """Make the judge; slow. progress: a bar on stderr for downloads. Raises EvaluatorError."""
        return cast(Evaluator, importlib.import_module(self.module).load(spec, progress))


_BUILT_IN: dict[str, EvaluatorKind] = {
    "embedded": Kind("semopt.evaluators.embedded", {}, labels=False),
    "torchvision": Kind(
        "semopt.evaluators.torchvision",
        {
            "model": Key(required=True, choices=TORCHVISION_MODELS),
            "weights": Key(file=True),
            "sha256": Key(),
            "device": Key(choices=DEVICES),
        },
        labels=True,
        needs=("torch", "torchvision"),
        extra="torch",
    ),
    "onnx": Kind(
        "semopt.evaluators.onnx",
        {
            "path": Key(required=True, sort="path", example="path: models/ours.onnx"),
            "labels": Key(sort="path"),
            "sha256": Key(sort="sha256"),
            "size": Key(sort="pixels"),
            "resize": Key(choices=("crop", "cover", "squash")),
            "range": Key(choices=("1", "255")),
            "mean": Key(sort="three"),
            "std": Key(sort="three"),
            "channels": Key(choices=("rgb", "bgr")),
            "layout": Key(choices=("nchw", "nhwc")),
            "output": Key(),
            "scores": Key(choices=("logits", "probabilities")),
            "features": Key(),
        },
        labels=True,
    ),
    "text": Kind(
        "semopt.evaluators.text",
        {},
        labels=False,
        needs=("rapidocr", "onnxruntime"),
        extra="text",
        figures=("similarity", "cer"),
    ),
    "python": Kind(
        "semopt.evaluators.python",
        {
            "object": Key(required=True, sort="object", example='object: "mypackage.judges:make"'),
            "options": Key(sort="mapping"),
            "files": Key(sort="paths"),
            "labels": Key(sort="flag"),
            "folder": Key(sort="folder"),
        },
        labels=False,
    ),
}

KINDS: Registry[EvaluatorKind] = Registry("evaluators", EvaluatorKind, _BUILT_IN)
