"""Searches images on the nodes of a cluster: the same orders as `engine`, the same answers.

Ray is an engine that lives in a process of its own here (`relay`): it takes over signals and streams of the process
that it is in, and ends it where the cluster is lost.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import IO, BinaryIO, cast

from semopt.cluster.messages import Fault, Notice, Over, Terms
from semopt.orders import Found, Order
from semopt.pool import await_hello, environment
from semopt.types import ClusterError, Config, ConfigError
from semopt.worker import receive, send

log = logging.getLogger("semopt")

LOST = "the Ray cluster was lost in mid-build; what was finished is kept, and the next build goes on"
MISSING = "executor: Ray is not installed; pip install 'semopt[ray]'"

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_gcs_rpc_server_reconnect_timeout_s": "20"}
"""Ray phones nobody, and waits 20 s for a head node that is gone, not a minute."""

STOP_S = 5.0  # what the relay may take to end its workers when a build is stopped


class Cluster:
    """The workers of a cluster, of one build. workers: how many, None for one on each core. until: as for Engine.

    Raises ConfigError where Ray is not installed.
    """

    def __init__(self, config: Config, workers: int | None, until: float = float("inf")) -> None:
        if importlib.util.find_spec("ray") is None:
            raise ConfigError(MISSING)
        self._config, self._workers, self._until = config, workers, until
        self._relay: subprocess.Popen[bytes] | None = None

    def search(self, orders: Iterable[Order]) -> Iterator[Found]:
        """What was found, in the order in which it comes. Raises EvaluatorError, and ClusterError."""
        waiting = {order.number: order for order in orders}
        left = None if self._until == float("inf") else self._until - time.monotonic()
        with tempfile.TemporaryFile() as noise:
            try:
                pipe = self._started(noise, Terms(self._config, tuple(waiting.values()), self._workers, left))
                for found in _told(pipe):
                    yield replace(found, order=waiting.pop(found.order.number))
            except (EOFError, OSError) as error:
                noise.seek(0)
                log.debug("%s", noise.read()[-5000:].decode(errors="replace"))
                raise ClusterError(LOST) from error
            finally:
                self.close()

    def close(self) -> None:
        """End the workers. They would end without it too, once this process is gone."""
        relay, self._relay = self._relay, None
        if relay is None:
            return
        for pipe in (relay.stdin, relay.stdout):
            with suppress(OSError):
                pipe.close() if pipe else None
        with suppress(subprocess.TimeoutExpired):
            relay.wait(STOP_S)
        relay.kill()
        relay.wait()

    def _started(self, noise: IO[bytes], terms: Terms) -> BinaryIO:
        """A relay that was told what is wanted; gives where it answers. Ctrl-C is not its affair."""
        self._relay = subprocess.Popen(
            [sys.executable, "-P", "-m", "semopt.cluster.relay"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=noise,
            env={**QUIET, **environment()},
            start_new_session=os.name != "nt",
        )
        pipe = cast(BinaryIO, self._relay.stdout)
        await_hello(pipe)
        send(cast(BinaryIO, self._relay.stdin), terms)
        return pipe


def _told(pipe: BinaryIO) -> Iterator[Found]:
    """What a relay has found. Raises EOFError where it is gone, EvaluatorError and ClusterError where it says so."""
    while not isinstance(message := receive(pipe), Over):
        if isinstance(message, Notice):
            log.warning(message.text)
        elif isinstance(message, Fault):
            raise message.error(message.text)
        else:
            yield message
