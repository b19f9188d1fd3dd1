"""The faults of a config: collected one by one, raised all at once, each a sentence with file, line and key path."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from semopt.types import ConfigError

MOST = 100


class Faults:
    """Collects faults of one file. Raises ConfigError by itself at the hundredth, so that junk costs bounded work."""

    def __init__(self, file: Path) -> None:
        self.name = file.name if file.name.isprintable() else show(file.name)
        self._found: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, text: str, line: int = 0, path: str = "") -> None:
        """Note a fault. line 0: the file as a whole. path: of the key, "" where there is none."""
        where = f"{self.name}:{line}" if line else self.name
        self._found.append((line, ": ".join(part for part in (where, path, text) if part)))
        if len(self) >= MOST:
            self._found.append((sys.maxsize, f"{self.name}: the first {MOST} faults are shown; there may be more"))
            self._fail()

    def stop(self, text: str, line: int = 0) -> NoReturn:
        """Note a fault after which nothing more can be read."""
        self.add(text, line)
        self._fail()

    def raise_any(self) -> None:
        """Raise ConfigError where there is a fault."""
        if self._found:
            self._fail()

    def _fail(self) -> NoReturn:
        """Raise what was found, in the order of lines."""
        raise ConfigError("\n".join(text for _, text in sorted(self._found, key=lambda fault: fault[0]))) from None


def show(text: str) -> str:
    """The text as it is quoted in a message: on one line, printable, not long."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant."""
    # difflib costs 5 to 20 us a name, so a list of judges as long as the file allows would cost seconds
    known = {name.lower(): name for name in list(names)[:300]}
    close = difflib.get_close_matches(word[:60].lower().replace("-", "_"), known, n=1)
    return known[close[0]] if close else None


def advise(word: str, names: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: what was probably meant, or what there is."""
    names = tuple(names)
    meant = nearest(word, names)
    if meant:
        return f"; did you mean {show(meant)}?"
    return f"; choose from {', '.join(names)}" if 0 < len(names) <= 24 else ""
