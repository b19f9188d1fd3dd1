"""A worker process: opens images and answers for them over its standard input and output.

Started by `semopt.pool` as `python -m semopt.worker`: not by multiprocessing, which would import the user's own
script again in each worker. Messages are pickles with a length in front, between two processes of one user's
program over a private pipe. The end of the input is the end of the parent, and of the worker.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
from contextlib import suppress
from typing import Any, BinaryIO

from semopt.session import Opening, Session, rehearse
from semopt.types import ImageError, KeptError

HELLO = b"\x00semopt worker\n"
"""Sent first: what a start-up script of the user's prints comes before it and is passed over."""

HEADER = struct.Struct("<Q")
MOST_PIXELS = 64_000_000  # decoded pixels held for several images at once; beyond it the oldest are opened again


def send(pipe: BinaryIO, message: Any) -> None:
    """Write one message."""
    content = pickle.dumps(message, protocol=5)
    pipe.write(HEADER.pack(len(content)))
    pipe.write(content)
    pipe.flush()


def receive(pipe: BinaryIO) -> Any:
    """Read one message. Raises EOFError at the end of the stream."""
    header = pipe.read(HEADER.size)
    if len(header) < HEADER.size:
        raise EOFError
    (length,) = HEADER.unpack(header)
    content = pipe.read(length)
    if len(content) < length:
        raise EOFError
    return pickle.loads(content)


class Bench:
    """The images that are open in this process."""

    def __init__(self) -> None:
        self._sessions: dict[Opening, Session] = {}

    def answer(self, opening: Opening, verb: str, *arguments: Any) -> Any:
        """Do one thing for one image; one that was put away is opened again. "rehearse" is for none."""
        if verb == "rehearse":
            return rehearse()
        if verb == "close":
            self._sessions.pop(opening, None)
            return None
        session = self._session(opening)
        return session.source if verb == "open" else getattr(session, verb)(*arguments)

    def _session(self, opening: Opening) -> Session:
        session = self._sessions.pop(opening, None)
        if session is None:
            session = Session(opening)
        while self._sessions and sum(one.pixels for one in self._sessions.values()) + session.pixels > MOST_PIXELS:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[opening] = session
        return session


def reply(bench: Bench, message: tuple[Any, ...]) -> tuple[str, Any]:
    """The answer to one message, or the fault in words; nothing that one image does ends the worker."""
    try:
        return "ok", bench.answer(*message)
    except KeptError as error:
        return "kept", str(error)
    except ImageError as error:
        return "failed", str(error)
    except OSError as error:
        return "unreadable", f"cannot be read: {error.strerror or error}"
    except Exception as error:  # Pillow raises many classes on damaged files; each costs its own image only
        return "failed", f"cannot be processed ({type(error).__name__}: {error})"


def _die_with_parent() -> None:
    """Linux ends this process when its parent ends, even in the middle of a long encode."""
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def pipes() -> tuple[BinaryIO, BinaryIO]:
    """Where messages come from and where they go, in a process that `pool` started; what else prints goes to stderr."""
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a codec that prints must not break the messages
    sink.write(HELLO)
    sink.flush()
    return source, sink


def main() -> None:
    """Answer until the input ends. Ctrl-C is the parent's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()
    bench = Bench()
    try:
        source, sink = pipes()
        while True:
            send(sink, reply(bench, receive(source)))
    except (EOFError, BrokenPipeError):
        os._exit(0)


if __name__ == "__main__":
    main()
