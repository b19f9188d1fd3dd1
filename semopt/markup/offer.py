"""What the manifest has for one image, as a page needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from semopt.records import placeholder_of
from semopt.types import Variant


@dataclass(frozen=True, slots=True)
class Source:
    """One format. urls: with the width of each in px, ascending. bytes: of the widest."""

    media_type: str
    urls: tuple[tuple[str, int], ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class Offer:
    """An image with variants. width, height: the original's, upright, px. sources: the smallest first.

    sized: the variants are of other widths than the original's. placeholder: a data URI, or None.
    """

    width: int
    height: int
    sources: tuple[Source, ...]
    sized: bool
    placeholder: str | None = None


def offer_of(entry: Mapping[str, Any], variants: Iterable[Variant], url: Callable[[str], str]) -> Offer | None:
    """The offer of a manifest's entry; None where it has nothing for people. url: of a variant's path.

    A rule that says `serve: semantic` has its variants marked for people.
    """
    shown = [variant for variant in variants if variant.audience == "people"]
    if not shown or not entry["width"] or not entry["height"]:
        return None
    groups: dict[str, list[Variant]] = {}
    for variant in sorted(shown, key=lambda variant: variant.width):
        groups.setdefault(variant.media_type, []).append(variant)
    sources = [
        Source(kind, tuple((url(variant.path), variant.width) for variant in group), group[-1].bytes)
        for kind, group in groups.items()
    ]
    sized = any(width != entry["width"] for source in sources for _, width in source.urls)
    ordered = tuple(sorted(sources, key=lambda source: (source.bytes, source.media_type)))
    return Offer(entry["width"], entry["height"], ordered, sized, _placeholder(entry))


def _placeholder(entry: Mapping[str, Any]) -> str | None:
    """The entry's placeholder; none where it is anything that could act on a page."""
    try:
        return placeholder_of(entry)
    except ValueError:
        return None
