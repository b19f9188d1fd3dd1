"""What of a tree at a URL lies in its mirror: objects as they were when they were fetched."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from semopt import regular
from semopt.atomic import replace_whole, sealed, stat_of, unsealed
from semopt.types import Stat


@dataclass(frozen=True, slots=True)
class Row:
    """An object and its file. token: of the object; sha256: of both; stat: of the file."""

    token: str
    sha256: str
    stat: Stat

    def tells(self, token: str, file: Path) -> bool:
        """Whether object and file still are what they were."""
        return bool(token) and token == self.token and standing(file) == self.stat


Rows = dict[str, Row]


def read(file: Path) -> Rows:
    """The rows in a file by path; none where it cannot be believed, so that all is fetched again."""
    try:
        value = json.loads(unsealed(regular.read(file)))
        return {path: Row(row[0], row[1], Stat(*row[2:])) for path, row in value.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def write(file: Path, rows: Rows) -> None:
    """Keep the rows. Raises OSError."""
    value = {
        path: [row.token, row.sha256, row.stat.size, row.stat.mtime_ns, row.stat.ctime_ns, row.stat.inode]
        for path, row in sorted(rows.items())
    }
    if (content := sealed(json.dumps(value, separators=(",", ":")).encode("ascii"))) != _present(file):
        replace_whole(file, content)


def standing(file: Path) -> Stat | None:
    """The stat of a regular file; None where there is none."""
    try:
        status = os.lstat(file)
    except OSError:
        return None
    return stat_of(status) if stat.S_ISREG(status.st_mode) else None


def _present(file: Path) -> bytes:
    try:
        return regular.read(file)
    except OSError:
        return b""
