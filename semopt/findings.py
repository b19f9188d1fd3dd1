"""What a check finds, of an image, a variant or a folder, and what is over its limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from semopt.types import Limits

Verdict = Literal[
    "ok", "skipped", "missing", "stale", "edited", "failed", "unrecognised", "over", "extra", "unjudged"
]  # fmt: skip
HOLDS: tuple[Verdict, ...] = ("ok", "skipped", "extra", "unjudged")
"""extra: without an original; unjudged: no judge has a say on it. Both are said, and are no fault."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one image, one variant, or one folder that is over its limit. reason: a clause."""

    path: str
    verdict: Verdict
    reason: str = ""

    @property
    def holds(self) -> bool:
        """Whether this is as it should be."""
        return self.verdict in HOLDS


def over(limits: Limits, standing: Mapping[str, int]) -> Iterator[Finding]:
    """What is larger than the limits allow: variants, folders (without those below) and the tree. standing: bytes."""
    folders: dict[str, int] = {}
    for path, count in sorted(standing.items()):
        folder = PurePosixPath(path).parent.as_posix() + "/"
        folders[folder] = folders.get(folder, 0) + count
        if limits.variant is not None and count > limits.variant:
            yield Finding(path, "over", f"{count:,} bytes, over limits.variant ({limits.variant:,})")
    for folder, count in sorted(folders.items()):
        if limits.folder is not None and count > limits.folder:
            yield Finding(folder, "over", f"variants of {count:,} bytes, over limits.folder ({limits.folder:,})")
    total = sum(standing.values())
    if limits.tree is not None and total > limits.tree:
        yield Finding("the tree", "over", f"variants of {total:,} bytes, over limits.tree ({limits.tree:,})")
