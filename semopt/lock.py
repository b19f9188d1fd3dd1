"""One build of a tree at a time: a lock on a file, which the system lets go of when its process ends."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_S = 0.1


@contextmanager
def locked(file: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock for the length of the block; where another process has it, say so once and wait."""
    descriptor = _hold(file, waiting)
    try:
        yield
    finally:
        os.close(descriptor)


def _hold(file: Path, waiting: Callable[[], None]) -> int:
    """A descriptor of the file with the lock on it; one that `semopt clean` removed meanwhile does not count."""
    told = False
    while True:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        taken = _taken(descriptor)
        if taken and _still(file, descriptor):
            return descriptor
        os.close(descriptor)
        if not taken:
            if not told:
                waiting()
            told = True
            time.sleep(POLL_S)


def _still(file: Path, descriptor: int) -> bool:
    """Whether the name still leads to the open file."""
    try:
        return os.path.samestat(os.stat(file), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _taken(descriptor: int) -> bool:
    """Try to take the lock; whether it worked. File systems without locks count as free: writes are whole anyway."""
    if os.name == "nt":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
