"""The report as one page: markup, style, script and data in one file that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from importlib import resources
from string import Template
from typing import Any

from semopt.report.gather import Report, chunks

CHUNK = 100
"""Images whose details a browser parses together, when one of them is opened."""

PICTURES = "default-src 'none'; img-src 'self' data: file:"


def render(report: Report) -> str:
    """The page. Names and labels are data: no byte of them is ever markup or script."""
    script, style = _part("report.js"), _part("report.css")
    head = {"name": report.name, "rules": report.rules, "chunk": CHUNK, "images": report.images}
    data = [_data("images", head)]
    data += [_data(f"details-{number}", chunk) for number, chunk in enumerate(chunks(report.details, CHUNK))]
    return Template(_part("report.html")).substitute(
        title=html.escape(report.name),
        policy=f"{PICTURES}; style-src '{_hash(style)}'; script-src '{_hash(script)}'",
        style=style,
        script=script,
        data="\n".join(data),
    )


def _part(name: str) -> str:
    return resources.files("semopt.report").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    """What a content security policy calls an inline script or style by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"


def _data(name: str, value: Any) -> str:
    """JSON in a block of data; it cannot end its own element, as it holds no `<`."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'
