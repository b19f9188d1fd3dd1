"""A real Ray cluster on this machine, in a process of its own: a head without cores, and nodes of one core each.

`python -m tests.raycluster FOLDER` says its address, then obeys one JSON list a line: ["add", ENVIRONMENT], ["kill",
NUMBER] (by SIGKILL). It answers each with a line, and ends with its input.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from conftest import REPOSITORY

STORE = 80_000_000  # bytes; Ray's default is a third of the memory


class Machines:
    """The cluster, from the test's side."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY}/tests"}
        environment.pop("RAY_ADDRESS", None)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.raycluster", str(folder)],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.address = self._line()

    def tell(self, *command: Any) -> None:
        """Have something done, and wait until it is."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        self._line()

    def close(self) -> None:
        """End all of it."""
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline().strip()
        assert line, "the cluster did not start"
        return line


def serve(folder: str) -> None:
    """The cluster, in its own process."""
    from ray._common.utils import get_default_ray_temp_dir
    from ray.cluster_utils import Cluster

    os.makedirs(get_default_ray_temp_dir(), exist_ok=True)  # where it notes its address, whatever folder it is given
    out, sys.stdout = sys.stdout, sys.stderr
    plain = {"object_store_memory": STORE, "include_dashboard": False, "temp_dir": folder}
    cluster = Cluster(initialize_head=True, head_node_args={**plain, "num_cpus": 0})
    nodes: list[Any] = []
    print(cluster.address, file=out, flush=True)
    for line in sys.stdin:
        what, *arguments = json.loads(line)
        if what == "add":
            nodes.append(cluster.add_node(num_cpus=1, env_vars=arguments[0], object_store_memory=STORE))
        else:
            (raylet,) = nodes[arguments[0]].all_processes["raylet"]
            os.kill(raylet.process.pid, signal.SIGKILL)
            cluster.remove_node(nodes[arguments[0]], allow_graceful=False)
        print("done", file=out, flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    serve(sys.argv[1])
