"""The judges that a config may name: what they are made of, and whether that is installed. Loads none of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, replace

from semopt.evaluators import KINDS
from semopt.evaluators.names import TORCHVISION_MODELS
from semopt.types import Config, EvaluatorError, EvaluatorSpec


@dataclass(frozen=True, slots=True)
class Member:
    """A judge, or, where name is None, a kind of which the config declares none.

    missing: packages that are not installed. install: what to type to have them, empty where all is there. labels:
    whether it names classes. fingerprint: None where there is none, and problem then says why.
    """

    name: str | None
    kind: str
    labels: bool
    missing: tuple[str, ...] = ()
    install: str = ""
    fingerprint: str | None = None
    problem: str = ""

    @property
    def installed(self) -> bool:
        """Whether what it needs is there."""
        return not self.missing


def members(config: Config) -> Iterator[Member]:
    """The judges of a config, the built-in ones first, then the kinds that it makes no use of."""
    for spec in config.evaluators:
        yield _judge(spec)
    used = {spec.kind for spec in config.evaluators}
    yield from (_kind(kind) for kind in KINDS if kind not in used)


def _kind(kind: str) -> Member:
    """What is known of every judge of a kind."""
    entry = KINDS[kind]
    missing = tuple(package for package in getattr(entry, "needs", ()) if not _there(package))
    extra = getattr(entry, "extra", "")
    packages = f"'semopt[{extra}]'" if extra else " ".join(missing)
    return Member(None, kind, entry.labels, missing, f"pip install {packages}" if missing else "")


def _judge(spec: EvaluatorSpec) -> Member:
    """What is known of one judge; what it says of its labels counts before what its kind says."""
    known = _kind(spec.kind)
    labels = {"true": True, "false": False}.get(spec.option("labels") or "", known.labels)
    known = replace(known, name=spec.name, labels=labels)
    try:
        return replace(known, fingerprint=KINDS[spec.kind].fingerprint(spec))
    except EvaluatorError as error:
        return replace(known, problem=str(error))


def networks() -> tuple[str, ...]:
    """The classification networks of torchvision by name."""
    return TORCHVISION_MODELS


def _there(package: str) -> bool:
    """Whether a package can be found, without importing it."""
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False
