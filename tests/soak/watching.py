"""Watch under fire: real processes, many files at once, git, stops and moves; then the tree is what one build gives.

`rounds` scales it: ten files a round, so that 1,000 rounds are bursts of 10,000 files, about ten minutes on two cores.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.soak.report import Options, Report

CONFIG = "version: 1\nrules: [{match: '**', strategy: lossless, formats: [webp]}]\n"
PATIENCE_S = 60.0  # without a line, before files count as lost
QUIET_S = 10.0  # after the last change everything stands, or after the time of one build where that is longer
SWAPS, REPEATS = 4, 4
GIT = ("git", "-c", "user.name=soak", "-c", "user.email=soak@localhost", "-c", "gc.auto=0")


def run(options: Options) -> Report:
    """All of it, one after the other on one tree."""
    report, stage = Report(), Stage(options.folder, 10 * options.rounds, options.seed)
    stage.prepare()
    report.figures["files at once"] = stage.count
    report.figures["ms one build"] = one_build(stage, stage.folder / "one")
    with Watcher(stage.tree) as watcher:
        trial = Trial(stage, watcher, report)
        trial.until_it_stands("start", lambda: None)
        for turn in range(SWAPS):
            trial.until_it_stands(f"checkout {turn}", lambda branch=turn % 2: stage.checkout(branch))
        trial.idle(min(60.0, options.rounds))
        trial.until_it_stands("copy", stage.copy)
        trial.until_it_stands("stopped while files change", lambda: stage.stopped(watcher.process))
        for turn in range(REPEATS):
            trial.until_it_stands(f"all anew {turn}", lambda turn=turn: stage.write("copied", 10 + turn))
        trial.until_it_stands("folder moved in", stage.move_in)
        trial.until_it_stands("files made in it", lambda: stage.write("moved", 30, stage.count // 10, 7))
        trial.until_it_stands("folder renamed", lambda: (stage.tree / "moved").rename(stage.tree / "renamed"))
        trial.until_it_stands("slow copy", stage.slow_copy)
        trial.same_as_one_build()
        trial.until_it_stands("root made anew", stage.make_anew)
        trial.same_as_one_build()
        trial.memory()
    report.expect("Traceback" not in watcher.said, watcher.said[-500:])
    return report


def picture(seed: int, side: int = 24) -> bytes:
    """A tiny PNG of a few colours, another one for each seed."""
    draw = random.Random(seed)
    colours = [bytes(draw.randrange(256) for _ in range(3)) for _ in range(4)]
    rows = b"".join(b"\0" + b"".join(colours[(x // 6 + y // 6) % 4] for x in range(side)) for y in range(side))
    parts = [
        (b"IHDR", side.to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"),
        (b"IDAT", zlib.compress(rows, 0)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big") for name, body in parts
    )


class Stage:
    """The tree and all that is done to it."""

    def __init__(self, folder: Path, count: int, seed: int) -> None:
        self.folder, self.count, self.seed = folder, count, seed
        self.tree = folder / "tree"

    def prepare(self) -> None:
        """A repository with two branches of many files, one of them checked out."""
        self.tree.mkdir()
        (self.tree / ".gitignore").write_text(
            "*.semopt.*\n.semopt/\nsemopt-manifest.json\n/copied/\n/moved/\n/renamed/\n"
        )
        (self.tree / "semopt.yaml").write_text(CONFIG)
        self._git("init", "-q")
        for branch in (0, 1):
            self.write("pictures", branch)
            self._git("checkout", "-q", "-b", f"branch{branch}")
            self._git("add", ".")
            self._git("commit", "-q", "-m", "pictures")

    def _git(self, *arguments: str) -> None:
        subprocess.run([*GIT, *arguments], cwd=self.tree, check=True, stdout=subprocess.DEVNULL)

    def checkout(self, branch: int) -> None:
        """Swap all of them."""
        self._git("checkout", "-q", f"branch{branch}")

    def write(self, folder: str, version: int, count: int | None = None, begin: int = 0) -> None:
        """Write files in place; another version has other contents."""
        for number in range(begin, begin + (self.count if count is None else count)):
            file = self.tree / folder / f"{number // 100:03d}" / f"{number:05d}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(picture(hash((self.seed, version, number))))

    def copy(self) -> None:
        """Copy a folder in."""
        shutil.copytree(self.tree / "pictures", self.folder / "many")
        shutil.copytree(self.folder / "many", self.tree / "copied")

    def stopped(self, process: subprocess.Popen[str]) -> None:
        """Change every file, most of them while the watcher is stopped: the kernel's queue overflows."""
        self.write("copied", 5, self.count // 4)
        process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        self.write("copied", 5, self.count - self.count // 4, self.count // 4)
        time.sleep(max(0.0, 10.0 - time.monotonic() + begun) if self.count >= 1000 else 1.0)
        process.send_signal(signal.SIGCONT)

    def move_in(self) -> None:
        """Move a folder in from outside."""
        for number in range(self.count // 10):
            file = self.folder / "outside" / f"{number:05d}.png"
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(picture(hash((self.seed, 20, number))))
        (self.folder / "outside").rename(self.tree / "moved")

    def slow_copy(self) -> None:
        """A file of 50 MB that comes in pieces, with pauses of nearly a second; and one saved three times at once."""
        whole = picture(self.seed, 4100)
        with open(self.tree / "slow.png", "wb", buffering=0) as stream:
            for at in range(0, len(whole), len(whole) // 9):
                stream.write(whole[at : at + len(whole) // 9])
                time.sleep(0.8)
        for version in range(3):
            (self.tree / "thrice.png").write_bytes(picture(self.seed + version))
            time.sleep(0.3)

    def make_anew(self) -> None:
        """Remove everything, config included, and make some of it again."""
        while self.tree.exists():  # the watcher removes and writes files too until it notices
            shutil.rmtree(self.tree, ignore_errors=True)
        time.sleep(3.0)
        self.tree.mkdir()
        (self.tree / "semopt.yaml").write_text(CONFIG)
        self.write("copied", 40, self.count // 10)

    def originals(self) -> dict[str, str]:
        """sha256 of each by path."""
        return {
            file.relative_to(self.tree).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in self.tree.rglob("*.png")
        }


def one_build(stage: Stage, place: Path) -> int:
    """Build the originals at another place; gives the milliseconds."""
    for path in ["semopt.yaml", *stage.originals()]:
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(stage.tree / path, place / path)
    begun = time.monotonic()
    subprocess.run([sys.executable, "-m", "semopt", "build", "-q"], cwd=place, check=True)
    return round(1000 * (time.monotonic() - begun))


class Watcher:
    """A `semopt watch --json`: its lines, its processor time and its memory."""

    def __init__(self, tree: Path) -> None:
        self._errors = (tree.parent / "stderr").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "semopt", "watch", str(tree), "--json"],
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self.said = ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.lines.put(json.loads(line))

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        self._errors.seek(0)
        self.said = self._errors.read()

    def processes(self) -> list[int]:
        """The watcher and its workers."""
        found = [self.process.pid]
        for one in found:
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        return found

    def cpu_s(self) -> float:
        """Seconds of processor time that the watcher and its workers have had."""
        rows = [Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split() for one in self.processes()]
        return sum(int(row[11]) + int(row[12]) for row in rows) / os.sysconf("SC_CLK_TCK")

    def memory_kb(self) -> list[int]:
        """Resident memory of each process, the watcher first."""
        texts = [Path(f"/proc/{one}/status").read_text() for one in self.processes()]
        return [int(line.split()[1]) for text in texts for line in text.splitlines() if line.startswith("VmRSS")]


class Trial:
    """Compares what the watcher says with what stands."""

    def __init__(self, stage: Stage, watcher: Watcher, report: Report) -> None:
        self._stage, self._watcher, self._report = stage, watcher, report
        self._known: dict[str, str] = {}
        self._memory: list[tuple[str, int, int]] = []

    def until_it_stands(self, name: str, change: Callable[[], object]) -> None:
        """Make a change; wait until the watcher has built every original that stands then, each once."""
        before = self._stage.originals()
        change()
        quiet, wanted, built = time.monotonic(), self._stage.originals(), Counter[str]()
        changed = {path for path, content in wanted.items() if before.get(path) != content or name == "start"}
        took = 0.0
        for line in self._until(lambda: self._known == wanted):
            if line["type"] == "outcome":
                built[line["path"]] += 1
                self._known[line["path"]] = line["sha256"]
            elif line["type"] == "removed":
                self._known.pop(line["path"], None)
            elif line["type"] == "notice":
                self._report.figures["notices"] += 1
                self._report.expect("instead" not in line["text"], f"{name}: {line['text']}")
            took = time.monotonic() - quiet
        lost = {path for path in wanted if self._known.get(path) != wanted[path]} | self._known.keys() - wanted.keys()
        twice = [path for path in changed if built[path] > 1]
        self._judge(name, took, len(lost), twice, len(changed))

    def _judge(self, name: str, took: float, lost: int, twice: list[str], changed: int) -> None:
        figures = self._report.figures
        figures["changed"] += changed
        figures["lost"] += lost
        figures["built more than once"] += len(twice)
        figures[f"ms until {name} stood"] = round(1000 * took)
        most = max(QUIET_S, 2 * figures["ms one build"] / 1000)
        self._report.expect(not lost, f"{name}: {lost} images were lost")
        self._report.expect(not twice, f"{name}: {len(twice)} images were built more than once, such as {twice[:3]}")
        self._report.expect(took <= most, f"{name}: stood {took:.1f} s after the last change")
        main, *workers = self._watcher.memory_kb()
        self._memory.append((name, main, max(workers, default=0)))

    def _until(self, reached: Callable[[], bool]) -> Iterator[dict[str, Any]]:
        """Lines until the last build leaves what is wanted, or nothing more comes."""
        while self._watcher.process.poll() is None:
            try:
                line = self._watcher.lines.get(timeout=PATIENCE_S)
            except queue.Empty:
                return
            yield line
            if line["type"] == "built" and reached():
                return

    def idle(self, seconds: float) -> None:
        """Nothing happens: no line, and hardly any processor time. Begins a second after the build."""
        time.sleep(1)
        before = self._watcher.cpu_s()
        time.sleep(seconds)
        spent = self._watcher.cpu_s() - before
        self._report.figures["s idle"] = round(seconds)
        self._report.figures["ms of processor time when idle"] = round(1000 * spent)
        self._report.expect(spent < 0.01 * seconds, f"idle: {100 * spent / seconds:.2f} % of a core")
        self._report.expect(self._watcher.lines.empty(), f"idle: {self._watcher.lines.qsize()} lines came")

    def same_as_one_build(self) -> None:
        """Compare every file with what one build makes of the same originals."""
        other = self._stage.folder / "other"
        shutil.rmtree(other, ignore_errors=True)
        one_build(self._stage, other)
        ours, theirs = contents(self._stage.tree), contents(other)
        differ = [path for path in {*ours, *theirs} if ours.get(path) != theirs.get(path)]
        self._report.figures["files compared"] += len(theirs)
        self._report.expect(not differ, f"{len(differ)} files are not as one build makes them, such as {differ[:3]}")

    def memory(self) -> None:
        """Repeated bursts leave no more memory behind than the first of them."""
        anew = [row for row in self._memory if row[0].startswith("all anew")]
        for (_, main, worker), which in ((anew[0], "first"), (anew[-1], "last")):
            self._report.figures[f"kB after the {which} burst"] = main
            self._report.figures[f"kB of a worker after the {which} burst"] = worker
        self._report.expect(anew[-1][1] < 1.1 * anew[0][1], f"memory grew: {self._memory}")
        self._report.expect(anew[-1][2] < 1.1 * anew[0][2], f"a worker's memory grew: {self._memory}")


def contents(folder: Path) -> dict[str, str]:
    """sha256 of every file but git's and semopt's own."""
    files = (file for file in folder.rglob("*") if file.is_file())
    paths = {file.relative_to(folder).as_posix(): file for file in files}
    return {
        path: hashlib.sha256(file.read_bytes()).hexdigest()
        for path, file in paths.items()
        if not path.startswith((".git", ".semopt/"))
    }
