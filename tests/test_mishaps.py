"""Mishaps that once cost semopt the knowledge of what it wrote, or worse; through the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Tree, encoded, photo

RULES = """version: 1
rules:
  - {match: "photos/**", strategy: visual, formats: [webp]}
  - {match: "other/**", strategy: visual, formats: [webp]}
"""


@pytest.fixture
def site(tree: Tree) -> Tree:
    tree.put("semopt.yaml", RULES)
    for number, name in enumerate(("photos/a", "photos/b", "other/c")):
        tree.put(f"{name}.jpg", encoded(photo(90, 70, number)))
    return tree


def trap(site: Tree, body: str) -> dict[str, str]:
    """An environment in which every Python process runs `body` first."""
    site.put("../trap/sitecustomize.py", body)
    return {"PYTHONPATH": os.pathsep.join([str(site.root.parent / "trap"), os.environ.get("PYTHONPATH", "")])}


def all_well(site: Tree) -> None:
    ran = site.semopt("build")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert {entry["status"] for entry in site.manifest.values()} == {"optimized"}


def test_a_run_that_ends_early_forgets_nothing(site: Tree) -> None:
    site.build()
    site.put(
        "semopt.yaml",
        "version: 1\nevaluators: {net: {kind: torchvision, model: resnet18, weights: none.pth}}\n"
        "rules:\n"
        '  - {match: "photos/a.*", strategy: skip}\n'
        '  - {match: "other/**", strategy: semantic, evaluator: net}\n'
        '  - {match: "photos/**", strategy: visual, formats: [webp]}\n',
    )
    assert site.semopt("build").returncode == 2
    site.put("semopt.yaml", RULES)
    all_well(site)


CANNOT_UNLINK = """import os, pathlib
whole = pathlib.Path.unlink
def denied(self, missing_ok=False):
    if self.name.endswith(".webp"):
        raise PermissionError(13, "Permission denied", str(self))
    whole(self, missing_ok)
pathlib.Path.unlink = denied
"""


def test_a_variant_that_could_not_be_removed_stays_semopts_own(site: Tree) -> None:
    site.build()
    site.put("semopt.yaml", RULES.replace("strategy: visual, formats: [webp]}\n  - ", "strategy: skip}\n  - ", 1))
    ran = site.semopt("build", **trap(site, CANNOT_UNLINK))
    assert "cannot be removed: Permission denied" in ran.stderr
    site.put("semopt.yaml", RULES)
    all_well(site)


CANNOT_LIST = """import os
whole = os.scandir
def denied(path="."):
    if str(path).endswith("photos"):
        raise PermissionError(13, "Permission denied", str(path))
    return whole(path)
os.scandir = denied
"""


def test_a_folder_that_cannot_be_listed_keeps_what_it_has(site: Tree) -> None:
    site.build()
    before = site.files()
    ran = site.semopt("build", **trap(site, CANNOT_LIST))
    assert ran.returncode == 1
    assert "photos/: failed: the folder cannot be read: Permission denied" in ran.stderr
    assert site.files() == before
    all_well(site)


def test_another_tree_and_back(site: Tree) -> None:
    site.build()
    for folder in ("photos", "other", "photos"):
        site.put(
            "semopt.yaml", f"version: 1\nassets: {folder}\nrules: [{{match: '**', strategy: visual, formats: [webp]}}]"
        )
        assert site.semopt("build").returncode == 0
        assert {path.parts[0] for path in (p.relative_to(site.root) for p in site.root.rglob("*.webp"))} == {folder}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<<<<<<< HEAD\n{}", "damaged"),
        (b'{"version": 2, "assets": {}}', "of version 2"),
        (b'{"version": NaN}', "damaged"),
    ],
)
def test_a_manifest_that_cannot_be_read_stops_the_build_and_stays(site: Tree, content: bytes, said: str) -> None:
    site.build()
    site.put("semopt-manifest.json", content)
    ran = site.semopt("build")
    assert ran.returncode == 1
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert (site.root / "semopt-manifest.json").read_bytes() == content


@pytest.mark.parametrize("damage", ['"variants": 5', '"variants": [{"path": "\\ud800.semopt.webp", "sha256": "0"}]'])
def test_damaged_entries_cost_their_own_image_time(site: Tree, damage: str) -> None:
    site.build()
    whole = site.files()
    value = json.loads((site.root / "semopt-manifest.json").read_text())
    value["assets"]["photos/a.jpg"] = json.loads("{" + damage + "}")
    (site.root / "photos/a.jpg.semopt.webp").unlink()
    site.put("semopt-manifest.json", json.dumps(value))
    all_well(site)
    assert site.files() == whole


def test_a_dry_run_beside_a_build_disturbs_nothing(site: Tree) -> None:
    for number in range(12):
        site.put(f"photos/more{number}.jpg", encoded(photo(80, 60, 20 + number)))
    build = subprocess.Popen([sys.executable, "-m", "semopt", "build"], cwd=site.root, stderr=subprocess.PIPE)
    while build.poll() is None:
        assert site.semopt("build", "--dry-run").returncode == 0
    assert build.communicate()[1] == b""
    assert build.returncode == 0


def test_temporary_files_of_a_killed_build_are_swept_wherever_they_lie(site: Tree) -> None:
    site.build()
    names = [".semopt-0123456789abcdef.tmp", ".semopt/.semopt-0123456789abcdef.tmp", ".semopt/unfinished"]
    for name in names:
        site.put(name, b"half")
    own = site.put(".semopt-mine.tmp", b"somebody's")
    site.build()
    assert [name for name in names if (site.root / name).exists()] == []
    assert own.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_journal_that_is_a_link_is_never_followed(site: Tree, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"somebody's\n")
    (site.root / ".semopt").mkdir()
    (site.root / ".semopt/journal").symlink_to(victim)
    ran = site.semopt("build")
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert victim.read_bytes() == b"somebody's\n"


def test_a_torn_line_does_not_swallow_the_next(site: Tree) -> None:
    site.build()
    (site.root / "semopt-manifest.json").unlink()
    hashes = {path: entry for path, entry in site.files().items() if path.endswith(".webp")}
    from semopt.atomic import digest
    from semopt.journal import Journal, Line

    journal = Journal(site.root / ".semopt/journal")
    site.put(".semopt/journal", b'{"path": "torn')
    journal.note(Line(path, digest(content)) for path, content in hashes.items())
    all_well(site)


def test_a_start_up_script_that_prints_does_not_stop_the_workers(site: Tree) -> None:
    ran = site.semopt("build", "-q", **trap(site, "print('welcome to this machine')"))
    assert (ran.returncode, ran.stderr) == (0, "")


def test_workers_that_cannot_start_are_said_once_for_each_image_and_nothing_hangs(site: Tree) -> None:
    body = "import sys\nif 'semopt.worker' in sys.orig_argv: raise SystemExit(3)"
    ran = site.semopt("build", **trap(site, body))
    assert ran.returncode == 1
    assert "the worker died (exit code" in ran.stderr


def test_thin_images_are_looked_at_in_part(tree: Tree) -> None:
    from PIL import Image

    from semopt import perceptual

    thin = Image.effect_noise((6, 60_000), 40).convert("RGB")
    sample = perceptual.sample(thin)
    assert sum(part.width * part.height for _, part in sample.parts) <= perceptual.TILES * perceptual.TILE**2


BROKEN_JUDGE = """
import semopt.evaluators.embedded as embedded
def broken(self, images):
    raise MemoryError("no room")
embedded.EmbeddedEvaluator.observe = broken
"""


def test_a_judge_that_breaks_costs_its_own_images(site: Tree) -> None:
    site.put("semopt.yaml", RULES.replace("visual", "semantic", 1))
    ran = site.semopt("build", **trap(site, BROKEN_JUDGE))
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert "photos/a.jpg: failed: its judge failed (MemoryError: no room)" in ran.stderr
    assert site.manifest["other/c.jpg"]["status"] == "optimized"


def test_a_folder_that_is_not_there_never_means_the_one_above(site: Tree) -> None:
    ran = site.semopt("build", "nosuch")
    assert (ran.returncode, ran.stderr) == (2, "nosuch: no such folder\n")


def test_only_leaves_the_variants_of_others_that_are_gone(site: Tree) -> None:
    site.build()
    (site.root / "photos/a.jpg").unlink()
    site.build("--only", "other/**")
    assert (site.root / "photos/a.jpg.semopt.webp").exists()
    site.build()
    assert not (site.root / "photos/a.jpg.semopt.webp").exists()


def test_reasons_cannot_act_on_the_terminal(tree: Tree) -> None:
    tree.put("semopt.yaml", RULES)
    tree.put("photos/a\x1b[31m.jpg", encoded(photo(90, 70)))
    tree.put("photos/a\x1b[31m.jpg.semopt.webp", b"foreign")
    ran = tree.semopt("build")
    assert ran.returncode == 1
    assert "\x1b" not in ran.stderr + ran.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="paths end before that there")
def test_a_tree_deeper_than_the_interpreters_stack(tree: Tree) -> None:
    folder = tree.root
    here = os.getcwd()
    try:
        os.chdir(folder)
        for _ in range(1200):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(here)
    ran = tree.semopt("build")
    assert "Traceback" not in ran.stderr
    subprocess.run(["rm", "-rf", str(tree.root / "d")], check=True)  # rmtree itself is bounded by the stack


def test_a_setting_that_plays_no_part_touches_no_answer(site: Tree) -> None:
    site.build()
    site.put("semopt.yaml", RULES.replace("formats: [webp]", "formats: [webp], keep: {similarity: 0.5}"))
    assert {one["status"] for one in site.build()} == {"cached"}
