"""Judges of kind `python`: an object of one's own, or what makes one, named as `module:object`.

The module is looked for where Python looks, then in the config's folder (`folder:`). Its code runs when the judge is
loaded, never when a config is read or a fingerprint is taken.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from semopt.evaluators import files
from semopt.types import EvaluatorError, EvaluatorSpec

if TYPE_CHECKING:
    from semopt.evaluators.guarded import GuardedEvaluator

ALGORITHM = 1
_RAN: dict[str, str] = {}  # hash of the source of each module that was imported here, by its name
_ADDED: list[str] = []  # folders that were put on Python's path here


def fingerprint(spec: EvaluatorSpec) -> str:
    """The content of the module's file and of `files`, and the options. Runs none of the judge's code.

    What the module imports, libraries included, does not count: name it under `files`. Raises EvaluatorError.
    """
    _, attribute = _named(spec)
    parts = [f"python:{ALGORITHM}:{attribute}:sha256-{files.checked(spec, 'object', _source(spec))}"]
    parts += [f"file-{files.checked(spec, 'files', Path(file))}" for file in json.loads(spec.option("files") or "[]")]
    return ":".join([*parts, f"options-{spec.option('options') or '{}'}", f"labels-{spec.option('labels')}"])


def load(spec: EvaluatorSpec, progress: bool) -> GuardedEvaluator:
    """Import the module, take or make the judge. Raises EvaluatorError, also for whatever the judge's code raises."""
    module, attribute = _imported(spec), _named(spec)[1]
    options = json.loads(spec.option("options") or "{}")
    try:
        found = _attribute(module, attribute)
    except AttributeError as error:
        raise _fault(spec, f"object: {module.__name__} has no {attribute!r}") from error
    if not _is_judge(found):
        found = _made(spec, found, options)
    elif options:
        raise _fault(spec, f"options: {spec.option('object')} is a judge already; name what makes one")

    from semopt.evaluators.guarded import GuardedEvaluator

    return GuardedEvaluator(spec.name, found, spec.option("labels") == "true")


def _fault(spec: EvaluatorSpec, text: str) -> EvaluatorError:
    return EvaluatorError(f"evaluator {spec.name!r}: {text}")


def _named(spec: EvaluatorSpec) -> tuple[str, str]:
    """Module and attribute."""
    module, _, attribute = (spec.option("object") or "").partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *attribute.split("."))):
        raise _fault(spec, f"object: expected 'module:object', found {spec.option('object')!r}")
    return module, attribute


def _attribute(module: ModuleType, attribute: str) -> Any:
    found: Any = module
    for part in attribute.split("."):
        found = getattr(found, part)
    return found


def _is_judge(found: Any) -> bool:
    return not isinstance(found, type) and all(callable(getattr(found, name, None)) for name in ("observe", "compare"))


def _made(spec: EvaluatorSpec, maker: Any, options: dict[str, Any]) -> Any:
    """What a factory or a class makes of the options."""
    what = spec.option("object")
    if not callable(maker):
        raise _fault(spec, f"object: {what} is neither a judge nor callable; a judge has 'observe' and 'compare'")
    try:
        made = maker(**options)
    except EvaluatorError:
        raise
    except Exception as error:  # whatever the judge's code raises
        raise _fault(spec, f"{what} failed ({type(error).__name__}: {error})") from error
    if not _is_judge(made):
        raise _fault(spec, f"object: {what} made {made!r:.80}, which has no 'observe' and 'compare'")
    return made


def _source(spec: EvaluatorSpec) -> Path:
    """The file of the module, found without running it or the packages that it lies in."""
    name = _named(spec)[0]
    found = _find(name, spec.option("folder"))
    if found is None:
        where = f"neither on Python's path nor in {spec.option('folder')}" if spec.option("folder") else "not there"
        raise _fault(spec, f"object: the module {name!r} is {where}")
    if not found.has_location or not found.origin:
        raise _fault(spec, f"object: {name!r} is no file but a folder or built in; name a module inside it")
    return Path(found.origin)


def _find(name: str, folder: str | None) -> ModuleSpec | None:
    """As importlib.util.find_spec, which would import the packages on the way."""
    top, *inner = name.split(".")
    found = _asked(top, None) or (PathFinder.find_spec(top, [folder]) if folder else None)
    for depth in range(len(inner)):
        if found is None or found.submodule_search_locations is None:
            return None
        found = _asked(".".join([top, *inner[: depth + 1]]), list(found.submodule_search_locations))
    return found


def _asked(name: str, places: list[str] | None) -> ModuleSpec | None:
    """What Python's finders find in these places, or on Python's path less the folders of other configs."""
    own = [place for place in sys.path if place not in _ADDED]
    asked = (
        finder.find_spec(name, own if finder is PathFinder and places is None else places) for finder in sys.meta_path
    )
    return next(filter(None, asked), None)


def _imported(spec: EvaluatorSpec) -> ModuleType:
    """The module as it stands in its file now: `watch` may have seen it change."""
    name, source = _named(spec)[0], _source(spec)
    now = files.checked(spec, "object", source)
    if name in _RAN and _RAN[name] != now:
        sys.modules.pop(name, None)
    with _findable(spec.option("folder")):
        try:
            module = importlib.import_module(name)
        except Exception as error:  # whatever the judge's code raises
            raise _fault(spec, f"{name} cannot be imported ({type(error).__name__}: {error})") from error
    if not module.__file__ or not source.samefile(module.__file__):
        raise _fault(spec, f"object: another module {name!r} is in use, from {module.__file__}; rename one of them")
    _RAN[name] = now
    return module


@contextmanager
def _findable(folder: str | None) -> Iterator[None]:
    """The folder ends Python's path, for good, as a judge may import more later. No bytecode is written to it."""
    if folder and (folder in _ADDED or folder not in sys.path):
        sys.path[:] = [*(place for place in sys.path if place not in _ADDED), folder]
        _ADDED[:] = [folder]
    importlib.invalidate_caches()
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before
