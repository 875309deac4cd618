"""What Ray does for us on a cluster, tested in a process that nothing else depends on.

The threads of Ray's client outlive its cluster, read the environment while pytest writes it, and end their
process where the cluster is lost.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from models.runs.code import PROJECT

CASES = Path(__file__).with_name("on_a_cluster.py")


def test_trainings_on_a_cluster(tmp_path):
    """Every case of on_a_cluster.py passes."""
    pytest.importorskip("ray", reason="needs the extra ray: pip install -e '.[ray]'")
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "--basetemp", tmp_path / "cases", CASES]
    # Ray's workers yield to whatever else runs, tests beside this one among it, and time limits count that.
    environ = os.environ | {"RAY_worker_niceness": "0"}
    done = subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert re.search(r"\b\d+ passed", done.stdout)
    assert "skipped" not in done.stdout.splitlines()[-1]
