"""Families of classes: how far two of ImageNet's 1,000 classes lie apart in WordNet's hierarchy.

The height of two classes is the number of edges in WordNet, hypernym by hypernym, up to their lowest common ancestor,
from the one that lies further below it; so it is the same both ways. 0 for the same class. Nouns above more than 250
of the 1,000 classes ('artifact', 'instrumentality', 'animal', 'whole') are left out as too general: without that, all
of a volcano's mistakes would be family at 4, and a tiger cat would be family of a taxi at 8. Tiger cat and Egyptian
cat: 1; lynx: 2; lion: 3; the first dog: 4; a taxi: none at any height. Counted from one side alone, the family of
the tusker would be all 217 other mammals at height 1, that of the remote control 129 devices.

The chains are uneven: golden retriever and Labrador are 1, all hunting dogs 3, all dogs 4; robin and goldfinch 2, all
birds 4 to 6; taxi and ambulance 1, fire engine 2, all that has wheels 4; coffee mug and teapot 3; laptop and desktop 2.

What MobileNetV2 takes for something else on 120 photographs in 18 WebP settings each (256 to 40 px), two kinds of
mistake, and how large a family is. Mild: similarity over 0.5, the original's class among the first three (200).
Gross: similarity under 0.35 (120). Half of the mild ones are about texture, not kind: magpie to revolver.

    height up to          1      2      3      4      5     10   unrelated
    mild mistakes      15 %   27 %   36 %   43 %   47 %   54 %        46 %
    gross mistakes      0 %    0 %    1 %    1 %    3 %    5 %        95 %
    classes in family   3.2   12.8     35     62     81    101

The table is read when the first judge with these classes is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

FAMILY_HEIGHT = 2
"""The default height: of a quarter of the mild mistakes, and of no gross one."""
HIGHEST = 10
"""The greatest height in the table; a family of this height is all that WordNet relates."""
UNRELATED = 99
"""Stands for the height of two classes that nothing joins but words too general for a family."""

TABLE = Path(__file__).with_name("families.txt")
CLASSES = 1000

Above = Mapping[str, int]
"""A class and its ancestors by WordNet id, with the edges up to each."""


class Families:
    """The heights between the classes of one judge. classes: what is above each, in the order of its outputs."""

    def __init__(self, classes: Sequence[Above]) -> None:
        self._classes = classes

    def height(self, one: int, other: int) -> int:
        """Of two classes by their place in the outputs: 0 to 10, or UNRELATED. Takes 2 us."""
        if one == other:
            return 0
        mine, its = self._classes[one], self._classes[other]
        return min((max(edges, its[id_]) for id_, edges in mine.items() if id_ in its), default=UNRELATED)


def families_of(categories: Sequence[str]) -> Families | None:
    """The families of a judge with these classes, in the order of its outputs; None where they are not ImageNet's.

    They are where they are WordNet ids of its classes ("n02123159", more may follow), any of them in any order; or the
    1,000 names in the usual order, of which half in their places are enough, as lists differ in some. Of 1,001 the
    first is the background.
    """
    rest = categories[len(categories) == CLASSES + 1 :]
    ids = _ids(rest) or (_classes() if _named(rest) else [])
    return Families([*({} for _ in categories[len(ids) :]), *map(_above, ids)]) if ids else None


def _ids(labels: Sequence[str]) -> list[str]:
    """The WordNet id that begins each label; none where one does not begin with that of a noun of the table."""
    found = [re.match(r"n[0-9]{8}(?![0-9])", label) for label in labels]
    ids = [match.group() for match in found if match and match.group() in _table()]
    return ids if len(ids) == len(labels) else []


def _named(labels: Sequence[str]) -> bool:
    """Whether these are the names of the classes, in their order."""
    if len(labels) != CLASSES:
        return False
    wanted = [_table()[id_][1] for id_ in _classes()]
    alike = sum(_plain(label) == _plain(name) for label, name in zip(labels, wanted, strict=True))
    return 2 * alike >= CLASSES


def _plain(name: str) -> str:
    """The first of the names, as lists with and without capitals or underscores have it."""
    return name.partition(",")[0].replace("_", " ").strip().casefold()


@cache
def _table() -> dict[str, tuple[tuple[str, ...], str]]:
    """Hypernyms and name of every noun, by id; the classes first."""
    found = {}
    for line in TABLE.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            id_, above, name = line.split(" ", 2)
            found[id_] = (() if above == "-" else tuple(above.split(",")), name)
    return found


@cache
def _classes() -> list[str]:
    """The ids of the 1,000 classes, in the usual order."""
    return list(_table())[:CLASSES]


@cache
def _above(id_: str) -> Above:
    found, level = {id_: 0}, [id_]
    while level:
        level = [above for below in level for above in _table()[below][0] if above not in found]
        found |= dict.fromkeys(level, max(found.values()) + 1)
    return found
