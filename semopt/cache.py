"""The content-addressed cache: answers by key, finished bytes by sha256. Whatever cannot be read is a miss."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

from semopt import regular
from semopt.atomic import digest, is_inside, replace_whole
from semopt.records import answer_json, answer_of
from semopt.types import Outcome


class Cache:
    """A folder. Entries are JSON and bytes, each verified by its sha256 when read; nothing in it is trusted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> Outcome | None:
        """The answer for a key, without path and rule; None where there is none that can be believed."""
        try:
            seal, _, body = regular.read(self._entry(key)).partition(b"\n")
            if seal.decode("ascii") != digest(key.encode() + body):
                return None
            return answer_of(json.loads(body))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
            return None

    def put(self, key: str, answer: Outcome, contents: list[bytes]) -> None:
        """Keep an answer and the bytes of its variants; the answer last. A cache that cannot be written is none."""
        for content in contents:
            self._write(self._blob(digest(content)), content)
        body = json.dumps(answer_json(answer), sort_keys=True, allow_nan=False).encode("ascii")
        self._write(self._entry(key), digest(key.encode() + body).encode("ascii") + b"\n" + body)

    def content(self, sha256: str) -> bytes | None:
        """The bytes with this sha256, or None."""
        try:
            content = regular.read(self._blob(sha256))
        except (OSError, ValueError):
            return None
        return content if digest(content) == sha256 else None

    def _entry(self, key: str) -> Path:
        return self.folder / "answers" / key[:2] / f"{key[2:]}.json"

    def _blob(self, sha256: str) -> Path:
        return self.folder / "contents" / sha256[:2] / sha256[2:]

    def _write(self, target: Path, content: bytes) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not is_inside(os.path.realpath(target.parent), os.path.realpath(self.folder)):
            raise OSError(errno.ELOOP, f"{target.parent} is a link that leads out of it")
        replace_whole(target, content)
