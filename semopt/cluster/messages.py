"""What build, relay and workers tell each other. All of it travels as pickles among processes of one user's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from semopt.orders import Order
from semopt.types import Config, EvaluatorSpec, SemoptError, Settings


@dataclass(frozen=True, slots=True)
class Terms:
    """What a build wants. workers: None for one on each core. seconds: that are left, None for any number."""

    config: Config
    orders: tuple[Order, ...]
    workers: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the person who builds."""

    text: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What ends the build. error: its class."""

    error: type[SemoptError]
    text: str


@dataclass(frozen=True, slots=True)
class Over:
    """There is no more to come."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A file of a judge. key, place: of the option that names it. name: in a folder of the judge's files.

    content: a reference into the cluster's store, for whoever has not this file.
    """

    key: str
    place: str
    name: str
    sha256: str
    content: Any


@dataclass(frozen=True, slots=True)
class Bundle:
    """A judge and its files. wanted: whether it is asked for any of the orders."""

    spec: EvaluatorSpec
    files: tuple[Packed, ...] = ()
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Briefing:
    """What a worker is told before its first order. settings: of all orders."""

    config: Config
    bundles: tuple[Bundle, ...]
    settings: tuple[Settings, ...]


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a worker answers. parts: for each of the settings, as `Keys.parts`. fault: why it cannot work."""

    node: str
    parts: tuple[Mapping[str, Any], ...] = ()
    fault: str = ""
