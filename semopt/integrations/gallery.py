"""The images that a manifest has variants of, found by their path or by their content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semopt import manifest
from semopt.types import Config, Variant


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
        self._works = {work.path: work for work in works if work.variants}
        self._by_content: dict[Any, Work] = {}
        for work in self._works.values():
            self._by_content.setdefault(work.entry.get("sha256"), work)

    def __len__(self) -> int:
        """How many images have variants."""
        return len(self._works)

    def at(self, path: str) -> Work | None:
        """The image at a path, as the manifest has it."""
        return self._works.get(path)

    def of(self, sha256: str) -> Work | None:
        """The image of a content."""
        return self._by_content.get(sha256)

    def content(self, variant: Variant) -> Path:
        """Where the file of a variant is."""
        return self._home / variant.path
