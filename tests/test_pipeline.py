"""The build end to end, through the real command: outputs, cache, ownership, manifest, bad input."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import Tree, drawing, encoded, photo
from semopt import config, engine, pipeline

RULES = """version: 1
rules:
  - {match: "photos/**", strategy: semantic, formats: [webp, jpeg], keep: {similarity: 0.6}}
  - {match: "close/**", strategy: visual, formats: [webp, jpeg]}
  - {match: "icons/**", strategy: lossless}
  - {match: "raw/**", strategy: skip}
"""


@pytest.fixture
def site(tree: Tree) -> Tree:
    tree.put("semopt.yaml", RULES)
    tree.put("photos/one.jpg", encoded(photo(200, 150, 1)))
    tree.put("photos/two.jpg", encoded(photo(160, 160, 2)))
    tree.put("close/three.jpg", encoded(photo(120, 90, 3)))
    tree.put("icons/four.png", encoded(drawing(), "PNG", compress_level=1))
    tree.put("raw/five.png", encoded(drawing(), "PNG"))
    return tree


def statuses(outcomes: list[dict[str, object]]) -> dict[object, object]:
    return {one["path"]: one["status"] for one in outcomes}


def test_variants_stand_beside_their_originals_and_the_manifest_names_them(site: Tree) -> None:
    before = site.files()
    built = site.build()
    assert statuses(built) == {
        "close/three.jpg": "optimized",
        "icons/four.png": "optimized",
        "photos/one.jpg": "optimized",
        "photos/two.jpg": "optimized",
        "raw/five.png": "skipped",
    }
    after = site.files()
    assert {path: after[path] for path in before} == before
    named = {variant["path"]: variant for entry in site.manifest.values() for variant in entry["variants"]}
    assert set(after) - set(before) == {*named, "semopt-manifest.json"}
    for path, variant in named.items():
        original = path.partition(".semopt.")[0]
        image = Image.open(io.BytesIO(after[path]))
        assert image.size == (variant["width"], variant["height"])
        assert len(after[path]) == variant["bytes"] < len(before[original])
        assert Image.MIME[image.format or ""] == variant["media_type"]
    assert [one["for"] for one in site.manifest["photos/one.jpg"]["variants"]] == ["machines"]
    assert {one["for"] for one in site.manifest["close/three.jpg"]["variants"]} == {"people"}
    assert site.manifest["photos/one.jpg"]["variants"][0]["scores"]["embedded"]["similarity"] >= 0.6


@pytest.mark.parametrize(("serve", "audience"), [("", "machines"), (", serve: semantic", "people")])
def test_who_a_semantic_variant_is_for(tree: Tree, serve: str, audience: str) -> None:
    tree.put("a.jpg", encoded(photo(200, 150, 3)))
    keep = "keep: {similarity: 0.1}"
    tree.put("semopt.yaml", f"version: 1\nrules: [{{match: '**', strategy: semantic, {keep}{serve}}}]\n")
    tree.build()
    assert [variant["for"] for variant in tree.manifest["a.jpg"]["variants"]] == [audience]


@pytest.mark.parametrize("strategy", ["semantic", "visual", "lossless"])
def test_a_placeholder_is_a_picture_of_a_kilobyte(tree: Tree, strategy: str) -> None:
    tree.put("a.jpg", encoded(photo(400, 300, 3)))
    tree.put("semopt.yaml", f"version: 1\nrules: [{{match: '**', strategy: {strategy}, placeholder: true}}]\n")
    for _ in range(2):
        tree.build()
        uri = tree.manifest["a.jpg"]["placeholder"]
        assert uri.startswith("data:image/webp;base64,")
        assert len(uri) <= 1024
        with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as image:
            assert abs(image.width / image.height - 4 / 3) < 0.1
    tree.put("semopt.yaml", f"version: 1\nrules: [{{match: '**', strategy: {strategy}}}]\n")
    tree.build()
    assert tree.manifest["a.jpg"]["placeholder"] is None


def test_when_the_time_is_up_originals_serve_and_the_next_build_goes_on(tree: Tree, tmp_path: Path) -> None:
    for number in range(6):
        tree.put(f"{number}.jpg", encoded(photo(300, 200, number)))
    tree.put(
        "semopt.yaml", "version: 1\nrules: [{match: '**', strategy: visual, formats: [webp], placeholder: true}]\n"
    )
    other = Tree(shutil.copytree(tree.root, tmp_path / "other"))
    other.build()
    ran = tree.semopt("build", "--time-limit", "0")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert {entry["reason"] for entry in tree.manifest.values()} == {
        "the time was up before its turn; the next build goes on"
    }
    assert {(entry["status"], len(entry["variants"])) for entry in tree.manifest.values()} == {("kept", 0)}
    tree.build("--time-limit", "1.5")  # some are done, some were halted, some are left
    tree.build("--time-limit", "60")
    assert tree.files() == other.files()
    assert {line["status"] for line in tree.build()} == {"cached"}


def test_a_search_that_was_halted_is_not_taken_for_the_answer(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.put("a.jpg", encoded(photo(300, 200, 1)))
    tree.put("semopt.yaml", "version: 1\nrules: [{match: '**', strategy: visual, formats: [webp]}]\n")
    settings = config.load(tree.root / "semopt.yaml")
    real, calls = engine.Engine._advance, []

    def slow(self: engine.Engine, run: Any, answer: Any) -> Any:
        calls.append(answer)
        if len(calls) == 3:
            self._until = time.monotonic()
        return real(self, run, answer)

    with monkeypatch.context() as patched:
        patched.setattr(engine.Engine, "_advance", slow)
        (outcome,) = pipeline.run(settings, pipeline.Scope())
    assert "the next build goes on" in outcome.reason or "the time was up" in outcome.reason
    assert outcome.reason != engine.LEFT  # that would be a search that was dropped
    (again,) = pipeline.run(settings, pipeline.Scope())
    assert (again.status, again.reason) == ("optimized", "")


def test_lossless_gives_the_same_pixels(site: Tree) -> None:
    site.build()
    for variant in site.manifest["icons/four.png"]["variants"]:
        again = Image.open(site.root / variant["path"]).convert("RGB")
        assert again.tobytes() == drawing().tobytes()


def test_a_second_build_does_nothing(site: Tree) -> None:
    site.build()
    before = {file: os.lstat(file).st_mtime_ns for file in site.root.rglob("*.semopt.*")}
    assert set(statuses(site.build()).values()) == {"cached", "skipped"}
    assert {file: os.lstat(file).st_mtime_ns for file in site.root.rglob("*.semopt.*")} == before


def test_a_build_with_nothing_to_do_imports_neither_torch_nor_numpy_and_decodes_nothing(site: Tree) -> None:
    site.build()
    script = (
        "import sys; from semopt.cli import main; code = main(['build', '-q']);"
        "heavy = {'torch', 'numpy', 'scipy', 'tqdm', 'semopt.engine', 'semopt.images'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=site.root, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_only_what_a_change_touches_is_built_again(site: Tree) -> None:
    site.build()
    site.put("photos/one.jpg", encoded(photo(200, 150, 9)))
    assert [path for path, status in statuses(site.build()).items() if status == "optimized"] == ["photos/one.jpg"]
    site.put("semopt.yaml", RULES.replace("strategy: visual,", "strategy: visual, floor: {ssimulacra2: 60},"))
    assert [path for path, status in statuses(site.build()).items() if status == "optimized"] == ["close/three.jpg"]
    site.put("semopt.yaml", RULES)
    assert "optimized" not in statuses(site.build()).values()


def test_another_version_of_a_library_rebuilds_what_it_touches(site: Tree) -> None:
    site.build()
    script = (
        "import sys, dataclasses; import semopt.encoders as e; from semopt.cli import main;"
        "e.ENCODERS['jpeg'] = dataclasses.replace(e.ENCODERS['jpeg'], settings=99); sys.exit(main(['build', '-v']))"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=site.root, capture_output=True, text=True)
    built = [line for line in ran.stdout.splitlines() if ": optimized: " in line or " kB to " in line]
    assert sorted(line.partition(":")[0] for line in built if "cached" not in line) == [
        "close/three.jpg",
        "photos/one.jpg",
        "photos/two.jpg",
    ]


def test_a_renamed_image_is_not_searched_again_and_its_old_variant_goes(site: Tree) -> None:
    site.build()
    old = site.manifest["photos/one.jpg"]["variants"][0]["path"]
    (site.root / "photos/one.jpg").rename(site.root / "photos/moved.jpg")
    assert statuses(site.build())["photos/moved.jpg"] == "cached"
    assert not (site.root / old).exists()
    assert (site.root / site.manifest["photos/moved.jpg"]["variants"][0]["path"]).exists()


def test_equal_images_are_searched_once(tree: Tree) -> None:
    content = encoded(photo(150, 100, 4))
    tree.put("semopt.yaml", RULES).parent.joinpath("photos").mkdir()
    for name in ("a", "b", "c"):
        tree.put(f"photos/{name}.jpg", content)
    built = tree.build()
    assert sorted(str(one["status"]) for one in built) == ["cached", "cached", "optimized"]
    assert len({one["variants"][0]["sha256"] for one in built}) == 1


@pytest.mark.parametrize("harm", ["delete", "cache", "index", "state", "manifest"])
def test_what_was_lost_is_made_again_byte_for_byte(site: Tree, harm: str) -> None:
    site.build()
    whole = site.files()
    variant = site.root / site.manifest["photos/one.jpg"]["variants"][0]["path"]
    {
        "delete": variant.unlink,
        "cache": lambda: (shutil.rmtree(site.root / ".semopt/cache"), variant.unlink()),
        "index": lambda: (site.root / ".semopt/index.json").write_bytes(b"{"),
        "state": lambda: shutil.rmtree(site.root / ".semopt"),
        "manifest": lambda: (site.root / "semopt-manifest.json").write_bytes(whole["semopt-manifest.json"] + b" "),
    }[harm]()
    site.build()
    assert site.files() == whole


@pytest.mark.parametrize("edit", [{"bytes": "many", "width": -1}, {"bytes": 7, "width": 7}])
def test_an_entry_edited_by_hand_is_not_believed_because_another_image_was_built(
    site: Tree, edit: dict[str, object]
) -> None:
    site.build()
    whole = site.files()
    manifest = site.root / "semopt-manifest.json"
    written = json.loads(manifest.read_bytes())
    written["assets"]["photos/one.jpg"] |= edit
    manifest.write_text(json.dumps(written))
    site.build("--only", "photos/two.jpg")
    assert site.manifest["photos/one.jpg"]["bytes"] == edit["bytes"]
    site.build()
    assert site.files() == whole


def test_a_foreign_file_in_the_way_fails_its_image_only(site: Tree) -> None:
    site.build()
    variant = site.root / site.manifest["photos/one.jpg"]["variants"][0]["path"]
    variant.write_bytes(b"edited by hand")
    ran = site.semopt("build")
    assert ran.returncode == 1
    assert "photos/one.jpg: failed: " in ran.stderr
    assert "was changed since semopt wrote it; move it away or delete it; the original is untouched" in ran.stderr
    assert variant.read_bytes() == b"edited by hand"
    assert site.manifest["photos/two.jpg"]["status"] == "optimized"
    variant.unlink()
    assert site.semopt("build").returncode == 0
    assert variant.exists()


def test_variants_go_with_their_original_or_rule_and_edited_ones_stay(site: Tree) -> None:
    site.build()
    one, two = (site.root / site.manifest[f"photos/{name}.jpg"]["variants"][0]["path"] for name in ("one", "two"))
    two.write_bytes(b"edited by hand")
    shutil.move(site.root / "photos/one.jpg", site.root.parent / "kept-one.jpg")
    site.put(
        "semopt.yaml",
        RULES.replace("strategy: semantic, formats: [webp, jpeg], keep: {similarity: 0.6}", "strategy: skip"),
    )
    ran = site.semopt("build")
    assert not one.exists()
    assert two.read_bytes() == b"edited by hand"
    assert two.name in ran.stderr
    assert (site.root / "photos/two.jpg").exists()


def test_only_keeps_everything_else_as_it_is(site: Tree) -> None:
    site.build()
    manifest = site.manifest
    (site.root / "icons/four.png").unlink()
    site.put("photos/one.jpg", encoded(photo(200, 150, 9)))
    assert [one["path"] for one in site.build("--only", "photos/one.*")] == ["photos/one.jpg"]
    assert site.manifest["photos/two.jpg"] == manifest["photos/two.jpg"]
    assert site.manifest["photos/one.jpg"] != manifest["photos/one.jpg"]


def test_the_manifest_is_the_same_at_any_number_of_jobs(site: Tree, tmp_path: Path) -> None:
    other = Tree(Path(shutil.copytree(site.root, tmp_path / "other")))
    one, many = site.build("--jobs", "1"), other.build("--jobs", "3")
    assert site.files() == other.files()
    assert [outcome["path"] for outcome in one] == [outcome["path"] for outcome in many]


def test_an_interrupted_build_and_a_second_one_equal_one_undisturbed(site: Tree, tmp_path: Path) -> None:
    for number in range(12):
        site.put(f"photos/more{number}.jpg", encoded(photo(150, 150, 50 + number)))
    undisturbed = Tree(Path(shutil.copytree(site.root, tmp_path / "other")))
    undisturbed.build()
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        build = started(site)
        deadline = time.monotonic() + 60
        while not list(site.root.rglob("*.semopt.*")) and build.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        build.send_signal(number)
        _, errors = build.communicate(timeout=60)
        assert b"Traceback" not in errors, errors
        for path, entry in (site.manifest if (site.root / "semopt-manifest.json").exists() else {}).items():
            for variant in entry["variants"]:
                assert (site.root / variant["path"]).stat().st_size == variant["bytes"], path
    site.build()
    assert site.files() == undisturbed.files()
    assert not list(site.root.rglob(".semopt-*"))


def started(site: Tree) -> subprocess.Popen[bytes]:
    """A build that runs, and hears Ctrl-C though this test may run in the background, where that is ignored."""
    hears = None if sys.platform == "win32" else lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    command = [sys.executable, "-m", "semopt", "build", "-v"]
    return subprocess.Popen(command, cwd=site.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=hears)


@pytest.mark.parametrize("swallow", ["raise ImportError('initialization failed')", "pass"])
@pytest.mark.skipif(sys.platform == "win32", reason="signals are another thing on Windows")
def test_a_signal_in_the_middle_of_a_library_still_stops(site: Tree, swallow: str) -> None:
    trap = site.put(
        "../trap/sitecustomize.py",
        "import os, signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # which may be ignored where the tests run\n"
        "import semopt.pipeline as pipeline\n"
        "def run(*arguments):\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    except BaseException:\n"
        f"        {swallow}\n"
        "    return iter(())\n"
        "pipeline.run = run\n",
    )
    ran = site.semopt("build", PYTHONPATH=os.pathsep.join([str(trap.parent), os.environ.get("PYTHONPATH", "")]))
    assert (ran.returncode, ran.stderr) == (130, "stopped; what was finished is kept\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.skipif(sys.platform == "win32", reason="signals are another thing on Windows")
def test_exit_codes_of_signals(site: Tree, number: signal.Signals, code: int) -> None:
    for extra in range(20):
        site.put(f"photos/more{extra}.jpg", encoded(photo(200, 150, 80 + extra)))
    build = started(site)
    while not (site.root / ".semopt/lock").exists() and build.poll() is None:
        time.sleep(0.01)
    time.sleep(0.3)
    build.send_signal(number)
    _, errors = build.communicate(timeout=60)
    assert (build.returncode, b"Traceback" in errors) == (code, False), errors


BAD = {
    "truncated.jpg": encoded(photo(200, 150))[:4000],
    "empty.png": b"",
    "words.jpg": b"this is no picture at all",
    "page.webp": b"<!doctype html><title>404</title>",
}


def test_bad_input_costs_its_own_image_with_a_reason_each(site: Tree) -> None:
    for name, content in BAD.items():
        site.put(f"photos/{name}", content)
    site.put("photos/really-a-png.jpg", encoded(photo(90, 90), "PNG"))
    site.put("photos/animated.gif", animation())
    ran = site.semopt("build")
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    manifest = site.manifest
    for name in BAD:
        entry = manifest[f"photos/{name}"]
        assert (entry["status"], entry["variants"]) == ("failed", [])
        assert f"photos/{name}: failed: {entry['reason']}; the original is untouched" in ran.stderr
    assert manifest["photos/animated.gif"]["status"] == "kept"
    assert "animated" in manifest["photos/animated.gif"]["reason"]
    assert manifest["photos/really-a-png.jpg"]["status"] == "optimized"
    assert manifest["photos/one.jpg"]["status"] == "optimized"
    again = site.build()
    assert statuses(again)["photos/empty.png"] == "failed"
    assert {path: (site.root / "photos" / path).read_bytes() for path in BAD} == BAD


def animation() -> bytes:
    frames = [photo(40, 40, seed).convert("P") for seed in range(3)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


DENIED = """import os
whole = os.open
def denied(path, *arguments, **named):
    if os.path.basename(os.fspath(path)) == "one.jpg":
        raise PermissionError(13, "Permission denied", str(path))
    return whole(path, *arguments, **named)
os.open = denied
"""


def test_an_unreadable_image_costs_itself_only(site: Tree) -> None:
    """Refused by a trap rather than by its mode, since root reads everything."""
    site.put("../trap/sitecustomize.py", DENIED)
    ran = site.semopt("build", PYTHONPATH=str(site.root.parent / "trap"))
    assert ran.returncode == 1
    assert "photos/one.jpg: failed: cannot be read: Permission denied; the original is untouched" in ran.stderr
    assert site.manifest["photos/two.jpg"]["status"] == "optimized"


def test_limits_refuse_before_decoding(tree: Tree) -> None:
    tree.put("semopt.yaml", "version: 1\nlimits: {max_pixels: 10000, max_bytes: 30kB}\n")
    tree.put("wide.png", encoded(Image.new("L", (200, 100)), "PNG"))
    tree.put("heavy.jpg", encoded(photo(99, 99)) + b"\0" * 40_000)
    reasons = {one["path"]: one["reason"] for one in tree.build()}
    assert "limits.max_pixels" in reasons["wide.png"]
    assert "limits.max_bytes" in reasons["heavy.jpg"]


def test_without_a_config_photographs_and_graphics_are_told_apart(tree: Tree) -> None:
    tree.put("photo.jpg", encoded(photo(300, 200)))
    tree.put("drawing.png", encoded(drawing(300, 200), "PNG", compress_level=0))
    tree.build()
    assert tree.manifest["photo.jpg"]["strategy"] == "both"
    assert tree.manifest["drawing.png"]["strategy"] == "lossless"


def test_orientation_is_baked_in_and_metadata_left_out(tree: Tree) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera"
    exif.get_ifd(0x8825)[1] = "N"
    tree.put("semopt.yaml", "version: 1\nrules: [{match: '**', strategy: visual, formats: [webp, jpeg]}]")
    tree.put("turned.jpg", encoded(photo(200, 100), exif=exif, icc_profile=srgb()))
    tree.build()
    assert (tree.manifest["turned.jpg"]["width"], tree.manifest["turned.jpg"]["height"]) == (100, 200)
    for variant in tree.manifest["turned.jpg"]["variants"]:
        image = Image.open(tree.root / variant["path"])
        assert image.size == (100, 200)
        assert not {"exif", "icc_profile", "xmp"} & set(image.info)


def test_metadata_is_kept_where_the_rule_says_so(tree: Tree) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x8298], exif[0x010F] = 6, "Ada", "Camera"
    tree.put(
        "semopt.yaml", "version: 1\nrules: [{match: '**', strategy: visual, formats: [webp], metadata: copyright}]"
    )
    tree.put("turned.jpg", encoded(photo(200, 100), exif=exif))
    tree.build()
    kept = Image.open(tree.root / tree.manifest["turned.jpg"]["variants"][0]["path"]).getexif()
    assert (kept.get(0x8298), kept.get(0x010F), kept.get(0x0112, 1)) == ("Ada", None, 1)


def srgb() -> bytes:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_transparency_is_kept_or_laid_on_the_background(tree: Tree) -> None:
    image = photo(120, 90).convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 60, 90))
    tree.put(
        "semopt.yaml",
        "version: 1\nrules: [{match: '**', strategy: visual, formats: [webp, jpeg], background: '#ff0000'}]",
    )
    tree.put("half.png", encoded(image, "PNG"))
    tree.build()
    by_format = {one["format"]: Image.open(tree.root / one["path"]) for one in tree.manifest["half.png"]["variants"]}
    assert by_format["webp"].convert("RGBA").getpixel((20, 40))[3] == 0  # type: ignore[index]
    red = by_format["jpeg"].convert("RGB").getpixel((20, 40))
    assert isinstance(red, tuple)
    assert red[0] > 240
    assert max(red[1:]) < 20


@pytest.mark.parametrize(
    ("formats", "made"),
    [("webp, jpeg", {"webp"}), ("avif, jpeg", {"avif"}), ("jpeg", {"jpeg"}), ("webp, avif, jpeg", {"webp", "avif"})],
)
def test_what_is_transparent_stays_so_where_no_background_is_named(tree: Tree, formats: str, made: set[str]) -> None:
    image = photo(120, 90).convert("RGBA")
    image.putalpha(128)
    tree.put("semopt.yaml", f"version: 1\nrules: [{{match: '**', strategy: visual, formats: [{formats}]}}]")
    tree.put("half.png", encoded(image, "PNG"))
    tree.put("whole.png", encoded(photo(120, 90), "PNG"))
    tree.build()
    found = {path: {one["format"] for one in entry["variants"]} for path, entry in tree.manifest.items()}
    assert found["half.png"]
    assert found["half.png"] <= made
    assert "jpeg" in found["whole.png"]


def test_what_is_transparent_has_no_placeholder(tree: Tree) -> None:
    image = photo(120, 90).convert("RGBA")
    image.putalpha(128)
    tree.put("semopt.yaml", "version: 1\nrules: [{match: '**', strategy: visual, placeholder: true}]")
    tree.put("half.png", encoded(image, "PNG"))
    tree.build()
    assert tree.manifest["half.png"]["variants"]
    assert tree.manifest["half.png"]["placeholder"] is None  # it would show through for ever


def test_dry_run_writes_nothing(site: Tree) -> None:
    before = site.files()
    ran = site.semopt("build", "--dry-run")
    assert ran.returncode == 0
    assert "photos/one.jpg: would be searched (semantic)" in ran.stdout
    assert site.files() == before
    assert not (site.root / ".semopt").exists()


def test_two_builds_at_once_take_turns(site: Tree) -> None:
    command = [sys.executable, "-m", "semopt", "build", "--json"]
    both = [subprocess.Popen(command, cwd=site.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    ended = [build.communicate(timeout=120) for build in both]
    assert [build.returncode for build in both] == [0, 0]
    assert sum(out.count(b'"status": "optimized"') > 3 for out, _ in ended) == 1


def hide_worker(site: Tree, body: str) -> dict[str, str]:
    """An environment in which workers run `body` for one image first."""
    site.put("../trap/sitecustomize.py", f"import sys\nif 'semopt.worker' in sys.orig_argv:\n{body}")
    return {"PYTHONPATH": str(site.root.parent / "trap")}


TRAP = """
    import semopt.session as session
    whole = session.Session.__init__
    def trapped(self, opening):
        if opening.file.name == "one.jpg":
            import os, time
            {act}
        whole(self, opening)
    session.Session.__init__ = trapped
"""


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("os.kill(os.getpid(), 9)", "the worker died (signal 9)"),
        ("time.sleep(99)", "took longer than 3 s (limits.seconds)"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="signals are another thing on Windows")
def test_a_worker_that_dies_or_hangs_costs_one_image(site: Tree, act: str, reason: str) -> None:
    site.put("semopt.yaml", RULES + "limits: {seconds: 3}\n")
    environment = hide_worker(site, TRAP.format(act=act))
    ran = site.semopt("build", "--jobs", "1", **environment)
    assert f"photos/one.jpg: failed: {reason}; the original is untouched" in ran.stderr
    assert site.manifest["photos/two.jpg"]["status"] == "optimized"
    assert site.semopt("build").returncode == 0
    assert site.manifest["photos/one.jpg"]["status"] == "optimized"


CHANGE = "opening.file.write_bytes(b'something else')"


def test_an_image_that_changes_or_goes_while_it_is_read_fails_alone(site: Tree) -> None:
    for act, reason in ((CHANGE, "changed"), ("opening.file.unlink(missing_ok=True)", "cannot be read")):
        site.put("photos/one.jpg", encoded(photo(200, 150, 1)))
        ran = site.semopt("build", **hide_worker(site, TRAP.format(act=act)))
        assert ran.returncode == 1
        assert "Traceback" not in ran.stderr
        assert "photos/one.jpg: failed: " in ran.stderr
        assert reason in ran.stderr
        assert site.manifest["photos/two.jpg"]["status"] == "optimized"


def network(seed: int) -> bytes:
    """Weights of a small network of torchvision, drawn at random, but sure of one class."""
    torch = pytest.importorskip("torch", reason="needs semopt[torch]")
    from semopt.evaluators.operators import import_torchvision

    torch.manual_seed(seed)
    buffer = io.BytesIO()
    weights = import_torchvision().models.squeezenet1_1(weights=None).state_dict()
    weights["classifier.1.bias"][7] += 10
    torch.save(weights, buffer)
    return buffer.getvalue()


def test_a_network_of_torchvision_judges_and_a_changed_weights_file_rebuilds_its_images_only(tree: Tree) -> None:
    tree.put("nets/small.pth", network(0))
    tree.put(
        "semopt.yaml",
        "version: 1\nevaluators: {net: {kind: torchvision, model: squeezenet1_1, weights: nets/small.pth}}\n"
        "rules:\n"
        "  - {match: 'a/**', strategy: semantic, formats: [webp], evaluator: net, keep: {similarity: 0.3}}\n"
        "  - {match: 'b/**', strategy: semantic, formats: [webp], evaluator: [net, embedded],\n"
        "     keep: {similarity: 0.5}}\n"
        "  - {match: 'c/**', strategy: semantic, formats: [webp], keep: {similarity: 0.5}}\n",
    )
    for place in ("a", "b", "c"):
        tree.put(f"{place}/one.jpg", encoded(photo(160, 120, 5)))
    built = {one["path"]: one for one in tree.build()}
    scores = built["b/one.jpg"]["variants"][0]["scores"]
    assert set(scores) == {"net", "embedded"}
    assert scores["net"]["label_before"]
    assert built["a/one.jpg"]["work"]["reference"] == 4  # as it is, mirrored, shifted, resampled
    assert built["b/one.jpg"]["work"]["judges"]["net"]["reference"] == 4
    assert set(statuses(tree.build()).values()) == {"cached"}
    tree.put("nets/small.pth", network(1))
    assert statuses(tree.build())["c/one.jpg"] == "cached"
    tree.put("nets/small.pth", network(0))
    assert set(statuses(tree.build()).values()) == {"cached"}


LOOPS = """version: 1
evaluators: {net: {kind: torchvision, model: squeezenet1_1, weights: nets/small.pth}}
rules:
  - {match: "resize/**", strategy: resize, evaluator: net}
  - {match: "formats/**", strategy: resize, evaluator: [net, embedded], formats: [webp, png]}
  - {match: "jpeg/**", strategy: jpeg, evaluator: net}
"""


def test_the_loops_of_the_post_through_the_command(tree: Tree) -> None:
    tree.put("nets/small.pth", network(0))
    tree.put("semopt.yaml", LOOPS)
    for place in ("resize", "formats", "jpeg"):
        tree.put(f"{place}/one.png", encoded(photo(96, 72, 5), "PNG", compress_level=0))
    built = {one["path"]: one for one in tree.build()}
    assert {one["status"] for one in built.values()} == {"optimized"}
    before = tree.files()
    for path, one in built.items():
        (variant,) = one["variants"]
        scores = variant["scores"]["net"]
        assert scores["rank"] == 0
        assert scores["label"] == scores["label_before"]
        assert variant["for"] == "machines"
        assert variant["bytes"] < one["bytes"]
        assert (variant["width"] == 96) == path.startswith("jpeg/")
    assert built["resize/one.png"]["variants"][0]["format"] == "jpeg"
    assert set(statuses(tree.build()).values()) == {"cached"}
    shutil.rmtree(tree.root / ".semopt")
    tree.put("semopt.yaml", LOOPS.replace("strategy: jpeg,", "strategy: jpeg, seed: 12,"))
    tree.build()
    changed = {path for path, content in tree.files().items() if content != before.get(path)}
    assert changed == {"semopt.yaml", "semopt-manifest.json", "jpeg/one.png.semopt.jpg"}


def test_the_loops_of_the_post_need_a_judge_with_classes(tree: Tree) -> None:
    tree.put("semopt.yaml", "version: 1\nrules:\n  - {match: '**', strategy: resize}\n")
    ran = tree.semopt("build")
    assert ran.returncode == 2
    assert (
        "semopt.yaml:3: rules[0].strategy: 'resize' needs a judge with classes, found only 'embedded'; "
        "add one of kind torchvision" in ran.stderr
    )
