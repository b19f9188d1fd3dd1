"""sharp (npm): WebP at its default quality of 80, for every image."""

from pathlib import Path

from tests.bench.peers.tool import Tool


def _command(home: Path, source: Path, target: Path, jobs: int | None) -> list[str | Path]:
    return ["node", home / "sharp.mjs", source, target, *([str(jobs)] if jobs else [])]


TOOL = Tool(
    name="sharp",
    kind="fixed",
    installer="npm",
    packages=("sharp@0.35.5",),
    command=_command,
    says="`sharp(file).webp({quality: 80}).toFile(...)`, as many images at once as processors; with one job also "
    "one thread inside libvips",
    drivers=("sharp.mjs",),
)
