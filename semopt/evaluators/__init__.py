"""The table of judges. To add a kind: write a module with `fingerprint` and `load`, and one line here.

Importing this imports no torch, no numpy and no Pillow; a kind's module is imported when one of its judges is asked
for.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from semopt.evaluators.names import TORCHVISION_MODELS
from semopt.types import Evaluator, EvaluatorKind, EvaluatorSpec


@dataclass(frozen=True, slots=True)
class Key:
    """What a config may say under a judge's `kind`. choices: the only values, empty for any text.

    file: a value that looks like a path ("/" or a suffix in it) is one, relative to the config; it arrives absolute.
    """

    required: bool = False
    choices: tuple[str, ...] = ()
    file: bool = False


@dataclass(slots=True)  # not frozen: the protocol's attributes are plain ones
class Kind:
    """A kind of judge that lives in a module of its own. labels: its judges name classes.

    needs: packages that must be there to load one, by the names they are imported under. extra: of semopt, that
    installs them.
    """

    module: str
    keys: Mapping[str, Any]
    labels: bool
    needs: tuple[str, ...] = ()
    extra: str = ""

    def fingerprint(self, spec: EvaluatorSpec) -> str:
        """Changes whenever the same image may get another score. Imports no torch. Raises EvaluatorError."""
        return str(importlib.import_module(self.module).fingerprint(spec))

    def load(self, spec: EvaluatorSpec, progress: bool) -> Evaluator:
        """Make the judge; slow. progress: a bar on stderr for downloads. Raises EvaluatorError."""
        return cast(Evaluator, importlib.import_module(self.module).load(spec, progress))


KINDS: dict[str, EvaluatorKind] = {
    "embedded": Kind("semopt.evaluators.embedded", {}, labels=False),
    "torchvision": Kind(
        "semopt.evaluators.torchvision",
        {"model": Key(required=True, choices=TORCHVISION_MODELS), "weights": Key(file=True), "sha256": Key()},
        labels=True,
        needs=("torch", "torchvision"),
        extra="torch",
    ),
}
