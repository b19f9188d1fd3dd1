"""What the README says can be done."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import REPOSITORY, Tree
from semopt import config
from semopt.cli import parser
from semopt.strategies import NAMES

README = (REPOSITORY / "README.md").read_text()


def test_its_config_is_a_config(tree: Tree) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (tree.root / "assets").mkdir()
    parsed = config.parse(block, tree.root / "semopt.yaml")
    assert [rule.settings.strategy for rule in parsed.rules] == ["both", "semantic", "lossless", "skip"]


def test_its_links_and_files_are_there() -> None:
    named = re.findall(r"\]\((?!https?:)([^)#]+)\)|`((?:semopt|tests|example_site)/[\w./]+)`", README)
    assert named
    assert not [one for pair in named for one in pair if one and not (REPOSITORY / one).exists()]


def test_its_strategies_and_options_are_those_of_the_command() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)) == set(NAMES)
    help_text = Tree(REPOSITORY).semopt("build", "--help").stdout
    for option in re.findall(r"`(--?[a-z-]+)", README.split("`semopt build` takes", 1)[1].partition("It exits")[0]):
        assert option in help_text
    assert parser().prog == "semopt"


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
@pytest.mark.parametrize("target", ["demo", "test", "lint", "bench"])
def test_its_targets_are_in_the_makefile(target: str, tmp_path: Path) -> None:
    ran = subprocess.run(["make", "-n", target, f"VENV={tmp_path}"], cwd=REPOSITORY, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "-c constraints.txt" in ran.stdout


def test_the_tested_pair_is_what_the_constraints_say() -> None:
    assert (REPOSITORY / "constraints.txt").read_text().splitlines()[-2:] == ["torch==2.13.0", "torchvision==0.28.0"]


def test_nothing_names_a_registry_host_or_a_machine() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True).stdout.split()
    texts = [
        REPOSITORY / name
        for name in files
        if name.endswith((".py", ".md", ".toml", ".yml", ".yaml", "run", "Makefile"))
    ]
    hosts = re.compile(r"(files\.)?py(thon)?" + r"hosted\.org|pypi" + r"\.org|registry\.npm" + r"js")
    assert not [file.name for file in texts if hosts.search(file.read_text())]
