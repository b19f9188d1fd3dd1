"""What rules of semopt give, through the real command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import semopt
from semopt.atomic import digest
from semopt.encoders import ENCODERS
from tests.bench.frontier.evaluate import Choice, Choose
from tests.bench.frontier.photos import Photo
from tests.bench.frontier.store import Store


class RefusedError(Exception):
    """The command takes no such rule, or was stopped; its own words."""


@dataclass(frozen=True)
class Rule:
    """A rule under test. keys: of the rule, as YAML. evaluators: the named judges that it may use, as YAML by name."""

    name: str
    keys: str
    evaluators: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The whole config."""
        named = "".join(f"  {name}: {self.evaluators[name]}\n" for name in self.judges if name in self.evaluators)
        head = "version: 1\n" + (f"evaluators:\n{named}" if named else "")
        return f"{head}rules:\n  - {{match: '**', strategy: semantic, {self.keys}}}\n"

    @property
    def judges(self) -> tuple[str, ...]:
        """Names of those that search or confirm, in order."""
        keys = yaml.safe_load(f"{{{self.keys}}}")
        stated = [keys.get("evaluator") or [], keys.get("confirm") or []]
        return tuple(dict.fromkeys(n for names in stated for n in ([names] if isinstance(names, str) else names)))

    @property
    def files(self) -> dict[str, str]:
        """sha256 of the files that its judges are made of, by the judge's name."""
        stated = {name: yaml.safe_load(self.evaluators[name]) for name in self.judges if name in self.evaluators}
        places = {name: one.get("weights") or one.get("path") for name, one in stated.items()}
        return {n: digest(Path(place).read_bytes()) for n, place in places.items() if place and Path(place).is_file()}


def chooser(rule: Rule, photos: Sequence[Photo], store: Store, jobs: int = 2) -> Choose:
    """Builds what is not in the store, all of it in one run of the command. Raises RefusedError."""
    way = f"semopt {_sources()} {digest(rule.text.encode())} {sorted(rule.files.items())}"
    missing = [photo for photo in photos if way not in store.files(photo.sha, [way])]
    for photo, choice in zip(missing, _built(rule, missing, jobs), strict=True) if missing else ():
        store.keep(photo.sha, way, choice.content, choice.notes)
    return lambda photo: Choice(*store.files(photo.sha, [way])[way])


@cache
def _sources() -> str:
    """What stands for the version of the program: its own files and the encoders."""
    home = Path(semopt.__file__).parent
    files = sorted(path for path in home.rglob("*") if path.is_file() and path.suffix != ".pyc")
    parts = [f"{path.relative_to(home).as_posix()} {digest(path.read_bytes())}" for path in files]
    return digest("\n".join([*parts, *(encoder.fingerprint() for encoder in ENCODERS.values())]).encode())


def _built(rule: Rule, photos: Sequence[Photo], jobs: int) -> Iterator[Choice]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        names = {photo.sha: f"{photo.sha}{photo.path.suffix.lower()}" for photo in photos}
        for photo in photos:
            shutil.copyfile(photo.path, root / names[photo.sha])
        (root / "semopt.yaml").write_text(rule.text, "utf-8")
        begun = time.monotonic()
        outcomes = _outcomes(root, jobs)
        seconds = (time.monotonic() - begun) / len(photos)
        for photo in photos:
            yield _choice(root, outcomes[names[photo.sha]], rule.judges, seconds)


def _outcomes(root: Path, jobs: int) -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "semopt", "build", str(root), "--json", "--jobs", str(jobs)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode not in (0, 1):
        raise RefusedError(ran.stderr.strip())
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    return {line["path"]: line for line in lines if line["type"] == "outcome"}


def _choice(root: Path, outcome: Mapping[str, Any], judges: Sequence[str], seconds: float) -> Choice:
    work, variants = outcome["work"], outcome["variants"]
    notes = {**_passes(work, judges), "encodes": work["encodes"], "seconds": seconds}
    if outcome["status"] == "failed":
        print(f"{outcome['path']}: failed: {outcome['reason']}; its original counts", file=sys.stderr)
    return Choice((root / variants[0]["path"]).read_bytes() if variants else None, notes)


def _passes(work: Mapping[str, Any], judges: Sequence[str]) -> dict[str, float]:
    """passes: of all judges together. slow: of those that are networks; left out where the command does not tell."""
    passes = {"passes": work["reference"] + work["search"] + work["confirm"]}
    if set(judges) == {"embedded"}:
        return {**passes, "slow": 0}
    return passes if "embedded" in judges else {**passes, "slow": passes["passes"]}
