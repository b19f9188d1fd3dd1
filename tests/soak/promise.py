"""What semopt promises of a tree, however a run ended, and after the next one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from semopt import manifest
from semopt.atomic import is_temporary

Files = Mapping[str, bytes]


def files(root: Path) -> dict[str, bytes]:
    """Every regular file outside `.semopt` by path."""
    found = (file for file in root.rglob("*") if file.is_file() and not file.is_symlink())
    paths = {file.relative_to(root).as_posix(): file for file in found}
    return {path: file.read_bytes() for path, file in sorted(paths.items()) if not path.startswith(".semopt/")}


@dataclass(frozen=True)
class Promise:
    """given: files that semopt did not write. before, after: the whole tree around an undisturbed run."""

    given: Files
    before: Files
    after: Files

    def broken(self, root: Path) -> Iterator[str]:
        """What does not hold in a tree in which a run ended somehow."""
        now = files(root)
        yield from (f"original changed: {path}" for path in self.given if now.get(path) != self.given[path])
        for path in now.keys() - self.given.keys() - {manifest.NAME}:
            known = (self.before.get(path), self.after.get(path))
            if not is_temporary(path.rpartition("/")[2]) and now[path] not in known:
                yield f"partial or unknown: {path}, {len(now[path])} bytes"
        yield from self._misnamed(now)

    def _misnamed(self, now: Files) -> Iterator[str]:
        """The manifest names only files that are there and whole."""
        try:
            assets = json.loads(now.get(manifest.NAME, b'{"assets": {}}'))["assets"]
        except ValueError:
            yield "the manifest is damaged"
            return
        for entry in assets.values():
            for variant in entry["variants"]:
                there = now.get(variant["path"])
                if there is None or hashlib.sha256(there).hexdigest() != variant["sha256"]:
                    yield f"the manifest names {variant['path']}, which is {'another' if there else 'not there'}"

    def unrepaired(self, root: Path) -> Iterator[str]:
        """What is not as after an undisturbed run, though another run came after the disturbed one."""
        now = files(root)
        for path in sorted({*now, *self.after}):
            if now.get(path) != self.after.get(path):
                what = "missing" if path not in now else "left over" if path not in self.after else "another"
                yield f"after the next run {what}: {path}"
        yield from leftovers(root)


def leftovers(root: Path) -> Iterator[str]:
    """Temporary files anywhere, and the mark of a run that did not end."""
    for file in root.rglob("*"):
        if is_temporary(file.name) or file == root / ".semopt/unfinished":
            yield f"left: {file.relative_to(root).as_posix()}"
