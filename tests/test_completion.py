"""`semopt completion`, asked as the shells ask it: a real bash everywhere, zsh and fish where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import Tree
from semopt.cli import parser
from semopt.cli.completion import described
from semopt.cli.shells import SHELLS

needs = {name: pytest.mark.skipif(shutil.which(name) is None, reason=f"no {name} here") for name in SHELLS}

BASH = """
source ./completion
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_semopt
printf '%s\\n' "${COMPREPLY[@]}"
"""

ASKED = [
    (("semopt", "b"), {"build"}),
    (("semopt", ""), {command.name for command in described(parser()).below}),
    (("semopt", "cache", "p"), {"prune"}),
    (("semopt", "check", "--ag"), {"--again", "--against"}),
    (("semopt", "check", "--against", "p"), {"photos", "public"}),
    (("semopt", "compress", "--strategy", "v"), {"visual"}),
    (("semopt", "compress", "--format", ""), {"webp", "avif", "jpeg", "png"}),
    (("semopt", "completion", ""), {"bash", "zsh", "fish"}),
    (("semopt", "explain", "public/"), {"public/a cat.jpg", "public/b*.jpg"}),
    (("semopt", "build", "--only", ""), set()),
]


@pytest.fixture
def site(tree: Tree) -> Tree:
    for name in ("public/a cat.jpg", "public/b*.jpg", "photos/c.jpg", "pages.yaml"):
        tree.put(name, "x")
    return tree


def script(site: Tree, shell: str) -> Path:
    ran = site.semopt("completion", shell)
    assert (ran.returncode, ran.stderr) == (0, "")
    return site.put("completion", ran.stdout)


@needs["bash"]
@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
def test_bash(site: Tree) -> None:
    script(site, "bash")
    for words, offered in [*ASKED, (("semopt", "build", "--config", "=", "pages"), {"pages.yaml"})]:
        ran = subprocess.run(
            ["bash", "--norc", "-c", BASH, "bash", *words], cwd=site.root, capture_output=True, text=True
        )
        assert ran.stderr == ""
        assert set(filter(None, ran.stdout.splitlines())) == offered, words


@needs["fish"]
def test_fish(site: Tree) -> None:
    script(site, "fish")
    for words, offered in ASKED:
        line = " ".join(words)
        ran = subprocess.run(
            ["fish", "--no-config", "-c", "source ./completion; complete -C $argv[1]", line],
            cwd=site.root, capture_output=True, text=True,
        )  # fmt: skip
        found = {one.partition("\t")[0].rstrip("/").replace("\\", "") for one in ran.stdout.splitlines()}
        assert offered <= found if offered else not found, words


def typed(site: Tree, line: str) -> str:
    """What an interactive zsh makes of a line and a Tab."""
    import pty
    import select

    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(site.root)
        os.environ |= {"PS1": "$ ", "TERM": "dumb", "COLUMNS": "200"}
        os.execvp("zsh", ["zsh", "-f", "-i"])
    try:
        os.write(terminal, b"autoload -Uz compinit; compinit -D -u; source ./completion; echo rea''dy\n")
        seen, deadline = "", time.monotonic() + 60
        asked = False
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 1.0)[0]:
                seen += os.read(terminal, 65536).decode(errors="replace")
            elif asked:
                return seen
            if "ready" in seen and not asked:
                asked, seen = True, ""
                os.write(terminal, line.encode() + b"\t")
        return seen
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(terminal)


@needs["zsh"]
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("semopt bu", "semopt build "),
        ("semopt cache pr", "semopt cache prune "),
        ("semopt check --agains", "semopt check --against"),
        ("semopt compress --strategy vis", "--strategy visual "),
        ("semopt check --against pu", "--against public/"),
        ("semopt explain pag", "semopt explain pages.yaml "),
    ],
)
def test_zsh(site: Tree, line: str, offered: str) -> None:
    script(site, "zsh")
    assert offered in typed(site, line).replace("\x07", "").replace("\r", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_option_is_in_the_script(site: Tree, shell: str) -> None:
    text = script(site, shell).read_text()
    for _, command in described(parser()).all():
        assert command.name in text
        for name in (name for option in command.options for name in option.names):
            assert (name if shell != "fish" else name.lstrip("-")) in text


def test_another_shell_is_2(tree: Tree) -> None:
    ran = tree.semopt("completion", "tcsh")
    assert (ran.returncode, ran.stdout) == (2, "")
