"""Generated and damaged configs: each gives a plan or a message, and nothing else, soon."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import yaml

from semopt import config, plan
from semopt.types import ConfigError
from tests.soak.report import Options, Report

LONG_S = 1.0

GOOD = """version: 1
assets: .
evaluator: embedded
output: "{dir}/{name}.semopt.{ext}"
exclude: ["drafts/**"]
limits: {max_pixels: 50M, max_bytes: 100MB, seconds: 60}
rules:
  - match: "heroes/**"
    strategy: both
    formats: [avif, webp, jpeg]
    widths: [480, 960]
    floor: {ssimulacra2: 70}
  - match: ["photos/**", "team/*.jpg"]
    strategy: semantic
    keep: {similarity: 0.9}
    background: "#ffffff"
  - match: "raw/**"
    strategy: skip
"""

WORDS = (
    *("version", "assets", "rules", "match", "strategy", "formats", "widths", "keep", "similarity", "limits", "seed"),
    *("evaluator", "evaluators", "kind", "path", "exclude", "output", "cache", "confirm", "agree", "metadata", "floor"),
    *("semantic", "visual", "both", "lossless", "skip", "webp", "avif", "jpeg", "png", "all", "strip", "embedded"),
    *("true", "on", "no", "null", "~", ".nan", "-.inf", "1e999", "017", "12:30", "0x10", "80%", "50M", "-1", "0"),
    *("99999999999999999999999", "../..", "/etc", "C:\\\\x", "**", "[", "{", "]", "}", "- ", ": ", "? ", "| ", "> "),
    *("&a", "*a", "<<: *a", "!!python/object/apply:os.system", "!!binary", "---", "...", "%YAML 1.1", "#", '"', "'"),
    *("\x00", "\t", "\ufeff", "\u2028", "é", "\U0001f600", "\n", "\n  ", "\n    - ", ",", "a" * 300, "[" * 200),
)


VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**70, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", " ", [], {}, [[]], [{}]),
    *([None], [1, "a"], {"a": 1}, {"similarity": 2}, {"similarity": "0.9"}, ["webp", "webp"], [480, 480], [0], b"x"),
)


def run(options: Options) -> Report:
    """Ten configs a round."""
    report, chance = Report(), random.Random(options.seed)
    root = options.folder / "tree"
    root.mkdir(parents=True)
    (root / "a.png").write_bytes(b"")
    for _ in range(10 * options.rounds):
        text = drawn(chance)
        begun = time.monotonic()
        report.figures["configs"] += 1
        report.figures[outcome(text, root, report)] += 1
        seconds = time.monotonic() - begun
        report.expect(seconds < LONG_S, f"{seconds:.1f} s for {text[:200]!r}")
    return report


def drawn(chance: random.Random) -> str:
    """A good config, damaged in its text or in its values; now and then not at all."""
    damages = chance.choice((0, 1, 1, 1, 2, 3, 8))
    return _values(chance, damages) if chance.random() < 0.5 else _text(chance, damages)


def _text(chance: random.Random, damages: int) -> str:
    """Some of its pieces exchanged, doubled, left out, or joined by others."""
    joint, pieces = chance.choice(((" ", GOOD.split(" ")), ("", list(GOOD)), ("", GOOD.splitlines(keepends=True))))
    for _ in range(damages):
        at = chance.randrange(len(pieces))
        piece = chance.choice((chance.choice(WORDS), chance.choice(pieces), ""))
        pieces[at : at + chance.randrange(2)] = [piece]
    return joint.join(pieces)


def _values(chance: random.Random, damages: int) -> str:
    """Some values exchanged for others of any type, some keys misspelt or put where they do not belong."""
    top = yaml.safe_load(GOOD)
    for _ in range(damages):
        place = top
        while isinstance(place, (dict, list)) and place:
            key = chance.choice([*place] if isinstance(place, dict) else range(len(place)))
            if chance.random() < 0.4 or not isinstance(place[key], (dict, list)):
                place[key] = chance.choice((*VALUES, *WORDS))
                if isinstance(place, dict) and chance.random() < 0.3:
                    place[chance.choice(WORDS)] = place.pop(key)
                break
            place = place[key]
    return str(yaml.safe_dump(top, allow_unicode=True, sort_keys=False))


def outcome(text: str, root: Path, report: Report) -> str:
    """What comes of a config: "plans" or "messages"."""
    try:
        plan.make(config.parse(text, root / "semopt.yaml"))
    except ConfigError as error:
        lines = str(error).splitlines()
        report.expect(bool(lines) and all(lines), f"no message for {text[:300]!r}")
        return "messages"
    except Exception as error:
        report.faults.append(f"{type(error).__name__}: {error} for {text[:500]!r}")
        return "faults"
    return "plans"
