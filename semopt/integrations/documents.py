"""A folder of documents whose generator makes the pages: built beside it, so that nothing is written into it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from semopt import config as configs
from semopt import pipeline
from semopt.state import STATE, ignored
from semopt.types import Config, ConfigError, Outcome

log = logging.getLogger("semopt")

FILE = "semopt.yaml"
FILES = "files"


def settings(project: Path, tree: Path, tool: str, file: Path | None, exclude: Collection[str] = ()) -> Config:
    """The config of a project, for a tree whose variants go to `.semopt/TOOL` in it.

    project: the folder of the generator's own config. file: of ours; None for `semopt.yaml` in the project, or the
    defaults. exclude: globs beside those of the config, relative to the tree. Raises ConfigError.
    """
    chosen = project / FILE if file is None and (project / FILE).exists() else file
    given = configs.default(project) if chosen is None else configs.load(chosen)
    if chosen is not None and (given.remote or given.assets not in (given.root, tree)):
        raise ConfigError(f"{chosen.name}: assets: the tree is {tree}, as {tool} says; remove the key")
    home = project / STATE / tool
    return replace(
        given,
        root=home,
        assets=tree,
        exclude=(*given.exclude, *exclude),
        cache=given.cache or project / STATE / "cache",
        target=home / FILES,
    )


def build(config: Config) -> Iterator[Outcome]:
    """Build all; gives what failed. Raises ConfigError, EvaluatorError and OSError."""
    ignored(config.root.parent)
    for outcome in pipeline.run(config, pipeline.Scope(pipeline.default_jobs())):
        if outcome.status == "failed":
            yield outcome
