"""What the last build left, by path: the one file that a build with nothing to do has to read beside the manifest.

A file is taken for unchanged by (size, mtime, ctime, inode), as in git's index, unless it was changed less than two
seconds before it was recorded: then its bytes are compared.
"""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from semopt import regular
from semopt.atomic import digest, replace_whole, sealed, unsealed
from semopt.types import Stat

VERSION = 2
RACY_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was recorded. at: the time of recording, ns."""

    stat: Stat
    sha256: str
    at: int

    def tells(self, stat: Stat) -> bool:
        """Whether a file of this stat surely is the one recorded."""
        return stat == self.stat and max(stat.mtime_ns, stat.ctime_ns) + RACY_NS < self.at


def _row(one: Seen) -> list[int | str]:
    """By hand: `astuple` takes ten times as long, and there are 20,000 of these."""
    stat = one.stat
    return [stat.size, stat.mtime_ns, stat.ctime_ns, stat.inode, one.sha256, one.at]


@dataclass(slots=True)
class Index:
    """Files seen by path (sources, variants, weights, the manifest), and the key that each source was built under.

    shares: the key of what stands for a source instead of its answer, as its share of `spend`. spent: by folder of
    `spend` what its shares depend on, and the warning that they gave, empty for none.
    """

    file: Path
    seen: dict[str, Seen] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    shares: dict[str, str] = field(default_factory=dict)
    spent: dict[str, list[str]] = field(default_factory=dict)
    changed: bool = False

    @classmethod
    def read(cls, file: Path) -> Index:
        """The index in a file; an empty one where that cannot be believed."""
        try:
            value = json.loads(unsealed(regular.read(file)))  # else a damaged hash would be believed for ever
            if value["version"] != VERSION:
                return cls(file)
            seen = {path: Seen(Stat(*row[:4]), row[4], row[5]) for path, row in value["seen"].items()}
            shares, spent = dict(value.get("shares", {})), dict(value.get("spent", {}))
            return cls(file, seen, dict(value["keys"]), shares, spent)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return cls(file)

    def write(self) -> None:
        """Write the index where it changed. Raises OSError."""
        if not self.changed:
            return
        value: dict[str, Any] = {
            "version": VERSION,
            "seen": {path: _row(one) for path, one in sorted(self.seen.items())},
            "keys": dict(sorted(self.keys.items())),
        }
        if self.shares or self.spent:
            value |= {"shares": dict(sorted(self.shares.items())), "spent": dict(sorted(self.spent.items()))}
        replace_whole(self.file, sealed(json.dumps(value, separators=(",", ":")).encode("ascii")))
        self.changed = False

    def sha256(self, path: str, file: Path | str, stat: Stat) -> str:
        """The sha256 of a regular file, read only where the record does not tell. Raises OSError."""
        one = self.seen.get(path)
        if one is not None and one.tells(stat):
            return one.sha256
        content = regular.read(file)
        if len(content) != stat.size:
            raise OSError(errno.ESTALE, "it changed while it was read; build again")
        return self.record(path, content, stat)

    def record(self, path: str, content: bytes, stat: Stat) -> str:
        """Note a file's content as of now; gives its sha256."""
        self.seen[path] = Seen(stat, digest(content), time.time_ns())
        self.changed = True
        return self.seen[path].sha256

    def built(self, path: str, key: str) -> None:
        """Note the key that a source was built under."""
        if self.keys.get(path) != key:
            self.keys[path] = key
            self.changed = True

    def unbuilt(self, path: str) -> None:
        """What stands for a source is no longer known to be right."""
        if (self.keys.pop(path, None), self.shares.pop(path, None)) != (None, None):
            self.changed = True

    def stands_by(self, name: str, content: bytes) -> bool:
        """Whether a manifest's bytes are those recorded; if not, as after a checkout, nothing counts as built."""
        if (recorded := self.seen.get(name)) is not None and recorded.sha256 == digest(content):
            return True
        self.changed = self.changed or bool(self.keys or self.spent)
        self.keys.clear()
        self.spent.clear()
        return False

    def shared(self, path: str, key: str) -> None:
        """Note the key of what stands for a source as its share."""
        if self.shares.get(path) != key:
            self.shares[path] = key
            self.changed = True

    def settled(self, folder: str, told: list[str] | None) -> None:
        """Note what the shares of a folder depend on and their warning; None where they are not known to be right."""
        if self.spent.get(folder) != told:
            self.changed = True
            self.spent.pop(folder, None)
            self.spent |= {} if told is None else {folder: told}

    def doubt(self, path: str) -> None:
        """What is recorded of a file may be wrong; its bytes are looked at again."""
        if self.seen.pop(path, None) is not None:
            self.changed = True

    def forget_all_but(self, files: Collection[str], sources: Collection[str]) -> None:
        """Drop records of files and sources that are gone."""
        seen = {path: one for path, one in self.seen.items() if path in files}
        keys = {path: key for path, key in self.keys.items() if path in sources}
        shares = {path: key for path, key in self.shares.items() if path in sources}
        lost = len(seen) < len(self.seen) or len(keys) < len(self.keys) or len(shares) < len(self.shares)
        self.changed = self.changed or lost
        self.seen, self.keys, self.shares = seen, keys, shares
