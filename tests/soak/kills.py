"""kill -9 at random moments, the whole process group, of a first build, a build after changes, a clean; then repair."""

from __future__ import annotations

import random
from pathlib import Path

from tests.soak.processes import finish, kill_after, seconds_of
from tests.soak.report import Options, Report
from tests.soak.scenarios import Scenario, scenarios

COMMANDS = {"clean": "clean"}
IN_A_ROW = 3
"""Most kills before the repair: a killed run may be followed by another one."""


def run(options: Options) -> Report:
    """So many rounds, the scenarios in turn."""
    report, chance = Report(), random.Random(options.seed)
    chosen = list(scenarios(options.folder / "starts"))
    lengths = {scenario.name: _length(scenario, options.folder / "tree") for scenario in chosen}
    for number in range(options.rounds):
        scenario = chosen[number % len(chosen)]
        _round(scenario, lengths[scenario.name], options.folder / "tree", chance, report)
    return report


def _length(scenario: Scenario, root: Path) -> float:
    scenario.place(root)
    return seconds_of(root, command(scenario))


def command(scenario: Scenario) -> str:
    """The command that does what the scenario is about."""
    return COMMANDS.get(scenario.name, "build")


def _round(scenario: Scenario, seconds: float, root: Path, chance: random.Random, report: Report) -> None:
    scenario.place(root)
    when = [round(chance.uniform(0, seconds), 3) for _ in range(chance.randint(1, IN_A_ROW))]
    report.figures["rounds"] += 1
    for moment in when:
        report.figures["killed"] += kill_after(root, moment, command(scenario))
        for fault in scenario.promise.broken(root):
            report.faults.append(f"{scenario.name}, killed after {when} s: {fault}")
    repaired(scenario, root, f"{scenario.name}, killed after {when} s", report)


def repaired(scenario: Scenario, root: Path, what: str, report: Report) -> None:
    """Run the command once more, undisturbed, and look whether all is as it should be."""
    code, said = finish(root, command(scenario))
    wanted = 0 if scenario.name == "clean" else 1  # one image of the tree is broken, one has a stranger in its place
    report.expect(code == wanted, f"{what}: the next run ended with {code}: {said[-200:]}")
    report.expect("Traceback" not in said, f"{what}: a traceback")
    for fault in scenario.promise.unrepaired(root):
        report.faults.append(f"{what}: {fault}")
