"""`make bench`: the figures that the README claims, measured on your own photographs.

    python -m tests.bench --photos DIR --weights mobilenet_v2.pth [--only noop|search|memory|judge]

Without photographs the pictures are drawn, and the part that needs a network is left out. Counts (passes, encodes,
bytes) repeat; seconds are those of this machine, now.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from semopt.criteria import Recognised, with_default
from semopt.evaluators import KINDS
from semopt.search import exhaustive
from semopt.types import EvaluatorSpec, Keep
from tests.bench.installed import compiled
from tests.bench.lattices import Live, photographs
from tests.bench.simulate import simulated

SEMOPT = (sys.executable, "-m", "semopt")


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--weights", type=Path, help="of torchvision's mobilenet_v2")
    parser.add_argument("--sample", type=int, default=20, help="photographs searched exhaustively")
    parser.add_argument("--images", type=int, default=1000, help="images of the build with nothing to do")
    parser.add_argument("--only", choices=("noop", "search", "memory", "judge"))
    wanted = parser.parse_args()
    compiled()
    files = photographs(wanted.photos) if wanted.photos else []
    with tempfile.TemporaryDirectory() as folder:
        if wanted.only in (None, "noop"):
            nothing_to_do(Path(folder) / "noop", files, wanted.images)
        if wanted.only in (None, "memory"):
            memory(Path(folder) / "memory", files)
        if wanted.only in (None, "judge"):
            judge(next(pictures(files)))
        if wanted.only in (None, "search"):
            if files and wanted.weights:
                search(Path(folder) / "search", files, wanted.weights.resolve(), wanted.sample)
            else:
                print("search: left out; it needs --photos and --weights")


def pictures(files: Sequence[Path]) -> Iterator[Image.Image]:
    """The photographs, over and over; where there are none, soft noise."""
    random = np.random.default_rng(0)
    while True:
        for file in files:
            yield Image.open(file).convert("RGB")
        if not files:
            small = Image.fromarray(random.integers(0, 256, (24, 32, 3), dtype=np.uint8))
            yield small.resize((512, 384), Image.Resampling.BICUBIC)


def nothing_to_do(folder: Path, files: Sequence[Path], count: int) -> None:
    """The whole process of a build in which nothing has changed."""
    for number, picture in zip(range(count), pictures(files), strict=False):
        place = folder / f"{number % 20:02d}"
        place.mkdir(parents=True, exist_ok=True)
        picture.resize((96 + number % 7, 72 + number // 7 % 7)).save(place / f"{number:05d}.jpg", quality=90)
    rule = "version: 1\nrules: [{match: '**', strategy: semantic, formats: [webp], keep: {similarity: 0.5}}]\n"
    (folder / "semopt.yaml").write_text(rule)
    run("build", str(folder), "-q")
    time.sleep(2.1)  # files younger than two seconds are compared by content
    run("build", str(folder), "-q")
    walls, cpus = zip(*[timed("build", str(folder), "-q") for _ in range(9)], strict=True)
    script = (
        "import sys; from semopt.cli import main; main(['build', sys.argv[1], '-q']); print('torch' in sys.modules)"
    )
    torch = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True
    ).stdout.strip()
    variants = len(list(folder.rglob("*.semopt.*")))
    print(
        f"nothing to do, {count} images and {variants} variants: wall {min(walls):.2f} s at least, "
        f"{statistics.median(walls):.2f} s in the median of {len(walls)}; processor {statistics.median(cpus):.2f} s; "
        f"torch imported: {torch}"
    )


def judge(picture: Image.Image) -> None:
    """The embedded network on one core: from nothing to the first look, then a look, a comparison and a yard."""
    script = (
        "import time; begun = time.perf_counter()\n"
        "from semopt.evaluators import KINDS; from semopt.types import EvaluatorSpec\n"
        "KINDS['embedded'].load(EvaluatorSpec('embedded', 'embedded'), False)\n"
        "print(time.perf_counter() - begun)"
    )
    loads = [float(subprocess.check_output([sys.executable, "-c", script])) for _ in range(9)]
    embedded = KINDS["embedded"].load(EvaluatorSpec("embedded", "embedded"), False)
    picture.thumbnail((512, 512))
    marks = []
    for _ in range(60):
        marks.append([time.perf_counter()])
        (seen,) = embedded.observe([picture])
        marks[-1].append(time.perf_counter())
        for _ in range(2):  # the first time the original's yard is measured
            embedded.compare(seen, seen)
            marks[-1].append(time.perf_counter())
    names = ("a look", "an original's first comparison", "a comparison")
    times = dict(zip(names, 1e3 * np.diff(marks).T, strict=True))
    said = "; ".join(f"{name} {min(ms):.1f} to {np.median(ms):.1f} ms" for name, ms in times.items())
    size = f"{picture.width} x {picture.height} px"
    print(f"embedded, {size}, least to median of 60: {said}; loaded in {min(loads):.2f} to {max(loads):.2f} s")


def memory(folder: Path, files: Sequence[Path]) -> None:
    """Peak memory of a build of one 50-megapixel JPEG with one worker: the processes' own peaks added up."""
    if not Path("/proc/self/status").exists():
        print("memory: left out; it is read from /proc")
        return
    folder.mkdir()
    next(pictures(files)).resize((8660, 5773), Image.Resampling.BICUBIC).save(folder / "large.jpg", quality=90)
    for strategy in ("both", "semantic"):
        (folder / "semopt.yaml").write_text(f"version: 1\nrules: [{{match: '**', strategy: {strategy}}}]\n")
        build = subprocess.Popen([*SEMOPT, "build", str(folder), "--jobs", "1", "-q"])
        peaks: dict[int, float] = {}
        while build.poll() is None:
            for process in (build.pid, *children(build.pid)):
                peaks[process] = max(peaks.get(process, 0.0), resident(process))
            time.sleep(0.02)
        each = ", ".join(f"{peak:.0f}" for peak in peaks.values())
        print(f"50 megapixels, --jobs 1, {strategy}: {sum(peaks.values()):.0f} MB at the peak ({each})")


def children(process: int) -> list[int]:
    """The processes that another one has started and still has."""
    found = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found += [int(word) for word in task.read_text().split()]
        except OSError:
            continue
    return found


def resident(process: int) -> float:
    """Peak resident memory of a process so far, in MB."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM")), 0.0)


def search(folder: Path, files: Sequence[Path], weights: Path, sample: int) -> None:
    """`semantic` with MobileNetV2 on every photograph through the command; on a sample the exhaustive search too.

    The sample is of those whose original the network sees well enough to decide about.
    """
    folder.mkdir()
    for file in files:
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "semopt.yaml").write_text(
        "version: 1\nevaluators:\n"
        f"  net: {{kind: torchvision, model: mobilenet_v2, weights: {json.dumps(str(weights))}}}\n"
        "rules: [{match: '**', strategy: semantic, evaluator: net}]\n"
    )
    begun = time.monotonic()
    lines = [json.loads(line) for line in run("build", str(folder), "--json").splitlines()]
    seconds = time.monotonic() - begun
    outcomes = {line["path"]: line for line in lines if line["type"] == "outcome"}
    searched = [one for one in outcomes.values() if one["strategy"] == "semantic"]
    print(f"{len(searched)} of {len(outcomes)} photographs are searched, the others kept close to the eye")
    report(searched, seconds / len(outcomes))
    spec = EvaluatorSpec("net", "torchvision", (("model", "mobilenet_v2"), ("weights", str(weights))))
    judges = {"net": KINDS["torchvision"].load(spec, False)}
    rule = Recognised((("net", with_default(Keep())),))
    pairs, passes = [], []
    for file in [file for file in files if outcomes[file.name]["strategy"] == "semantic"][:sample]:
        ended, counts = simulated(exhaustive, Live(file, judges), rule)
        found = outcomes[file.name]["variants"]
        best = ended.accepted[0].bytes if ended.accepted else file.stat().st_size
        pairs.append((found[0]["bytes"] if found else file.stat().st_size, best))
        passes.append(counts["search"])
    ours, best = np.array(pairs, float).T
    low, high = interval(ours, best)
    print(
        f"against the exhaustive search on {len(pairs)} of them: {ours.mean() / best.mean():.3f} times its mean bytes "
        f"(95 % interval {low:.3f} to {high:.3f}); it took {statistics.median(passes):.0f} search passes in the median"
    )


def report(outcomes: Sequence[dict[str, Any]], seconds: float) -> None:
    """Bytes and counts of a build, with the passes of each judge."""
    sizes = [one["variants"][0]["bytes"] for one in outcomes if one["variants"]]
    work = {key: [one["work"][key] for one in outcomes] for key in ("encodes", "measures")}
    for name in outcomes[0]["work"]["judges"]:
        passes = [one["work"]["judges"][name] for one in outcomes]
        work |= {f"{name} {phase}": [one[phase] for one in passes] for phase in passes[0]}
    counts = "; ".join(
        f"{key} {statistics.median(values):.0f} (mean {statistics.mean(values):.1f}, most {max(values)})"
        for key, values in work.items()
        if any(values)
    )
    formats = sorted({one["variants"][0]["format"] for one in outcomes if one["variants"]})
    share = {name: sum(v["variants"][0]["format"] == name for v in outcomes if v["variants"]) for name in formats}
    print(
        f"semantic with mobilenet_v2: {len(sizes)} of {len(outcomes)} photographs written, "
        f"mean {statistics.mean(sizes):,.0f} and median {statistics.median(sizes):,.0f} bytes, {share}, "
        f"{seconds:.2f} s a photograph of all\n"
        f"  medians an image: {counts}"
    )


def interval(ours: Any, best: Any) -> tuple[float, float]:
    """95 % interval of the ratio of means, by drawing photographs with replacement."""
    random = np.random.default_rng(0)
    draws = random.integers(0, len(ours), (2000, len(ours)))
    ratios = ours[draws].mean(axis=1) / best[draws].mean(axis=1)
    return float(np.quantile(ratios, 0.025)), float(np.quantile(ratios, 0.975))


def run(*arguments: str) -> str:
    """Standard output of the command."""
    return subprocess.run([*SEMOPT, *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout


def timed(*arguments: str) -> tuple[float, float]:
    """Wall and processor seconds of the whole process."""
    before, begun = os.times(), time.monotonic()
    run(*arguments)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - begun, cpu


if __name__ == "__main__":
    main()
