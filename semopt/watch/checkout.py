"""Waits for git: while it changes many files it holds a lock on its index."""

from __future__ import annotations

import os
from pathlib import Path

PATIENCE_S = 30.0
"""A lock that is older belongs to a git that was killed."""


class Checkout:
    """Whether git is at work on the tree."""

    def __init__(self, tree: Path) -> None:
        self._lock = lock_of(tree)
        self._met: tuple[int, int] | None = None
        self._since = 0.0

    def runs(self, now: float) -> bool:
        """Whether to wait for it. now: seconds, of a clock that never jumps."""
        try:
            status = os.stat(self._lock) if self._lock else None
        except OSError:
            status = None
        if status is None:
            self._met = None
            return False
        if self._met != (status.st_ino, status.st_mtime_ns):
            self._met, self._since = (status.st_ino, status.st_mtime_ns), now
        return now - self._since < PATIENCE_S


def lock_of(tree: Path) -> Path | None:
    """Where the lock of the repository that a folder lies in appears; None outside of any."""
    for folder in (tree, *tree.parents):
        git = folder / ".git"
        if git.is_dir():
            return git / "index.lock"
        if git.is_file():  # of a worktree or a submodule
            try:
                said = git.read_text("utf-8", "replace").strip()
            except OSError:
                return None
            return folder / said.removeprefix("gitdir:").strip() / "index.lock"
    return None
