"""What a watcher tells, and where it has its config from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from semopt.types import Config, Outcome


@dataclass(frozen=True, slots=True)
class Watching:
    """The tree is watched from now on. polling: by looks alone, without hints from the system."""

    folder: Path
    polling: bool


@dataclass(frozen=True, slots=True)
class Configured:
    """The config was read again. error: why the last good one stays in force; empty where the new one is."""

    file: Path | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Removed:
    """An image is no longer in the tree; its variants are gone too."""

    path: str


@dataclass(frozen=True, slots=True)
class Built:
    """A build is over. statuses: of every image of the tree. changed: outcomes and removals since the last one."""

    statuses: Mapping[str, int]
    changed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should know: a sentence."""

    text: str


Event = Watching | Configured | Outcome | Removed | Built | Notice


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the config comes from. find: its path, None where there is none. load: raises ConfigError."""

    find: Callable[[], Path | None]
    load: Callable[[], Config]
