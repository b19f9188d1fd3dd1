"""Checks of what names files: globs and paths. Nothing leads out of the config's folder but an absolute path."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from semopt.config.checks import Place, Text
from semopt.config.faults import show
from semopt.remote.urls import fault, is_url

_UP = (r"(^|/)\.\.(/|$)", "'..' leads out of the folder; remove it")
_BACKSLASH = (r"\\", "write '/' between folders, not a backslash")
_GLOB = (
    _BACKSLASH,
    (r"^/", "globs begin at the tree; remove the '/' in front"),
    _UP,
    (r"(^|/)\.?/", "no file is named like that; remove './' and double '/'"),
    (r"/$", "that is a folder; write '/**' at the end for all files below it"),
)
_PATH = (_BACKSLASH, (r"^~", "'~' is not expanded; write the path out"), _UP)
_FILE = re.compile(r"[/\\]|\.(pth|pt|safetensors)$")


def is_file(weights: str) -> bool:
    """Whether `weights:` is the path of a file, not the name of an entry."""
    return _FILE.search(weights) is not None


def _refuse(place: Place, text: str, table: tuple[tuple[str, str], ...]) -> None:
    """Report the first row of the table that the text runs into."""
    for pattern, advice in table:
        if re.search(pattern, text):
            raise place.fault(f"found {show(text)}; {advice}")


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern for files of the tree, with `/` between folders."""

    def __call__(self, place: Place) -> str:
        """Read a glob; whether it matches anything is for the plan to say."""
        text = Text("a glob such as 'photos/**'")(place)
        _refuse(place, text, _GLOB)
        return text


_OF_TREE = (
    _BACKSLASH,
    (r"[*?\[\]]", "that is a glob; name a folder"),
    (r"^/", "folders begin at the tree; remove the '/' in front"),
    _UP,
    (r"(^|/)\./|//|/\.$", "no folder is named like that; remove './' and double '/'"),
)


def of_tree(place: Place) -> str:
    """The name of a folder relative to the tree, without a slash at its end; "." is the tree itself, and read as ""."""
    text = Text("a folder of the tree")(place)
    _refuse(place, text, _OF_TREE)
    return "" if text in (".", "./") else text.rstrip("/")


@dataclass(frozen=True, slots=True)
class Location:
    """A path inside the root, or an absolute one. Read as an absolute path. what: "a folder"."""

    root: Path
    what: str

    def __call__(self, place: Place) -> Path:
        """Read a path; a link on the way that leads outside counts as outside."""
        text = Text(self.what)(place)
        _refuse(place, text, _PATH)
        path = self.root / text
        # realpath of both, and not startswith: "site-old" is not inside "site"
        if not Path(text).is_absolute() and not Path(os.path.realpath(path)).is_relative_to(
            os.path.realpath(self.root)
        ):
            raise place.fault(f"{show(text)} leads out of the config's folder; write an absolute path if that is meant")
        return path


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder. exists: it must be there already."""

    root: Path
    exists: bool = True

    def __call__(self, place: Place) -> Path:
        """Read the path of a folder."""
        path = Location(self.root, "a folder")(place)
        if os.path.isdir(path) or (not self.exists and not os.path.lexists(path)):
            return path
        absent = "is not a folder" if os.path.lexists(path) else "does not exist; make it, or name the folder of images"
        raise place.fault(f"{show(place.node.text)} {absent}")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A folder, or a URL. exists: the folder must be there already."""

    root: Path
    exists: bool = True

    def __call__(self, place: Place) -> Path | str:
        """Read a path, or a URL without the slash at its end."""
        if not is_url(place.node.text):
            return Folder(self.root, self.exists)(place)
        url = Text("a folder or a URL")(place)
        if wrong := fault(url):
            raise place.fault(f"the URL {wrong}")
        return url.rstrip("/")


@dataclass(frozen=True, slots=True)
class Weights:
    """The name of an entry, or the path of a file, read as absolute. pattern: of a name."""

    root: Path
    expected: str = "DEFAULT, an entry such as IMAGENET1K_V1, or the path of a file"
    pattern: str = r"[A-Z][A-Z0-9_]{0,99}"

    def __call__(self, place: Place) -> str:
        """Read a name, or a path where it looks like one."""
        if place.node.sort == "text" and is_file(place.node.text):
            return str(Location(self.root, "the path of a file")(place))
        return Text(self.expected, self.pattern)(place)
