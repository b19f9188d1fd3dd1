"""The plan: every image file of the tree with its fully resolved rule, or with the reason why it is left alone."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from semopt.atomic import PREFIX, is_inside, stat_of
from semopt.encoders import ENCODERS
from semopt.globs import matcher
from semopt.naming import MARK, Naming
from semopt.purses import Purses
from semopt.types import Asset, Config, Plan, Rule, Skipped, Task

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff")
)
"""What is looked at as an image; what it really is its bytes decide later."""

APPLE = "._"  # what macOS puts beside files on foreign disks; no picture whatever its suffix
NEVER = frozenset(("node_modules", "__pycache__"))


def make(config: Config, is_variant: Callable[[str], bool] = lambda path: False) -> Plan:
    """Walk the tree and resolve the rules. is_variant: tells further paths that semopt wrote itself.

    Raises OSError where the tree itself cannot be read.
    """
    walk = _Walk(config, is_variant)
    walk.tree()
    walk.leave_out_places_of_variants()
    walk.look_behind_links()
    unused = [rule for rule in config.rules if rule.name not in walk.used]
    return Plan(
        tuple(sorted(walk.tasks, key=lambda task: task.asset.path)),
        tuple(sorted(walk.skipped, key=lambda one: one.path)),
        (*(_unused(config, rule) for rule in unused), *_twins([task.asset.path for task in walk.tasks])),
        tuple(walk.unreadable),
    )


def relative(config: Config, place: str) -> str:
    """A path relative to the tree as a path relative to the config's folder, which is what the manifest has.

    Where variants go to a folder of their own, it stays as it is.
    """
    if config.target:
        return place
    try:
        base = os.path.relpath(config.assets, config.root).replace(os.sep, "/")
    except ValueError:  # on another drive
        base = config.assets.as_posix()
    return place if base == "." else f"{base}/{place}"


def _unused(config: Config, rule: Rule) -> str:
    where = f"{config.file.name}:{rule.line}: " if config.file else ""
    return f"{where}{rule.name}.match: {', '.join(rule.match)} matches no image"


def _twins(paths: list[str]) -> Iterator[str]:
    """A warning where names are one and the same to file systems of macOS and Windows; here each is built."""
    seen: dict[str, str] = {}
    pairs = []
    for path in sorted(paths):
        other = seen.setdefault(unicodedata.normalize("NFC", path).casefold(), path)
        if other != path:
            pairs.append(f"{other} and {path}")
    if pairs:
        more = f", and {len(pairs) - 1} more such pairs" if len(pairs) > 1 else ""
        yield f"{pairs[0]} are one file where the case of names does not count, as on macOS and Windows{more}"


def is_image(name: str) -> bool:
    """Whether a file counts as an original by its name."""
    return os.path.splitext(name)[1].lower() in SUFFIXES and MARK not in name and not name.startswith((PREFIX, APPLE))


def is_left_out(folder: str) -> bool:
    """Whether a folder of this name is never looked into."""
    return folder.startswith(".") or folder in NEVER


@dataclass
class _Walk:
    config: Config
    is_variant: Callable[[str], bool]
    tasks: list[Task] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    links: list[tuple[str, str, Rule]] = field(default_factory=list)  # path, target's place in the tree, rule

    def __post_init__(self) -> None:
        self._excluded = matcher(self.config.exclude)
        self._rules = [(rule, matcher(rule.match)) for rule in self.config.rules]
        self._base = relative(self.config, "")
        self._purses = Purses(self.config, self._base)
        self._sharing: dict[str, Rule] = {}  # by the name of the rule that they are but for that they share bytes
        self._tree = os.path.realpath(self.config.assets)

    def tree(self) -> None:
        """Walk the whole tree; its depth is not bounded by the interpreter's stack."""
        waiting = [(self.config.assets, "")]
        while waiting:
            waiting += self._folder(*waiting.pop())

    def _folder(self, folder: Path, place: str) -> Iterator[tuple[Path, str]]:
        """Take the images of one folder; gives its folders. One that cannot be read costs its own images only."""
        for entry in self._entries(folder, place):
            below = place + entry.name
            if entry.is_dir(follow_symlinks=False):
                if not is_left_out(entry.name) and not self._excluded(below):
                    yield folder / entry.name, below + "/"
            elif entry.is_symlink() and os.path.isdir(entry.path):
                self._linked_folder(entry, below)
            elif is_image(entry.name) and not self.is_variant(self._base + below):
                self._image(entry, folder / entry.name, below)

    def _entries(self, folder: Path, place: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                yield from sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if not place:
                raise
            self.unreadable.append(place)
            self.skipped.append(Skipped(self._base + place, f"the folder cannot be read: {error.strerror}", "failed"))

    def _linked_folder(self, entry: os.DirEntry[str], place: str) -> None:
        """No link to a folder is followed, so none can lead round in a circle."""
        if is_left_out(entry.name) or self._excluded(place):
            return
        inside = is_inside(os.path.realpath(entry.path), self._tree)
        where = "of the tree; its images are built under their own names" if inside else "out of the tree"
        self.skipped.append(Skipped(f"{self._base}{place}/", f"a symbolic link to a folder {where}", "skipped"))

    def _image(self, entry: os.DirEntry[str], file: Path, place: str) -> None:
        if self._excluded(place):
            return
        path = self._base + place
        rule = self._rule(place)
        self.used.add(rule.name)
        try:
            status = os.lstat(entry.path)  # not the entry's own stat: on Windows that knows no inode
        except OSError as error:
            reason = f"cannot be read: {error.strerror}"
            self.skipped.append(Skipped(path, reason, "failed", rule.name, rule.settings.strategy))
            return
        if stat.S_ISLNK(status.st_mode):
            self._link(entry, path, rule)
        elif not stat.S_ISREG(status.st_mode):
            self._skip(path, "not a regular file", rule)
        elif rule.settings.strategy == "skip":
            self._skip(path, "skipped by its rule", rule)
        else:
            self.tasks.append(Task(Asset(path, file, stat_of(status)), rule))

    def _rule(self, place: str) -> Rule:
        rule = next((rule for rule, matches in self._rules if matches(place)), self.config.default)
        if self._purses.folder(self._base + place) is None:
            return rule
        if rule.name not in self._sharing:
            self._sharing[rule.name] = replace(rule, settings=replace(rule.settings, below=True))
        return self._sharing[rule.name]

    def leave_out_places_of_variants(self) -> None:
        """A file where another image's variant goes is no source, whoever wrote it: else variants would breed."""
        naming, places = Naming(self.config.output), {}
        if naming == Naming():
            return
        for task in self.tasks:
            for encoder in ENCODERS.values():
                for width in task.rule.settings.widths or (None,):
                    place = naming.path(task.asset.path, encoder.suffix, encoder.name, width)
                    places[place] = task.asset.path
        for task in [task for task in self.tasks if task.asset.path in places]:
            self._skip(task.asset.path, f"stands where a variant of {places[task.asset.path]} goes", task.rule)
        self.tasks = [task for task in self.tasks if task.asset.path not in places]

    def look_behind_links(self) -> None:
        """Say of each link to a file of the tree whether that is built."""
        built = {task.asset.path for task in self.tasks}
        for path, target, rule in self.links:
            fate = "built under its own name" if self._base + target in built else "not built"
            self._skip(path, f"a symbolic link; its target is {fate}", rule)

    def _skip(self, path: str, reason: str, rule: Rule) -> None:
        self.skipped.append(Skipped(path, reason, "skipped", rule.name, rule.settings.strategy))

    def _link(self, entry: os.DirEntry[str], path: str, rule: Rule) -> None:
        """No link is followed: what lies in the tree is met there."""
        real = os.path.realpath(entry.path)
        if not is_inside(real, self._tree):
            self._skip(path, "a symbolic link out of the tree", rule)
        elif not os.path.exists(entry.path):
            self._skip(path, "a symbolic link that leads nowhere", rule)
        else:
            self.links.append((path, os.path.relpath(real, self._tree).replace(os.sep, "/"), rule))
