"""The one module that speaks with Ray. Imported in the relay alone."""

from __future__ import annotations

import logging
import os
import pickle
import re
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import ray as engine
from ray.exceptions import RayActorError, RayError, RayTaskError

from semopt.cluster.dispatch import Answer, Hand, Lost
from semopt.cluster.messages import Briefing, Greeting
from semopt.orders import Order
from semopt.types import ClusterError

ADVICE = "start one with 'ray start --head', join one with 'ray start --address', or set RAY_ADDRESS"

CONNECT_S = 10.0
COUNT_S = 1.0  # how long a count of the cluster's cores is believed


def connect(address: str | None) -> None:
    """Become a driver of the cluster. Raises ClusterError."""
    place = address or os.environ.get("RAY_ADDRESS", "")
    try:
        if re.fullmatch(r"[\w.-]+:\d+", place):  # Ray takes half a minute to find that nobody is there, and then exits
            socket.create_connection((place.partition(":")[0], int(place.partition(":")[2])), CONNECT_S).close()
        engine.init(address or "auto", log_to_driver=False, logging_level=logging.CRITICAL, configure_logging=False)
    except Exception as error:  # Ray raises whatever its layers raise: ConnectionError, ValueError, RuntimeError, ...
        reason = " ".join(str(error).split())[:300]
        raise ClusterError(f"executor: no Ray cluster can be reached ({reason}); {ADVICE}") from error


def keep(content: bytes) -> list[Any]:
    """Bytes in the cluster's store. In a list, as Ray would fetch a bare reference for whoever is handed it."""
    return [engine.put(content)]


def fetch(kept: list[Any]) -> bytes:
    """The bytes again, on any node."""
    content: bytes = engine.get(kept[0])
    return content


class _Actor:
    """A station in Ray's hands. The class travels whole, so that a node without semopt can say that it has none."""

    def greet(self, briefing: bytes) -> tuple[Any, ...]:
        """The fields of a Greeting."""
        node = f"{engine.util.get_node_ip_address()} ({engine.get_runtime_context().get_node_id()[:8]})"
        try:
            from semopt.cluster.station import Station

            told = pickle.loads(briefing)
        except Exception as error:  # pickles of another version's records raise as they please
            return node, (), f"it has no semopt, or another than this machine ({error})"
        self._station = Station(node, fetch)
        greeting = self._station.greet(told)
        return greeting.node, greeting.parts, greeting.fault

    def search(self, order: Order, content: bytes, seconds: float) -> Answer:
        """As the station does."""
        return self._station.search(order, content, seconds)


engine.cloudpickle.register_pickle_by_value(sys.modules[__name__])


class RayFleet:
    """The cluster, as `dispatch.Fleet`: each hand is an actor with a core of its own, placed by Ray."""

    def __init__(self, briefing: Briefing) -> None:
        self._briefing = engine.put(pickle.dumps(briefing))
        self._made: Callable[[], Any] = engine.remote(num_cpus=1)(_Actor).remote
        self._actors: dict[Hand, Any] = {}
        self._due: dict[Any, Hand] = {}
        self._counted, self._cores = float("-inf"), 0

    def cores(self) -> int:
        """Those of all nodes that are alive."""
        if time.monotonic() > self._counted + COUNT_S:
            self._counted = time.monotonic()
            self._cores = int(sum(node["Resources"].get("CPU", 0) for node in engine.nodes() if node["Alive"]))
        return self._cores

    def hire(self) -> Hand:
        """Ask for an actor and its greeting."""
        hand, actor = Hand(), self._made()
        self._actors[hand] = actor
        self._due[actor.greet.remote(self._briefing)] = hand
        return hand

    def give(self, hand: Hand, order: Order, content: bytes, seconds: float) -> None:
        """Send an image; Ray keeps a copy of it until it is answered."""
        self._due[self._actors[hand].search.remote(order, content, seconds)] = hand

    def answers(self, seconds: float) -> list[tuple[Hand, Answer]]:
        """What has come; of a lost actor the loss alone."""
        if not self._due:
            time.sleep(seconds)
            return []
        came, _ = engine.wait([*self._due], timeout=seconds)
        found = [(reference, self._due[reference]) for reference in came if reference in self._due]
        return [(hand, self._answer(reference, hand)) for reference, hand in found]

    def dismiss(self, hand: Hand) -> None:
        """End an actor, if it is still there; what it was asked for is not waited for any more."""
        engine.kill(self._actors.pop(hand))
        self._due = {reference: theirs for reference, theirs in self._due.items() if theirs is not hand}

    def close(self) -> None:
        """End all actors. Ray would end them too once this process is gone, but a second or two later."""
        for actor in [*self._actors.values()]:
            engine.kill(actor)
        engine.shutdown()  # returns once that was heard

    def _answer(self, reference: Any, hand: Hand) -> Answer:
        del self._due[reference]
        try:
            answer: Answer | tuple[Any, ...] = engine.get(reference)
            return Greeting(*answer) if isinstance(answer, tuple) else answer
        except RayTaskError as error:  # what the station itself raised, as where a disk is full
            return Lost(str(error).strip().splitlines()[-1])
        except RayActorError:
            return Lost("its node or process ended")
        except RayError as error:
            return Lost(type(error).__name__)
