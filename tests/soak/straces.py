"""Real processes killed, or failed, at the k-th call to the system of each kind, by strace's injection (Linux)."""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path

from tests.soak.kills import command, repaired
from tests.soak.processes import finish
from tests.soak.report import Options, Report
from tests.soak.scenarios import Scenario, scenarios

CALLS = ("write", "rename", "fsync", "openat", "unlink", "close", "mkdir")
STRACE = ("strace", "-qq")  # not its children: all that is written is written by one thread
HARMS = ("signal=KILL", "error=ENOSPC", "error=EIO", "error=EACCES")


def run(options: Options) -> Report:
    """Every call that touches the tree, in every scenario; of long series so many as rounds, evenly spread."""
    report = Report()
    if shutil.which("strace") is None:
        report.figures["rounds (left out: it needs strace)"] = 0
        return report
    for scenario in scenarios(options.folder / "starts"):
        for call, harm in itertools.product(CALLS, HARMS):
            _series(scenario, call, harm, options, report)
    return report


def _series(scenario: Scenario, call: str, harm: str, options: Options, report: Report) -> None:
    root = options.folder / "tree"
    numbers = _numbers(scenario, call, options.folder)
    for at in numbers[:: max(1, len(numbers) // options.rounds)]:
        scenario.place(root)
        what = f"{scenario.name}, {harm} at {call} {at}"
        inject = ("-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:{harm}:when={at}")
        _, said = finish(root, command(scenario), before=(*STRACE, *inject))
        report.figures["rounds"] += 1
        report.figures[f"{harm} at {call}"] += 1
        report.expect("Traceback" not in said, f"{what}: a traceback: {said[-300:]}")
        report.faults += [f"{what}: {fault}" for fault in scenario.promise.broken(root)]
        repaired(scenario, root, what, report)


def _numbers(scenario: Scenario, call: str, folder: Path) -> list[int]:
    """Which calls of a kind in an undisturbed run have to do with the tree, counted from 1."""
    log = folder / "log"
    scenario.place(folder / "tree")
    finish(folder / "tree", command(scenario), before=(*STRACE, "-y", "-o", str(log), "-e", f"trace={call}"))
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith(f"{call}(")]
    return [number for number, line in enumerate(lines, 1) if str(folder / "tree") in line]
