"""Single images without a config: the same search as a build's, with nothing noted and nothing written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from semopt import types
from semopt.answers import Answer, asset_of, searched
from semopt.types import Config, ConfigError, EvaluatorSpec, Keep, Rule, Settings, Task

if TYPE_CHECKING:
    from semopt.crew import Crew

JUDGE = "embedded"
BUILT_IN = {spec.name: spec for spec in types.BUILT_IN}


@dataclass(frozen=True, slots=True)
class Wish:
    """How single images are to be compressed.

    strategy: None for `both` or `lossless` by the pixels. formats: the candidates, None for the strategy's own.
    evaluator: "embedded", "text" or a network of torchvision; weights: a file for it. given: the caller has the judge.
    """

    strategy: str | None = None
    formats: tuple[str, ...] | None = None
    evaluator: str = JUDGE
    weights: Path | None = None
    keep: Keep = Keep()
    given: bool = False


def config_for(wish: Wish) -> Config:
    """A config that says what was wished, of no folder. Raises ConfigError that names all that is wrong."""
    faults = [*_faults(wish), *(() if wish.given else _judge_faults(wish))]
    if faults:
        raise ConfigError("\n".join(faults))
    network = wish.evaluator not in BUILT_IN and not wish.given
    weights = () if wish.weights is None else (("weights", os.path.abspath(wish.weights)),)
    options = (("model", wish.evaluator), *weights) if network else ()
    kind = "torchvision" if network else BUILT_IN.get(wish.evaluator, BUILT_IN[JUDGE]).kind
    spec = EvaluatorSpec(wish.evaluator, kind, options)
    keep = () if wish.keep == Keep() else (("*", wish.keep),)
    settings = Settings(wish.strategy, wish.formats, "smallest", (wish.evaluator,), keep=keep)
    nowhere = Path(os.curdir)
    return Config(nowhere, nowhere, default=Rule("default", ("**",), settings), evaluators=(spec,))


def compressed(config: Config, files: Iterable[Path], crew: Crew) -> Iterator[tuple[Path, Answer | OSError]]:
    """The answer for each file, in the order in which they come; OSError for one that cannot be read.

    Each answer has one variant, or none with a reason. Raises EvaluatorError.
    """
    tasks: list[Task] = []
    sources = list(files)
    for file in sources:
        try:
            with open(file, "rb") as stream:
                stream.read(1)
            tasks.append(Task(asset_of(file, str(file)), config.default))
        except OSError as error:
            yield file, error
    for answer in searched(config, tasks, crew):
        yield Path(answer.outcome.path), replace(answer, contents=answer.contents[:1])


def _faults(wish: Wish) -> Iterator[str]:
    """What is wrong with strategy and formats."""
    from semopt.config.faults import advise, show
    from semopt.config.names import known
    from semopt.strategies import NAMES

    names = known()
    now = [name for name in NAMES if name != "skip"]
    if wish.strategy is not None and wish.strategy not in now:
        yield f"strategy: {show(wish.strategy)} is not a strategy for single images{advise(wish.strategy, now)}"
    if wish.formats is not None and not wish.formats:
        yield f"format: name at least one of {', '.join(names.formats)}"
    usable = names.usable.get(wish.strategy or "", names.formats)
    for name in wish.formats or ():
        if name not in names.formats:
            yield f"format: {show(name)} is not a format{advise(name, names.formats)}"
        elif name not in usable:
            yield f"format: {show(str(wish.strategy))} has no use for {show(name)}; choose from {', '.join(usable)}"


def _judge_faults(wish: Wish) -> Iterator[str]:
    """What is wrong with the judge."""
    from semopt.config.faults import advise, show
    from semopt.evaluators.names import TORCHVISION_MODELS

    names: Sequence[str] = (*BUILT_IN, *TORCHVISION_MODELS)
    if wish.evaluator not in names:
        yield (
            f"evaluator: {show(wish.evaluator)} is neither 'embedded' nor 'text' nor a network of torchvision"
            + advise(wish.evaluator, names)
        )
    elif wish.evaluator in BUILT_IN:
        classes = (wish.keep.label, wish.keep.family_height, wish.keep.kept, wish.keep.kl)
        if wish.weights is not None:
            yield f"weights: {show(wish.evaluator)} has none; name a network of torchvision as evaluator"
        if any(one is not None for one in classes):
            yield f"keep: {show(wish.evaluator)} knows no classes; name a network of torchvision as evaluator"
