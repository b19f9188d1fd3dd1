"""The optimize plugin of mkdocs-material (pip): JPEG saved again with quality 60 while a site is built."""

import json
from pathlib import Path

from tests.bench.peers.install import python
from tests.bench.peers.tool import Tool

PLUGIN = {"material/optimize": {"optimize_png": False}}
"""Its JPEG half: for PNG it wants the program pngquant, and the theme has one."""


def _setup(source: Path, target: Path) -> None:
    (target / "docs").mkdir()
    (target / "docs" / "index.md").write_text("# Images\n")
    (target / "docs" / "images").symlink_to(source, target_is_directory=True)
    config = {"site_name": "images", "theme": {"name": "material"}, "plugins": [PLUGIN]}
    (target / "mkdocs.yml").write_text(json.dumps(config))  # JSON is YAML


def _command(home: Path, source: Path, target: Path, jobs: int | None) -> list[str | Path]:
    return [python(home), "-m", "mkdocs", "build", "-q", "-f", target / "mkdocs.yml", "-d", target / "site"]


TOOL = Tool(
    name="mkdocs-material optimize",
    kind="cache",
    installer="pip",
    packages=("mkdocs-material[imaging]==9.8.2",),
    command=_command,
    says="`mkdocs build` of one page, all images in `docs`; threads of its own. A build that finds its cache may end "
    "with '... not in collection', as a thread renames what is being taken off a list; it is then run again",
    at_target=True,  # its cache is `.cache` where it is run
    setup=_setup,
)
