"""Worker processes for the pipeline: one that dies or hangs costs one image, and is started again."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from semopt.session import Opening
from semopt.worker import HELLO, receive, send

MOST_NOISE = 100_000  # bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a tag. kind: "ok", or how it failed: "kept", "failed", "unreadable", "died", "late".

    seconds: how long the worker took.
    """

    tag: Hashable
    kind: str
    value: Any
    seconds: float = 0.0


class Worker:
    """One process and the thread that talks to it, one question at a time."""

    def __init__(self, answers: queue.SimpleQueue[Answer]) -> None:
        self._answers = answers
        self._questions: queue.SimpleQueue[tuple[Hashable, tuple[Any, ...]] | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._late = self._stopped = False
        self.busy: tuple[Hashable, float] | None = None
        self._thread = threading.Thread(target=self._talk, name="semopt-worker", daemon=True)
        self._thread.start()

    def ask(self, tag: Hashable, opening: Opening, verb: str, *arguments: Any) -> None:
        """Put a question; its answer comes through the pool's queue."""
        self._questions.put((tag, (opening, verb, *arguments)))

    def rehearse(self) -> None:
        """Have the process started, and all that an image needs loaded; the answer has no tag."""
        self._questions.put((None, (None, "rehearse")))

    def kill(self, late: bool = False) -> None:
        """End the process now. late: because its question took too long."""
        self._late = late
        if self._process is not None:
            with suppress(OSError):
                self._process.kill()

    def stop(self) -> None:
        """End the process and the thread; waits for neither to finish a question."""
        self._stopped = True
        self._questions.put(None)
        self.kill()
        self._thread.join(timeout=5)

    def _talk(self) -> None:
        while (question := self._questions.get()) is not None:
            tag, message = question
            begun = time.monotonic()
            self.busy = tag, begun
            kind, value = ("died", "the build was stopped") if self._stopped else self._exchange(message)
            self.busy = None
            self._answers.put(Answer(tag, kind, value, time.monotonic() - begun))
        self._reap()

    def _exchange(self, message: tuple[Any, ...]) -> tuple[str, Any]:
        """Kind and value of the answer. Whatever goes wrong between the two processes is the death of the worker."""
        try:
            process = self._alive()
            send(cast(BinaryIO, process.stdin), message)
            kind, value = receive(cast(BinaryIO, process.stdout))
            return kind, value
        except Exception as error:
            code = self._reap()
            late, self._late = self._late, False
            return ("late", "") if late else ("died", _cause(code, error))

    def _alive(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._reap()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "semopt.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # codecs write noise there; what matters comes as an answer
                env=environment(),
            )
            await_hello(cast(BinaryIO, self._process.stdout))
        return self._process

    def _reap(self) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        with suppress(OSError):
            process.kill()
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                pipe.close() if pipe else None
        return code


def await_hello(pipe: BinaryIO) -> None:
    """Pass over what start-up scripts of the user's print. Raises EOFError, or ValueError where it never ends."""
    seen = b""
    while not seen.endswith(HELLO):
        byte = pipe.read(1)
        if not byte:
            raise EOFError
        seen += byte
        if len(seen) > MOST_NOISE:
            raise ValueError("it prints without end before it starts")


def environment() -> dict[str, str]:
    """This process's environment with its import path, so that the worker finds the same packages; one thread each."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _cause(code: int | None, error: BaseException) -> str:
    if code is not None and code < 0:
        return f"the worker died (signal {-code})"
    return f"the worker died ({error})" if code is None else f"the worker died (exit code {code})"


class Pool:
    """A fixed number of workers, started when first asked."""

    def __init__(self, size: int) -> None:
        self.answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self.workers = [Worker(self.answers) for _ in range(size)]

    def kill_late(self, left: Callable[[Hashable], float]) -> None:
        """End every worker whose present question has taken longer than its tag has seconds left."""
        now = time.monotonic()
        for worker in self.workers:
            busy = worker.busy
            if busy is not None and now - busy[1] > left(busy[0]):
                worker.kill(late=True)

    def close(self) -> None:
        """End all workers."""
        for worker in self.workers:
            worker.stop()
