"""The files of judges, from the machine that builds to nodes that have them not."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from semopt import regular
from semopt.atomic import digest
from semopt.cluster.messages import Bundle, Packed
from semopt.evaluators import KINDS, onnx
from semopt.types import ClusterError, EvaluatorSpec


def packed(spec: EvaluatorSpec, keep: Callable[[bytes], Any]) -> Bundle:
    """A judge with the files that its options name. keep: stores bytes where nodes find them. Raises OSError.

    What an object of kind `python` is imported from does not travel, nor the files that its code opens by itself.
    """
    files = []
    for key, place, name in _named(spec):
        content = regular.read(place)
        files.append(Packed(key, os.fspath(place), name, digest(content), keep(content)))
    return Bundle(spec, tuple(files))


def _named(spec: EvaluatorSpec) -> Iterator[tuple[str, Path, str]]:
    """Option, path, and the path in a folder of the judge's files; weights outside a graph keep their place by it."""
    for key, option in KINDS[spec.kind].keys.items():
        place = Path(spec.option(key) or "")
        if not place.is_absolute() or not (option.sort == "path" or option.file):
            continue
        yield key, place, f"{key}/{place.name}"
        if spec.kind == "onnx" and key == "path":
            inner = [name for name in onnx.outside(place) if ".." not in PurePosixPath(name).parts]
            yield from (("", place.parent / name, f"{key}/{name}") for name in inner if not Path(name).is_absolute())


def unpacked(bundle: Bundle, fetch: Callable[[Any], bytes]) -> EvaluatorSpec:
    """The judge as this node has it: with the files where they are, or with what was fetched. Raises OSError."""
    if all(_is(Path(file.place), file.sha256) for file in bundle.files):
        return bundle.spec
    folder = _own_folder() / digest("".join(f"{file.name} {file.sha256}\n" for file in bundle.files).encode())
    options = dict(bundle.spec.options)
    for file in bundle.files:
        place = folder / file.name
        if not _is(place, file.sha256):
            _write(place, fetch(file.content))
        if file.key:
            options[file.key] = os.fspath(place)
    return replace(bundle.spec, options=tuple(options.items()))


def _is(file: Path, sha256: str) -> bool:
    """Whether a file has this content."""
    try:
        with regular.opened(file) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == sha256
    except OSError:
        return False


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all, as another worker of this node may do the same."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as stream:
        stream.write(content)
    os.replace(stream.name, file)


def _own_folder() -> Path:
    """Where files of judges stay on a node, for the next build too. Raises ClusterError where it is somebody else's."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir(), f"semopt-judges-{user}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if user and (folder.is_symlink() or folder.stat().st_uid != user):
        raise ClusterError(f"{folder} is not a folder of this user's; remove it")
    return folder
