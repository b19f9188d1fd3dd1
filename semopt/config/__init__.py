"""semopt.yaml: found, read, checked and turned into a `semopt.types.Config`. Imports no network and no codec.

Every fault of a file is reported at once, in one ConfigError.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from semopt import regular
from semopt.config import build, judges, nodes, schema
from semopt.config.checks import Place
from semopt.config.faults import Faults
from semopt.config.names import Names, known
from semopt.types import Config

NAME = "semopt.yaml"


def find(start: Path) -> Path | None:
    """The nearest semopt.yaml upward from a folder or file, None where there is none."""
    start = Path(os.path.abspath(start))
    for folder in (start, *start.parents):
        # lexists: a config that is a broken link is an error to report, not a config to overlook
        if os.path.lexists(folder / NAME) and not os.path.isdir(folder / NAME):
            return folder / NAME
    return None


def default(root: Path) -> Config:
    """The config of a folder without one: the default rule only."""
    root = Path(os.path.realpath(root))
    return Config(root=root, assets=root)


def load(file: Path) -> Config:
    """Read a config. Raises ConfigError, with one line for each fault."""
    try:
        text = regular.read(file, nodes.MAX_BYTES + 1)
    except OSError as error:
        Faults(file).stop(f"cannot be read: {error.strerror or error}")
    return parse(text, file)


def parse(text: bytes | str, file: Path, names: Names | None = None, later: Collection[str] = schema.LATER) -> Config:
    """Check the text of a config. Raises ConfigError, with one line for each fault.

    file: where it stands or would stand; its folder is the root. names, later: as in the registries and `schema`.
    """
    faults = Faults(file)
    source = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    top = nodes.read(source, faults)
    if top is None or (top.sort == "nothing" and not len(faults)):
        faults.stop("is empty; the smallest config is the line 'version: 1'")
    names = names or known(schema.kinds(top), schema.formats(top))
    empty = default(file.parent)
    empty = replace(empty, file=empty.root / file.name)
    scope = judges.Scope(empty.root, names, schema.declared(top))
    section = Place(top, faults, later).read(schema.top(scope))
    config = build.config(section, empty, names) if section else empty
    faults.raise_any()
    return config
