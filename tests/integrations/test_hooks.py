"""pre-commit's hooks, the action for GitHub, npm scripts, make and the Dockerfile: as docs/integrations.md has them.

pre-commit, npm, make and bash are the real ones; what only GitHub or Docker can run is read and its commands are run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import REPOSITORY, Tree, encoded, photo

DOCS = (REPOSITORY / "docs/integrations.md").read_text(encoding="utf-8")
HOOKS: list[dict[str, Any]] = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())
ACTION: dict[str, Any] = yaml.safe_load((REPOSITORY / "action.yml").read_text())

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX's is wanted")


def block(language: str, holding: str = "") -> str:
    """The snippet of a language on the page, the one that holds a text."""
    (found,) = [one for one in re.findall(rf"```{language}\n(.*?)```", DOCS, re.DOTALL) if holding in one]
    return str(found)


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH with this repository's `semopt` and this Python first."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    script = folder / "semopt"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{REPOSITORY}" exec "{sys.executable}" -m semopt "$@"\n')
    script.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def ran(command: list[str], cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command; git asks nobody who he is."""
    who = {f"GIT_{role}_{what}": "a@b.example" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    whole = {**os.environ, **who, **environment}
    return subprocess.run(command, cwd=cwd, env=whole, capture_output=True, text=True, timeout=180)


def test_pre_commit_accepts_the_hooks_and_their_files() -> None:
    pytest.importorskip("pre_commit")
    said = ran([sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml"], REPOSITORY)
    assert said.returncode == 0, said.stdout + said.stderr
    (shown,) = yaml.safe_load(block("yaml", "hooks:"))["repos"]
    assert [hook["id"] for hook in shown["hooks"]] == ["semopt-build", "semopt-check"]
    assert {hook["id"] for hook in HOOKS} == {"semopt-build", "semopt-check"}
    for hook in HOOKS:
        wanted = ("a.jpg", "b/C.JPEG", "x.avif", "semopt.yaml", "site/semopt.yaml", "semopt-manifest.json")
        assert all(re.search(hook["files"], name) for name in wanted)
        assert not any(re.search(hook["files"], name) for name in ("jpg", "a.svg", "a.jpg.txt", "my-semopt.yaml"))


def test_the_hooks_run_in_a_commit(tree: Tree, path: str) -> None:
    pytest.importorskip("pre_commit")
    if shutil.which("git") is None:
        pytest.skip("no git here")
    hooks = [{**hook, "language": "system"} for hook in HOOKS]
    tree.put(".pre-commit-config.yaml", yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]}))
    tree.put("semopt.yaml", 'version: 1\nrules: [{match: "**", strategy: visual, formats: [webp]}]\n')
    tree.put("cat.jpg", encoded(photo(160, 120, 1)))

    def hook(name: str) -> subprocess.CompletedProcess[str]:
        ran(["git", "add", "-A"], tree.root)
        return ran([sys.executable, "-m", "pre_commit", "run", name, "--verbose"], tree.root, PATH=path)

    ran(["git", "init", "-q"], tree.root)
    said = hook("semopt-check")
    assert (said.returncode, "cat.jpg" in said.stdout) == (1, True), said.stdout
    assert hook("semopt-build").returncode == 0
    assert (tree.root / "cat.jpg.semopt.webp").is_file()
    assert hook("semopt-check").returncode == 0
    ran(["git", "commit", "-qm", "one"], tree.root)
    tree.put("readme.txt", "no image")
    assert "no files to check" in hook("semopt-check").stdout
    tree.put("cat.jpg", encoded(photo(160, 120, 2)))
    assert hook("semopt-check").returncode == 1
    said = hook("semopt-build")
    assert (said.returncode, "files were modified by this hook" in said.stdout) == (1, True)
    assert hook("semopt-build").returncode == 0


def step(name: str) -> str:
    """The script of one of the action's steps."""
    (found,) = [one for one in ACTION["runs"]["steps"] if one.get("name") == name]
    assert found["shell"] == "bash"
    assert "${{" not in found["run"], "what a user writes must not become a script"
    return str(found["run"])


def test_the_actions_steps_build_check_and_name_the_cache(tree: Tree, path: str) -> None:
    tree.put("site/semopt.yaml", 'version: 1\nrules: [{match: "**", strategy: visual, formats: [webp]}]\n')
    tree.put("site/cat.jpg", encoded(photo(160, 120, 1)))
    outputs, summary = tree.root / "outputs", tree.root / "summary"

    def shell(name: str) -> subprocess.CompletedProcess[str]:
        told = {"FOLDER": "site", "GITHUB_OUTPUT": str(outputs), "GITHUB_STEP_SUMMARY": str(summary), "PATH": path}
        return ran(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step(name)], tree.root, **told)

    assert shell("Check").returncode == 1
    for name in ("Build", "Name the cache", "Check", "Build", "Name the cache"):
        said = shell(name)
        assert said.returncode == 0, (name, said.stderr)
    first, second = outputs.read_text().splitlines()
    assert first == second
    assert re.fullmatch("key=semopt-[0-9a-f]{64}", first)
    tree.put("site/cat.jpg", encoded(photo(160, 120, 1))[:4000])
    assert shell("Build").returncode == 1
    shell("Name the cache")
    assert outputs.read_text().splitlines()[2] != first


def test_the_action_posts_the_report_where_check_can_write_one(tree: Tree) -> None:
    script = tree.put("bin/semopt", '#!/bin/sh\necho "$@"\ncase "$*" in *--help*) echo " --markdown";; esac\n')
    script.chmod(0o755)
    told = {"FOLDER": "a b", "GITHUB_STEP_SUMMARY": str(tree.root / "summary")}
    said = ran(["bash", "-c", step("Check")], tree.root, PATH=f"{tree.root}/bin:{os.environ['PATH']}", **told)
    assert said.returncode == 0
    assert (tree.root / "summary").read_text() == "check a b --markdown\n"


def test_the_action_installs_the_cpu_build_of_torch_only_where_asked(tree: Tree) -> None:
    tree.put("bin/python", '#!/bin/sh\necho "$@"\n').chmod(0o755)
    told = {"GITHUB_ACTION_PATH": "/action", "PATH": f"{tree.root}/bin:{os.environ['PATH']}"}
    lines = {
        extras: ran(["bash", "-ec", step("Install semopt")], tree.root, EXTRAS=extras, **told).stdout.splitlines()
        for extras in ("", "text", "text,torch")
    }
    assert lines[""] == ["-m pip install -q /action"]
    assert lines["text"] == ["-m pip install -q /action[text]"]
    assert [line.endswith("/whl/cpu") for line in lines["text,torch"]] == [True, False]


def test_the_actions_inputs_are_used_and_its_steps_have_what_they_name() -> None:
    text = (REPOSITORY / "action.yml").read_text()
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])
    used = [one["uses"] for one in ACTION["runs"]["steps"] if "uses" in one]
    assert used == ["actions/setup-python@v5", "actions/cache/restore@v4", "actions/cache/save@v4"]
    shown = yaml.safe_load(block("yaml", "permissions:"))["jobs"]["images"]["steps"][1]
    assert set(shown["with"]) <= set(ACTION["inputs"])


@pytest.fixture
def source(tree: Tree) -> Tree:
    tree.put("src/semopt.yaml", "version: 1\n")
    tree.put("src/cat.jpg", encoded(photo(160, 120, 1)))
    return tree


def test_npm_builds_before_and_checks_after(source: Tree, path: str) -> None:
    if shutil.which("npm") is None:
        pytest.skip("no npm here")
    source.put("package.json", block("json"))
    source.put("build.js", "require('fs').cpSync('src', 'public', { recursive: true })")
    for script in ("build", "test"):
        said = ran(["npm", "run", script], source.root, PATH=path)
        assert said.returncode == 0, said.stdout + said.stderr
    assert list(source.root.glob("public/cat.jpg.semopt.*"))


def test_make_builds_before(source: Tree, path: str) -> None:
    if shutil.which("make") is None:
        pytest.skip("no make here")
    source.put("Makefile", block("make"))
    said = ran(["make", "public"], source.root, PATH=path)
    assert said.returncode == 0, said.stderr
    assert list(source.root.glob("public/cat.jpg.semopt.*"))


def test_the_dockerfiles_commands_are_commands(source: Tree, path: str) -> None:
    lines = [line for line in block("dockerfile").splitlines() if line and not line.startswith("#")]
    assert {line.split()[0] for line in lines} == {"FROM", "RUN", "WORKDIR", "COPY"}
    (build,) = [line.partition(" semopt ")[2] for line in lines if " semopt build" in line]
    assert ran(["semopt", *build.split()], source.root / "src", PATH=path).returncode == 0
    assert list(source.root.glob("src/cat.jpg.semopt.*"))
    assert json.loads((source.root / "src/semopt-manifest.json").read_text())["assets"]["cat.jpg"]["variants"]
