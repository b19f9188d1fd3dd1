"""@11ty/eleventy-img (npm): hashes each source, and encodes nothing whose output is there."""

from pathlib import Path

from tests.bench.peers.tool import Tool


def _command(home: Path, source: Path, target: Path, jobs: int | None) -> list[str | Path]:
    return ["node", home / "eleventy_img.mjs", source, target]


TOOL = Tool(
    name="eleventy-img",
    kind="cache",
    installer="npm",
    packages=("@11ty/eleventy-img@6.0.4",),
    command=_command,
    says="`Image(file, {formats: ['webp'], widths: ['auto']})` for all files at once; it limits itself",
    drivers=("eleventy_img.mjs",),
)
