"""The table of peers. To add one, write its file here and add a line."""

from tests.bench.peers.tool import Tool
from tests.bench.peers.tools import (
    eleventy_img,
    mkdocs_optimize,
    optimize_images,
    pixiq,
    sharp,
    squoosh,
    vite_imagetools,
)

PEERS: tuple[Tool, ...] = (
    optimize_images.TOOL,
    pixiq.TOOL,
    squoosh.TOOL,
    sharp.TOOL,
    eleventy_img.TOOL,
    vite_imagetools.TOOL,
    mkdocs_optimize.TOOL,
)
