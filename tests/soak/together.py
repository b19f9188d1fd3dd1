"""Builds of one tree at the same time, with a reader of the variants beside them; the originals change meanwhile."""

from __future__ import annotations

import json
import random
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from tests.soak.processes import PATIENCE_S, SEMOPT, finish
from tests.soak.promise import leftovers
from tests.soak.report import Options, Report
from tests.soak.scenarios import RULES, picture

BUILDS = 3
IMAGES = 6


def run(options: Options) -> Report:
    """So many rounds of three builds each, all at once, while every image is replaced by another one."""
    report, chance, root = Report(), random.Random(options.seed), options.folder / "tree"
    root.mkdir(parents=True)
    (root / "semopt.yaml").write_text(RULES)
    for number in range(IMAGES):
        picture(number).save(root / f"{number}.png")
    with _reader(root, report):
        for number in range(options.rounds):
            _round(root, number, chance, report)
    report.faults += leftovers(root)
    return report


def _round(root: Path, number: int, chance: random.Random, report: Report) -> None:
    report.figures["rounds"] += 1
    running = [_started(root) for _ in range(BUILDS)]
    for image in range(IMAGES):
        if chance.random() < 0.5:
            content = picture(chance.randrange(40))
            content.save(root / f"{image}.png.new", "PNG")
            (root / f"{image}.png.new").replace(root / f"{image}.png")
    for one in running:
        _, said = one.communicate(timeout=PATIENCE_S)
        report.figures["builds that waited for another"] += "waiting for it" in said
        report.expect("Traceback" not in said, f"round {number}: {said[-300:]}")
    code, said = finish(root, "build")
    report.expect(code == 0, f"round {number}: the build after it ended with {code}: {said[-300:]}")
    again = _statuses(root)
    report.expect(again == {"cached": IMAGES}, f"round {number}: a further build still had something to do: {again}")


def _statuses(root: Path) -> dict[str, int]:
    ran = subprocess.run([*SEMOPT, "build", "--json", str(root)], capture_output=True, text=True, timeout=PATIENCE_S)
    statuses: dict[str, int] = json.loads(ran.stdout.splitlines()[-1])["statuses"]
    return statuses


def _started(root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*SEMOPT, "build", str(root)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    )


@contextmanager
def _reader(root: Path, report: Report) -> Iterator[None]:
    """Reads every variant again and again: each is a whole picture or is not there."""
    over = threading.Event()
    thread = threading.Thread(target=_read, args=(root, over, report))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _read(root: Path, over: threading.Event, report: Report) -> None:
    while not over.wait(0.002):
        for file in root.glob("*.semopt.*"):
            try:
                with Image.open(file) as image:
                    image.load()
                report.figures["reads"] += 1
            except FileNotFoundError:
                continue
            except (OSError, UnidentifiedImageError, SyntaxError) as error:
                report.faults.append(f"{file.name} was read torn: {error}")
