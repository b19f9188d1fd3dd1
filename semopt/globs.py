"""Globs over paths of a tree: anchored at its top, `**` crosses folders, the case of the suffix does not matter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache


def matcher(globs: Iterable[str]) -> Callable[[str], bool]:
    """A test whether a POSIX path relative to the tree matches one of the globs."""
    patterns = [_compiled(glob) for glob in globs]
    return lambda path: any(pattern.fullmatch(path) for pattern in patterns)


@lru_cache(maxsize=1024)
def _compiled(glob: str) -> re.Pattern[str]:
    stem, dot, suffix = glob.rpartition(".")
    if not dot or "/" in suffix:
        return re.compile(_translated(glob), re.DOTALL)
    return re.compile(f"{_translated(stem)}\\.(?i:{_translated(suffix)})", re.DOTALL)


def _translated(glob: str) -> str:
    """A glob as a regular expression. `**/` also matches no folder at all, a trailing `/` all that is below."""
    parts, at = [], 0
    if glob.endswith("/"):
        glob += "**"
    while at < len(glob):
        token, at = _token(glob, at)
        parts.append(token)
    return "".join(parts)


def _token(glob: str, at: int) -> tuple[str, int]:
    """The expression for what stands at a place, and the place after it."""
    if glob.startswith("**/", at) and (at == 0 or glob[at - 1] == "/"):
        return "(?:[^/]+/)*", at + 3
    if glob.startswith("**", at):
        return ".*", at + 2
    if glob[at] == "*":
        return "[^/]*", at + 1
    if glob[at] == "?":
        return "[^/]", at + 1
    if glob[at] == "[" and (end := glob.find("]", at + 2)) > 0:
        return _choice(glob[at + 1 : end]), end + 1
    return re.escape(glob[at]), at + 1


def _choice(inside: str) -> str:
    """A set of characters; a set that regular expressions do not know is taken literally."""
    negated = inside[:1] in ("!", "^")
    body = (inside[1:] if negated else inside).replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
    expression = f"[{'^/' if negated else ''}{body}]"
    try:
        re.compile(expression)
    except re.error:
        return re.escape(f"[{inside}]")
    return f"(?!/){expression}"
