"""Files that are whole or not there: written beside their place, synced, and renamed into it."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from semopt.types import Stat

PREFIX = ".semopt-"
SUFFIX = ".tmp"


def stat_of(status: os.stat_result) -> Stat:
    """The part of a stat that tells an unchanged file."""
    return Stat(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def digest(content: bytes) -> str:
    """sha256 as hex digits."""
    return hashlib.sha256(content).hexdigest()


def sealed(body: bytes, key: str = "") -> bytes:
    """A body with the digest of key and body in a line before it."""
    return digest(key.encode() + body).encode("ascii") + b"\n" + body


def unsealed(content: bytes, key: str = "") -> bytes:
    """The body of what was sealed. Raises ValueError where it is damaged, or sealed under another key."""
    seal, _, body = content.partition(b"\n")
    if seal != digest(key.encode() + body).encode("ascii"):
        raise ValueError("the seal is broken")
    return body


def temporary(folder: Path) -> Path:
    """A new name in this folder, short whatever the target is called."""
    return folder / f"{PREFIX}{secrets.token_hex(8)}{SUFFIX}"


def is_temporary(name: str) -> bool:
    """Whether a name is one that `temporary` gives."""
    return re.fullmatch(re.escape(PREFIX) + "[0-9a-f]{16}" + re.escape(SUFFIX), name) is not None


def sweep(folder: Path) -> None:
    """Remove temporary files that somebody left in a folder."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if is_temporary(entry.name) and entry.is_file(follow_symlinks=False):
                os.unlink(entry.path)


def is_inside(path: str, folder: str) -> bool:
    """Whether a real path is a folder or lies in it; never across drives."""
    try:
        return os.path.commonpath([path, folder]) == folder
    except ValueError:
        return False


def replace_whole(target: Path, content: bytes, mode: int | None = None, through: Path | None = None) -> None:
    """Put content at target by rename; on any fault the old file stands and nothing else is left.

    mode: permission bits, None for what a new file gets. through: the temporary name, in the same folder. Raises
    OSError.
    """
    beside = through or temporary(target.parent)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if mode is not None:
            os.chmod(beside, mode)
        os.replace(beside, target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename last through a loss of power, where the system can."""
    if os.name == "nt":
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
