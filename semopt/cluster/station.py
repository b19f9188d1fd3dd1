"""What runs on a node: one worker with its own judges, that searches one image after the other."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from semopt.cluster.bundles import unpacked
from semopt.cluster.messages import Briefing, Fault, Greeting
from semopt.crew import Crew
from semopt.engine import Engine
from semopt.keys import Keys
from semopt.orders import Found, Order
from semopt.types import Evaluator, EvaluatorError, EvaluatorSpec, SemoptError


class _Warm(Crew):
    """Judges are made once: else each image would have the files of weights hashed again."""

    def __init__(self) -> None:
        super().__init__(1)
        self._warm: dict[str, Evaluator] = {}

    def judge(self, spec: EvaluatorSpec) -> Evaluator:
        if spec.name not in self._warm:
            self._warm[spec.name] = super().judge(spec)
        return self._warm[spec.name]


class Station:
    """One worker of a build. node: what to call the machine. fetch: gets bytes from the cluster's store."""

    def __init__(self, node: str, fetch: Callable[[Any], bytes]) -> None:
        self._node, self._fetch = node, fetch
        self._crew = _Warm()

    def greet(self, briefing: Briefing) -> Greeting:
        """Make judges and worker ready; says what answers depend on here, or what is missing."""
        try:
            specs = tuple(unpacked(bundle, self._fetch) for bundle in briefing.bundles)
            self._config = replace(briefing.config, evaluators=specs)
            keys = Keys(self._config)
            parts = tuple(keys.parts(settings) for settings in briefing.settings)
            wanted = [spec for spec, bundle in zip(specs, briefing.bundles, strict=True) if bundle.wanted]
            self._crew.warm(wanted)
        except (SemoptError, OSError) as error:
            return Greeting(self._node, fault=str(error))
        return Greeting(self._node, parts)

    def search(self, order: Order, content: bytes, seconds: float) -> Found | Fault:
        """What was found for one image. seconds: after which it is to be the best so far."""
        until = time.monotonic() + seconds
        with _laid(content) as file:
            task = replace(order.task, asset=replace(order.task.asset, file=file))
            try:
                (found,) = Engine(self._config, self._crew, until).search([replace(order, task=task)])
            except EvaluatorError as error:
                return Fault(EvaluatorError, f"{error} (on {self._node})")
        return found


@contextmanager
def _laid(content: bytes) -> Iterator[Path]:
    """The bytes as a file. On Linux it has no name, so that nothing of it stays where this process is killed."""
    if os.path.isdir("/proc/self/fd"):
        with tempfile.TemporaryFile() as stream:
            stream.write(content)
            stream.flush()
            yield Path(f"/proc/{os.getpid()}/fd/{stream.fileno()}")
        return
    with tempfile.TemporaryDirectory(prefix="semopt-") as folder:
        file = Path(folder, "image")
        file.write_bytes(content)
        yield file
