"""`semopt clean`: all that semopt wrote goes, and nothing else, whatever manifest, journal and links say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from conftest import Tree, drawing, encoded, photo
from semopt import cleaning, config
from semopt.atomic import digest
from semopt.lock import locked
from semopt.write import Writer

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")

CONFIG = "version: 1\nassets: site\nrules:\n  - {match: '**', strategy: lossless}\n"


def planted(tree: Tree) -> Tree:
    tree.put("semopt.yaml", CONFIG)
    tree.put("site/one.png", encoded(drawing(), "PNG", compress_level=1))
    tree.put("site/below/two.png", encoded(drawing(90, 90), "PNG", compress_level=1))
    return tree


@pytest.fixture
def bare(tree: Tree) -> Tree:
    """A tree before its first build."""
    return planted(tree)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built tree, of which every test gets a copy."""
    tree = planted(Tree(tmp_path_factory.mktemp("template")))
    assert tree.semopt("build", "-q").returncode == 0
    assert (tree.root / "site/one.png.semopt.webp").is_file()
    return tree.root


@pytest.fixture
def built(tree: Tree, template: Path) -> Tree:
    """The same, built."""
    shutil.copytree(template, tree.root, dirs_exist_ok=True)
    return tree


def everything(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def forged(tree: Tree, *paths: str, content: bytes = b"mine") -> None:
    """A manifest that claims these paths with the right hash."""
    variant = {"sha256": digest(content)}
    entry = {"status": "optimized", "variants": [{**variant, "path": path} for path in paths]}
    tree.put("semopt-manifest.json", json.dumps({"version": 1, "assets": {"site/one.png": entry}}))


def test_a_build_leaves_no_trace(bare: Tree) -> None:
    before = everything(bare.root)
    assert bare.semopt("build", "-q").returncode == 0
    assert everything(bare.root) != before
    ran = bare.semopt("clean")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.endswith(" removed.\n")
    assert everything(bare.root) == before


def test_cleaning_twice_and_a_tree_never_built(built: Tree) -> None:
    built.semopt("clean")
    before = everything(built.root)
    ran = built.semopt("clean")
    assert (ran.returncode, ran.stdout) == (0, "0 files, 0 B removed.\n")
    assert everything(built.root) == before


def test_a_dry_run_says_the_same_and_removes_nothing(built: Tree) -> None:
    built.put("site/one.png.semopt.webp", b"edited")
    before = everything(built.root)
    dry = built.semopt("clean", "--dry-run", "-v")
    assert everything(built.root) == before
    wet = built.semopt("clean", "-v")
    assert (dry.returncode, wet.returncode) == (1, 1)
    assert dry.stdout.replace("would be removed", "removed") == wet.stdout
    assert dry.stderr == wet.stderr
    assert "site/below/two.png.semopt.webp: removed" in wet.stdout


def test_an_edited_variant_and_foreign_files_stay_and_are_named(built: Tree) -> None:
    built.put("site/one.png.semopt.webp", b"edited")
    built.put("site/own.png.semopt.webp", b"never semopt's")
    built.put(".semopt/notes.txt", b"notes")
    built.put(".semopt/cache/answers/list.txt", b"notes")
    ran = built.semopt("clean")
    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [
        "site/one.png.semopt.webp: left: is no longer the file that semopt wrote",
        ".semopt/cache/answers/list.txt: left: was not written by semopt",
        ".semopt/notes.txt: left: was not written by semopt",
    ]
    left = {path for path, content in everything(built.root).items() if content is not None}
    assert left >= {"site/one.png.semopt.webp", "site/own.png.semopt.webp", ".semopt/notes.txt"}
    assert left >= {".semopt/cache/answers/list.txt", "site/one.png", "site/below/two.png", "semopt.yaml"}
    assert "semopt-manifest.json" not in left
    assert "site/below/two.png.semopt.webp" not in left


def test_json_and_quiet(built: Tree) -> None:
    lines = [json.loads(line) for line in built.semopt("clean", "--dry-run", "--json").stdout.splitlines()]
    assert {line["type"] for line in lines} == {"file", "summary"}
    assert {line["kind"] for line in lines[:-1]} == {"variant", "manifest", "state", "cache"}
    assert not any(line["removed"] for line in lines[:-1])
    assert lines[-1] == {
        "type": "summary", "files": len(lines) - 1, "bytes": sum(line["bytes"] for line in lines[:-1]), "left": 0,
        "dry_run": True,
    }  # fmt: skip
    assert built.semopt("clean", "-q").stdout == ""


def test_help_shows_an_example(tree: Tree) -> None:
    assert "semopt clean --dry-run" in tree.semopt("clean", "--help").stdout


@needs_links
def test_links_are_left_and_what_they_lead_to_is_untouched(built: Tree, tmp_path: Path) -> None:
    variant, twin = built.root / "site/one.png.semopt.webp", built.root / "site/below/two.png.semopt.webp"
    elsewhere = tmp_path / "elsewhere.webp"
    variant.rename(elsewhere)
    variant.symlink_to(elsewhere)
    os.link(twin, tmp_path / "linked.webp")
    index = built.root / ".semopt/index.json"
    index.rename(tmp_path / "index.json")
    index.symlink_to(tmp_path / "index.json")
    outside = everything(tmp_path)
    ran = built.semopt("clean")
    assert ran.returncode == 1
    assert variant.is_symlink()
    assert twin.is_file()
    for name in ("elsewhere.webp", "linked.webp", "index.json"):
        assert (tmp_path / name).read_bytes() == outside[name]
    assert ".semopt/index.json: left: is a link, or linked to another file" in ran.stderr


@needs_links
def test_an_original_linked_under_a_variants_name_is_never_touched(built: Tree) -> None:
    original = built.root / "site/one.png"
    content = original.read_bytes()
    name = "site/below/x.png.semopt.webp"
    os.link(original, built.root / name)
    (built.root / "site/y.png.semopt.webp").symlink_to(original)
    forged(built, name, "site/y.png.semopt.webp", content=content)
    built.semopt("clean")
    assert original.read_bytes() == content
    assert (built.root / name).read_bytes() == content
    assert (built.root / "site/y.png.semopt.webp").is_symlink()


@needs_links
def test_a_folder_that_leads_out_of_the_tree_is_not_entered(built: Tree, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "cat.png.semopt.webp").write_bytes(b"mine")
    (outside / ".semopt-0123456789abcdef.tmp").write_bytes(b"mine")
    (built.root / "site/away").symlink_to(outside)
    path = "site/away/cat.png.semopt.webp"
    forged(built, path)
    line = {"path": path, "sha256": digest(b"mine"), "through": ".semopt-0123456789abcdef.tmp"}
    built.put(".semopt/journal", json.dumps(line) + "\n")
    before = everything(outside)
    assert built.semopt("clean").returncode == 1
    assert everything(outside) == before


@needs_links
@pytest.mark.parametrize("name", [".semopt", ".semopt/lock", ".semopt/cache", ".semopt/cache/contents"])
def test_semopts_own_folders_as_links_are_not_followed(built: Tree, tmp_path: Path, name: str) -> None:
    place, away = built.root / name, tmp_path / "away"
    place.rename(away)
    place.symlink_to(away)
    before = everything(away) if away.is_dir() else away.read_bytes()
    ran = built.semopt("clean")
    assert ran.returncode == 1
    assert place.is_symlink()
    assert (everything(away) if away.is_dir() else away.read_bytes()) == before
    assert name in ran.stderr


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"version": 2, "assets": {}}',
        b'{"version": 1, "assets": []}',
        b'{"version": 1}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_manifest_of_ours_stays(bare: Tree, manifest: bytes) -> None:
    bare.put("semopt-manifest.json", manifest)
    before = everything(bare.root)
    ran = bare.semopt("clean")
    assert ran.returncode == 1
    assert "semopt-manifest.json: " in ran.stderr
    assert "Traceback" not in ran.stderr
    assert everything(bare.root) == before


def test_a_manifest_that_claims_what_semopt_never_writes(bare: Tree, tmp_path: Path) -> None:
    (tmp_path / "x.png.semopt.webp").write_bytes(b"mine")
    for name in ("site/cat.jpg", "x.png.semopt.webp", "notes.txt"):
        bare.put(name, b"mine")
    claims = [
        "site/cat.jpg",
        "x.png.semopt.webp",
        "notes.txt",
        "../x.png.semopt.webp",
        "site/../notes.txt",
        "semopt.yaml",
    ]
    odd = ["site/\0.semopt.webp", "site/\ud800.semopt.webp", "site/" + 3000 * "x" + ".semopt.webp", "site", ""]
    forged(bare, *claims, str(tmp_path / "x.png.semopt.webp"), *odd)
    before = everything(tmp_path)
    ran = bare.semopt("clean")
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert "site/cat.jpg: left: is named in the manifest" in ran.stderr
    after = everything(tmp_path)
    # What is called like a variant, lies in the config's folder and has the sha256 that the manifest says is semopt's.
    assert set(before) - set(after) == {"tree/semopt-manifest.json", "tree/x.png.semopt.webp"}
    assert {path: after[path] for path in after} == {path: before[path] for path in after}


@pytest.mark.parametrize("variants", [5, "text", {"a": 1}, [5], [{"path": 3}], [{"path": ["x"], "sha256": {}}], None])
def test_a_manifest_with_nonsense_in_it_is_no_traceback(bare: Tree, variants: Any) -> None:
    bare.put("semopt-manifest.json", json.dumps({"version": 1, "assets": {"site/one.png": {"variants": variants}}}))
    ran = bare.semopt("clean")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_what_a_killed_build_left_goes_too(built: Tree) -> None:
    (built.root / "semopt-manifest.json").unlink()
    path = "site/one.png.semopt.webp"
    line = {"path": path, "sha256": digest((built.root / path).read_bytes()), "through": ".semopt-0123456789abcdef.tmp"}
    built.put(".semopt/journal", json.dumps(line) + "\n")
    built.put(".semopt/.semopt-0123456789abcdef.tmp", b"half")
    built.semopt("clean", "--dry-run")
    assert (built.root / path).exists()
    assert built.semopt("clean").returncode == 0
    assert not (built.root / path).exists()
    assert not (built.root / ".semopt").exists()


def test_a_dry_run_leaves_what_a_running_build_is_about_to_rename(built: Tree) -> None:
    half = built.put("site/.semopt-0123456789abcdef.tmp", b"half")
    line = {"path": "site/one.png.semopt.webp", "sha256": "", "through": half.name}
    built.put(".semopt/journal", json.dumps(line) + "\n")
    built.semopt("clean", "--dry-run")
    built.semopt("build", "--dry-run")
    assert half.exists()


def test_where_a_variant_cannot_be_removed_the_journal_says_whose_it_is(
    built: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Writer, "remove", lambda self, path: f"{path} cannot be removed: Permission denied")
    steps = list(cleaning.clean(config.load(built.root / "semopt.yaml"), lambda: None))
    assert [step.path for step in steps if not step.left] == ["semopt-manifest.json"]
    assert steps[-1].path == ".semopt/journal"
    monkeypatch.undo()
    assert built.semopt("clean").returncode == 0
    assert not (built.root / "site/one.png.semopt.webp").exists()


def test_a_cache_elsewhere_stays(bare: Tree) -> None:
    bare.put("semopt.yaml", CONFIG + "cache: shared\n")
    bare.semopt("build", "-q")
    held = everything(bare.root / "shared")
    assert bare.semopt("clean").returncode == 0
    assert everything(bare.root / "shared") == held


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
def test_it_waits_for_a_build_and_leaves_no_second_lock(built: Tree) -> None:
    """Whoever waited for the lock of a cleaned tree must not hold a file that nobody else can find."""
    lock = built.root / ".semopt/lock"
    told, got = threading.Event(), threading.Event()
    release = threading.Event()

    def second() -> None:
        with locked(lock, told.set):
            got.set()
            release.wait(60)

    waiter = threading.Thread(target=second)
    with locked(lock, lambda: None):
        waiter.start()
        assert told.wait(60)
        lock.unlink()
    try:
        assert got.wait(60)
        assert lock.exists()
        clean = subprocess.Popen(
            [sys.executable, "-m", "semopt", "clean"], cwd=built.root, stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert clean.stderr is not None
        assert b"waiting for it" in clean.stderr.readline()
        assert (built.root / "site/one.png.semopt.webp").exists()
    finally:
        release.set()
        waiter.join()
    clean.communicate(timeout=60)
    assert clean.returncode == 0
    assert not (built.root / ".semopt").exists()


def test_a_photo_tree_without_a_config(tree: Tree) -> None:
    tree.put("cat.jpg", encoded(photo(64, 48)))
    before = everything(tree.root)
    tree.semopt("build", "-q")
    assert tree.semopt("clean").returncode == 0
    assert everything(tree.root) == before
