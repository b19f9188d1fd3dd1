"""Random damage to everything in `.semopt`: the next build gives the tree that a clean build gives."""

from __future__ import annotations

import random
from pathlib import Path

from semopt import config as configs
from tests.soak.promise import files
from tests.soak.report import Options, Report
from tests.soak.scenarios import RULES, build, draw, recorded


def run(options: Options) -> Report:
    """So many rounds: a built tree is damaged in one to three places, loses some variants, and is built again."""
    report, chance, root = Report(), random.Random(options.seed), options.folder / "tree"
    root.mkdir(parents=True)
    draw(root)
    settings = configs.parse(RULES, root / "semopt.yaml")
    with recorded({}):
        build(settings)
        wanted = files(root)
        for _ in range(options.rounds):
            harms = [harm(root, chance) for _ in range(chance.randint(1, 3))]
            for path in chance.sample([path for path in wanted if path.endswith((".webp", ".jpg"))], 2):
                if ".semopt." in path and path != "b.png.semopt.webp":
                    (root / path).unlink()
            build(settings)
            report.figures["rounds"] += 1
            now = files(root)
            wrong = [path for path in {**now, **wanted} if now.get(path) != wanted.get(path)]
            report.expect(not wrong, f"{harms}: not as after a clean build: {wrong}")
            for path in wrong:
                (root / path).write_bytes(wanted[path]) if path in wanted else (root / path).unlink()
    return report


def harm(root: Path, chance: random.Random) -> str:
    """Do something to a file of the state; says what."""
    targets = sorted(file for file in (root / ".semopt").rglob("*") if file.is_file() and file.name != "lock")
    file = chance.choice(targets)
    kind = chance.choice((flip, cut, empty, splice, exchange, remove))
    kind(file, chance.choice(targets), chance)
    return f"{kind.__name__} {file.relative_to(root)}"


def flip(file: Path, _: Path, chance: random.Random) -> None:
    """One bit."""
    content = bytearray(file.read_bytes())
    if content:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)


def cut(file: Path, _: Path, chance: random.Random) -> None:
    """Some of the end."""
    content = file.read_bytes()
    file.write_bytes(content[: chance.randrange(len(content) + 1)])


def empty(file: Path, _: Path, chance: random.Random) -> None:
    """All of it."""
    file.write_bytes(b"")


def splice(file: Path, other: Path, chance: random.Random) -> None:
    """The end of another file."""
    content, strange = file.read_bytes(), other.read_bytes()
    at = chance.randrange(len(content) + 1)
    file.write_bytes(content[:at] + strange[at:])


def exchange(file: Path, other: Path, chance: random.Random) -> None:
    """The content of another file in its place, and the other way round."""
    content, strange = file.read_bytes(), other.read_bytes()
    file.write_bytes(strange)
    other.write_bytes(content)


def remove(file: Path, _: Path, chance: random.Random) -> None:
    """The file."""
    file.unlink()
