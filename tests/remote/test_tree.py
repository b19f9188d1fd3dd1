"""A tree at a URL: built in a mirror, published whole, and only what semopt wrote is ever replaced or removed."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import Tree, drawing, encoded
from semopt import config as configs
from semopt import pipeline
from semopt.atomic import digest
from semopt.crew import Crew
from semopt.remote.mirror import _is_a_name
from semopt.types import Outcome, SemoptError

pytest.importorskip("fsspec", reason="pip install 'semopt[remote]'")
pytest.importorskip("s3fs", reason="pip install 'semopt[remote]'")
pytest.importorskip("moto", reason="pip install 'semopt[test]'")

from buckets import SECRET, Bucket, Faulty
from buckets import bucket as bucket
from buckets import faulty as faulty
from buckets import s3_server as s3_server

WEBP = "rules: [{match: '**', strategy: lossless, formats: [webp]}]\n"
PNG = "rules: [{match: '**', strategy: lossless, formats: [png]}]\n"
MIXED = PNG.replace("rules: [", "rules: [{match: 'a/1.png', strategy: lossless, formats: [webp]}, ")
PICTURES = [encoded(drawing(80 + number, 60), "PNG", compress_level=1) for number in range(4)]
MANIFEST, JOURNAL = "semopt-manifest.json", "semopt-journal.jsonl"


@pytest.fixture(scope="module")
def crew() -> Iterator[Crew]:
    """Workers for all builds of this module."""
    made = Crew(1)
    yield made
    made.close()


@pytest.fixture
def machine(tmp_path: Path, crew: Crew) -> Callable[..., Machine]:
    """Makes machines that build one tree; they share a cache on disk, so that only the first search takes time."""
    numbers = itertools.count()

    def made(url: str = "faulty://site", rules: str = WEBP) -> Machine:
        root = tmp_path / f"machine{next(numbers)}"
        root.mkdir()
        tree = Machine(root)
        tree.crew, tree.url, tree.cache = crew, url, tmp_path / "cache"  # type: ignore[attr-defined]
        tree.rules(rules)
        return tree

    return made


class Machine(Tree):
    """A folder with a config and nothing else."""

    def rules(self, rules: str, more: str = "") -> None:
        text = f"version: 1\nassets: {self.url}\ncache: {self.cache}\n{more}{rules}"  # type: ignore[attr-defined]
        self.put("semopt.yaml", text)

    def run(self) -> list[Outcome]:
        config = configs.load(self.root / "semopt.yaml")
        return list(pipeline.run(config, pipeline.Scope(1), self.crew))  # type: ignore[attr-defined]


def put(path: str, content: bytes) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    MemoryFileSystem.pipe_file(Faulty(), f"/site/{path}", content)


def site() -> dict[str, bytes]:
    return {path.removeprefix("/site/"): content for path, content in Faulty.objects().items()}


def manifest_at(objects: dict[str, bytes]) -> dict[str, Any]:
    return json.loads(objects[MANIFEST])["assets"] if MANIFEST in objects else {}


def whole(objects: dict[str, bytes]) -> None:
    """A manifest names only what is there."""
    for entry in manifest_at(objects).values():
        for variant in entry["variants"]:
            assert digest(objects[variant["path"]]) == variant["sha256"]


def start() -> None:
    """Three pictures, and a thing that is none of semopt's business."""
    for number in range(3):
        put(f"a/{number}.png", PICTURES[number])
    put("page.html", b"<p>hello")


def test_a_bucket_is_built(bucket: Bucket, machine: Callable[..., Machine]) -> None:
    files = bucket.files
    for number in range(2):
        files.pipe_file(f"images/site/{number}.png", PICTURES[number])
    files.pipe_file("images/other/x.png", PICTURES[2])
    before = bucket.objects()
    tree = machine(f"{bucket.url}/site")
    assert tree.semopt("build").returncode == 0
    after = {path.removeprefix("site/"): content for path, content in bucket.objects().items()}
    assert {f"site/{path}" if path != "other/x.png" else path for path in after} >= set(before)
    whole(after)
    assert set(manifest_at(after)) == {"0.png", "1.png"}
    assert JOURNAL not in after
    assert all(after[f"{number}.png"] == PICTURES[number] for number in range(2))
    local = machine(f"{bucket.url}/site").root / "local"
    for number in range(2):
        (local).mkdir(exist_ok=True)
        (local / f"{number}.png").write_bytes(PICTURES[number])
    (local / "semopt.yaml").write_text(f"version: 1\n{WEBP}")
    Tree(local).build()
    assert (local / MANIFEST).read_bytes() == after[MANIFEST]
    assert {path for path in after if path != "other/x.png"} == set(Tree(local).files()) - {"semopt.yaml"}
    tree.semopt("build")
    bucket.asked.clear()
    ran = tree.semopt("build", "-v")
    assert ran.returncode == 0, ran.stderr
    assert "cached" in ran.stdout
    assert dict(bucket.asked)["GET"] <= 2, "a listing, and the manifest"
    assert "PUT" not in bucket.asked
    for file in tree.root.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes()
    (other := machine(f"{bucket.url}/site")).semopt("build")
    assert {path.removeprefix("site/"): one for path, one in bucket.objects().items()} == after
    for command in ("check", "watch", "clean"):
        ran = other.semopt(command)
        assert ran.returncode == 2
        assert "for trees on a disk" in ran.stderr
    assert other.semopt("build", "--dry-run").returncode == 1
    assert other.semopt("report").returncode == 0


def test_what_changes_there_is_followed(faulty: type[Faulty], machine: Callable[..., Machine]) -> None:
    start()
    tree = machine()
    tree.run()
    first = site()
    whole(first)
    assert len(manifest_at(first)) == 3
    from fsspec.implementations.memory import MemoryFileSystem

    MemoryFileSystem.rm_file(Faulty(), "/site/a/0.png")
    put("a/1.png", PICTURES[3])
    put("new/x.png", PICTURES[0])
    for builds in (tree, machine()):
        builds.run()
        after = site()
        whole(after)
        assert set(manifest_at(after)) == {"a/1.png", "a/2.png", "new/x.png"}
        assert set(after) == {
            *("page.html", MANIFEST, "a/1.png", "a/2.png", "new/x.png"),
            *(variant["path"] for entry in manifest_at(after).values() for variant in entry["variants"]),
        }
        assert after["a/2.png.semopt.webp"] == first["a/2.png.semopt.webp"]
    faulty.reset()
    tree.run()
    assert faulty.written == []


def test_a_foreign_object_is_never_replaced_or_removed(faulty: type[Faulty], machine: Callable[..., Machine]) -> None:
    start()
    put("a/0.png.semopt.webp", PICTURES[3])
    outcomes = {outcome.path: outcome for outcome in machine().run()}
    assert outcomes["a/0.png"].status == "failed"
    assert "a/0.png.semopt.webp is in the way and was not written by semopt" in outcomes["a/0.png"].reason
    assert site()["a/0.png.semopt.webp"] == PICTURES[3]
    assert "a/1.png.semopt.webp" in site()


def test_an_edited_variant_is_left(faulty: type[Faulty], machine: Callable[..., Machine]) -> None:
    start()
    tree = machine()
    tree.run()
    put("a/0.png.semopt.webp", PICTURES[3])
    outcomes = {outcome.path: outcome for outcome in tree.run()}
    assert "was changed since semopt wrote it" in outcomes["a/0.png"].reason
    tree.rules(PNG)
    tree.run()
    assert site()["a/0.png.semopt.webp"] == PICTURES[3]
    assert "a/1.png.semopt.webp" not in site()
    assert "a/1.png.semopt.png" in site()


def test_a_manifest_that_claims_originals_owns_none(faulty: type[Faulty], machine: Callable[..., Machine]) -> None:
    start()
    tree = machine()
    tree.run()
    claims = json.loads(site()[MANIFEST])
    variants = claims["assets"]["a/0.png"]["variants"]
    variants[0]["path"], variants[0]["sha256"] = "a/1.png", digest(PICTURES[1])
    put(MANIFEST, json.dumps(claims).encode())
    put(JOURNAL, json.dumps({"path": "a/2.png", "sha256": digest(PICTURES[2]), "through": "", "output": ""}).encode())
    for builds in (tree, machine()):
        builds.run()
        for number in range(3):
            assert site()[f"a/{number}.png"] == PICTURES[number]
        whole(site())


@pytest.mark.parametrize(
    "key", ["../x.png", "a/../../x.png", "/etc/x.png", "a//x.png", "a/./x.png", "c:x.png", "a\\x.png", "x\0.png", ""]
)
def test_a_key_that_is_no_path_is_none(key: str) -> None:
    assert not _is_a_name(key)


def test_an_empty_or_absent_place_is_refused(faulty: type[Faulty], machine: Callable[..., Machine]) -> None:
    start()
    tree = machine()
    tree.run()
    before = site()
    with pytest.raises(SemoptError, match="cannot be listed"):
        machine("faulty://nowhere").run()
    faulty.reset(1)
    with pytest.raises(SemoptError, match=r"faulty://site cannot be listed \(OSError\); build again") as raised:
        tree.run()
    assert SECRET not in str(raised.value)
    assert site() == before


def test_two_builds_at_a_time_are_noticed(
    faulty: type[Faulty], machine: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    tree = machine()
    config = configs.load(tree.root / "semopt.yaml")
    outcomes = pipeline.run(config, pipeline.Scope(1), tree.crew)  # type: ignore[attr-defined]
    next(outcomes)
    second = machine(rules=PNG)
    with closing(Crew(1)) as second.crew:  # type: ignore[attr-defined]
        second.run()
    other = site()
    with pytest.raises(SemoptError, match="was changed during the build; build again"):
        list(outcomes)
    assert site() == other
    tree.run()
    whole(site())


def test_excluded_and_too_large_objects_are_not_fetched(
    faulty: type[Faulty], machine: Callable[..., Machine], caplog: pytest.LogCaptureFixture
) -> None:
    start()
    put("raw/x.png", PICTURES[3])
    put("huge.png", bytes(200_000))
    tree = machine()
    tree.rules(WEBP, "exclude: ['raw/**']\nlimits: {max_bytes: 100kB}\n")
    tree.run()
    names = {file.name for file in (tree.root / ".semopt/mirror").rglob("*.png")}
    assert names == {"0.png", "1.png", "2.png"}
    assert any("huge.png is not fetched" in message for message in caplog.messages)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("same", [False, True])
def test_a_run_that_is_cut_short_at_any_call_is_harmless(
    faulty: type[Faulty], machine: Callable[..., Machine], tmp_path: Path, late: bool, same: bool
) -> None:
    start()
    put("b/foreign.png.semopt.png", PICTURES[3])
    put("b/foreign.png", PICTURES[0])
    first = machine()
    first.run()
    put("a/1.png", PICTURES[3])
    faulty.store.pop("/site/a/0.png")
    stores = dict(faulty.store)
    originals = {path: content for path, content in site().items() if ".semopt." not in path and path != MANIFEST}
    kept = tmp_path / "kept"
    shutil.copytree(first.root, kept)
    faulty.reset()
    first.rules(MIXED)
    first.run()
    wanted, calls = site(), faulty.calls
    assert calls > 12
    whole(wanted)
    assert "a/2.png.semopt.png" in wanted
    assert "a/2.png.semopt.webp" not in wanted
    for number in range(1, calls + 1):
        faulty.store.clear()
        faulty.store.update(stores)
        shutil.rmtree(first.root)
        shutil.copytree(kept, first.root)
        first.rules(MIXED)
        faulty.reset(number, late=late)
        with pytest.raises(SemoptError):
            first.run()
        faulty.reset()
        halfway = site()
        whole(halfway)
        assert {path: halfway[path] for path in originals} == originals
        assert halfway["b/foreign.png.semopt.png"] == PICTURES[3]
        other = first if same else machine(rules=MIXED)
        other.run()
        assert site() == wanted, number


OPERATIONS = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 2), st.integers(0, 3)),
    st.tuples(st.just("remove"), st.integers(0, 2), st.just(0)),
    st.tuples(st.just("rules"), st.sampled_from([0, 1]), st.sampled_from([0, 1, 2])),
    st.tuples(st.just("build"), st.sampled_from([0, 1]), st.just(0)),
    st.tuples(st.just("cut"), st.sampled_from([0, 1]), st.integers(1, 14)),
    st.tuples(st.just("late"), st.sampled_from([0, 1]), st.integers(1, 14)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(OPERATIONS, max_size=10))
def test_whatever_happened_the_tree_is_that_of_one_build(
    faulty: type[Faulty], machine: Callable[..., Machine], operations: list[tuple[str, int, int]]
) -> None:
    faulty.store.clear()
    faulty.pseudo_dirs[:] = [""]
    faulty.reset()
    start()
    machines = machine(), machine(rules=PNG)
    for does, which, what in operations:
        if does == "put":
            put(f"a/{which}.png", PICTURES[what])
        elif does == "remove":
            faulty.store.pop(f"/site/a/{which}.png", None)
            put("a/left.png", PICTURES[3])
        elif does == "rules":
            machines[which].rules((WEBP, PNG, MIXED)[what])
        else:
            faulty.reset(what or None, late=does == "late")
            with suppress(SemoptError):
                machines[which].run()
            faulty.reset()
        whole(site())
        assert site()["page.html"] == b"<p>hello"
    originals = {path: content for path, content in site().items() if path.endswith(".png") and ".semopt." not in path}
    (last := machines[0]).rules(WEBP)
    last.run()
    after = site()
    faulty.store.clear()
    for path, content in {**originals, "page.html": b"<p>hello"}.items():
        put(path, content)
    machine().run()
    assert after == site()
