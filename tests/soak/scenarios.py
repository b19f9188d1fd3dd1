"""Runs over a small tree, to be disturbed: a first build, one after changes, one under another template, a clean."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from semopt import cleaning, config, engine, pipeline
from semopt.engine import Engine
from semopt.orders import Found, Order
from semopt.types import Config
from tests.soak.promise import Promise, files

RULES = """version: 1
rules:
  - {match: "out/**", strategy: skip}
  - {match: "**", strategy: visual, formats: [webp, jpeg]}
"""
OTHER_PLACE = RULES + 'output: "small/{dir}/{name}.{ext}"\n'


def draw(root: Path) -> None:
    """The tree: pictures, twins, a broken one, a tiny one, a stranger's file where a variant would go."""
    for number, name in enumerate(("a", "b", "deep/c", "deep/d")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        picture(number).save(root / f"{name}.png")
    (root / "twin.png").write_bytes((root / "a.png").read_bytes())
    (root / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    Image.new("L", (1, 1)).save(root / "tiny.png")
    (root / "b.png.semopt.webp").write_bytes(b"somebody's own")
    (root / "semopt.yaml").write_text(RULES)


def picture(seed: int) -> Image.Image:
    """Soft colours, for which a photograph's formats beat PNG."""
    random = np.random.default_rng(seed)
    small = Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    return small.resize((64, 48), Image.Resampling.BICUBIC)


def change(root: Path) -> None:
    """What happens between two builds: contents exchanged, one image gone, one renamed, one now skipped."""
    (root / "a.png").write_bytes((root / "deep/d.png").read_bytes())
    (root / "twin.png").unlink()
    (root / "out").mkdir()
    (root / "deep/d.png").rename(root / "out/d.png")
    (root / "deep/c.png").rename(root / "c.png")


def build(settings: Config) -> None:
    """A whole build."""
    for _ in pipeline.run(settings, pipeline.Scope()):
        pass


def clean(settings: Config) -> None:
    """A whole clean."""
    for _ in cleaning.clean(settings, lambda: None):
        pass


@dataclass(frozen=True)
class Scenario:
    """A run to be disturbed. start: the tree before it. act: the run, repeated undisturbed to repair it."""

    name: str
    start: Path
    act: Callable[[Config], None]
    promise: Promise

    def place(self, root: Path) -> Config:
        """A fresh copy of the start, with its config."""
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.start, root, symlinks=True)
        return config.load(root / "semopt.yaml")


def scenarios(folder: Path) -> Iterator[Scenario]:
    """Every scenario, with what an undisturbed run gives."""
    first, built, changed, moved = (folder / name for name in ("first", "built", "changed", "moved"))
    first.mkdir(parents=True)
    draw(first)
    shutil.copytree(first, built)
    build(config.load(built / "semopt.yaml"))
    shutil.copytree(built, changed)
    change(changed)
    shutil.copytree(built, moved)
    (moved / "semopt.yaml").write_text(OTHER_PLACE)
    for name, start, act in (
        ("first build", first, build),
        ("build after changes", changed, build),
        ("build under another template", moved, build),
        ("clean", built, clean),
    ):
        yield _scenario(name, start, act, folder / f"{name}, undisturbed")


def _scenario(name: str, start: Path, act: Callable[[Config], None], copy: Path) -> Scenario:
    shutil.copytree(start, copy)
    act(config.load(copy / "semopt.yaml"))
    before = files(start)
    given = {path: content for path, content in before.items() if _is_given(path)}
    return Scenario(name, start, act, Promise(given, before, files(copy)))


def _is_given(path: str) -> bool:
    return path == "b.png.semopt.webp" or not (".semopt." in path or path == "semopt-manifest.json")


@contextmanager
def recorded(founds: dict[tuple[str, str], Found]) -> Iterator[None]:
    """What searches find, found once and then known, so that a run takes milliseconds and no worker."""
    real = engine.Engine

    class Recorded(Engine):
        def search(self, orders: Iterable[Order]) -> Iterator[Found]:
            wanted = list(orders)
            key = {one.number: (one.sha256, str(one.task.rule.settings)) for one in wanted}
            unknown = [one for one in wanted if key[one.number] not in founds]
            for found in super().search(unknown) if unknown else ():
                founds[key[found.order.number]] = found
            for one in wanted:
                yield replace(founds[key[one.number]], order=one)

    engine.Engine = Recorded  # type: ignore[misc]
    try:
        yield
    finally:
        engine.Engine = real  # type: ignore[misc]
