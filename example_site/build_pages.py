"""Writes the pages of this site from templates/, with the variants that semopt-manifest.json names.

    semopt build . && python build_pages.py     the site with its variants
    python build_pages.py --plain               the site as it is before the first build

Needs nothing but Python. In a template {{picture heroes/dahlia.jpg 640x427 "What it shows"}} becomes a <picture>; only
variants made `for: people` get into one. What was made for machines goes to feed.json and, as a curiosity, to compare.html.
"""

import json
import re
import sys
from html import escape
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent
PICTURE = re.compile(r'\{\{picture(!?) (\S+) (\d+)x(\d+) "([^"]*)"\}\}')  # "!": at the top of the page, so not lazy
ORDER = ["image/avif", "image/webp"]  # a browser takes the first that it knows
FAMILIAR = ["image/jpeg", "image/png"]  # every browser knows these, so they may stand in the <img> itself
NOTE = {
    "machines": "For machines: what a network still recognises, not what people should be shown.",
    "people": "For people.",
}


def text(value):
    return escape(str(value).encode("utf-8", "backslashreplace").decode("utf-8"))


def url(path):
    return escape(quote(path.encode("utf-8", "surrogateescape")))


def size(count):
    return f"{count:,} bytes" if count < 10_000 else f"{count / 1000:,.0f} kB"


def variants(asset, audience=None):
    """The variants that are there, smallest first. One that is not must not be named: browsers do not look further after a 404."""
    chosen = [v for v in asset.get("variants") or [] if audience in (None, v["for"])]
    inside = [v for v in chosen if ROOT in (ROOT / v["path"]).resolve().parents and (ROOT / v["path"]).is_file()]
    return sorted(inside, key=lambda v: (v["bytes"], v["path"]))


def picture(asset, path, width, height, alt, eager=False):
    found = variants(asset, "people")
    sources = [v for kind in ORDER for v in found if v["media_type"] == kind]
    plain = [v["path"] for v in found if v["media_type"] in FAMILIAR]
    lines = [f'<source type="{text(v["media_type"])}" srcset="{url(v["path"])}">' for v in sources]
    loading = "" if eager else ' loading="lazy"'
    first = asset.get("placeholder")  # what can be recognised in a kilobyte, until the picture is there
    style = f' style="background:url({text(first)}) center/cover no-repeat"' if first else ""
    lines.append(
        f'<img src="{url((plain or [path])[0])}" width="{width}" height="{height}" alt="{text(alt)}"{loading}{style}>'
    )
    return "<picture>" + "".join(lines) + "</picture>" if sources else lines[-1]


def card(entry, title, note, original=None):
    saved = f"<b>{1 - entry['bytes'] / original:.1%} smaller</b>" if original else ""
    rows = ""
    for judge, score in sorted((entry.get("scores") or {}).items()):
        said = ", ".join(
            f"{text(key)} {text(score[key])}" for key in ("similarity", "kept") if score.get(key) is not None
        )
        seen = " \u2192 ".join(text(score[key]) for key in ("label_before", "label") if score.get(key) is not None)
        rows += f"<dt>{text(judge)}</dt><dd>{said}{'; sees ' + seen if seen else ''}</dd>"
    return (
        f'<figure class="card {text(entry.get("for", "original"))}"><a href="{url(entry["path"])}"><img src="{url(entry["path"])}" '
        f'alt="{text(entry["path"])}" loading="lazy"></a><figcaption><h3>{text(title)}</h3><p>{size(entry["bytes"])} {saved}</p>'
        f"<p>{text(entry['width'])} \u00d7 {text(entry['height'])} px</p><p>{text(note)}</p>"
        + (f"<dl>{rows}</dl>" if rows else "")
        + "</figcaption></figure>"
    )


def compare(assets):
    """The body of compare.html: each original beside all that was made of it."""
    if not assets:
        return "<p>Nothing has been built yet. Run <code>semopt build</code> and then <code>python build_pages.py</code> in this folder.</p>"
    body, before, people = [], 0, 0
    for path, asset in sorted(assets.items()):
        original, found = asset.get("bytes"), variants(asset)
        reason = f": {asset['reason']}" if asset.get("reason") else ""
        body.append(
            f"<section><h2>{text(path.removeprefix('assets/'))}</h2><p>Strategy <b>{text(asset.get('strategy') or 'none')}</b>, {text(asset['status'] + reason)}.</p>"
        )
        if original and asset.get("width") and asset["status"] != "failed":
            before, people = (
                before + original,
                people + min([original] + [v["bytes"] for v in found if v["for"] == "people"]),
            )
            cards = [card({**asset, "path": path, "scores": None}, "Original", "Never touched.")]
            cards += [card(v, v["format"].upper(), NOTE.get(v["for"], v["for"]), original) for v in found]
            body.append(f'<div class="cards">{"".join(cards)}</div>')
        body.append("</section>")
    return (
        f'<p class="lead">All originals: {size(before)}. The smallest version of each that is made for people: {size(people)}.</p>'
        + "".join(body)
    )


def main():
    manifest = ROOT / "semopt-manifest.json"
    plain = "--plain" in sys.argv[1:] or not manifest.is_file()
    assets = {} if plain else json.loads(manifest.read_text("utf-8"))["assets"]
    layout, alts = (ROOT / "templates" / "layout.html").read_text("utf-8"), {}

    def fill(match):
        eager, path, width, height, alt = match.groups()
        alts["assets/" + path] = alt
        return picture(assets.get("assets/" + path, {}), "assets/" + path, width, height, alt, bool(eager))

    for name in ("index", "gallery", "guide", "compare"):
        title, body = (ROOT / "templates" / f"{name}.html").read_text("utf-8").split("\n", 1)
        page = PICTURE.sub(fill, layout.replace("{{body}}", body).replace("{{title}}", text(title)))
        if "{{" in page.replace("{{compare}}", ""):
            sys.exit(
                f"templates/{name}.html: a placeholder that I do not understand: {page[page.index('{{') :][:60]!r}"
            )
        page = page.replace(f'href="{name}.html"', f'href="{name}.html" aria-current="page"').replace(
            "{{compare}}", compare(assets)
        )
        (ROOT / f"{name}.html").write_text(page, "utf-8", newline="\n")
    items = []
    for path, alt in sorted(alts.items()):
        if path.startswith("assets/feed/"):
            best = (variants(assets.get(path, {}), "machines") or [{"path": path}])[0]
            items.append({"about": alt, "picture": best["path"], "original": path})
    (ROOT / "feed.json").write_text(
        json.dumps({"title": "Near & Far: notebook", "items": items}, indent=1) + "\n", "utf-8", newline="\n"
    )
    print(f"{'plain pages' if plain else 'pages with variants'} written in {ROOT}")


if __name__ == "__main__":
    main()
