"""`make soak`: long runs that try to break semopt's promises, each part with its figures.

    python -m tests.soak [PART ...] [--rounds N] [--seed N] [--corpus DIR ...]

Exit code 1 where a promise was broken. Rounds repeat with the seed, but for the moments at which processes are killed.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.soak import caches, configs, corpora, kills, people, straces, sweep, together, watching
from tests.soak.report import Options, Report

PARTS: dict[str, tuple[Callable[[Options], Report], int]] = {
    "sweep": (sweep.run, 1),
    "people": (people.run, 500),
    "kills": (kills.run, 500),
    "straces": (straces.run, 5),
    "together": (together.run, 50),
    "caches": (caches.run, 1000),
    "configs": (configs.run, 1000),
    "watching": (watching.run, 1000),
    "corpora": (corpora.run, 1),
}
"""Each part with its rounds, which bound the whole to about an hour and a half on two cores."""


def main() -> int:
    """Run the parts that were asked for; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all without any")
    parser.add_argument("--rounds", type=int, help="of each part; without it each has its own number")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--corpus", type=Path, action="append", default=[], help="a folder of images, read only")
    wanted = parser.parse_args()
    if unknown := set(wanted.parts) - PARTS.keys():
        parser.error(f"no part is called {', '.join(sorted(unknown))}")
    logging.disable(logging.WARNING)
    broken = False
    for name in wanted.parts or PARTS:
        run, rounds = PARTS[name]
        with tempfile.TemporaryDirectory() as folder:
            begun = time.monotonic()
            report = run(Options(Path(folder), wanted.rounds or rounds, wanted.seed, tuple(wanted.corpus)))
        print("\n".join(report.lines(name)), f"({time.monotonic() - begun:.0f} s)", flush=True)
        broken = broken or bool(report.faults)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
