"""optimize-images (pip): looks for a JPEG quality of 75 to 80 image by image, in place."""

from pathlib import Path

from tests.bench.peers.install import python
from tests.bench.peers.tool import Tool


def _command(home: Path, source: Path, target: Path, jobs: int | None) -> list[str | Path]:
    return [python(home).with_name("optimize-images"), "--quiet", "-jobs", str(jobs or 0), target]


TOOL = Tool(
    name="optimize-images",
    kind="search",
    installer="pip",
    packages=("optimize-images==2.2.0",),
    command=_command,
    says="`optimize-images --quiet FOLDER`, its quality search; its own default is a process more than processors",
    in_place=True,
)
