"""`plugins: [semopt]` in mkdocs.yml: the pictures of `docs_dir` in better formats on every page.

MkDocs copies the pictures into the site and renders the pages; each rendered page then gets its `<picture>` elements,
and the site the variants that they name. Nothing is written into `docs_dir`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.config import base
from mkdocs.config import config_options as option
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, get_plugin_logger

from semopt.integrations import documents
from semopt.integrations.gallery import Gallery
from semopt.integrations.site import Site
from semopt.markup import Options
from semopt.types import SemoptError

log = get_plugin_logger("semopt")


class Settings(base.Config):
    """Below `semopt:` in mkdocs.yml. config: of semopt, relative to mkdocs.yml. lazy: add loading=lazy."""

    enabled = option.Type(bool, default=True)
    config = option.Optional(option.File(exists=True))
    lazy = option.Type(bool, default=True)


class Semopt(BasePlugin[Settings]):
    """The plugin."""

    def __init__(self) -> None:
        self._site: Site | None = None

    def on_files(self, files: Any, *, config: Any) -> Any:
        """Build the pictures. Raises PluginError, which MkDocs shows without a traceback."""
        self._site = None
        if not self.config.enabled:
            return files
        project = Path(config.config_file_path).parent if config.config_file_path else Path.cwd()
        file = None if self.config.config is None else Path(self.config.config)
        try:
            settings = documents.settings(project.resolve(), Path(config.docs_dir).resolve(), "mkdocs", file)
            for outcome in documents.build(settings):
                log.warning("%s: %s; the page shows the original", outcome.path, outcome.reason)
            self._site = Site(Path(config.site_dir), Gallery(settings), config.site_url or "/")
        except (SemoptError, OSError) as error:
            raise PluginError(f"semopt: {error}") from error
        return files

    def on_post_page(self, output: str, *, page: Any, config: Any) -> str:
        """One page, as it will be written."""
        return self._rewritten(output, page.file.dest_uri)

    def on_post_template(self, output_content: str, *, template_name: str, config: Any) -> str:
        """A page of the theme's own, such as 404.html."""
        return self._rewritten(output_content, template_name) if template_name.endswith(".html") else output_content

    def _rewritten(self, page: str, place: str) -> str:
        if self._site is None:
            return page
        return self._site.offered(page, place, Options(lazy=self.config.lazy))
