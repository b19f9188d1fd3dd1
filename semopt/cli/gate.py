"""What a check says to a pull request: a Markdown summary, and GitHub's annotations beside the files."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from semopt.findings import Finding
from semopt.terminal import counted, printable

MOST_NAMED = 25
"""Failures that a summary names: a comment holds 65,536 characters, and a reader fewer."""

MOST_ANNOTATIONS = 10
"""GitHub shows so many of a step."""


def annotated(findings: Iterable[tuple[Finding, Path]]) -> Iterator[str]:
    """`::error file=PATH,title=TITLE::MESSAGE` for what does not hold: each with the folder its path is relative to.

    Paths are made relative to the checkout (GITHUB_WORKSPACE), as GitHub wants them.
    """
    wrong = [(finding, root) for finding, root in findings if not finding.holds]
    for finding, root in wrong[:MOST_ANNOTATIONS]:
        place = _from_checkout(finding.path, root)
        file = f"file={_property(place)}," if place else ""
        message = f"{printable(finding.path)}: {printable(finding.reason)}"
        yield f"::error {file}title={_property(f'semopt: {finding.verdict}')}::{_message(message)}"
    if len(wrong) > MOST_ANNOTATIONS:
        more = counted(len(wrong) - MOST_ANNOTATIONS, "more finding")
        yield f"::error title=semopt::{_message(f'{more}; the log names all of them')}"


def _from_checkout(path: str, root: Path) -> str:
    """A file's path from the checkout; empty for what is no file, or lies elsewhere."""
    file = root / path
    try:
        place = os.path.relpath(file, os.environ.get("GITHUB_WORKSPACE") or os.curdir).replace(os.sep, "/")
    except ValueError:  # on another drive
        return ""
    known = file.is_file() or file.parent.is_dir()
    return place if known and not path.endswith("/") and not place.startswith("../") and path != "the tree" else ""


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def markdown(findings: Sequence[Finding], ending: str) -> Iterator[str]:
    """A table of totals and a list of what does not hold, then what is to be noted of the others; ending: last."""
    wrong = [finding for finding in findings if not finding.holds]
    noted = [finding for finding in findings if finding.holds and finding.reason]
    yield f"### semopt check: {f'{len(wrong):,} of {len(findings):,} do not hold' if wrong else 'everything holds'}"
    yield from ("", "| verdict | count |", "|---|---:|")
    counts = Counter(finding.verdict for finding in findings)
    bad = {finding.verdict for finding in wrong}
    for verdict, count in sorted(counts.items(), key=lambda one: (one[0] not in bad, one[0])):
        yield f"| {f'**{verdict}**' if verdict in bad else verdict} | {count:,} |"
    for head, those in (("Does not hold", wrong), ("To be noted", noted)):
        if those:
            yield from ("", f"**{head}**", "")
            yield from (f"- {one.verdict}: {code(one.path)} {escaped(one.reason)}" for one in those[:MOST_NAMED])
            if len(those) > MOST_NAMED:
                yield f"- and {len(those) - MOST_NAMED:,} more"
    if ending:
        yield from ("", ending)


def code(name: str) -> str:
    """A name as a Markdown code span, in which nothing has a meaning but backticks: one more of them fences it."""
    text = printable(name)
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    blank = " " if text[:1] in "` " or text[-1:] in "` " else ""
    return f"{fence}{blank}{text}{blank}{fence}"


MARKUP = re.compile(r"[\\`*_{}\[\]#|~]|:(?=//)|(?<=\bwww)\.")


def escaped(text: str) -> str:
    """A clause as Markdown: nothing in it is markup, HTML, a link or a mention of somebody."""
    plain = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return MARKUP.sub(r"\\\g<0>", plain).replace("@", "@<!-- -->")
