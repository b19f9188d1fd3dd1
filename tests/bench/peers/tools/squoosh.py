"""squoosh-cli (npm, the fork that runs on today's Node): WebP whose quality its Butteraugli search finds."""

from pathlib import Path

from tests.bench.peers.tool import Tool


def _command(home: Path, source: Path, target: Path, jobs: int | None) -> list[str | Path]:
    limit = ["-c", str(jobs)] if jobs else []
    cli = home / "node_modules" / ".bin" / "squoosh-cli"
    return [cli, *limit, "-d", target, "--webp", "auto", *sorted(source.iterdir())]


TOOL = Tool(
    name="squoosh-cli",
    kind="search",
    installer="npm",
    packages=("@frostoven/squoosh-cli@0.9.1",),
    command=_command,
    says="`squoosh-cli --webp auto`: Butteraugli 1.4, at most 6 rounds; its own default is a worker a processor",
)
