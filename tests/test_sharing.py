"""`spend` through the real command: shares cost no pass, and are the same however a tree came to be built."""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from watcher import Watcher

from conftest import Tree, drawing, encoded, photo
from semopt import config, pipeline, portion
from semopt.atomic import digest
from semopt.types import SemoptError
from tests.soak.disk import Death, Disk, Harm

RULES = """version: 1
rules:
  - {match: "photos/**", strategy: semantic, formats: [webp, avif]}
  - {match: "heroes/**", strategy: visual, formats: [webp, jpeg]}
  - {match: "icons/**", strategy: lossless}
  - {match: "raw/**", strategy: skip}
"""


def spending(spend: object, rules: str = RULES) -> str:
    return f"{rules}spend: {json.dumps(spend)}\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A tree whose bytes are just what was found; the answers without `spend` are in its cache too."""
    tree = Tree(tmp_path_factory.mktemp("built") / "tree")
    tree.put("semopt.yaml", RULES)
    for number in range(4):
        tree.put(f"photos/{number}.jpg", encoded(photo(240, 180, number)))
    tree.put("photos/best/4.jpg", encoded(photo(240, 180, 4)))
    tree.put("heroes/5.jpg", encoded(photo(120, 90, 5)))
    tree.put("icons/6.png", encoded(drawing(), "PNG", compress_level=1))
    tree.put("raw/7.png", encoded(drawing(), "PNG"))
    assert {one["status"] for one in tree.build()} == {"optimized", "skipped"}
    tree.put("semopt.yaml", spending(int(0.97 * spent(tree))))
    said = re.search(r"needs ([\d,]+) bytes", tree.semopt("build").stderr)
    assert said is not None
    tree.put("semopt.yaml", spending(int(said[1].replace(",", ""))))
    tree.build()
    assert least(tree) == {}
    return tree


@pytest.fixture
def site(built: Tree, tree: Tree) -> Tree:
    shutil.copytree(built.root, tree.root, dirs_exist_ok=True)
    return tree


def spent(tree: Tree, folder: str = "") -> int:
    """Bytes of all variants that stand, as `limits: tree` counts them."""
    return sum(
        len((tree.root / one["path"]).read_bytes())
        for path, entry in tree.manifest.items()
        if path.startswith(folder)
        for one in entry["variants"]
    )


def least(tree: Tree) -> dict[str, float]:
    """The least similarity, or figure, that stands for each image with a share."""
    return {path: entry["share"]["figure"] for path, entry in tree.manifest.items() if "share" in entry}


def passes(outcomes: list[dict[str, Any]]) -> int:
    return sum(one["work"][phase] for one in outcomes for phase in ("reference", "search", "confirm"))


def fresh(tree: Tree, tmp_path: Path, name: str, *arguments: str) -> Tree:
    """The same originals and config, built from nothing."""
    other = Tree(tmp_path / name)
    ours = {path for entry in tree.manifest.values() for path in (one["path"] for one in entry["variants"])}
    for path, content in tree.files().items():
        if path not in ours and path != "semopt-manifest.json":
            other.put(path, content)
    other.build(*arguments)
    return other


def test_what_all_can_have_all_have(site: Tree) -> None:
    before = site.files()
    site.put("semopt.yaml", spending(int(0.85 * spent(site))))
    site.build()
    assert least(site)
    site.put("semopt.yaml", before["semopt.yaml"])
    built = site.build()
    assert (passes(built), sum(one["work"]["encodes"] for one in built)) == (0, 0)
    assert site.files() == before


def test_shares_reach_down_to_half_of_what_was_found(site: Tree, tmp_path: Path) -> None:
    """As images that share bytes are tried below what their rule asks for, once; without `spend` none is."""
    half = {folder: int(0.58 * spent(site, folder)) for folder in ("photos", "heroes")}
    site.put("semopt.yaml", spending(half))
    assert "has the smallest of each image" not in site.semopt("build").stderr
    assert all(0 < spent(site, folder) <= half[folder] for folder in half)
    plain = Tree(tmp_path / "plain")
    plain.put("semopt.yaml", RULES)
    plain.put("photos/0.jpg", encoded(photo(240, 180, 0)))
    (before,) = plain.build()
    plain.put("semopt.yaml", spending({"photos": before["variants"][0]["bytes"]}))
    (once,) = plain.build()
    assert passes([once]) > passes([before])
    assert once["variants"] == before["variants"]
    plain.put("semopt.yaml", spending({"photos": before["variants"][0]["bytes"] // 2}))
    assert passes(plain.build()) == 0


def test_bytes_that_are_left_go_where_they_lift_recognition(site: Tree) -> None:
    whole = spent(site)
    before = site.manifest
    site.put("semopt.yaml", spending(int(1.4 * whole)))
    built = site.build()
    assert passes(built) == 0
    assert whole < spent(site) <= int(1.4 * whole)
    better = {path: entry for path, entry in site.manifest.items() if "share" in entry}
    assert better
    for path, entry in better.items():
        assert entry["share"]["met"]
        assert entry["reason"] == ""
        for name in ("embedded",) if path.startswith("photos") else ():
            (was,), (now,) = before[path]["variants"], entry["variants"]
            assert now["scores"][name]["similarity"] > was["scores"][name]["similarity"]
            assert now["bytes"] > was["bytes"]


def test_images_give_bytes_up_and_say_so(site: Tree) -> None:
    whole = spent(site, "photos/")
    site.put("semopt.yaml", spending({"photos": whole}))
    site.build()
    before = site.manifest  # of heroes/ as it is alone: what was found below while the whole tree shared is not its own
    budget = int(0.85 * whole)
    site.put("semopt.yaml", spending({"photos": budget}))
    ran = site.semopt("build")
    assert ran.returncode == 0
    assert ran.stderr == f"spend: photos/ needs {whole:,} bytes for all to be recognised; {budget:,} are spent\n"
    assert spent(site, "photos/") <= budget
    for path, entry in site.manifest.items():
        if "share" not in entry:
            assert entry == before[path]
            continue
        share = entry["share"]
        assert (path.split("/")[0], share["folder"], share["by"], share["wanted"]) == (
            *("photos", "photos", "embedded"),
            0.9,
        )
        assert not share["met"]
        assert entry["reason"].endswith(": its share of spend")
        assert sum(one["bytes"] for one in entry["variants"]) < sum(one["bytes"] for one in before[path]["variants"])
        assert entry["variants"][0]["scores"]["embedded"]["similarity"] == share["figure"]
    assert least(site)
    assert site.semopt("build").stderr == ran.stderr  # said by each build, though nothing is to be done


def test_where_not_even_the_smallest_fit_all_have_those(site: Tree) -> None:
    site.put("semopt.yaml", spending({"photos": 10}))
    ran = site.semopt("build")
    assert (ran.returncode, "has the smallest of each image and is over it" in ran.stderr) == (0, True)
    site.put("semopt.yaml", spending({"photos": 12}))
    ran = site.semopt("build", "--json")
    assert passes([json.loads(line) for line in ran.stdout.splitlines()[:-1]]) == 0
    checked = site.semopt("check", "--json")
    verdicts = {line["path"]: line["verdict"] for line in map(json.loads, checked.stdout.splitlines()[:-1])}
    assert (checked.returncode, verdicts["photos/"]) == (1, "over")
    assert {verdict for path, verdict in verdicts.items() if path != "photos/"} == {"ok", "skipped"}


def test_the_eye_gives_up_points_and_every_format_goes_along(site: Tree) -> None:
    whole = spent(site, "heroes/")
    site.put("semopt.yaml", spending({"heroes": int(0.95 * whole)}))
    site.build()
    entry = site.manifest["heroes/5.jpg"]
    assert spent(site, "heroes/") < whole
    assert entry["share"]["by"] == "ssimulacra2"
    assert entry["share"]["figure"] < 70
    assert {one["width"] for one in entry["variants"]} == {120}


def test_an_image_takes_from_the_innermost_folder_alone(site: Tree) -> None:
    best, others = spent(site, "photos/best/"), spent(site, "photos/")
    site.put("semopt.yaml", spending({"photos": others - best, "photos/best": 10, ".": 10**6}))
    site.build()
    shares = {path: entry["share"] for path, entry in site.manifest.items() if "share" in entry}
    assert shares["photos/best/4.jpg"]["folder"] == "photos/best"
    assert not any(path.startswith("photos/") for path in shares if path != "photos/best/4.jpg")
    assert all(share["folder"] == "" and share["met"] for path, share in shares.items() if path.startswith("heroes"))


def test_another_figure_costs_a_few_encodes_and_going_back_none(site: Tree) -> None:
    before, whole = site.files(), spent(site)
    site.put("semopt.yaml", spending(int(0.85 * whole)))
    shared = site.build()
    assert passes(shared) == 0
    changed = [one for one in shared if "share" in one]
    assert sum(one["work"]["encodes"] for one in shared) == sum(len(one["variants"]) for one in changed) > 0
    after = site.files()
    site.put("semopt.yaml", before["semopt.yaml"])
    back = site.build()
    assert (passes(back), sum(one["work"]["encodes"] for one in back)) == (0, 0)
    assert site.files() == before
    site.put("semopt.yaml", RULES)
    without = site.build()
    assert (passes(without), sum(one["work"]["encodes"] for one in without)) == (0, 0)
    site.put("semopt.yaml", spending(int(0.85 * whole)))
    again = site.build()
    assert (passes(again), sum(one["work"]["encodes"] for one in again)) == (0, 0)
    assert site.files() == after


def test_nothing_to_do_imports_nothing_heavy_and_decodes_nothing(site: Tree) -> None:
    site.put("semopt.yaml", spending(int(0.85 * spent(site))))
    site.build()
    script = (
        "import sys; from semopt.cli import main; code = main(['build', '-q']);"
        "heavy = {'torch', 'numpy', 'scipy', 'semopt.engine', 'semopt.images', 'semopt.portion'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=site.root, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert {one["status"] for one in site.build()} == {"cached", "skipped"}


def test_a_new_image_brings_one_warning(site: Tree) -> None:
    site.put("semopt.yaml", spending({"photos": int(0.85 * spent(site, "photos/"))}))
    before = site.semopt("build").stderr
    site.put("photos/0a.jpg", encoded(photo(260, 200, 8)))
    after = site.semopt("build").stderr
    assert (before.count("spend: photos/"), after.count("spend: photos/")) == (1, 1)
    assert before != after


def test_one_build_or_many_at_any_number_of_jobs(site: Tree, tmp_path: Path) -> None:
    """An image that came later changes the shares of the others, in the same build."""
    site.put("semopt.yaml", spending(int(0.85 * spent(site))))
    site.build()
    before = site.files()
    site.put("photos/0a.jpg", encoded(photo(260, 200, 8)))
    (site.root / "photos/3.jpg").unlink()
    site.build()
    after = site.files()
    assert after.keys() - before.keys()
    assert any(after[path] != content for path, content in before.items() if path in after)
    assert fresh(site, tmp_path, "one job", "--jobs", "1").files() == after
    assert fresh(site, tmp_path, "two jobs", "--jobs", "2").files() == after


def test_only_leaves_the_others_as_they_are(site: Tree, tmp_path: Path) -> None:
    budget = int(0.92 * spent(site))
    site.put("semopt.yaml", spending(budget))
    site.build()
    before = site.manifest
    site.put("photos/0.jpg", encoded(photo(260, 200, 8)))
    site.build("--only", "photos/0.jpg")
    assert {path: entry for path, entry in site.manifest.items() if path != "photos/0.jpg"} == {
        path: entry for path, entry in before.items() if path != "photos/0.jpg"
    }
    site.build()
    assert spent(site) <= budget
    assert fresh(site, tmp_path, "fresh").files() == site.files()


def test_only_where_nothing_changed_does_nothing(site: Tree) -> None:
    site.put("semopt.yaml", spending(int(0.92 * spent(site))))
    site.build()
    before = site.files()
    assert {one["status"] for one in site.build("--only", "photos/*.jpg")} == {"cached"}
    assert site.files() == before


def test_what_was_lost_is_made_again_without_a_decode(site: Tree) -> None:
    site.put("semopt.yaml", spending(int(0.85 * spent(site))))
    site.build()
    before = site.files()
    for path in least(site):
        (site.root / site.manifest[path]["variants"][0]["path"]).unlink()
    again = site.build()
    assert site.files() == before
    assert (passes(again), sum(one["work"]["encodes"] for one in again)) == (0, 0)


@pytest.mark.parametrize("lost", ["cache", "index", "all"])
def test_what_is_known_beside_the_manifest_may_be_lost(site: Tree, lost: str) -> None:
    site.put("semopt.yaml", spending(int(0.85 * spent(site))))
    site.build()
    before = site.files()
    if lost == "index":
        (site.root / ".semopt/index.json").unlink()
    else:
        shutil.rmtree(site.root / ".semopt" / ("cache" if lost == "cache" else ""))
    assert site.semopt("check").returncode == 0
    site.build()
    assert site.files() == before
    # answers that are gone are searched for once they are needed
    shutil.rmtree(site.root / ".semopt/cache", ignore_errors=True)
    site.put("semopt.yaml", spending(spent(site) - 1))
    site.build()
    site.put("semopt.yaml", before["semopt.yaml"])
    site.build()
    assert site.files() == before


def test_pruning_leaves_what_the_shares_need(site: Tree) -> None:
    site.put("semopt.yaml", spending(int(0.85 * spent(site))))
    site.build()
    before = site.files()
    assert site.semopt("cache", "prune").returncode == 0
    shutil.rmtree(site.root / "photos/best")
    site.put("photos/best/4.jpg", before["photos/best/4.jpg"])
    again = site.build()
    assert (passes(again), sum(one["work"]["encodes"] for one in again)) == (0, 0)
    assert site.files() == before


def test_an_encoder_that_gives_other_bytes_is_not_believed(site: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = spent(site)
    site.put("semopt.yaml", spending(int(0.85 * whole)))
    real = portion.Wanted

    def tampered(task: Any, sha256: str, trials: Any) -> Any:
        return real(task, sha256, tuple(replace(trial, bytes=trial.bytes + 1) for trial in trials))

    monkeypatch.setattr(portion, "Wanted", tampered)
    outcomes = {one.path: one for one in pipeline.run(config.load(site.root / "semopt.yaml"), pipeline.Scope())}
    failed = [one for one in outcomes.values() if one.status == "failed"]
    assert failed
    assert all("no longer gives the bytes that were judged" in one.reason for one in failed)
    assert not any((site.root / f"{one.path}.semopt.webp").exists() for one in failed)
    monkeypatch.undo()
    assert "failed" not in {one["status"] for one in site.build()}
    assert spent(site) <= int(0.85 * whole)


def test_when_the_time_is_up_all_have_what_was_found_and_the_next_build_shares(site: Tree, tmp_path: Path) -> None:
    budget = int(0.95 * spent(site))
    site.put("photos/9.jpg", encoded(photo(260, 200, 9)))
    site.put("semopt.yaml", spending(budget))
    site.build("--time-limit", "0")
    assert least(site) == {}
    site.build()
    assert spent(site) <= budget
    assert fresh(site, tmp_path, "fresh").files() == site.files()


@pytest.mark.parametrize(("harm", "first"), [("kill", 2), ("power", 5), (errno.EIO, 40)], ids=str)
def test_a_build_that_dies_anywhere_is_repaired_by_the_next(site: Tree, tmp_path: Path, harm: Harm, first: int) -> None:
    """Shares that were half given are given to the end, and no file that the manifest names is missing or another."""
    site.put("semopt.yaml", spending(int(0.85 * spent(site))))
    site.build()
    site.put("semopt.yaml", spending(int(0.92 * spent(site))))
    goal = Tree(Path(shutil.copytree(site.root, tmp_path / "goal")))
    goal.build()
    struck = 0
    for at in itertools.count(first, 11 if isinstance(harm, str) else 61):
        tree = Tree(Path(shutil.copytree(site.root, tmp_path / "struck")))
        settings = config.load(tree.root / "semopt.yaml")
        disk = Disk(tree.root, at, harm)
        with disk, suppress(Death, OSError, SemoptError):
            list(pipeline.run(settings, pipeline.Scope()))
        if disk.struck:
            whole(tree)
        list(pipeline.run(settings, pipeline.Scope()))
        assert tree.files() == goal.files(), disk.struck
        shutil.rmtree(tree.root)
        if not disk.struck:
            break
        struck += 1
    assert struck > 2


def whole(tree: Tree) -> None:
    """No file that the manifest names is missing or another."""
    if (tree.root / "semopt-manifest.json").exists():
        for entry in tree.manifest.values():
            for one in entry["variants"]:
                assert digest((tree.root / one["path"]).read_bytes()) == one["sha256"]


def test_a_kill_in_the_middle(site: Tree, tmp_path: Path) -> None:
    site.put("semopt.yaml", spending(int(0.85 * spent(site))))
    goal = fresh(site, tmp_path, "goal")
    other = fresh(site, tmp_path, "other", "--time-limit", "0")
    for wait in (1.0, 1.6, 2.2):
        running = subprocess.Popen(
            [sys.executable, "-m", "semopt", "build", "-q"], cwd=other.root, start_new_session=True
        )
        time.sleep(wait)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        whole(other)
    other.build()
    assert other.files() == goal.files()


def test_dry_run_foresees_shares_and_writes_nothing(site: Tree) -> None:
    site.put("semopt.yaml", spending(int(0.85 * spent(site))))
    before = site.files()
    foreseen = {
        line["path"]
        for line in map(json.loads, site.semopt("build", "--dry-run", "--json").stdout.splitlines())
        if line.get("action") == "share"
    }
    assert site.files() == before
    site.build()
    assert foreseen == set(least(site)) != set()
    ran = site.semopt("build", "--dry-run")
    assert "share" not in ran.stdout


def test_check_holds_shares_to_what_they_were(site: Tree) -> None:
    site.put("semopt.yaml", spending(int(0.85 * spent(site))))
    assert check(site)["the tree"] == "over"
    site.build()
    assert check(site) == {}
    assert check(site, "--again") == {}
    shutil.rmtree(site.root / ".semopt")
    assert check(site) == {}
    written = (site.root / "semopt-manifest.json").read_text()
    claimed = json.loads(written)
    for entry in claimed["assets"].values():
        if "share" in entry and entry["share"]["by"] == "embedded":
            entry["share"]["figure"] = 0.99
    site.put("semopt-manifest.json", json.dumps(claimed))
    assert set(check(site).values()) == {"unrecognised"}


def test_check_knows_shares_that_are_not_due_any_more(site: Tree) -> None:
    site.put("semopt.yaml", spending(int(0.85 * spent(site))))
    site.build()
    site.put("semopt.yaml", spending(int(2 * spent(site))))
    assert check(site) == {"the tree": "stale"}
    site.put("semopt.yaml", RULES)
    governed = {path for path, entry in site.manifest.items() if entry["strategy"] in ("semantic", "visual")}
    assert check(site) == dict.fromkeys(governed, "stale")


def check(tree: Tree, *arguments: str) -> dict[str, str]:
    """Verdicts by path, of all that does not hold; one each."""
    ran = tree.semopt("check", "--json", *arguments)
    assert ran.stderr == ""
    failing = [line for line in map(json.loads, ran.stdout.splitlines()[:-1]) if not line["holds"]]
    verdicts = {line["path"]: line["verdict"] for line in failing}
    assert len(verdicts) == len(failing)
    return verdicts


def test_explain_and_report_show_the_share(site: Tree) -> None:
    site.put("semopt.yaml", spending(int(0.85 * spent(site))))
    site.build()
    path = min(path for path in least(site) if path.startswith("photos/"))
    said = site.semopt("explain", path).stdout
    assert "  share     " in said
    assert ", by spend of the tree: embedded gives " in " ".join(said.split())
    told = json.loads(site.semopt("explain", path, "--json").stdout)
    assert [trial["verdict"] for trial in told["trials"]].count("share") == 1
    assert told["shared"]["share"] == site.manifest[path]["share"]
    assert site.semopt("report").returncode == 0
    assert "its share of spend" in (site.root / ".semopt/report.html").read_text()


def test_a_folder_that_holds_no_image_is_a_warning(site: Tree) -> None:
    site.put("semopt.yaml", spending({"phtos": "1MB"}))
    assert site.semopt("build").stderr == "spend: no image takes from phtos/\n"


def test_watch_shares_anew_with_each_change(site: Tree, tmp_path: Path) -> None:
    site.put("semopt.yaml", spending(int(0.85 * spent(site))))
    watcher = Watcher(site, "--json")
    watcher.built()
    site.put("photos/0a.jpg", encoded(photo(260, 200, 8)))
    changed = {line["path"] for line in watcher.built() if line["type"] == "outcome"}
    watcher.stop()
    assert len(changed) > 1
    assert fresh(site, tmp_path, "fresh").files() == site.files()
