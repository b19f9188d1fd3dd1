"""`extensions = ["semopt.integrations.sphinx"]` in conf.py: the pictures of the sources in better formats.

Sphinx copies the pictures into the output and writes the pages; when it has finished, the pages get their `<picture>`
elements, and the output the variants that they name. Among the sources nothing is written but `.semopt/`, beside
conf.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.errors import ConfigError, ExtensionError
from sphinx.util import logging

import semopt.types
from semopt import __version__
from semopt.integrations import documents
from semopt.integrations.gallery import Gallery
from semopt.integrations.site import Site
from semopt.markup import Options
from semopt.types import SemoptError

log = logging.getLogger(__name__)

BUILDERS = ("html", "dirhtml", "singlehtml")


def setup(app: Any) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_config_value("semopt_enabled", True, "html", [bool])
    app.add_config_value("semopt_config", None, "html", [str])
    app.add_config_value("semopt_lazy", True, "html", [bool])
    app.connect("build-finished", _finished)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}


def _finished(app: Any, exception: Exception | None) -> None:
    if exception is not None or app.builder.name not in BUILDERS or not app.config.semopt_enabled:
        return
    sources, output, project = (Path(folder).resolve() for folder in (app.srcdir, app.outdir, app.confdir))
    file = None if app.config.semopt_config is None else project / app.config.semopt_config
    try:
        settings = documents.settings(project, sources, "sphinx", file, _exclude(app, sources, output))
        for outcome in documents.build(settings):
            log.warning("semopt: %s: %s; the page shows the original", outcome.path, outcome.reason)
        site = Site(output, Gallery(settings), app.config.html_baseurl or "/")
    except semopt.types.ConfigError as error:
        raise ConfigError(str(error)) from error
    except (SemoptError, OSError) as error:
        raise ExtensionError(f"semopt: {error}") from error
    for place in site.pages():
        page = site.rewritten(place, Options(lazy=app.config.semopt_lazy))
        if page.left:
            log.warning("semopt: %s: %s", page.path, page.left)


def _exclude(app: Any, sources: Path, output: Path) -> list[str]:
    """What Sphinx itself leaves out of the sources: its output, and what conf.py says."""
    own = [folder for folder in (output, Path(app.doctreedir).resolve()) if folder.is_relative_to(sources)]
    inside = [folder.relative_to(sources).as_posix() for folder in own]
    return [*(f"{folder}/**" for folder in inside), *(one for one in app.config.exclude_patterns if one)]
