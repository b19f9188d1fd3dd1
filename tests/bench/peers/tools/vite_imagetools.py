"""vite-imagetools (npm): a plugin of Vite with a cache of what it encoded, by content."""

from pathlib import Path

from tests.bench.peers.tool import Tool

PAGE = """console.log(import.meta.glob('./images/**/*.jpg', {query: {format: 'webp'}, eager: true, import: 'default'}))
"""


def _setup(source: Path, target: Path) -> None:
    (target / "main.js").write_text(PAGE)
    (target / "images").symlink_to(source, target_is_directory=True)


def _command(home: Path, source: Path, target: Path, jobs: int | None) -> list[str | Path]:
    return ["node", home / "vite_imagetools.mjs", target]


TOOL = Tool(
    name="vite-imagetools",
    kind="cache",
    installer="npm",
    packages=("vite-imagetools@9.0.3", "vite@8.3.8"),
    command=_command,
    says="a build by Vite of one module that imports every image with `?format=webp`",
    drivers=("vite_imagetools.mjs",),
    setup=_setup,
)
