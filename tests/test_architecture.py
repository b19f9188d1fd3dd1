"""The table of who may import whom, held against the code. See "How it is built" in the README."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import REPOSITORY

PACKAGE = REPOSITORY / "semopt"

NOUNS = {"types"}
FILES = {*NOUNS, "atomic", "naming", "regular", "state"}
RECORDS = {*FILES, "records"}
STAGES = {"globs", "journal", "plan", "search", "criteria", "cache", "index", "write", "manifest"}
PIXELS = {*NOUNS, "encoders", "images", "perceptual", "graphics"}
REGISTRIES = {"encoders", "evaluators", "strategies"}
JOINING = {
    "outcomes",
    "keys",
    "ledger",
    "lock",
    "session",
    "worker",
    "pool",
    "crew",
    "panel",
    "looks",
    "orders",
    "engine",
    "scope",
    "cluster",
}

MAY_IMPORT: dict[str, set[str]] = {
    "types": set(),
    "globs": set(),
    "naming": set(),
    "lock": set(),
    "regular": set(),
    "state": {"atomic"},
    "terminal": set(),
    "bar": {"terminal"},
    "findings": NOUNS,
    "atomic": NOUNS,
    "records": NOUNS,
    "plugins": NOUNS,
    "encoders": {*NOUNS, "plugins"},
    "evaluators": {*NOUNS, "plugins", "regular"},
    "search": NOUNS,
    "criteria": {*NOUNS, "evaluators"},
    "graphics": NOUNS,
    "markup": RECORDS,
    "integrations": {*FILES, "", "config", "encoders", "manifest", "markup", "pipeline", "plan", "write"},
    "images": NOUNS,
    "pyramid": set(),
    "perceptual": {*NOUNS, "images", "pyramid"},
    "strategies": {*NOUNS, "search"},
    "plan": {*FILES, "encoders", "globs", "purses"},
    "cache": RECORDS,
    "belief": {*NOUNS, "encoders"},
    "index": RECORDS,
    "manifest": RECORDS,
    "journal": FILES,
    "write": {*FILES, "journal"},
    "remote": {*FILES, "cache", "globs", "journal", "manifest", "plan", "stock"},
    "config": {*FILES, "remote", *REGISTRIES},
    "keys": {*FILES, *REGISTRIES},
    "session": {*PIXELS, "regular"},
    "worker": {*NOUNS, "session"},
    "pool": {"session", "worker"},
    "crew": {*NOUNS, "evaluators", "pool"},
    "panel": {*NOUNS, "criteria"},
    "problem": {*NOUNS, "encoders", "panel"},
    "scope": NOUNS,
    "looks": NOUNS,
    "orders": NOUNS,
    "engine": {*NOUNS, "search", "strategies", "crew", "looks", "orders", "pool", "problem", "session"},
    "cluster": {*FILES, "crew", "engine", "evaluators", "keys", "orders", "pool", "worker"},
    "outcomes": {*RECORDS, "encoders", "orders"},
    "ledger": {*RECORDS, "encoders", "index", "manifest", "write"},
    "spend": set(),
    "purses": FILES,
    "worth": {*NOUNS, "criteria", "encoders", "evaluators", "problem", "search"},
    "afresh": {*NOUNS, "crew", "pool", "session"},
    "portion": {*FILES, "afresh", "outcomes", "purses", "spend", "worth"},
    "sharing": {
        *FILES,
        *("afresh", "belief", "cache", "crew", "ledger", "manifest", "portion", "purses", "remote", "scope"),
    },
    "renewal": {
        *NOUNS,
        *(
            "belief",
            "cache",
            "cluster",
            "crew",
            "engine",
            "ledger",
            "orders",
            "outcomes",
            "purses",
            "remote",
            "sharing",
        ),
    },
    "pipeline": {*RECORDS, *STAGES, *JOINING, "purses", "remote", "renewal", "sharing", "stock"},
    "watch": {*FILES, "plan", "manifest", "strategies", "crew", "pipeline", "engine", "write"},
    "stock": {*FILES, "cache", "index", "lock", "write"},
    "cleaning": {*FILES, "ledger", "lock", "manifest", "plan", "stock", "write"},
    "roster": {*NOUNS, "evaluators"},
    "estimate": {*NOUNS, "answers", "crew", "plan"},
    "scaffold": {*NOUNS, "globs", "graphics", "images", "plan"},
    "answers": {*FILES, "cache", "keys", "crew", "engine", "orders", "outcomes", "remote", "renewal", "write"},
    "explain": {
        *NOUNS,
        *("answers", "crew", "criteria", "orders", "globs", "manifest", "naming", "plan", "problem", "strategies"),
    },
    "report": {
        *RECORDS,
        "cache",
        "criteria",
        "explain",
        "images",
        "index",
        "manifest",
        "write",
    },
    "rejudge": {*FILES, "criteria", "strategies", "crew", "looks", "panel", "pool", "problem", "session"},
    "check": {*FILES, *STAGES, "findings", "keys", "purses", "rejudge", "remote", "strategies"},
    "against": {
        *FILES,
        *("config", "crew", "evaluators", "findings", "globs", "looks", "manifest", "panel", "plan", "pool", "rejudge"),
        "session",
    },
    "single": {*FILES, *REGISTRIES, "answers", "config", "crew"},
    "imagefolder": {*RECORDS, "terminal", *REGISTRIES, "config", "crew", "criteria", "images", "looks", "pipeline"},
    "api": {*NOUNS, "config", "crew", "imagefolder", "pipeline", "single"},
    "show": {*RECORDS, "bar", "manifest", "pipeline", "terminal"},
    "cli": {
        *RECORDS,
        "",
        *("against", "answers", "check", "cleaning", "config", "crew", "encoders", "estimate", "explain", "findings"),
        *("imagefolder", "integrations", "manifest", "markup", "pipeline", "report", "roster", "scaffold", "show"),
        *("single", "stock", "strategies", "terminal", "watch"),
    },
    "__main__": {"cli"},
    "compressors": {*NOUNS, "images", "evaluators"},
    "": {"types", "api", "compressors"},
}
"""Rooms by name; "" is the package itself. A room may always import itself."""

SLOW = {"torch", "torchvision", "numpy", "PIL", "scipy", "ssimulacra2", "tqdm", "watchdog", "fsspec", "s3fs"}


def room(file: Path) -> str:
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def imports(file: Path) -> Iterator[tuple[str, bool]]:
    """Every module imported, with whether that happens when the file is."""
    tree = ast.parse(file.read_text())
    late = {
        inner
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef) or (isinstance(outer, ast.If) and "TYPE_CHECKING" in ast.dump(outer.test))
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node not in late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [f"semopt.{alias.name}" for alias in node.names] if node.module == "semopt" else [node.module or ""]
            yield from ((name, node not in late) for name in names)


FILES_OF_PACKAGE = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES_OF_PACKAGE, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_imports_point_one_way(file: Path) -> None:
    own = room(file)
    for name, _ in imports(file):
        top, _, rest = name.partition(".")
        if top == "semopt":
            target = rest.partition(".")[0]
            target = target if (PACKAGE / target).exists() or (PACKAGE / f"{target}.py").exists() else ""
            assert target == own or target in MAY_IMPORT[own], f"{file.name} imports {name}"


def test_there_is_no_circle() -> None:
    done: set[str] = set()
    while len(done) < len(MAY_IMPORT):
        free = {name for name, needs in MAY_IMPORT.items() if name not in done and needs <= done}
        assert free, f"a circle among {set(MAY_IMPORT) - done}"
        done |= free


def test_every_room_is_in_the_table() -> None:
    assert {room(file) for file in FILES_OF_PACKAGE} == set(MAY_IMPORT)


@pytest.mark.parametrize("file", FILES_OF_PACKAGE, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_nothing_below_the_command_line_prints(file: Path) -> None:
    if room(file) not in ("cli", "show"):
        calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
        assert not [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]


@pytest.mark.parametrize(
    "name",
    ["cli", "show", "config", "pipeline", "ledger", "keys", "plan", "plugins", "encoders", "evaluators", "remote"],
)
def test_what_a_build_with_nothing_to_do_needs_imports_nothing_heavy(name: str) -> None:
    files = [
        file for file in FILES_OF_PACKAGE if room(file) == name and (name != "evaluators" or file.stem == "__init__")
    ]
    assert files
    for file in files:
        assert not {module.partition(".")[0] for module, at_once in imports(file) if at_once} & SLOW


def test_weights_are_never_unpickled() -> None:
    for file in FILES_OF_PACKAGE:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                assert given.get("weights_only") == "True", file


def test_modules_stay_small() -> None:
    """All but the one file of nouns, which is read from top to bottom like a glossary."""
    longest = {file.name: len(file.read_text().splitlines()) for file in FILES_OF_PACKAGE if file.name != "types.py"}
    assert {name: lines for name, lines in longest.items() if lines > 300} == {}
