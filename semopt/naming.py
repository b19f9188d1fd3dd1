"""Where variants go: the output template, and the paths that it can give.

In a template `{dir}` is the original's folder relative to the config, `{name}` its whole name, `{ext}` the variant's
suffix without the dot, `{format}` its format and `{width}` its width in px. Where a rule has widths and the template
does not say where they go, `.480w` stands after the name.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cached_property

FIELDS = ("dir", "name", "ext", "format", "width")
NEEDED = ("dir", "name", "ext")
DEFAULT = "{dir}/{name}.semopt.{ext}"
MARK = ".semopt."
"""Stands in the name of every variant of the default template, so that none is ever taken for a source."""

_FIELD = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True)
class Naming:
    """A checked template."""

    template: str = DEFAULT

    def path(self, original: str, suffix: str, format: str, width: int | None) -> str:
        """The variant of an original, both relative to the config, POSIX. width: None where the rule has none."""
        folder, _, name = original.rpartition("/")
        sized = f"{name}.{width}w" if width is not None and "{width}" not in self.template else name
        values = {
            "dir": folder or ".",
            "name": sized,
            "ext": suffix[1:],
            "format": format,
            "width": str(width or "full"),
        }
        filled = _FIELD.sub(lambda match: values[match[1]], self.template)
        return posixpath.normpath(filled)

    def could_be(self, path: str) -> bool:
        """Whether some original could have a variant at this path. Paths that leave the config's folder never."""
        own = path == posixpath.normpath(path) and not path.startswith(("/", "../"))
        return own and bool(self._pattern.fullmatch(path))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = re.split(r"\{dir\}/", re.sub(r"^\./", "", self.template), maxsplit=1)
        before, after = (parts[0], parts[1]) if len(parts) == 2 else ("", parts[0])
        inner = "".join(_expression(piece) for piece in re.split(r"(\{\w*\})", after))
        return re.compile(f"{re.escape(before)}(?:(?!/)(?:.*/)?){inner}", re.DOTALL)


def _expression(piece: str) -> str:
    return "[^/]+" if _FIELD.fullmatch(piece) else re.escape(piece)


def fault(template: str) -> str | None:
    """What is wrong with a template, as the end of a sentence; None where nothing is."""
    fields = _FIELD.findall(template)
    unknown = [field for field in fields if field not in FIELDS]
    missing = [field for field in NEEDED if field not in fields]
    if unknown or re.sub(_FIELD, "", template).count("{") + re.sub(_FIELD, "", template).count("}"):
        return f"has only the fields {', '.join('{' + field + '}' for field in FIELDS)}"
    if missing:
        return f"must contain {', '.join('{' + field + '}' for field in missing)}, or variants would collide"
    if len(set(fields)) < len(fields):
        return "must contain no field twice"
    if "{dir}/" not in template or "{name}" not in template.rpartition("/")[2]:
        return "must have {dir} as folders of its own, and {name} in the file's name"
    if template.startswith("/") or ".." in template.split("/") or "\\" in template:
        return "must stay in the config's folder; use '/' and no '..'"
    if re.search(r'[\x00-\x1f\x7f<>:"|?*]', template):
        return 'must be a path that every system can have, without control characters and any of < > : " | ? *'
    if not re.search(r"\{name\}.*[^{}\w].*\{ext\}$", template.rpartition("/")[2]):
        return "must end in something like {name}.{ext}, so that no variant is named like an original"
    return None
