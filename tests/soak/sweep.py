"""Every call to the file system in turn dies, loses power, or fails, in every scenario; then the run is repeated.

In one process, over `disk.Disk`; `straces` does the same to real processes.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from semopt import config as configs
from semopt.types import SemoptError
from tests.soak.disk import ERRNOS, Death, Disk, Harm
from tests.soak.report import Options, Report
from tests.soak.scenarios import Scenario, recorded, scenarios

HARMS: tuple[Harm, ...] = ("kill", "power", *ERRNOS)


def run(options: Options) -> Report:
    """Sweep everything; rounds play no part."""
    report = Report()
    with recorded({}):
        for scenario in scenarios(options.folder / "starts"):
            for harm in HARMS:
                for _ in sweep(scenario, harm, options.folder / "tree", report):
                    pass
    return report


def sweep(scenario: Scenario, harm: Harm, root: Path, report: Report, step: int = 1, first: int = 1) -> Iterator[str]:
    """One harm at every call, or every so many; gives the calls that were struck."""
    for at in itertools.count(first, step):
        struck = disturbed(scenario, harm, root, at, report)
        if not struck:
            return
        yield struck


def disturbed(scenario: Scenario, harm: Harm, root: Path, at: int, report: Report) -> str:
    """One disturbed run and its repair; gives the call that was struck, empty where there were fewer."""
    settings = scenario.place(root)
    disk = Disk(root, at, harm)
    with disk, suppress(Death, OSError, SemoptError):
        scenario.act(settings)
    if not disk.struck:
        return ""
    what = f"{scenario.name}, {harm if isinstance(harm, str) else os.strerror(harm)} at {disk.struck}"
    report.figures["rounds"] += 1
    for fault in scenario.promise.broken(root):
        report.faults.append(f"{what}: {fault}")
    scenario.act(configs.load(root / "semopt.yaml"))
    for fault in scenario.promise.unrepaired(root):
        report.faults.append(f"{what}: {fault}")
    return disk.struck
