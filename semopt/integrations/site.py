"""A built site on disk: its pages rewritten in place, with the variants put where the pages look for them.

An image of the site is known by its content, whatever a generator made of its name. Pages are changed because the user
asks for that; beside them only variants are written, and never over another file.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote, unquote, urljoin, urlsplit

from semopt.atomic import digest, is_inside, replace_whole
from semopt.encoders import ENCODERS
from semopt.integrations.gallery import Gallery, Work
from semopt.markup import Offer, Options, offer_of, rewrite
from semopt.naming import Naming
from semopt.plan import SUFFIXES
from semopt.types import Variant

PAGES = (".html", ".htm", ".xhtml")
NEVER = ("node_modules", ".git", ".semopt")


@dataclass(frozen=True, slots=True)
class Page:
    """What was done to a page. path: relative to the site. images: with variants now. left: why it was not touched."""

    path: str
    images: int = 0
    changed: bool = False
    left: str = ""


class Site:
    """A folder of pages. base: where it is to be served, a URL or a path; decides what `/x` in a page means."""

    def __init__(self, folder: Path, gallery: Gallery, base: str = "/") -> None:
        self._folder, self._gallery = Path(os.path.realpath(folder)), gallery
        self._base = urlsplit(base if base.endswith("/") else f"{base}/")
        self._known: dict[Path, Work | None] = {}
        self._places: dict[tuple[Path, str], Path] = {}
        self._awaited: dict[Path, Variant] = {}
        self.added: list[str] = []  # files that were written beside the pages, relative to the site

    def pages(self) -> Iterator[Path]:
        """Every page, in order. Raises OSError where the folder cannot be listed."""
        for folder, folders, files in os.walk(self._folder):
            folders[:] = sorted(name for name in folders if name not in NEVER)
            yield from (Path(folder, name) for name in sorted(files) if name.lower().endswith(PAGES))

    def rewritten(self, page: Path, options: Options = Options(), dry: bool = False) -> Page:
        """Rewrite one page, and put the variants that it names into the site. dry: only say what would be done."""
        path = page.relative_to(self._folder).as_posix()
        try:
            status = os.lstat(page)
            if not stat.S_ISREG(status.st_mode):
                return Page(path, left="is no regular file")
            content = page.read_bytes()
            if b"\0" in content:
                return Page(path, left="is not in an encoding that begins with ASCII")
            text = content.decode("utf-8", "surrogateescape")  # whatever the encoding is, the bytes come back
            after, images = self._offered(text, path, options)
            changed = after != text
            if not dry:
                self._deliver()
            if changed and not dry:
                replace_whole(page, after.encode("utf-8", "surrogateescape"), stat.S_IMODE(status.st_mode))
            return Page(path, images, changed)
        except OSError as error:
            return Page(path, left=f"cannot be rewritten: {error.strerror or error}")

    def offered(self, text: str, path: str, options: Options = Options()) -> str:
        """The text of a page that will stand at a path, rewritten; its variants are in the site. Raises OSError."""
        after, _ = self._offered(text, path, options)
        self._deliver()
        return after

    def _offered(self, text: str, path: str, options: Options) -> tuple[str, int]:
        """A page rewritten, and how many of its images have variants."""
        offered: list[Offer] = []
        look = partial(self._look, (self._folder / path).parent, offered)
        return rewrite(text, look, options), len(offered)

    def _deliver(self) -> None:
        """Write the variants that pages name and the site has not, before a page names them. Raises OSError."""
        while self._awaited:
            target, variant = self._awaited.popitem()
            target.parent.mkdir(parents=True, exist_ok=True)
            replace_whole(target, self._gallery.content(variant))
            self.added.append(target.relative_to(self._folder).as_posix())

    def _look(self, folder: Path, offered: list[Offer], url: str, base: str) -> Offer | None:
        """What there is for a URL in a page of a folder."""
        file = self.file(folder, url, base)
        work = None if file is None else self._work(file)
        if file is None or work is None:
            return None
        offer = offer_of(work.entry, work.variants, self._urls(file, work, url))
        if offer is not None:
            offered.append(offer)
        return offer

    def file(self, folder: Path, url: str, base: str = "") -> Path | None:
        """The file of the site that a URL leads to, from a page in a folder; None where it leads elsewhere."""
        here = quote(f"{folder.relative_to(self._folder).as_posix()}/".removeprefix("./"))
        try:
            whole = urlsplit(urljoin(urljoin(urljoin(self._base.geturl(), here), base), url))
        except ValueError:
            return None
        if not url or (whole.scheme, whole.netloc) != (self._base.scheme, self._base.netloc):
            return None
        path = unquote(whole.path, errors="surrogateescape")
        if not path.startswith(self._base.path) or "\0" in path:
            return None
        below = posixpath.normpath(path[len(self._base.path) :] or ".")
        if not below.lower().endswith(tuple(SUFFIXES)) or below.startswith(("/", "..")):
            return None
        return self._folder / below

    def _work(self, file: Path) -> Work | None:
        """The image of the manifest that a file of the site is a copy of."""
        if file not in self._known:
            self._known[file] = None
            try:
                if stat.S_ISREG(os.stat(file).st_mode) and is_inside(os.path.realpath(file), str(self._folder)):
                    self._known[file] = self._gallery.of(digest(file.read_bytes()))
            except OSError:
                pass
        return self._known[file]

    def _urls(self, file: Path, work: Work, url: str) -> Callable[[str], str]:
        """Gives the URL of a variant by its path in the manifest, in the form that the page gives its original's."""
        variants = {variant.path: variant for variant in work.variants}
        head, mark, query = url.partition("?")
        folder, slash, _ = head.partition("#")[0].rpartition("/")

        def url_of(path: str) -> str:
            key = file, path
            place = self._places[key] = self._places.get(key) or self._place(file, variants[path], work)
            return f"{folder}{slash}{quote(os.path.relpath(place, file.parent).replace(os.sep, '/'))}{mark}{query}"

        return url_of

    def _place(self, file: Path, variant: Variant, work: Work) -> Path:
        """Where a variant lies in the site, or will: beside its original, unless the build put it into the site."""
        own = Path(os.path.realpath(self._gallery.place(variant)))
        if is_inside(str(own), str(self._folder)):
            return own
        several = len({one.width for one in work.variants}) > 1
        suffix = ENCODERS[variant.format].suffix
        for name in (file.name, f"{file.name}.{variant.sha256[:8]}"):
            name = Naming().path(name, suffix, variant.format, variant.width if several else None)
            place = file.with_name(name)
            if not os.path.lexists(place):
                self._awaited[place] = variant
                break
            if _is(place, variant):
                break
        return place


def _is(place: Path, variant: Variant) -> bool:
    """Whether a file has the content of a variant."""
    try:
        return place.is_file() and digest(place.read_bytes()) == variant.sha256
    except OSError:
        return False
