"""The command: exit codes, streams, options, messages."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import semopt
from conftest import Tree, drawing, encoded, photo
from semopt.terminal import printable, size


@pytest.fixture
def site(tree: Tree) -> Tree:
    tree.put("semopt.yaml", "version: 1\nrules:\n  - {match: 'icons/**', strategy: lossless}\n")
    tree.put("icons/one.png", encoded(drawing(), "PNG", compress_level=1))
    tree.put("icons/two.png", encoded(drawing(90, 90), "PNG", compress_level=1))
    return tree


def test_version_is_the_packages(tree: Tree) -> None:
    assert tree.semopt("--version").stdout == f"semopt {semopt.__version__}\n"


def test_the_installed_command_is_the_same(tree: Tree) -> None:
    script = "from importlib.metadata import entry_points as e; print(e(group='console_scripts', name='semopt'))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "semopt.__main__:command" in ran.stdout


def test_help_shows_an_example(tree: Tree) -> None:
    ran = tree.semopt("build", "--help")
    assert ran.returncode == 0
    assert "examples:" in ran.stdout
    for option in ("--dry-run", "--json", "--jobs", "--only", "--config"):
        assert option in ran.stdout


@pytest.mark.parametrize(
    "arguments", [(), ("bild",), ("build", "--jobs", "0"), ("build", "--jobs", "many"), ("build", "-q", "-v")]
)
def test_wrong_usage_is_2(tree: Tree, arguments: tuple[str, ...]) -> None:
    ran = tree.semopt(*arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "usage: semopt" in ran.stderr


def test_a_wrong_config_is_2_with_every_fault_and_nothing_is_built(site: Tree) -> None:
    site.put("semopt.yaml", "version: 1\nrules:\n  - {match: '**', strategy: semanitc, formats: [wepb]}\nasets: x\n")
    before = site.files()
    ran = site.semopt("build")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "semopt.yaml:3: rules[0].strategy: 'semanitc' is not a strategy; did you mean 'semantic'?" in ran.stderr
    assert "did you mean 'webp'?" in ran.stderr
    assert "did you mean 'assets'?" in ran.stderr
    assert site.files() == before


def test_a_folder_that_is_not_there_is_2(tree: Tree) -> None:
    ran = tree.semopt("build", "nowhere")
    assert (ran.returncode, ran.stderr) == (2, "nowhere: no such folder\n")


def test_a_missing_weights_file_is_2_before_anything_is_built(site: Tree) -> None:
    site.put(
        "semopt.yaml",
        "version: 1\nevaluators: {net: {kind: torchvision, model: resnet18, weights: nets/none.pth}}\n"
        "rules: [{match: '**', strategy: semantic, evaluator: net}]\n",
    )
    ran = site.semopt("build")
    assert ran.returncode == 2
    assert "none.pth" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_json_is_one_object_a_line_each_with_a_type(site: Tree) -> None:
    ran = site.semopt("build", "--json")
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line["type"] for line in lines] == ["outcome", "outcome", "summary"]
    assert lines[0]["path"] == "icons/one.png"
    assert lines[0]["variants"][0]["for"] == "people"
    assert lines[-1]["statuses"] == {"optimized": 2}
    assert ran.stderr == ""


def test_json_of_a_dry_run(site: Tree) -> None:
    lines = [json.loads(line) for line in site.semopt("build", "--dry-run", "--json").stdout.splitlines()]
    assert [(line["type"], line["path"], line["action"]) for line in lines] == [
        ("step", "icons/one.png", "search"),
        ("step", "icons/two.png", "search"),
    ]


def test_people_get_a_table_of_at_most_80_columns_without_colour(site: Tree) -> None:
    ran = site.semopt("build")
    assert ran.returncode == 0
    assert ran.stderr == ""
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert "icons/**                     lossless      2 " in ran.stdout
    assert "semopt-manifest.json" in ran.stdout
    assert "\x1b" not in ran.stdout


def test_quiet_and_verbose(site: Tree) -> None:
    assert site.semopt("build", "-q").stdout == ""
    assert "icons/one.png: cached" in site.semopt("build", "-v").stdout


def test_a_config_by_name_and_from_a_folder_below(site: Tree) -> None:
    other = site.put("other.yaml", "version: 1\nrules: [{match: '**', strategy: skip}]\n")
    assert {one["status"] for one in site.build("--config", str(other))} == {"skipped"}
    assert {one["status"] for one in site.build("icons")} == {"optimized"}


def test_no_config_and_no_image(tree: Tree) -> None:
    ran = tree.semopt("build")
    assert ran.returncode == 0
    assert "There are no images here." in ran.stdout


def test_only(site: Tree) -> None:
    assert [one["path"] for one in site.build("--only", "icons/two.*")] == ["icons/two.png"]
    assert "no image matches --only nothing/*" in site.semopt("build", "--only", "nothing/*").stderr


def test_a_rule_that_matches_nothing_warns(tree: Tree) -> None:
    tree.put("semopt.yaml", "version: 1\nrules:\n  - {match: 'nowhere/**', strategy: visual}\n")
    ran = tree.semopt("build")
    assert ran.returncode == 0
    assert "semopt.yaml:3: rules[0].match: nowhere/** matches no image" in ran.stderr


def test_names_cannot_act_on_the_terminal(tree: Tree) -> None:
    tree.put("red\x1b[31m\nname.jpg", encoded(photo(40, 30)))
    out = tree.semopt("build", "-v").stdout
    assert "\x1b" not in out
    assert r"red\x1b[31m\nname.jpg" in out


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_names_that_are_no_text_reach_manifest_and_screen(tree: Tree) -> None:
    (tree.root / b"caf\xe9.jpg".decode("utf-8", "surrogateescape")).write_bytes(encoded(photo(40, 30)))
    ran = tree.semopt("build", "-v", PYTHONIOENCODING="utf-8", LC_ALL="C")
    assert "caf\\udce9.jpg" in ran.stdout
    assert "caf\udce9.jpg" in tree.manifest


def test_a_reader_that_goes_away_is_no_fault(site: Tree) -> None:
    command = f"{sys.executable} -m semopt build -v | head -n 0"
    ran = subprocess.run(command, shell=True, cwd=site.root, capture_output=True, text=True)
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (41_600, "41.6 kB"), (999_999, "1 MB"), (2 * 10**9, "2 GB")],
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


def test_printable() -> None:
    assert printable("naïve 🐈.jpg") == "naïve 🐈.jpg"
    assert printable("a\tb\x07\udce9") == r"a\tb\x07\udce9"
