"""The report as a page of Markdown, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from semopt.terminal import printable, size

TITLE = "semopt dataset"
MOST = 20
"""Of a kind of fragile samples; the JSON has all of them."""

Json = Mapping[str, Any]


def page(report: Json) -> str:
    """Markdown of a report."""
    return "\n".join([*_head(report), *_classes(report), *_fragile(report), *_rest(report)]) + "\n"


def _head(report: Json) -> Iterator[str]:
    total = report["total"]
    low, high = total["interval"]
    by = "gives the same label" if report["agreement_by"] == "label" else f"gives {report['threshold']:g} or more"
    yield from (f"# {TITLE}", "")
    yield f"- {total['samples']} samples, {size(total['bytes'])} before, {size(total['bytes_after'])} after."
    yield (
        f"- `{report['evaluator']}` {by} on {total['agree']} of {total['judged']}: {percent(total['agreement'])} "
        f"(95 % interval {percent(low)} to {percent(high)}); mean similarity {figure(total['mean_similarity'])}."
    )
    yield f"- Of the {total['changed']} whose pixels changed it is {total['changed_agree']}; the others cannot differ."
    yield f"- {total['copied']} copied as they are, {total['failed']} left out."


def _classes(report: Json) -> Iterator[str]:
    yield from (
        "",
        "## Classes",
        "",
        "| class | samples | before | after | agree | similarity |",
        "|---|--:|--:|--:|--:|--:|",
    )
    for name, one in report["classes"].items():
        yield (
            f"| {cell(name) or '(none)'} | {one['samples']} | {size(one['bytes'])} | {size(one['bytes_after'])} | "
            f"{percent(one['agreement'])} | {figure(one['mean_similarity'])} |"
        )


SECTIONS = {
    "answers_changed": "The answer changed",
    "nearest": "Nearest to the threshold",
    "undecided": "The judge could not decide about the original: kept close to the eye or to the pixel",
    "copied": "Copied, for nothing smaller held",
}


def _fragile(report: Json) -> Iterator[str]:
    for key, title in SECTIONS.items():
        rows = report["fragile"][key]
        if rows:
            yield from ("", f"## {title} ({len(rows)})", "")
            yield from _list([_line(row) for row in rows])


def _rest(report: Json) -> Iterator[str]:
    sections = {
        "Left out": [f"{cell(path)}: {cell(why)}" for path, why in report["failed"].items()],
        "Named otherwise, as another sample has the same stem": list(map(cell, report["renamed"])),
        "Files that are no samples, not copied": list(map(cell, report["not_copied"])),
        "Hidden folders, not looked into": list(map(cell, report["hidden"])),
    }
    for title, lines in sections.items():
        if lines:
            yield from ("", f"## {title} ({len(lines)})", "")
            yield from _list(lines)


def _list(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"- {line}" for line in lines[:MOST])
    if len(lines) > MOST:
        yield f"- and {len(lines) - MOST} more, in the JSON"


def _line(row: Json) -> str:
    before, after = row.get("label_before"), row.get("label")
    answer = "" if after is None else f"{before!r}" if before == after else f"{before!r} became {after!r}"
    parts = [f"similarity {figure(row.get('similarity'))}", cell(answer), cell(row.get("reason", ""))]
    return f"{cell(row['path'])}: {', '.join(filter(None, parts))}"


def cell(text: str) -> str:
    """A name that is one line and no markup."""
    return printable(text).replace("|", "\\|").replace("<", "\\<")


def percent(share: float | None) -> str:
    """A share for people."""
    return "-" if share is None else f"{100 * share:.1f} %"


def figure(value: float | None) -> str:
    """A similarity for people."""
    return "-" if value is None else f"{value:.3f}"
