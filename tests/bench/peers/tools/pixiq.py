"""pixiq (pip): a library that looks for the quality at which tiles have some PSNR; a few lines drive it."""

from pathlib import Path

from tests.bench.peers.install import python
from tests.bench.peers.tool import Tool


def _command(home: Path, source: Path, target: Path, jobs: int | None) -> list[str | Path]:
    return [python(home), home / "pixiq_folder.py", source, target]


TOOL = Tool(
    name="pixiq",
    kind="search",
    installer="pip",
    packages=("pixiq==0.5.0",),
    command=_command,
    says="`Pixiq.compress(image, path)` for one image after another: its defaults, in the original's format; "
    "it has no way to use two processors",
    drivers=("pixiq_folder.py",),
)
