"""YAML that is hostile, broken or odd: a sentence with a line, in bounded work, from either parser of PyYAML."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semopt.config import nodes, parse
from semopt.config.names import ALL, UNLABELLED, Names
from semopt.types import Config, ConfigError

NAMES = Names(("semantic", "both"), ("webp", "png"), ("resnet50",), {"embedded": UNLABELLED, "torchvision": ALL})
FILE = Path("/nowhere/semopt.yaml")
MOST = nodes.MAX_BYTES
# The worst file here, 19,000 globs, makes 0.93 million calls and takes 0.2 s: twice as many is still under a second
CALLS = 2_000_000


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either parser: the one in C is missing where PyYAML was built without libyaml."""
    if not hasattr(yaml, request.param):
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(nodes, "LOADER", getattr(yaml, request.param))
    return str(request.param)


def faults(text: str | bytes) -> list[str]:
    """The faults of this text."""
    with pytest.raises(ConfigError) as error:
        parse(text, FILE, NAMES)
    return str(error.value).split("\n")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"version: 1\na: \xff", ":2: holds the byte 0xff, which is not UTF-8; save the file as UTF-8"),
        ("version: 1".encode("utf-16"), ":1: holds the byte 0xff, which is not UTF-8; save the file as UTF-8"),
        ("a: \udc80", ":1: holds the byte 0xed, which is not UTF-8; save the file as UTF-8"),
        ("a:\n  b: \0", ":2: holds the control character U+0000; remove it"),
        ("a: \x1b[31m", ":1: holds the control character U+001B; remove it"),
        (" " * (MOST + 1), ": is larger than 256 KiB; a config is a few kilobytes"),
        ("version: 1\n--- \nversion: 1", ":2: a second document begins here; a config is one document"),
        ("version: 1\n<<: {a: b}", ":2: '<<': is a YAML merge key, which is not read; write the keys out"),
        ("version: 1\nversion: 1", ":2: version: stands here twice, first in line 1; keep one"),
        ("version: !!int 1", ":1: 'tag:yaml.org,2002:int' is a YAML tag, which is not read; remove it or use quotes"),
        ("version: ! 1", ":1: '!' is a YAML tag, which is not read; remove it or use quotes"),
        ("version: &v 1", ":1: '&v' is a YAML anchor, which is not read; remove it"),
        ("a:\n " + "[" * 40, ":2: is nested deeper than 32 levels; a config has five"),
        ("[1," * 20 + "\n" + "[" * 20, ":2: is nested deeper than 32 levels; a config has five"),
    ],
)
def test_what_is_refused(loader: str, text: str | bytes, fault: str) -> None:
    assert faults(text)[0] == f"semopt.yaml{fault}"


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("version: 1\nexclude: *.jpg", 2, "a value that begins with '*' must be in quotes"),
        ("version: 1\nexclude: &", 2, "a value that begins with '&' must be in quotes"),
        ("version: 1\nlimits:\n\tseconds: 3", 3, "indent with spaces, not with tabs"),
        ("version: 1\nassets: @x", 2, "put the value in quotes"),
        ("version: 1\nassets: a: b", 2, "check the indentation, and put a value that holds ': ' in quotes"),
    ],
)
def test_syntax_errors_say_what_to_do(loader: str, text: str, line: int, hint: str) -> None:
    (fault,) = faults(text)
    assert fault.startswith(f"semopt.yaml:{line}: cannot be read as YAML: ")
    assert fault.endswith(f"; {hint}")


@pytest.mark.parametrize(
    "text", ["a: [", 'a: "', "a: }", "%YAML 9999", "!!", 'a: "\\UFFFFFFFF"', "%YAML 1." + "9" * 5000]
)
def test_syntax_errors_are_one_line(loader: str, text: str) -> None:
    (fault,) = faults(text)
    assert fault.startswith("semopt.yaml")
    assert len(fault) < 400


def test_a_self_reference_is_a_fault_and_no_loop(loader: str) -> None:
    assert len(faults("version: 1\nrules: &r [*r, *r]")) == 3


def test_faults_end_at_a_hundred() -> None:
    found = faults("version: 1\n" + "".join(f"key{i}: 1\n" for i in range(5_000)))
    assert len(found) == 101
    assert found[-1] == "semopt.yaml: the first 100 faults are shown; there may be more"


# --- bounded work ---------------------------------------------------------------------------------------------------


def calls(work: Callable[[], Any]) -> int:
    """How many Python and C functions this calls: what it costs, in figures that repeat."""
    count = 0

    def tally(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(tally)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def outcome(text: str | bytes, file: Path) -> str:
    """The faults of this text, "" where it is a config."""
    try:
        config = parse(text, file, NAMES)
    except ConfigError as error:
        return str(error)
    assert isinstance(config, Config)
    return ""


def fill(piece: str, before: str = "", after: str = "") -> str:
    """A text of just the size that is read."""
    room = MOST - len((before + after).encode())
    return before + piece * (room // len(piece.encode())) + after


def rows(line: str, before: str = "version: 1\n", most: int = MOST) -> str:
    """A text of numbered lines."""

    def numbered() -> Iterator[str]:
        size = len(before)
        for i in range(most):
            size += len(row := line.replace("#", str(i)))
            if size > most:
                return
            yield row

    return before + "".join(numbered())


JUDGES = "version: 1\nevaluators:\n" + "".join(f"  j{i}: {{kind: embedded}}\n" for i in range(32))
HOSTILE = {
    "billion laughs": "a: &a [x]\n" + rows("b#: &b# [*a, *a]\n", ""),
    "deep lists": fill("["),
    "deep mappings": fill("{"),
    "deep blocks": fill("- "),
    "deep keys": fill("? "),
    "many lists": fill("[],", "[", "]"),
    "many mappings": fill("{a},", "[", "]"),
    "flow keys": fill("? ,", "{", "}"),
    "letters": fill("é, ", "[", "]"),
    "comments": fill("#\n"),
    "blank": fill("\n"),
    "one word": fill("a"),
    "one text": fill("a ", 'a: "', '"'),
    "escapes": fill("\\n", 'a: "', '"'),
    "digits": fill("9", "version: "),
    "digits and colons": fill("1:", "version: "),
    "dots and slashes": fill("../", "version: 1\nexclude: "),
    "slashes": fill("/", "version: 1\nassets: a"),
    "a folder of many names": fill("a/", "version: 1\nassets: b"),
    "long unknown key": "version: 1\n" + "k" * 1000 + ": 1",
    "unknown keys": rows("strategy#: 1\n", most=120_000),
    "the same key": rows("evaluator: nobody\n", most=120_000),
    "documents": fill("---\n"),
    "tags": fill("- !a b\n"),
    "anchors": fill("- &a b\n"),
    "rules": rows("- {match: a, keep: {cosine: .9}}\n", "version: 1\nrules:\n", 100_000),
    "globs": rows("- a#/**\n", "version: 1\nexclude:\n", 200_000),
    "judges": rows("  j#: {kind: embedded}\n", "version: 1\nevaluators:\n"),
    "judges named": JUDGES + rows("- {match: a, evaluator: j#}\n", "rules:\n", 80_000),
    "judges unknown": JUDGES + rows("- {match: a, evaluator: k#}\n", "rules:\n", 80_000),
    "judges times rules": JUDGES
    + f"evaluator: [{', '.join(f'j{i}' for i in range(32))}]\n"
    + rows("- {match: a, keep: {cosine: .9}}\n", "rules:\n", 60_000),
    "judges declared": rows("  j#: {kind: embedded}\n", "version: 1\nevaluators:\n", 60_000)
    + f"evaluator: [{', '.join(f'j{i}' for i in range(2000))}]\n",
    "weights": "version: 1\nevaluators:\n"
    + "".join(f"  j{i}: {{kind: torchvision, model: resnet50, weights: {'a/' * 495}x{i}}}\n" for i in range(32)),
}


@pytest.mark.skipif(not hasattr(yaml, "CSafeLoader"), reason="the parser in Python counts every letter as calls")
@pytest.mark.parametrize("name", HOSTILE)
def test_the_worst_files_cost_bounded_work(name: str) -> None:
    assert calls(lambda: outcome(HOSTILE[name], FILE)) < CALLS
    assert len(outcome(HOSTILE[name], FILE)) < 60_000


# --- any text -------------------------------------------------------------------------------------------------------

GOOD = """\
version: 1
assets: .
evaluator: [embedded, imagenet]
evaluators:
  imagenet: {kind: torchvision, model: resnet50, weights: w/x.pth, sha256: "%s"}
exclude: ["drafts/**"]
limits: {max_pixels: 20M, max_bytes: 1.5GB, seconds: 30}
cache: build/cache
rules:
- match: ["photos/**", b]
  strategy: semantic
  formats: [webp]
  agree: 1
  keep: {similarity: 0.9, imagenet: {label: same, kl: 0.1}}
  floor: {ssimulacra2: 70}
  background: "#fff"
  placeholder: false
""" % ("0a" * 32)
PIECES = [
    *("null", "~", "true", "on", "017", "1e999", ".nan", "-0", "0x1F", "12:30", "2020-01-01", "80%", "50M", "''", '""'),
    *(
        '"\\0"',
        '"\\ud800"',
        '"\\UFFFFFFFF"',
        "&a ",
        "*a",
        "<<: ",
        "!t ",
        "!!str ",
        "- ",
        "? ",
        ": ",
        ", ",
        "[",
        "]",
        "{",
    ),
    *(
        "}",
        "#",
        "|\n",
        ">",
        "\n",
        "\r",
        "\t",
        "  ",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "%TAG ! x\n",
        "'",
        '"',
        "\\",
        "../",
    ),
    *("/", "~/", "*", "\ufeff", "\x85", "\u2028", "é", "\0", "\udc80", "match: a", "keep:", "kind:", "rules:"),
    *("label: family", "evaluators:", "https://x"),
]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The good config, with some pieces cut out and others put in."""
    text = GOOD
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 0, 1, 2, 5, 20])))
        text = text[:start] + draw(st.sampled_from(PIECES)) + text[end:]
    return text


words = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from(PIECES))
keys = st.sampled_from(
    (
        "version",
        "assets",
        "evaluator",
        "evaluators",
        "rules",
        "exclude",
        "limits",
        "cache",
        "match",
        "keep",
        "label",
        "kind",
    )
)
trees = st.recursive(
    words, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys | words, inner, max_size=4)
)
texts = st.one_of(
    mutated(),
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
    st.text(max_size=200),
    trees.map(lambda tree: yaml.safe_dump({"version": 1, "rules": [tree], "evaluators": tree})),
    trees.map(lambda tree: yaml.safe_dump(tree)),
)


@settings(
    deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(text=texts | st.binary(max_size=200))
def test_any_text_is_a_config_or_a_config_error(loader: str, tmp_path: Path, text: str | bytes) -> None:
    assert calls(lambda: outcome(text, tmp_path / "semopt.yaml")) < CALLS
    for line in outcome(text, tmp_path / "semopt.yaml").split("\n"):
        assert not line or (line.startswith("semopt.yaml:") and line.isprintable())


def test_the_good_config_is_good(tmp_path: Path) -> None:
    assert len(parse(GOOD, tmp_path / "semopt.yaml", NAMES).rules) == 1
