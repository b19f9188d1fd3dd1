"""Derives `semopt/evaluators/families.txt`, the hierarchy above ImageNet's classes, from WordNet 3.0.

    python -m tests.bench.derive_families [--wordnet /usr/share/wordnet] [--classes imagenet_classes.txt] [--out DIR]

--wordnet: the folder with `data.noun`, as Debian's `wordnet-base` has it. --classes: a line for each class in the order
of the networks' outputs, its WordNet id and names; without it, the classes are those of the table that is there. The
digits of an id are the place of its noun in `data.noun`. Beside the table goes WordNet's licence, as it stands in that
file's head. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parents[2] / "semopt" / "evaluators"
TABLE, LICENCE = "families.txt", "WORDNET-LICENSE.txt"

MOST = 250
"""A noun above more classes than this is too general for a family. There is a gap: 'mammal' is above 218, then come
'vertebrate' (337), 'instrumentality' (358), 'animal' (398), 'artifact' (522)."""

ROLES = {("domestic_cat", "domestic_animal"), ("dog", "domestic_animal"), ("wheeled_vehicle", "container")}
"""Hypernyms left out: uses, not kinds. With them a tiger cat would be nearer to a dalmatian (height 2) than to a tiger
(3), and a taxi as near to a teapot as to a canoe (5)."""

HEAD = """\
# What stands above ImageNet's 1,000 classes in the nouns of WordNet 3.0, Copyright 2006 by Princeton University, all
# rights reserved; its licence is beside this file, in WORDNET-LICENSE.txt. Written by tests/bench/derive_families.py.
# A line: WordNet id, ids of the hypernyms that are in here or "-", name. First the classes, in the order of outputs.
"""


@dataclass(frozen=True)
class Noun:
    """A synset: its first word, and its hypernyms, those of instances included, in WordNet's order."""

    name: str
    above: tuple[str, ...]


def main() -> None:
    """Write the table and the licence."""
    wanted = _arguments()
    content = (wanted.wordnet / "data.noun").read_text("latin-1")
    classes = list(_classes(wanted.classes.read_text("utf-8")))
    wanted.out.mkdir(parents=True, exist_ok=True)
    (wanted.out / TABLE).write_text(table(_nouns(content), classes), "utf-8", newline="\n")
    (wanted.out / LICENCE).write_text(licence(content), "utf-8", newline="\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"), help="folder of data.noun")
    parser.add_argument("--classes", type=Path, default=HERE / TABLE, help="ids and names, one class a line")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    return parser.parse_args()


def _classes(text: str) -> Iterator[tuple[str, str]]:
    """Id and first name of each of the 1,000 classes, from either form of list."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for line in lines[:1000]:
        id_, rest = line.split(" ", 1)
        above, _, name = rest.partition(" ")
        yield id_, name if above == "-" or above[1:9].isdigit() else rest.partition(",")[0].strip()


def _nouns(content: str) -> Mapping[str, Noun]:
    """Every noun by id; the form is that of wndb(5WN)."""
    found = {}
    for line in content.splitlines():
        if line.startswith("  "):
            continue
        place, _, _, count, *rest = line.partition(" | ")[0].split()
        words, pointers = rest[: 2 * int(count, 16) : 2], rest[2 * int(count, 16) + 1 :]
        marks = zip(pointers[::4], pointers[1::4], pointers[2::4], strict=True)
        above = tuple(f"n{other}" for mark, other, part in marks if mark in ("@", "@i") and part == "n")
        found[f"n{place}"] = Noun(words[0], above)
    return {id_: Noun(noun.name, tuple(_kinds(noun, found))) for id_, noun in found.items()}


def _kinds(noun: Noun, nouns: Mapping[str, Noun]) -> Iterator[str]:
    yield from (other for other in noun.above if (noun.name, nouns[other].name) not in ROLES)


def table(nouns: Mapping[str, Noun], classes: Sequence[tuple[str, str]]) -> str:
    """The table's text: the classes, then what is above them and not too general, by id."""
    below = Counter(id_ for wnid, _ in classes for id_ in _upward(wnid, nouns))
    kept = {id_ for id_, count in below.items() if count <= MOST}
    names = dict(classes)
    inner = sorted(kept - set(names))
    rows = [*classes, *((id_, nouns[id_].name.replace("_", " ")) for id_ in inner)]
    above = {id_: ",".join(one for one in nouns[id_].above if one in kept) or "-" for id_, _ in rows}
    return HEAD + "".join(f"{id_} {above[id_]} {name}\n" for id_, name in rows)


def _upward(id_: str, nouns: Mapping[str, Noun]) -> set[str]:
    """A noun and all above it."""
    found, waiting = {id_}, [id_]
    while waiting:
        new = set(nouns[waiting.pop()].above) - found
        found |= new
        waiting += new
    return found


def licence(content: str) -> str:
    """The licence: the numbered lines at the head of each of WordNet's files."""
    head = (line for line in content.splitlines() if line.startswith("  "))
    return "".join(re.sub(r"^ +[0-9]+ ?", "", line).rstrip() + "\n" for line in head)


if __name__ == "__main__":
    main()
