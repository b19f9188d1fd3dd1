"""A page with its images offered in better formats. Outside the tags that are changed no character differs."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from semopt.markup.offer import Offer, Source
from semopt.markup.tags import Tag, tags

ASIDE = ("picture", "svg", "template", "math")
"""Images in these are left: they are chosen already, or are somebody's code."""

Look = Callable[[str, str], Offer | None]
"""The offer for a URL as the page has it, and the page's `<base href>`, empty without one."""


@dataclass(frozen=True, slots=True)
class Options:
    """lazy: images that say nothing of `loading` get "lazy", but for the first `eager` of a page, in sight."""

    lazy: bool = True
    eager: int = 1


def rewrite(page: str, look: Look, options: Options = Options()) -> str:
    """The page with each `<img>` that has an offer in a `<picture>`; one that was rewritten before is told anew."""
    page = restore(page)
    parts, at, met = [], 0, 0
    for tag, base in _images(page):
        met += 1
        found = _sources(tag, base, look)
        if found is None:
            continue
        offer, sources = found
        lazy = options.lazy and met > options.eager
        parts += [page[at : tag.start], _picture(page[tag.start : tag.end], tag, offer, sources, lazy)]
        at = tag.end
    return "".join(parts) + page[at:]


MARK = "data-semopt"
"""On a `<picture>` of semopt's own: how many characters were put into its `<img>`, behind the name."""


def restore(page: str) -> str:
    """The page as it was before it was rewritten."""
    parts, at = [], 0
    found = list(tags(page))
    for index, tag in enumerate(found):
        if tag.name != "picture" or tag.closes or not tag.attributes.get(MARK, "").isdecimal():
            continue
        inner = next((place for place in range(index + 1, len(found)) if found[place].name != "source"), index)
        image, end = found[inner], found[min(inner + 1, len(found) - 1)]
        if (image.name, end.name, end.closes) != ("img", "picture", True):
            continue  # somebody's own; what follows it may still be ours
        name = image.start + len("<img")
        parts += [page[at : tag.start], page[image.start : name], page[name + int(tag.attributes[MARK]) : image.end]]
        at = end.end
    return "".join(parts) + page[at:]


def _images(page: str) -> Iterator[tuple[Tag, str]]:
    """Every `<img>` that may be changed, with the base that counts for it."""
    base, inside = "", Counter[str]()
    for tag in tags(page):
        if tag.name in ASIDE and not tag.own:
            inside[tag.name] = max(0, inside[tag.name] + (-1 if tag.closes else 1))
        elif tag.name == "base" and not tag.closes:
            base = base or tag.attributes.get("href", "")
        elif tag.name == "img" and not tag.closes and not inside.total():
            yield tag, base


@dataclass(frozen=True, slots=True)
class _Set:
    """What one `<source>` says. srcset: as in HTML, not yet escaped."""

    media_type: str
    srcset: str


def _sources(tag: Tag, base: str, look: Look) -> tuple[Offer, list[_Set]] | None:
    """The offer for an image's `src`, and what to say of each format; None where the image is to be left."""
    offer = look(tag.attributes.get("src", "").strip(), base)
    srcset = tag.attributes.get("srcset", "").strip()
    if offer is None or not srcset:
        return None if offer is None else (offer, [_Set(one.media_type, _own(one, offer)) for one in offer.sources])
    candidates = [(url, rest, look(url, base)) for url, rest in _candidates(srcset)]
    if not candidates or any(one is None or one.sized for _, _, one in candidates):
        return None  # a mixture of what is offered and what is not would choose by format, not by size
    shared = [_shared(source.media_type, candidates) for source in offer.sources]
    return offer, [one for one in shared if one is not None]


def _own(source: Source, offer: Offer) -> str:
    if not offer.sized:
        return source.urls[-1][0]
    return ", ".join(f"{url} {width}w" for url, width in source.urls)


def _shared(media_type: str, candidates: Sequence[tuple[str, str, Offer | None]]) -> _Set | None:
    """The author's own set of sizes in another format; None where it has not all of them."""
    pieces = []
    for _, rest, offer in candidates:
        urls = [one.urls[-1][0] for one in offer.sources if one.media_type == media_type] if offer else []
        if not urls:
            return None
        pieces.append(f"{urls[0]} {rest}".strip())
    return _Set(media_type, ", ".join(pieces))


def _candidates(srcset: str) -> list[tuple[str, str]]:
    """URLs with their descriptors, as the standard splits them (4.8.4.3.8): a comma at a URL's end ends it."""
    found, rest = [], srcset
    while rest := rest.lstrip(", \t\n\r\f"):
        url, _, rest = rest.replace("\n", " ").replace("\t", " ").partition(" ")
        if url.endswith(","):
            found.append((url.rstrip(","), ""))
            continue
        descriptor, _, rest = rest.partition(",")
        found.append((url, descriptor.strip()))
    return found


def _picture(text: str, tag: Tag, offer: Offer, sources: list[_Set], lazy: bool) -> str:
    if not sources:
        return text
    end = " />" if tag.own else ">"
    sizes = _sizes(tag, offer, lazy) if offer.sized or "sizes" in tag.attributes else ""
    lines = [
        f'<source type="{one.media_type}" srcset="{html.escape(one.srcset)}"'
        + (f' sizes="{html.escape(sizes)}"' if sizes else "")
        + end
        for one in sources
    ]
    more = _more(tag, offer, lazy)
    name = len("<img")
    return f'<picture {MARK}="{len(more)}">{"".join(lines)}{text[:name]}{more}{text[name:]}</picture>'


def _sizes(tag: Tag, offer: Offer, lazy: bool) -> str:
    """How wide the image is shown: as its author says, else as wide as it is, within the window."""
    if "sizes" in tag.attributes:
        return tag.attributes["sizes"]
    width = tag.attributes.get("width", "").strip()
    shown = width if re.fullmatch("[0-9]+", width) and int(width) else str(offer.width)
    guess = f"(max-width: {shown}px) 100vw, {shown}px"
    return f"auto, {guess}" if lazy or tag.attributes.get("loading") == "lazy" else guess


def _more(tag: Tag, offer: Offer, lazy: bool) -> str:
    """Attributes for the image itself: the original's size, so that the page does not jump when it comes."""
    said, more = tag.attributes, ""
    if not said.keys() & {"width", "height"}:
        more += f' width="{offer.width}" height="{offer.height}"'
    if lazy and "loading" not in said:
        more += ' loading="lazy"'
    if offer.placeholder and "style" not in said:
        more += f' style="background:url({html.escape(offer.placeholder)}) center/cover no-repeat"'
    return more
