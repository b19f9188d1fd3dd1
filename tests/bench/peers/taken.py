"""What each tool made of the photographs: bytes, what the judges still see, and how close it is to the eye."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from semopt.atomic import digest
from semopt.perceptual import sample, ssimulacra2
from tests.bench.frontier.evaluate import Choice, Panel, Row, evaluate
from tests.bench.frontier.photos import Photo, opened
from tests.bench.frontier.store import Store
from tests.bench.peers.tool import Tool, made, prepared, run

METRIC = "ssimulacra2 2"


@dataclass(frozen=True)
class Taken:
    """What a tool made. files: for each photograph, None where none is smaller than the original.

    scores: SSIMULACRA2 (photos,), 100 for a kept original, nan where a file has not the original's size.
    """

    tool: Tool
    files: tuple[bytes | None, ...]
    sizes: Any
    scores: Any

    @property
    def kept(self) -> int:
        """Photographs of which the original stays."""
        return sum(content is None for content in self.files)


def source(photos: Sequence[Photo], folder: Path) -> dict[str, Photo]:
    """Copies with plain names in a folder, and the photograph of each name."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names = {f"{number:04d}{photo.path.suffix.lower()}": photo for number, photo in enumerate(photos)}
    for name, photo in names.items():
        shutil.copyfile(photo.path, folder / name)
    return names


def taken(tool: Tool, home: Path, names: Mapping[str, Photo], folder: Path, store: Store) -> Taken:
    """One run of a tool on the folder that `source` made. Raises ToolError."""
    target = folder.with_name("target")
    prepared(tool, folder, target)
    run(tool, home, folder, target, None)
    files = [smallest(photo, made(target).get(name.partition(".")[0], ())) for name, photo in names.items()]
    return measured(tool, list(names.values()), files, store)


def smallest(photo: Photo, files: Sequence[Path]) -> bytes | None:
    """What a browser that knows every format is given; None for the original."""
    content = files[0].read_bytes() if files else None
    return content if content is not None and len(content) < photo.bytes else None


def measured(tool: Tool, photos: Sequence[Photo], files: Sequence[bytes | None], store: Store) -> Taken:
    """The record of some files."""
    pairs = list(zip(photos, files, strict=True))
    sizes = np.array([photo.bytes if content is None else len(content) for photo, content in pairs], float)
    return Taken(tool, tuple(files), sizes, np.array([_score(photo, content, store) for photo, content in pairs]))


def judged(one: Taken, photos: Sequence[Photo], stable: Mapping[str, Photo], panel: Panel, own: set[str]) -> Row:
    """Its row of transfer agreement over the stable photographs. own: judges that took part in the choice."""
    contents = {photo.sha: content for photo, content in zip(photos, one.files, strict=True)}
    asked = [stable[photo.sha] for photo in photos if photo.sha in stable]
    return evaluate(asked, panel, lambda photo: Choice(contents[photo.sha]), one.tool.name, own)


def _score(photo: Photo, content: bytes | None, store: Store) -> float:
    if content is None:
        return 100.0
    name = f"{photo.sha}:{digest(content)}"
    known = store.scores(METRIC, [name])
    if name not in known:
        image, shown = photo.image, opened(content)
        value = ssimulacra2(sample(image), shown) if image.size == shown.size else float("nan")
        if np.isnan(value):
            return value
        store.scored(METRIC, [(name, value)])
        return value
    return known[name]
