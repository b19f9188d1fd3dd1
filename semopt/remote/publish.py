"""What a build left in the mirror goes to the URL, in the order that makes a run that is cut short harmless.

The journal there first; out of the manifest what is about to be replaced; variants; the manifest; then what
is not named any more is removed, and the journal last. So a manifest there never names what is not there, and whoever
builds next knows from manifest and journal which objects are semopt's.
"""

from __future__ import annotations

from dataclasses import dataclass

from semopt import manifest, regular
from semopt.atomic import digest
from semopt.journal import Line
from semopt.naming import DEFAULT
from semopt.remote.books import JOURNAL, journal_of
from semopt.remote.mirror import Mirror
from semopt.remote.server import RemoteError


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done. uploads: paths with their sha256. removals: paths."""

    uploads: dict[str, str]
    removals: set[str]


def publish(mirror: Mirror) -> None:
    """Bring the URL up to date with the mirror. Raises RemoteError where it could not be; the next build goes on."""
    after = manifest.load(mirror.root)
    change = _change(mirror, after)
    changed = bool(change.uploads or change.removals)
    if not changed and after == mirror.before and not mirror.lines:
        return
    _nobody_else(mirror, change)
    if changed:
        _put(mirror, JOURNAL, journal_of([*mirror.lines, *_lines(mirror, change, after)]))
        _retire(mirror, change)
        mirror.together(lambda path: _upload(mirror, path, change.uploads[path]), change.uploads, "cannot be written")
    if changed or after != mirror.before:
        _put(mirror, manifest.NAME, after)
    mirror.together(mirror.server.remove, sorted(change.removals), "cannot be tidied")
    if changed or mirror.lines:
        mirror.together(mirror.server.remove, [JOURNAL], "cannot be tidied")


def _change(mirror: Mirror, after: bytes) -> Change:
    named = manifest.owned(manifest.read(after, mirror.root / manifest.NAME))
    there = {path: row.sha256 for path, row in mirror.rows.items()}
    uploads = {path: sha256 for path, hashes in named.items() for sha256 in hashes if there.get(path) != sha256}
    for path in uploads:
        if path in mirror.there and there.get(path) not in mirror.owned.get(path, ()):
            raise RemoteError(f"{path} at {mirror.url} was not written by semopt; move it away or delete it")
    gone = {
        path
        for path, hashes in mirror.owned.items()
        if there.get(path) in hashes and path not in named and not (mirror.root / path).exists()
    }
    return Change(uploads, gone)


def _nobody_else(mirror: Mirror, change: Change) -> None:
    """Raise where what is about to be written was changed at the URL since it was fetched."""
    now = mirror.listed()
    for path in (*change.uploads, *change.removals, manifest.NAME, JOURNAL):
        if now.get(path) != mirror.there.get(path):
            raise RemoteError(f"{path} at {mirror.url} was changed during the build; build again")


def _lines(mirror: Mirror, change: Change, after: bytes) -> list[Line]:
    """What is semopt's while the manifest does not say so: what is about to be written, and what stood there."""
    now, then = manifest.output(after), manifest.output(mirror.before)
    new = [Line(path, sha256, output=now if now != DEFAULT else "") for path, sha256 in change.uploads.items()]
    old = [
        Line(path, sha256, output=then if then != DEFAULT else "")
        for path in (*change.uploads, *change.removals)
        for sha256 in mirror.owned.get(path, ())
    ]
    return [*new, *old]


def _retire(mirror: Mirror, change: Change) -> None:
    """Take out of the manifest there the images whose variants are replaced; what is removed goes after it."""
    entries = manifest.read(mirror.before, mirror.root / manifest.NAME)
    kept = {
        path: one
        for path, one in entries.items()
        if change.uploads.keys().isdisjoint(variant["path"] for variant in one["variants"])
    }
    if kept != entries:
        _put(mirror, manifest.NAME, manifest.render(kept, manifest.output(mirror.before)))


def _upload(mirror: Mirror, path: str, sha256: str) -> None:
    content = regular.read(mirror.root / path)
    if digest(content) != sha256:
        raise RemoteError(f"{path} was changed in the mirror")
    mirror.server.write(path, content)


def _put(mirror: Mirror, path: str, content: bytes) -> None:
    mirror.together(lambda name: mirror.server.write(name, content), [path], "cannot be written")
