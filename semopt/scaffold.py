"""Proposes a semopt.yaml for a tree, after a look at a bounded sample of its images, folder by folder.

A rule is proposed where all that was seen of a folder is of one nature; all else is left to the default, which tells
photographs from drawings one by one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from semopt import plan
from semopt.globs import matcher
from semopt.graphics import is_graphic
from semopt.images import decode
from semopt.types import Asset, Config, KeptError, Limits, SemoptError

MOST_OF_FOLDER, MOST_LOOKS = 6, 400
"""So many images are looked at of one folder, and of the whole tree."""

MOST_PIXELS = 200_000_000  # decoded in all: some ten seconds
LIMITS = Limits(max_pixels=40_000_000, max_bytes=40_000_000)
DEEPEST, MOST_RULES, MOST_GLOB = 3, 40, 900
SMALL_PX, ICON_PX = 64, 256
"""What is not larger than SMALL_PX, or than ICON_PX where it is transparent, is for pages an icon, however shaded."""

LOSSY_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif")

Nature = Literal["photographs", "drawings", "animated or left as they are", "unknown"]
STRATEGIES: dict[str, str] = {
    "photographs": "both",
    "drawings": "lossless",
    "animated or left as they are": "skip",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A config to be written. images: in the tree. rules: proposed."""

    text: str
    images: int
    rules: int


@dataclass(frozen=True, slots=True)
class _Look:
    """What one image was. width, height: px, 0 where it could not be read."""

    nature: Nature
    width: int = 0
    height: int = 0
    alpha: bool = False


@dataclass
class _Folder:
    """A folder of images. images: directly in it."""

    images: list[Asset] = field(default_factory=list)
    below: dict[str, _Folder] = field(default_factory=dict)
    looks: list[_Look] = field(default_factory=list)

    def everything(self) -> Iterator[_Folder]:
        """This folder and all below it."""
        yield self
        for name in sorted(self.below):
            yield from self.below[name].everything()


def propose(root: Path) -> Proposal:
    """A config for the images below a folder. Raises OSError where that cannot be read."""
    top = _Folder()
    for task in plan.make(Config(root=root, assets=root)).tasks:
        folder = top
        for name in task.asset.path.split("/")[:-1]:
            folder = folder.below.setdefault(name, _Folder())
        folder.images.append(task.asset)
    _look_around(list(top.everything()))
    rules = list(_rules(top, "", 0))[:MOST_RULES]
    ruled = matcher([glob for glob, _, _ in rules])
    paths = [asset.path for folder in top.everything() for asset in folder.images]
    if not all(map(ruled, paths)):
        rules.append(("**", None, ELSE))
    body = "\n" + "\n".join(map(_written, rules)) if rules else " []\n"
    return Proposal(HEAD + body, len(paths), len(rules))


def _look_around(folders: list[_Folder]) -> None:
    """Look at an image of every folder, then at a second one of each, until enough was seen."""
    pixels, looks = MOST_PIXELS, MOST_LOOKS
    for turn in range(MOST_OF_FOLDER):
        for folder in folders:
            picks = min(len(folder.images), MOST_OF_FOLDER)
            if turn < picks and looks > 0 and pixels > 0:
                seen = _look(folder.images[turn * len(folder.images) // picks])
                folder.looks.append(seen)
                looks, pixels = looks - 1, pixels - seen.width * seen.height


def _look(asset: Asset) -> _Look:
    """One image; what cannot be read is unknown, and a build will say why."""
    if asset.stat.size > LIMITS.max_bytes:
        return _Look("unknown")
    try:
        picture = decode(asset.file.read_bytes(), LIMITS)
    except KeptError:
        return _Look("animated or left as they are")
    except (SemoptError, OSError):
        return _Look("unknown")
    drawn = max(picture.width, picture.height) <= (ICON_PX if picture.alpha else SMALL_PX) or is_graphic(picture.image)
    lossy = PurePosixPath(asset.path).suffix.lower() in LOSSY_SUFFIXES
    # A drawing saved as JPEG is no drawing any more that a lossless copy could make smaller
    nature: Nature = "photographs" if not drawn else "unknown" if lossy else "drawings"
    return _Look(nature, picture.width, picture.height, picture.alpha)


Rule = tuple[str, str | None, str]
"""Glob, strategy, comment."""


def _rules(folder: _Folder, place: str, depth: int) -> Iterator[Rule]:
    """Rules for what is of one nature below a folder. place: its glob, empty or ending in a slash."""
    inside = list(folder.everything())
    if nature := _nature(inside):
        yield f"{place}**", STRATEGIES[nature], _comment(inside, nature)
    elif depth < DEEPEST and len(place) < MOST_GLOB:
        for name in sorted(folder.below):
            yield from _rules(folder.below[name], f"{place}{_glob(name)}/", depth + 1)
        if folder.images and (nature := _nature([folder])):
            yield f"{place}*", STRATEGIES[nature], _comment([folder], nature)


def _nature(folders: list[_Folder]) -> str | None:
    """What all that was seen is; None where that differs, or where a folder was not looked into."""
    natures = {look.nature for folder in folders for look in folder.looks}
    if any(folder.images and not folder.looks for folder in folders):
        return None
    only = natures - {"animated or left as they are"} or natures
    return next(iter(only)) if len(only) == 1 and "unknown" not in only else None


def _comment(folders: list[_Folder], nature: str) -> str:
    """What a rule was proposed for."""
    looks = [look for folder in folders for look in folder.looks]
    images = sum(len(folder.images) for folder in folders)
    largest = max(looks, key=lambda look: look.width * look.height)
    size = f", up to {largest.width} x {largest.height} px" if largest.width else ""
    alpha = ", some transparent" if any(look.alpha for look in looks) else ""
    return f"{images} image{'s' * (images != 1)}, {len(looks)} looked at: {nature}{size}{alpha}"


def _glob(name: str) -> str:
    """A folder's name as a glob; a character that a config cannot hold is any one character."""
    kept = {"[": "[[]", "*": "[*]", "?": "[?]", "\\": "?"}
    return "".join(kept.get(char, char if char.isprintable() else "?") for char in name)


def _written(rule: Rule) -> str:
    glob, strategy, comment = rule
    chosen = f"    strategy: {strategy}\n" if strategy else ""
    return f"  # {comment}\n  - match: {json.dumps(glob, ensure_ascii=False)}\n{chosen}"


HEAD = """\
# yaml-language-server: $schema=.semopt/semopt.schema.json
# What semopt does with the images of this tree. Proposed by `semopt init`; yours to change.
# `semopt build --dry-run` says what would be done, `semopt schema` which keys there are.
version: 1

# The tree of images, relative to this file. The globs below begin there.
assets: "."

# Who says whether an image is still recognised; `semopt evaluators` lists the judges.
evaluator: embedded

# Images and folders that are not looked at.
# exclude: ["drafts/**"]

# The first rule that matches an image counts. Strategies, among others:
#   both      close to the eye, and recognised by the judge
#   visual    close to the eye
#   lossless  the same pixels in fewer bytes
#   semantic  the smallest file that is still recognised, for machines: people may see a smear
#   skip      not touched
# An image that no rule matches gets 'both' if it is a photograph, and 'lossless' if it is a drawing.
rules:"""

ELSE = "everything else: 'both' for photographs and 'lossless' for drawings, told apart one by one"
