"""How things are written for people: sizes, names that cannot act on a terminal, columns, colour where it is wanted."""

from __future__ import annotations

import os
import sys
import unicodedata
from typing import Literal, TextIO

Colour = Literal["red", "green", "yellow", "bold", "dim"]
CODES: dict[Colour, int] = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33}


def size(count: int) -> str:
    """Bytes for people, in decimal units."""
    if count < 1000:
        return f"{count} B"
    for unit, scale in (("kB", 1e3), ("MB", 1e6), ("GB", 1e9)):
        if count < 999.5 * scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count / 1e12:.3g} TB"


def printable(text: str) -> str:
    """A name that cannot act on a terminal: control characters and undecodable bytes are written out."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def counted(count: int, what: str) -> str:
    """A number of things: "1 image", "2 images"."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def columns(text: str) -> int:
    """Columns that a text takes: two for each character of East Asian width, none for one that joins the one before."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def fitted(text: str, width: int) -> str:
    """A text of just so many columns, filled with blanks; a longer one loses its middle: names differ at both ends."""
    if columns(text) > width:
        head, tail = text[: max(1, (width - 1) * 2 // 5)], ""
        while columns(head) > width // 2:
            head = head[:-1]
        for char in reversed(text[len(head) :]):
            if columns(head) + 1 + columns(char + tail) > width:
                break
            tail = char + tail
        text = f"{head}…{tail}"
    return text + " " * (width - columns(text))


def coloured(stream: TextIO) -> bool:
    """Whether colour is for this stream: a terminal that is not called dumb, and no NO_COLOR (https://no-color.org).

    The old console of Windows would show the codes themselves; its new terminal says that it is there.
    """
    if sys.platform == "win32" and not ({"WT_SESSION", "TERM"} & os.environ.keys()):
        return False
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(text: str, *colours: Colour, stream: TextIO | None = None) -> str:
    """A text in these colours where the stream (stdout by default) shows any."""
    if not colours or not coloured(stream or sys.stdout):
        return text
    return f"\x1b[{';'.join(str(CODES[one]) for one in colours)}m{text}\x1b[0m"
