"""Reading what may be anything: a file out of a tree or a cache that somebody else has filled."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path


def opened(file: Path | str) -> BufferedReader:
    """A regular file for reading. Never waits, as opening a pipe would, and gives no device. Links are followed.

    Raises OSError.
    """
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(file))
        raise OSError(errno.EINVAL, "it is not a regular file", os.fspath(file))
    return os.fdopen(descriptor, "rb")


def read(file: Path | str, most: int = -1) -> bytes:
    """The bytes of a regular file, at most so many. As in `opened`."""
    with opened(file) as stream:
        return stream.read(most)
