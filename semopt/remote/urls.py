"""URLs as a config may name them: of any kind that fsspec knows, without credentials."""

from __future__ import annotations

import re
from pathlib import Path

from semopt.atomic import digest
from semopt.state import STATE

_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\\?#]+")
LOCAL = ("file", "local")
OBJECTS = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "oci", "r2", "http", "https")
"""Kinds of URLs below which there are no folders to be made; for some of them fsspec would make a bucket instead."""


def is_url(text: str) -> bool:
    """Whether a text is meant as a URL."""
    return "://" in text


def kind(url: str) -> str:
    """The part before the colon."""
    return url.partition("://")[0]


def mirror_of(folder: Path, url: str) -> Path:
    """Where the tree at a URL is built, for the config in a folder; another URL has another mirror."""
    return folder / STATE / "mirror" / digest(url.encode())[:16]


def fault(url: str) -> str | None:
    """What is wrong with a URL, as the end of a sentence that does not show it; None where nothing is."""
    if "@" in url.partition("://")[2].partition("/")[0]:
        return "holds a user or a password; take them out, credentials come from the environment"
    if re.search(r"[?#]", url):
        return "has a '?' or '#'; take out what follows, credentials come from the environment"
    if _URL.fullmatch(url) is None:
        return "is not a URL such as s3://bucket/folder"
    if ".." in url.split("/") or "//" in url.partition("://")[2].rstrip("/"):
        return "must be written out, without '..' and '//'"
    if kind(url) in LOCAL and not url.startswith(f"{kind(url)}:///"):
        return "must begin with three slashes, as in file:///mnt/cache"
    return None
