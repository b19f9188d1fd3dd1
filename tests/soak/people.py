"""Never larger, never lost: whatever a person does between runs, and however runs end, in generated sequences."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from PIL import Image

from semopt import cleaning, config, pipeline
from semopt.atomic import is_temporary
from semopt.types import SemoptError
from tests.soak.disk import ERRNOS, Death, Disk
from tests.soak.promise import leftovers
from tests.soak.report import Options, Report
from tests.soak.scenarios import picture, recorded

NAMES = ("a.png", "deep/b.png", "deep/B.PNG", "c c.jpg")
RULES = (
    "rules: [{match: '**', strategy: visual, formats: [webp]}]",
    "rules: [{match: 'deep/**', strategy: lossless}, {match: '**', strategy: skip}]",
    "rules: [{match: '**', strategy: visual, formats: [webp], widths: [24, 48]}]\noutput: 'small/{dir}/{name}.{ext}'",
    "assets: deep\nrules: [{match: '**', strategy: lossless}]",
)


def _saved(image: Image.Image, format: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


CONTENTS = (
    *(_saved(picture(seed), "PNG") for seed in range(3)),
    _saved(picture(3), "JPEG", quality=95),
    _saved(Image.new("L", (1, 1)), "PNG"),
    b"no picture",
)


class Tree(RuleBasedStateMachine):
    """A tree that people and runs change in turn. `given`: every file that a person put there, by path."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.given: dict[str, bytes] = {}
        (self.root / "deep").mkdir()
        self._put("deep/b.png", CONTENTS[0])
        self.configure(RULES[0])

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    def _put(self, path: str, content: bytes) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(content)
        self.given[path] = content

    def _variants(self) -> list[str]:
        """Paths of files that a run wrote beside the manifest."""
        there = (file for file in self.root.rglob("*") if file.is_file() and not file.is_symlink())
        found = (file for file in there if ".semopt" not in file.parts)
        paths = sorted(file.relative_to(self.root).as_posix() for file in found)
        return [path for path in paths if path not in self.given and path != "semopt-manifest.json"]

    # --- what a person does ---

    @rule(text=st.sampled_from(RULES))
    def configure(self, text: str) -> None:
        self._put("semopt.yaml", f"version: 1\n{text}\n".encode())

    @rule(path=st.sampled_from(NAMES), number=st.integers(0, len(CONTENTS) - 1))
    def put(self, path: str, number: int) -> None:
        self._put(path, CONTENTS[number])

    @rule(path=st.sampled_from(NAMES))
    def remove(self, path: str) -> None:
        if self.given.pop(path, None) is not None:
            (self.root / path).unlink()

    @rule(path=st.sampled_from(NAMES), to=st.sampled_from(NAMES))
    def rename(self, path: str, to: str) -> None:
        if path in self.given:
            (self.root / to).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).rename(self.root / to)
            self.given[to] = self.given.pop(path)

    @precondition(lambda self: self._variants())
    @rule(chance=st.randoms(use_true_random=False), edit=st.booleans())
    def meddle(self, chance: object, edit: bool) -> None:
        path = chance.choice(self._variants())  # type: ignore[attr-defined]
        if edit and not is_temporary(path.rpartition("/")[2]):
            self._put(path, b"edited by hand")
        else:
            (self.root / path).unlink()

    @rule(path=st.sampled_from(NAMES), link=st.booleans())
    def stand_in_the_way(self, path: str, link: bool) -> None:
        place = self.root / f"{path}.semopt.webp"
        if link and not place.parent.is_dir():
            return
        if not place.exists() and not place.is_symlink():
            if link and path in self.given:
                place.symlink_to(self.root / path)
            else:
                self._put(f"{path}.semopt.webp", b"somebody's own")

    @rule(kind=st.sampled_from(("cache", "index.json", "journal")))
    def lose_state(self, kind: str) -> None:
        if kind != "journal":  # without that semopt does not know any more what is its own, and keeps off it
            shutil.rmtree(self.root / ".semopt" / kind, ignore_errors=True)
            (self.root / ".semopt" / kind).unlink(missing_ok=True)

    # --- what runs do ---

    @rule(only=st.sampled_from((None, None, "**/*.png", "a.*")))
    def build(self, only: str | None) -> None:
        outcomes = list(pipeline.run(config.load(self.root / "semopt.yaml"), pipeline.Scope(only=only)))
        for outcome in outcomes:
            original = len(self.given[outcome.path]) if outcome.path in self.given else 0
            assert all(variant.bytes < original for variant in outcome.variants)
            assert outcome.variants or outcome.reason or outcome.status == "cached"
        assert list(leftovers(self.root)) == []

    @rule(at=st.integers(1, 60), harm=st.sampled_from(("kill", "power", *ERRNOS)), cleans=st.booleans())
    def run_that_is_disturbed(self, at: int, harm: str, cleans: bool) -> None:
        settings_ = config.load(self.root / "semopt.yaml")
        with Disk(self.root, at, harm), suppress(Death, OSError, SemoptError):  # type: ignore[arg-type]
            list(cleaning.clean(settings_, lambda: None) if cleans else pipeline.run(settings_, pipeline.Scope()))

    @rule()
    def clean(self) -> None:
        list(cleaning.clean(config.load(self.root / "semopt.yaml"), lambda: None))

    # --- what always holds ---

    @invariant()
    def nothing_is_lost(self) -> None:
        for path, content in self.given.items():
            assert (self.root / path).read_bytes() == content, path

    @invariant()
    def the_manifest_tells_the_truth_but_for_what_people_did(self) -> None:
        file = self.root / "semopt-manifest.json"
        if file.exists():
            for entry in json.loads(file.read_text())["assets"].values():
                for variant in entry["variants"]:
                    place = self.root / variant["path"]
                    if variant["path"] not in self.given and place.exists() and not place.is_symlink():
                        assert hashlib.sha256(place.read_bytes()).hexdigest() == variant["sha256"]

    @invariant()
    def what_runs_wrote_is_whole(self) -> None:
        for path in self._variants():
            if not is_temporary(path.rpartition("/")[2]):
                with Image.open(self.root / path) as image:
                    image.load()


def check(examples: int, steps: int, repeat: bool) -> None:
    """Try so many sequences of so many steps; the same ones each time, or others. Raises what hypothesis raises."""
    wanted = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=repeat,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    with recorded({}):
        run_state_machine_as_test(Tree, settings=wanted)  # type: ignore[no-untyped-call]


def run(options: Options) -> Report:
    """Two sequences a round, of forty steps each."""
    report = Report()
    report.figures["sequences of 40 steps"] = 2 * options.rounds
    try:
        check(2 * options.rounds, 40, repeat=False)
    except Exception as error:
        report.faults.append("".join(traceback.format_exception(error)))
    return report
