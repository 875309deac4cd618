"""The page of clusters: its tables are the figures', its commands are understood."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from benchmarks import cluster_model
from benchmarks.cluster_model import SIZES, costs, made, page
from docs.site import ROOT

TEXT = cluster_model.PAGE.read_text(encoding="utf-8")
COMMANDS = re.findall(r"^python -m pytest (.+)$", TEXT, re.M)


def test_its_tables_follow_from_the_committed_figures():
    """Whoever measures anew writes the page anew: python -m benchmarks.cluster_model."""
    tables = made()
    assert page(TEXT, tables) == TEXT
    assert all(f"<!-- {name}: made by" in TEXT for name in tables)


def test_it_has_a_command_for_each_cluster():
    """As a real one and as one on this machine."""
    assert sorted(re.search(r"--executor (\w+)", one)[1] for one in COMMANDS) == [
        *["ray"] * 2,
        *["slurm"] * 2,
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_are_understood(command, tmp_path):
    """Every option; nothing is connected where tests are only collected. A folder is the bucket."""
    if "s3://" in command:
        pytest.importorskip("obstore", reason="obstore is not installed: pip install -e '.[objects]'")
    given = command.replace("s3://bucket", f"file://{tmp_path}").replace("/shared", str(tmp_path))
    finished = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *shlex.split(given),
            "--collect-only",
            "-q",
            "-p",
            "no:cacheprovider",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_ten_thousand_times_as_many_networks_cost_as_many_times_as_much():
    """No cost grows faster than the networks; the data set is sent once a node, however many they are."""
    measured, driver = cluster_model.figures()
    small, large = (costs(measured, driver[-1], "standard", 3_200 * count) for count in (1, 10_000))
    assert large.pop("data sets") == small.pop("data sets")
    assert large == pytest.approx({name: 10_000 * cost for name, cost in small.items()})
    assert len(SIZES) == 3


def test_what_is_counted_is_what_is_reckoned_up():
    """A first leg's run is put by its node, got by the second leg's and by the driver; of what depends on
    time, no more was counted than is reckoned with."""
    measured, driver = cluster_model.figures()
    one, found = measured["experiment"], costs(measured, driver[-1], "quick", 32)
    assert found["tasks"] == 2
    put = sum(one[leg]["asked"]["run"]["bytes put"] for leg in ("first", "second"))
    assert found["runs put"] == pytest.approx(put, rel=0.01)
    assert one["driver"]["asked"]["run"]["bytes got"] == pytest.approx(found["runs got"], rel=0.01)
    assert one["second"]["asked"]["run"]["bytes got"] == pytest.approx(found["first legs got"], rel=0.01)
    for leg in ("first", "second"):
        most = cluster_model.timed(measured, leg, one[leg]["seconds"])
        asked = {
            w: {k: n for k, n in one[leg]["asked"][w].items() if "bytes" not in k}
            for w in cluster_model.TIMED
        }
        assert all(
            count <= most[what, kind] + 1 for what, kinds in asked.items() for kind, count in kinds.items()
        )
