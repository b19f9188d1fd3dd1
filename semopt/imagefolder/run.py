"""Joins survey, pipeline, review and report: one run over a dataset."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from semopt import pipeline
from semopt.atomic import is_inside
from semopt.crew import Crew
from semopt.imagefolder import report
from semopt.imagefolder.report import Json
from semopt.imagefolder.review import Review
from semopt.imagefolder.samples import Samples, judge_of
from semopt.imagefolder.tree import Survey, survey
from semopt.imagefolder.wish import Wish, config_for
from semopt.types import Config, ConfigError, Outcome, Sample

log = logging.getLogger("semopt")


@dataclass(frozen=True, slots=True)
class Ways:
    """How a run is made. jobs: worker processes. progress, planned: as in `pipeline.Scope`.

    report: the folder for it, None for the new dataset. told: given the report at the end.
    """

    jobs: int = 1
    progress: bool = False
    planned: Callable[[int], None] = lambda images: None
    report: Path | None = None
    told: Callable[[Json], None] = lambda value: None


def run(wish: Wish, ways: Ways) -> Iterator[Sample]:
    """Shrink a dataset; a sample as soon as it and those before it are done, and the report at the end.

    Raises ConfigError at once; EvaluatorError, SemoptError, and OSError where a tree cannot be read or written, where
    the run meets them.
    """
    config = config_for(wish)
    return _run(config, _surveyed(config, wish), ways)


def preview(wish: Wish) -> Iterator[pipeline.Step]:
    """What a run would do. Writes nothing."""
    config = config_for(wish)
    return pipeline.preview(config, pipeline.Scope(plan=_surveyed(config, wish).plan))


def _run(config: Config, tree: Survey, ways: Ways) -> Iterator[Sample]:
    target = cast(Path, config.target)
    books = ways.report or target
    report.refuse_foreign(books)
    _make_folders(target, tree.folders)
    judge, found = judge_of(config), []
    made = Samples(config, tree, judge)
    with closing(Crew(ways.jobs, ways.progress)) as crew:
        review = Review(config, crew, judge)
        scope = pipeline.Scope(ways.jobs, None, ways.progress, ways.planned, plan=tree.plan, revised=review)
        outcomes = cast(Generator[Outcome, None, None], pipeline.run(config, scope, crew))
        with closing(outcomes):
            for outcome in outcomes:
                found.append(made.of(outcome))
                yield found[-1]
    _tidy(target, {*tree.folders, "."})
    value = report.report(found, judge, tree)
    report.write(books, value)
    ways.told(value)


def _surveyed(config: Config, wish: Wish) -> Survey:
    """The source looked through, with warnings about what a person may not expect. Raises ConfigError."""
    tree = survey(config.assets, cast(Path, config.target), config.default, wish.keep_names)
    if not tree.plan.tasks and not tree.plan.skipped:
        # Else a disk that is not mounted would empty what was made of it.
        raise ConfigError(f"{wish.source}: holds no samples; it must hold a folder of images for each class")
    if tree.renamed:
        said = "%d samples have the name of others but for the suffix, such as %s; their files keep the whole name"
        log.warning(said, len(tree.renamed), tree.renamed[0])
    if tree.hidden:
        log.warning("hidden folders are not looked into: %s", ", ".join(tree.hidden[:5]))
    if "avif" in wish.formats and not wish.keep_names:
        log.warning("ImageFolder knows no .avif files; leave that format out, or keep the names")
    return tree


def _make_folders(target: Path, folders: Collection[str]) -> None:
    """Every folder of the source: without a class that has lost all its samples the others would get new numbers."""
    target.mkdir(parents=True, exist_ok=True)
    for place in folders:
        folder = target / place
        if is_inside(os.path.realpath(folder.parent), os.fspath(target)) and not os.path.lexists(folder):
            folder.mkdir(parents=True, exist_ok=True)


def _tidy(target: Path, wanted: Collection[str]) -> None:
    """Remove empty folders that the source has not: ImageFolder refuses a dataset with a class of no samples."""
    for folder, _, _ in os.walk(target, topdown=False):
        if os.path.relpath(folder, target).replace(os.sep, "/") not in wanted:
            with suppress(OSError):
                os.rmdir(folder)
