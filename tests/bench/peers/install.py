"""Peers are installed into a folder outside the repository: a venv for each of pip's, a project for each of npm's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.bench.peers.tool import HERE, Tool


def installed(tools: Iterable[Tool], home: Path) -> list[Tool]:
    """Those that are there now; one sentence on stderr for each that could not be installed."""
    found = []
    for tool in tools:
        try:
            _install(tool, home / tool.folder)
            found.append(tool)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{tool.name}: left out, it could not be installed: {reason(error)}", file=sys.stderr)
    return found


def reason(error: OSError | subprocess.CalledProcessError) -> str:
    """The last line that says something."""
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    lines = [line.strip() for line in (error.stderr or "").splitlines() if line.strip()]
    wrong = [line for line in lines if "error" in line.lower()] or lines
    return wrong[-1] if wrong else f"{error.cmd[0]} ended with {error.returncode}"


def _install(tool: Tool, place: Path) -> None:
    stamp = place / "installed"
    if not stamp.exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        {"pip": _pip, "npm": _npm}[tool.installer](tool.packages, place)
        stamp.touch()
    for driver in tool.drivers:  # beside node_modules, where Node looks for what a script imports
        shutil.copyfile(HERE / driver, place / driver)


def _pip(packages: Sequence[str], place: Path) -> None:
    _quiet([sys.executable, "-m", "venv", place / "venv"], place)
    _quiet([python(place), "-m", "pip", "--disable-pip-version-check", "install", "-q", *packages], place)


def _npm(packages: Sequence[str], place: Path) -> None:
    (place / "package.json").write_text('{"private": true, "type": "module"}\n')
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError(2, "not found", "npm")
    _quiet([npm, "install", "--no-audit", "--no-fund", "--save-exact", *packages], place)


def python(place: Path) -> Path:
    """The interpreter of a peer's venv."""
    return place / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _quiet(command: Sequence[str | Path], place: Path) -> None:
    subprocess.run([str(word) for word in command], cwd=place, capture_output=True, text=True, check=True)
