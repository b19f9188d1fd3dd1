"""semopt with a rule, through its command."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.bench.peers.tool import Tool

NET = "mobilenet_v2"


def tool(name: str, keys: str, weights: Path | None = None, floors: Mapping[str, float] | None = None) -> Tool:
    """A rule for every image. keys: of the rule, as YAML. weights: of `mobilenet_v2`, where a rule names it.

    floors: a rule for each file instead, which must have at least this SSIMULACRA2.
    """
    rules = [f"{{match: '**', {keys}}}"]
    if floors is not None:
        each = ((json.dumps(file), floor) for file, floor in floors.items())
        rules = [f"{{match: {file}, {keys}, floor: {{ssimulacra2: {floor:.2f}}}}}" for file, floor in each]
    judges = ""
    if weights:
        place = json.dumps(str(weights.resolve()))
        judges = f"evaluators:\n  {NET}: {{kind: torchvision, model: mobilenet_v2, weights: {place}}}\n"
    text = f"version: 1\n{judges}rules:\n" + "".join(f"  - {rule}\n" for rule in rules)

    def setup(source: Path, target: Path) -> None:
        (target / "semopt.yaml").write_text(text, "utf-8")

    return Tool(name, "ours", _command, f"`semopt build`, {keys}", in_place=True, setup=setup)


def _command(home: Path, source: Path, target: Path, jobs: int | None) -> list[str | Path]:
    limit = ["--jobs", str(jobs)] if jobs else []
    return [sys.executable, "-m", "semopt", "build", target, "-q", *limit]
