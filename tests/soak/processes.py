"""The real command as a process: run to its end, killed at some moment, or under strace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SEMOPT = (sys.executable, "-m", "semopt")
PATIENCE_S = 120


def finish(root: Path, *arguments: str, before: tuple[str, ...] = ()) -> tuple[int, str]:
    """Run a command of semopt's on a tree to its end: exit code and stderr. before: what it runs under."""
    command = [*before, *SEMOPT, *arguments, str(root)]
    ran = subprocess.run(command, capture_output=True, text=True, errors="backslashreplace", timeout=PATIENCE_S)
    return ran.returncode, ran.stderr


def kill_after(root: Path, seconds: float, *arguments: str) -> bool:
    """Kill the command with all of its workers after a time; whether it was still running."""
    process = subprocess.Popen(
        [*SEMOPT, *arguments, str(root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def seconds_of(root: Path, *arguments: str) -> float:
    """How long the command takes, undisturbed."""
    begun = time.monotonic()
    finish(root, *arguments)
    return time.monotonic() - begun
