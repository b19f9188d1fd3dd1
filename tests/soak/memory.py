"""A command run to its end, with what it and all that it starts weigh meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

POLL_S = 0.05
PROC = Path("/proc")


@dataclass(frozen=True)
class Watched:
    """What came of a command. peak_mb: of all its processes together, pages that they share counted once; 0 where the
    system does not tell. longest_s: the longest time without a line on its output."""

    code: int
    stdout: str
    stderr: str
    peak_mb: int
    seconds: float
    longest_s: float


def watched(command: list[str], limit_mb: int | None = None) -> Watched:
    """Run a command. limit_mb: of address space, for each of its processes, where the system can."""
    begun = time.monotonic()
    limited = _limited(command, limit_mb)
    process = subprocess.Popen(limited, stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="backslashreplace")
    assert process.stdout is not None
    noise: list[str] = []
    reader = threading.Thread(target=lambda: noise.extend(process.stderr or ()), daemon=True)
    reader.start()
    peaks = [0]
    poller = threading.Thread(target=_poll, args=(process, peaks), daemon=True)
    poller.start()
    lines, longest, last = [], 0.0, begun
    for line in process.stdout:
        lines.append(line)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    code = process.wait()
    reader.join()
    poller.join()
    return Watched(code, "".join(lines), "".join(noise), peaks[0] // 1000, time.monotonic() - begun, longest)


def _limited(command: list[str], limit_mb: int | None) -> list[str]:
    if limit_mb is None or os.name == "nt":
        return command
    sets = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_AS, ({limit_mb}_000_000,) * 2)"
    return [sys.executable, "-c", f"{sets}; os.execvp(sys.argv[1], sys.argv[1:])", *command]


def _poll(process: subprocess.Popen[str], peaks: list[int]) -> None:
    while process.poll() is None:
        peaks[0] = max(peaks[0], sum(map(_weight, _family(process.pid))))
        time.sleep(POLL_S)


def _family(parent: int) -> Iterator[int]:
    """A process and all below it."""
    yield parent
    try:
        for tasks in (PROC / str(parent) / "task").iterdir():
            for child in (tasks / "children").read_text().split():
                yield from _family(int(child))
    except OSError:
        return


def _weight(process: int) -> int:
    """kB in memory, a share of what is shared."""
    try:
        for line in (PROC / str(process) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0
