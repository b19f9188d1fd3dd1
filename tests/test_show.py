"""What a person at a terminal sees of a build: the real command in a terminal of its own, 80 columns wide."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from conftest import Tree, drawing, encoded
from semopt.show import Shown, sentence
from semopt.terminal import columns
from semopt.types import Config, Outcome, Rule, Settings, Share, Variant

if sys.platform == "win32":
    pytest.skip("no pty there", allow_module_level=True)

import fcntl
import pty
import struct
import termios

CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def seen(tree: Tree, *arguments: str, **environment: str) -> str:
    """All that the terminal gets."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tree.root)
        os.environ |= {"TERM": "xterm", **environment}
        os.execv(sys.executable, [sys.executable, "-m", "semopt", *arguments])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    got = b""
    try:
        while part := os.read(terminal, 65536):
            got += part
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(terminal)
    os.waitpid(pid, 0)
    return got.decode()


@pytest.fixture
def site(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> Tree:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for number in range(3):
        tree.put(f"icons/{number}.png", encoded(drawing(60 + number, 40), "PNG", compress_level=0))
    tree.put("broken.png", "only words")
    return tree


def test_a_bar_colour_and_nothing_wider_than_the_terminal(site: Tree) -> None:
    got = seen(site, "build", "-v")
    assert " saved, " in got
    assert " left" in got
    assert "\x1b[31m1 failed\x1b[0m" in got
    assert max(columns(line) for line in re.split("[\r\n]+", CODES.sub("", got))) <= 80
    # A line of -v begins where the bar was, not behind it
    assert re.search(r"\ricons/0\.png: optimized", CODES.sub("", got).replace(" " * 20, "").replace(" \r", "\r"))


def test_no_colour_where_it_is_not_wanted_and_nothing_when_quiet(site: Tree) -> None:
    got = seen(site, "build", NO_COLOR="1")
    assert "\x1b[3" not in got
    assert " saved, " in got
    (site.root / "broken.png").unlink()
    assert seen(site, "build", "-q") == ""


def test_a_glob_without_an_image_is_said_once(site: Tree) -> None:
    ran = site.semopt("build", "--only", "nothing/**")
    assert "no image matches --only nothing/**" in ran.stderr
    assert "no images" not in ran.stdout


def test_rows_line_up_whatever_the_names() -> None:
    globs = (("photos/**",), ("日本語のとても長い名前のフォルダー/**", "b/**", "c/**"), ("x" * 90,), ("a\x1b[31m/**",))
    rules = tuple(Rule(f"rules[{n}]", match, Settings("both")) for n, match in enumerate(globs))
    shown = Shown(Config(Path(), Path(), rules=rules))
    for rule in rules:
        shown.outcome(Outcome("a.jpg", "kept", rule=rule.name, strategy="lossless", bytes=123_456_789))
    lines = list(shown._summary())
    shown.outcome(Outcome("a.gif", "kept", rule="rules[0]", bytes=5))
    assert not any("None" in line for line in shown._summary())
    assert {columns(line) for line in lines[:-1]} == {79}
    assert "日本" in lines[2]
    assert " and 2 more " in lines[2]
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(
    ("reason", "met", "said"),
    [
        ("", True, ""),
        ("it is not sure", True, "; visual, as it is not sure"),
        ("ssimulacra2 gives 60 of 70: its share of spend", False, "; ssimulacra2 gives 60 of 70: its share of spend"),
        ("it is not sure; m gives 1 of 2: its share", False, "; visual, as it is not sure; m gives 1 of 2: its share"),
    ],
)
def test_a_share_is_no_reason_for_a_strategy(reason: str, met: bool, said: str) -> None:
    made = Variant("a.webp", "webp", "image/webp", 5, 5, 70, 100, "", "people")
    share = Share("", "ssimulacra2", 60.0, 70.0, met)
    one = Outcome("a.jpg", "optimized", reason, "default", "visual", bytes=900, variants=(made,), share=share)
    assert sentence(one) == f"a.jpg: optimized: 900 B to webp 5x5 100 B{said}"
