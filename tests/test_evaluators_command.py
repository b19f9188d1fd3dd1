"""`semopt evaluators`: what a config may name, and whether it is ready, without loading any of it."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import Tree
from semopt.evaluators import KINDS
from semopt.evaluators.names import TORCHVISION_MODELS

DECLARED = "version: 1\nevaluators:\n  net: {kind: torchvision, model: resnet18%s}\n"

WITHOUT = """
import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "torchvision" else found(name, *rest)
from semopt.cli import main
code = main(sys.argv[1:])
assert not {"torch", "torchvision", "numpy", "PIL"} & set(sys.modules), "heavy imports"
sys.exit(code)
"""


def rows(tree: Tree, *arguments: str) -> list[dict[str, Any]]:
    ran = tree.semopt("evaluators", "--json", *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    return [json.loads(line) for line in ran.stdout.splitlines()]


def without_torchvision(folder: Path, *arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT, "evaluators", *arguments], cwd=folder, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def test_every_kind_is_listed(tree: Tree) -> None:
    found = rows(tree)
    assert (found[0]["type"], found[0]["name"], found[0]["kind"]) == ("evaluator", "embedded", "embedded")
    assert {row["kind"] for row in found} == set(KINDS)
    assert all(row["labels"] == KINDS[row["kind"]].labels for row in found)
    assert (found[1]["type"], found[1]["name"], found[1]["kind"]) == ("evaluator", "text", "text")
    assert [row["name"] for row in found[2:]] == [None] * (len(KINDS) - 2)
    assert {row["type"] for row in found[2:]} <= {"kind"}


def test_the_built_in_judge_is_ready(tree: Tree) -> None:
    row = rows(tree)[0]
    assert (row["installed"], row["missing"], row["install"], row["problem"]) == (True, [], "", "")
    assert row["fingerprint"].startswith("embedded:")


@pytest.mark.skipif(importlib.util.find_spec("torchvision") is None, reason="needs torchvision")
def test_a_declared_judge_takes_the_place_of_its_kind(tree: Tree) -> None:
    tree.put("semopt.yaml", DECLARED % "")
    tree.put("below/empty.txt", "")
    found = rows(tree, "below")
    net = next(row for row in found if row["name"] == "net")
    assert (net["type"], net["kind"], net["labels"], net["installed"]) == ("evaluator", "torchvision", True, True)
    assert net["fingerprint"].startswith("torchvision:")
    assert not [row for row in found if row["kind"] == "torchvision" and row["name"] is None]


def test_what_is_not_installed_says_how_to_install_it(tree: Tree) -> None:
    tree.put("semopt.yaml", DECLARED % "")
    net = next(
        row for row in map(json.loads, without_torchvision(tree.root, "--json").splitlines()) if row["name"] == "net"
    )
    assert net["installed"] is False
    assert "torchvision" in net["missing"]
    assert net["install"] == "pip install 'semopt[torch]'"
    out = without_torchvision(tree.root)
    assert "torchvision: pip install 'semopt[torch]'" in out


def test_weights_that_are_not_there_are_a_problem_and_no_failure(tree: Tree) -> None:
    tree.put("semopt.yaml", DECLARED % ", weights: nets/none.pth")
    net = next(row for row in rows(tree) if row["name"] == "net")
    assert net["fingerprint"] is None
    assert "none.pth" in net["problem"]
    assert "none.pth" in tree.semopt("evaluators").stdout


def test_people_get_a_table(tree: Tree) -> None:
    ran = tree.semopt("evaluators")
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert lines[0].split() == ["evaluator", "kind", "ready", "classes", "fingerprint"]
    assert lines[1].split()[:4] == ["embedded", "embedded", "yes", "no"]


def test_models_are_the_networks_of_torchvision(tree: Tree) -> None:
    assert tree.semopt("evaluators", "--models").stdout.split() == list(TORCHVISION_MODELS)
    lines = [json.loads(line) for line in tree.semopt("evaluators", "--models", "--json").stdout.splitlines()]
    assert [line["name"] for line in lines] == list(TORCHVISION_MODELS)
    assert {line["type"] for line in lines} == {"model"}


def test_a_wrong_config_is_2(tree: Tree) -> None:
    tree.put("semopt.yaml", "version: 1\nevaluators: {net: {kind: torchvison}}\n")
    ran = tree.semopt("evaluators")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "did you mean 'torchvision'?" in ran.stderr


def test_help_shows_an_example(tree: Tree) -> None:
    assert "semopt evaluators --models" in tree.semopt("evaluators", "--help").stdout
