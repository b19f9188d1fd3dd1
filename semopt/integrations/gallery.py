"""The images that a manifest has variants of, found by their content."""

from __future__ import annotations

import errno
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semopt import manifest, regular
from semopt.atomic import digest
from semopt.types import Config, Variant

log = logging.getLogger("semopt")


@dataclass(frozen=True, slots=True)
class Work:
    """One image of the manifest. path: as there. variants: every one of them."""

    path: str
    entry: Mapping[str, Any]
    variants: tuple[Variant, ...]


class Gallery:
    """A manifest, read once. Raises SemoptError where it is damaged, OSError where it cannot be read."""

    def __init__(self, config: Config) -> None:
        self._home = config.target or config.root
        self.file = config.root / manifest.NAME
        entries = manifest.read(manifest.load(config.root), self.file)
        works = (Work(path, entry, manifest.variants(entry)) for path, entry in sorted(entries.items()))
        self._by_content: dict[Any, Work] = {}
        for work in works:
            if work.variants:
                self._by_content.setdefault(work.entry.get("sha256"), work)
        self._sound: set[str] = set()

    def __len__(self) -> int:
        """How many images have variants."""
        return len(self._by_content)

    def of(self, sha256: str) -> Work | None:
        """The image of a content; None where there is none, or where its variants are not as the manifest says."""
        work = self._by_content.get(sha256)
        if work is None or work.path in self._sound:
            return work
        try:
            for variant in work.variants:
                self.content(variant)
        except OSError as error:
            log.warning("%s: %s: pages show the original", work.path, error.strerror or error)
            del self._by_content[sha256]
            return None
        self._sound.add(work.path)
        return work

    def place(self, variant: Variant) -> Path:
        """Where the file of a variant is, by the manifest."""
        return self._home / variant.path

    def content(self, variant: Variant) -> bytes:
        """The bytes of a variant. Raises OSError where they are not there, or are not those that the manifest says."""
        content = regular.read(self.place(variant))
        if digest(content) != variant.sha256:
            raise OSError(errno.ESTALE, f"{variant.path} is not as the manifest says, run semopt build")
        return content
