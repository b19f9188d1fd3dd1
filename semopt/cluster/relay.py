"""Between a build and a Ray cluster: `python -m semopt.cluster.relay`, started by `semopt.cluster`.

It is told what is wanted over its input, and answers over its output; the end of the input is the end of the build.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

from semopt.cluster.bundles import packed
from semopt.cluster.dispatch import Dispatch
from semopt.cluster.messages import Briefing, Bundle, Fault, Over, Terms
from semopt.keys import Keys
from semopt.types import ClusterError, Config, EvaluatorError, SemoptError, Settings
from semopt.worker import pipes, receive, send


def relayed(terms: Terms, closing: list[Callable[[], None]]) -> Iterator[Any]:
    """All messages of one build. closing: gets what is to be called at the end. Raises SemoptError."""
    from semopt.cluster import fleet

    fleet.connect(terms.config.executor.address)
    settings = tuple({order.task.rule.settings: None for order in terms.orders})
    keys = Keys(terms.config)
    parts = tuple(keys.parts(one) for one in settings)
    wanted = {name for one, part in zip(settings, parts, strict=True) if part["judges"] for name in _judges(one)}
    briefing = Briefing(terms.config, _bundles(terms.config, wanted, fleet.keep), settings)
    ships = fleet.RayFleet(briefing)
    closing.append(ships.close)
    yield from Dispatch(ships, terms, parts).founds()


def _judges(settings: Settings) -> tuple[str, ...]:
    return (*settings.evaluators, *settings.confirm)


def _bundles(config: Config, wanted: set[str], keep: Callable[[bytes], Any]) -> tuple[Bundle, ...]:
    """The judges of a config, those that are asked with their files. Raises EvaluatorError."""
    try:
        return tuple(
            packed(spec, keep) if spec.name in wanted else Bundle(spec, wanted=False) for spec in config.evaluators
        )
    except OSError as error:
        raise EvaluatorError(f"{error.filename}: cannot be read: {error.strerror or error}") from error


def _end(closing: list[Callable[[], None]], source: BinaryIO | None = None) -> None:
    """End this process, wherever it is, and all workers; with a source once that has ended."""
    with suppress(OSError):
        source.read(1) if source else None
    with suppress(Exception):  # whatever Ray raises where the cluster is gone
        for close in closing:
            close()
    os._exit(0)


def main() -> None:
    """Serve one build."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, sink = pipes()
    terms = receive(source)
    closing: list[Callable[[], None]] = []
    threading.Thread(target=_end, args=(closing, source), daemon=True).start()
    with suppress(BrokenPipeError):
        try:
            for message in relayed(terms, closing):
                send(sink, message)
            send(sink, Over())
        except SemoptError as error:
            kind = next(kind for kind in (EvaluatorError, ClusterError, SemoptError) if isinstance(error, kind))
            send(sink, Fault(kind, str(error)))
    _end(closing)


if __name__ == "__main__":
    main()
