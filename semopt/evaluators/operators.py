"""Imports torchvision beside a torch for which its compiled operators were not built."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from semopt.types import EvaluatorError

_MISSING = re.compile(r"operator torchvision::(\w+) does not exist")
_MOST = 16  # torchvision 0.28 lacks two, nms and qnms; a bound, so that a new fault cannot loop for ever

_kept: list[Any] = []  # torch forgets a schema together with the Library object that defined it


def import_torchvision() -> ModuleType:
    """The module `torchvision`, on a CPU-only torch as well.

    Where the compiled operators do not load, torchvision's `_meta_registrations.py` registers shapes for operators
    that nobody defined, and the import fails with "operator torchvision::nms does not exist". Classification uses
    none of them, so a bare schema is enough; calling one still fails, as it should. Where the import works nothing
    is defined. Any other error is the caller's to see.

    Raises EvaluatorError where torch or torchvision is not installed.
    """
    for _ in range(_MOST):
        try:
            with _without_the_compiler():
                return importlib.import_module("torchvision")
        except ModuleNotFoundError as error:
            if error.name not in ("torch", "torchvision"):
                raise
            raise EvaluatorError(f"{error.name} is not installed; pip install 'semopt[torch]'") from error
        except RuntimeError as error:
            missing = _MISSING.search(str(error))
            if missing is None:
                raise
            _forget()
            _define(missing[1])
    raise EvaluatorError(f"torchvision lacks more than {_MOST} compiled operators; install the torch it was built for")


_COMPILER = ("torch._dynamo", "torch._dynamo.utils")


class _Later(ModuleType):
    """Stands for a module of torch's compiler, which takes its place when it is called or asked for anything else."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self.__name__ == _COMPILER[0]:
            return getattr(_brought(self.__name__), name)
        return lambda *given: getattr(_brought(self.__name__), name)(*given)


def _brought(name: str) -> ModuleType:
    """The module itself."""
    _uncover()
    return importlib.import_module(name)


@contextmanager
def _without_the_compiler() -> Iterator[None]:
    """torchvision's operators ask torch's compiler whether it works, by an import that takes half of all the time.

    Within, that import gives functions that bring the compiler when they are called; afterwards nothing stands for it.
    """
    importlib.import_module("torch")
    if _COMPILER[0] in sys.modules:
        yield
        return
    sys.modules.update({name: _Later(name) for name in _COMPILER})
    try:
        yield
    finally:
        _uncover()


def _uncover() -> None:
    """Let nothing stand for the compiler any more."""
    for name in _COMPILER:
        if isinstance(sys.modules.get(name), _Later):
            del sys.modules[name]


def _forget() -> None:
    """Drop what the failed import left behind: `torchvision` is gone from sys.modules, its submodules are not."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]


def _define(operator: str) -> None:
    """A schema without an implementation, taking and giving anything."""
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    library.define(f"{operator}(...) -> ...")  # type: ignore[no-untyped-call]
    _kept.append(library)
