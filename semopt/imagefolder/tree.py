"""The samples of a tree of class folders, as torchvision's ImageFolder finds them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from semopt.atomic import is_inside, stat_of
from semopt.imagefolder.places import places
from semopt.naming import MARK
from semopt.types import Asset, Plan, Rule, Skipped, Task

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"))
"""Those of torchvision's IMG_EXTENSIONS. Pictures with others are no samples there, and must not become some."""

SPLITS = frozenset(
    ("train", "training", "val", "valid", "validation", "test", "testing", "dev", "eval", "holdout", "unlabeled")
)
"""Where all top folders with samples are called so, with folders between, these are splits and the next are classes."""


@dataclass(slots=True)
class Survey:
    """What a tree holds. folders: of the new dataset, relative. renamed: samples not called after their stem alone.

    others: files that are no samples. hidden: folders left out for the dot before their names. splits: whether the top
    folders are splits.
    """

    plan: Plan
    folders: list[str]
    renamed: list[str]
    others: list[str]
    hidden: list[str]
    splits: bool

    def of(self, path: str) -> tuple[str, str]:
        """Split and class of a sample."""
        *folders, _ = path.split("/")
        split = folders.pop(0) if self.splits and len(folders) > 1 else ""
        return split, folders[0] if folders else ""


def survey(source: Path, target: Path, rule: Rule, keep_names: bool = False) -> Survey:
    """Look through a tree. target: not followed into, should a link lead there. Raises OSError."""
    walk = _Walk(source, os.path.realpath(target), rule, keep_names)
    walk.tree()
    tasks = tuple(sorted(walk.tasks, key=lambda task: task.asset.path))
    skipped = tuple(sorted(walk.skipped, key=lambda one: one.path))
    plan = Plan(tasks, skipped, (), tuple(walk.unreadable))
    samples = [task.asset.path for task in tasks] + [one.path for one in skipped if not one.path.endswith("/")]
    return Survey(plan, sorted(walk.folders), sorted(walk.renamed), sorted(walk.others), sorted(walk.hidden),
                  _are_splits(samples))  # fmt: skip


def _are_splits(samples: Iterable[str]) -> bool:
    tops = {path.partition("/")[0]: True for path in samples}
    deep = all(path.count("/") > 1 for path in samples)
    return bool(tops) and deep and all(top.casefold() in SPLITS for top in tops)


@dataclass(slots=True)
class _Walk:
    source: Path
    target: str
    rule: Rule
    keep_names: bool
    tasks: list[Task] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    def tree(self) -> None:
        """Walk it all. Links are followed, as ImageFolder does, but not round in circles."""
        waiting = [(self.source, "", frozenset((os.path.realpath(self.source),)))]
        while waiting:
            waiting += self._folder(*waiting.pop())

    def _folder(self, folder: Path, place: str, above: frozenset[str]) -> Iterator[tuple[Path, str, frozenset[str]]]:
        """Take the samples of one folder; gives its folders. above: real paths of links and folders on the way."""
        samples = []
        for entry in self._entries(folder, place):
            if entry.is_dir():
                real = os.path.realpath(entry.path) if entry.is_symlink() else ""
                if entry.name.startswith("."):
                    self.hidden.append(place + entry.name)
                elif not real or (real not in above and not is_inside(real, self.target)):
                    self.folders.append(place + entry.name)
                    below = above | {real or os.path.realpath(entry.path)}
                    yield folder / entry.name, f"{place}{entry.name}/", below
            elif is_sample(entry.name):
                samples.append(entry)
            else:
                self.others.append(place + entry.name)
        where = places(place, [entry.name for entry in samples], self.keep_names)
        for entry in samples:
            self._sample(entry, place + entry.name, Asset("", folder / entry.name, _NOTHING, where[entry.name]))

    def _entries(self, folder: Path, place: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if not place:
                raise
            self.unreadable.append(place)
            self.skipped.append(Skipped(place, f"the folder cannot be read: {error.strerror}", "failed"))
            return []

    def _sample(self, entry: os.DirEntry[str], path: str, asset: Asset) -> None:
        real = Path(os.path.realpath(asset.file)) if entry.is_symlink() else asset.file
        try:
            status = os.lstat(real)
            reason = "" if stat.S_ISREG(status.st_mode) else "not a regular file"
        except OSError as error:
            reason = f"cannot be read: {error.strerror}"
        if reason:
            self.skipped.append(Skipped(path, reason, "failed", self.rule.name, self.rule.settings.strategy))
            return
        self.tasks.append(Task(Asset(path, real, stat_of(status), asset.place), self.rule))
        plain = path if self.keep_names else os.path.splitext(path)[0]
        if asset.place and plain != (asset.place.copy if self.keep_names else asset.place.stem):
            self.renamed.append(path)


_NOTHING = stat_of(os.stat_result((0,) * 10))


def is_sample(name: str) -> bool:
    """Whether a file counts as a sample by its name: neither hidden nor a variant that a build left there."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES and not name.startswith(".") and MARK not in name
