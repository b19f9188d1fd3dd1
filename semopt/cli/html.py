"""`semopt html`: rewrites the pages of a built site."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from semopt.cli import arguments
from semopt.terminal import printable
from semopt.types import ConfigError, SemoptError

if TYPE_CHECKING:
    from semopt.integrations.site import Page

log = logging.getLogger("semopt")

EXAMPLES = """\
  semopt build site && semopt html public     after the generator: Hugo, Eleventy, Jekyll, Astro, by hand
  semopt html public --base https://example.org/docs/
  semopt html public --dry-run                say which pages would change

<img> becomes <picture> where the manifest has variants for people; images are known by their content. Nothing else of
a page changes, and a second run changes nothing.
"""


def add(commands: arguments.Commands[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    html = arguments.command(commands, "html", "offer the variants in the pages of a built site", EXAMPLES)
    html.set_defaults(command=run)
    html.add_argument("site", type=Path, metavar="DIST", help="the folder of built pages, rewritten in place")
    html.add_argument("--config", type=Path, metavar="FILE", help="whose manifest counts (default: the nearest one)")
    html.add_argument("--base", metavar="URL", default="/", help="where the site will be served (default: /)")
    html.add_argument("--no-lazy", action="store_true", help="add no loading=lazy")
    html.add_argument("--dry-run", action="store_true", help="say what would be done and write nothing")
    html.add_argument("--json", action="store_true", help="one JSON object a line on stdout, each with a type")
    arguments.add_loudness(html, quiet="what was left only", verbose="a line for every page")


def run(parsed: argparse.Namespace) -> int:
    """Rewrite, or say what would be; 1 where a page could not be."""
    from semopt.integrations.gallery import Gallery
    from semopt.integrations.site import Site
    from semopt.markup import Options

    if not parsed.site.is_dir():
        raise ConfigError(f"{parsed.site} is no folder; name the folder of built pages")
    parsed.folder = Path()
    gallery = Gallery(arguments.config_of(parsed))
    if not len(gallery):
        raise SemoptError(f"{gallery.file} names no variants; run semopt build first")
    site = Site(parsed.site, gallery, parsed.base)
    options = Options(lazy=not parsed.no_lazy)
    pages = []
    for one in site.pages():
        pages.append(site.rewritten(one, options, parsed.dry_run))
        _say(pages[-1], parsed)
    changed, images = sum(page.changed for page in pages), sum(page.images for page in pages)
    left = sum(bool(page.left) for page in pages)
    if parsed.json:
        print(json.dumps({"type": "summary", "pages": len(pages), "changed": changed, "images": images,
                          "files": len(site.added), "left": left, "dry_run": parsed.dry_run}))  # fmt: skip
    elif not parsed.quiet:
        would = " would be" if parsed.dry_run else ""
        print(
            f"{changed} of {len(pages)} pages{would} changed, {images} images offered, {len(site.added)} files added."
        )
    return 1 if left else 0


def _say(page: Page, parsed: argparse.Namespace) -> None:
    if parsed.json:
        print(json.dumps({"type": "page", **asdict(page)}))
    elif parsed.verbose and page.changed:
        print(f"{printable(page.path)}: {page.images} images{' would change' if parsed.dry_run else ''}")
    if page.left and not parsed.json:
        print(f"{printable(page.path)}: left: {page.left}", file=sys.stderr)
