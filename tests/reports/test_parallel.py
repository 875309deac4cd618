"""Distribution: groups stay together under plain names, and `-n auto` fits the machine."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from claims.harness.launch import distribution, workers
from claims.harness.launch.workers import GPU
from models import backend

GROUPED = """
import os, pytest

@pytest.mark.parametrize("i", range(3))
@pytest.mark.parametrize("group", ["a@b", "c", "d"])
def test_member(i, group, request): print("ran", request.node.nodeid, os.environ["PYTEST_XDIST_WORKER"])
"""
CONFTEST = """
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.xdist_group(item.callspec.params["group"]))
"""


def test_a_group_stays_on_one_worker_under_plain_names(harness: pytest.Pytester) -> None:
    """`-n 2` keeps each group on one worker, in the order of collection, and nothing shows the group."""
    harness.makeconftest(CONFTEST)
    harness.makepyfile(test_claims=GROUPED)
    result = harness.runpytest_subprocess("-n", "2", "-v", "-rP")
    result.assert_outcomes(passed=9)
    where: dict[str, set[str]] = {}
    for line in result.outlines:
        if line.startswith("ran "):
            _, nodeid, worker = line.split()
            where.setdefault(nodeid.partition("[")[2].rpartition("-")[0], set()).add(worker)
    assert {group: len(found) for group, found in where.items()} == {"a@b": 1, "c": 1, "d": 1}
    assert set.union(*where.values()) == {"gw0", "gw1"}
    result.stdout.fnmatch_lines(
        ["scheduling tests via GroupScheduling", r"*PASSED test_claims.py::test_member[[]a@b-0[]] "]
    )
    text = result.stdout.str()
    assert distribution.SEPARATOR not in text
    assert "]@" not in text


def test_dist_stays_the_users_choice(harness: pytest.Pytester) -> None:
    """`--dist load` is left alone."""
    result = harness.runpytest_subprocess("-n", "2", "-v", "--dist", "load")
    result.stdout.fnmatch_lines(["scheduling tests via LoadScheduling"])


@pytest.mark.parametrize(
    ("option", "dist", "reorder"),
    [
        ({"numprocesses": 2, "dist": "no", "distload": False}, "loadgroup", False),
        ({"numprocesses": "auto", "dist": "no", "distload": False}, "loadgroup", False),
        ({"numprocesses": 2, "dist": "worksteal", "distload": False}, "worksteal", True),
        ({"numprocesses": 2, "dist": "no", "distload": True}, "no", True),
        ({"numprocesses": 0, "dist": "no", "distload": False}, "no", True),
        ({"numprocesses": None, "dist": "loadgroup", "distload": False}, "loadgroup", False),
    ],
)
def test_groups_are_the_default_distribution(option: dict[str, Any], dist: str, reorder: bool) -> None:
    """With workers and no --dist, by groups in the order of collection."""
    config = SimpleNamespace(option=SimpleNamespace(loadscopereorder=True, **option))
    distribution.choose_distribution(config)  # type: ignore[arg-type]
    assert (config.option.dist, config.option.loadscopereorder) == (dist, reorder)


def test_distribution_is_nothing_without_xdist() -> None:
    """Without xdist its options do not exist, and none is made up."""
    config = SimpleNamespace(option=SimpleNamespace())
    distribution.choose_distribution(config)  # type: ignore[arg-type]
    assert vars(config.option) == {}


def test_a_test_without_a_group_is_its_own() -> None:
    """Labels come apart again, whatever stands in the node id."""
    assert distribution.split("t.py::t[a@b]" + distribution.SEPARATOR + "g@h") == ("t.py::t[a@b]", "g@h")
    assert distribution.split("t.py::t[a@b]") == ("t.py::t[a@b]", "t.py::t[a@b]")


@pytest.mark.parametrize(
    ("physical", "allowed", "count"), [(8, 16, 8), (8, 2, 2), (None, 4, 4), (1, 2, 1), (0, 1, 1)]
)
def test_auto_is_the_physical_cores_that_are_ours(
    monkeypatch: pytest.MonkeyPatch, physical: int | None, allowed: int, count: int
) -> None:
    """Hyper-threads do not count, nor cores that belong to others."""
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: physical)
    monkeypatch.setattr(backend.os, "sched_getaffinity", lambda _: range(allowed), raising=False)
    assert backend.cores() == count


@pytest.mark.parametrize(
    ("gpus", "count"),
    [
        ([], 16),
        ([GPU("0", 81559)], 2),
        ([GPU("0", 16160)], 1),
        ([GPU("0", 8000)], 1),
        ([GPU("0", 81559)] * 20, 16),
    ],
    ids=["none", "80 GB", "16 GB", "8 GB", "20 of them"],
)
def test_auto_on_cuda_fits_the_gpus(monkeypatch: pytest.MonkeyPatch, gpus: list[GPU], count: int) -> None:
    """Two workers a GPU where its memory allows, never more than cores."""
    monkeypatch.delenv("PYTEST_XDIST_AUTO_NUM_WORKERS", raising=False)
    monkeypatch.setattr(workers, "cores", lambda: 16)
    monkeypatch.setattr(workers, "visible_gpus", lambda backend, environ: gpus)
    config = SimpleNamespace(option=SimpleNamespace(numprocesses="auto", backend="cuda"))
    assert workers.automatic(config) == count  # type: ignore[arg-type]
    config.option.numprocesses = "logical"
    assert workers.automatic(config) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        (None, ["0", "1"]),
        ("", []),
        ("-1", []),
        ("1", ["1"]),
        ("1,0", ["1", "0"]),
        ("0,9,1", ["0"]),
        ("GPU-ab", ["GPU-ab"]),
    ],
)
def test_cuda_visible_devices_is_respected(
    monkeypatch: pytest.MonkeyPatch, visible: str | None, names: list[str]
) -> None:
    """What the user hid stays hidden, and an index that does not exist ends the list, as in CUDA."""
    monkeypatch.setattr(workers, "_ask_driver", lambda: [GPU("0", 81559.0), GPU("1", 24000.0)])
    environ = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    assert [gpu.name for gpu in workers.visible_gpus("cuda", environ)] == names
    assert workers.visible_gpus("cpu", environ) == []


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("#!/bin/sh\nprintf '0, 81559\\n1, 24576\\n'", [GPU("0", 81559.0), GPU("1", 24576.0)]),
        ("#!/bin/sh\necho no devices; exit 6", []),
        ("#!/bin/sh\necho 0, [N/A]", []),
        (None, []),
    ],
    ids=["two", "no device", "unreadable", "no driver"],
)
def test_the_drivers_tool_is_asked(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, answer: str | None, found: list[GPU]
) -> None:
    """No driver, no device and an answer that cannot be read all mean no GPU."""
    if answer is not None:
        (tmp_path / "nvidia-smi").write_text(answer)
        (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert workers.visible_gpus("cuda", {}) == found


def test_workers_are_dealt_over_the_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worker gw5 of three GPUs sees the last one only; without GPUs nothing is set."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6")
    monkeypatch.setattr(
        workers, "visible_gpus", lambda backend, environ: [GPU("4", 1), GPU("5", 1), GPU("6", 1)]
    )
    given: dict[str, object] = {"workerid": "gw5"}
    workers.hand_out(SimpleNamespace(option=SimpleNamespace(backend="cuda")), given)  # type: ignore[arg-type]
    workers.pin(given)
    assert workers.os.environ["CUDA_VISIBLE_DEVICES"] == "6"
    workers.pin({"workerid": "gw0", "landscape_gpus": []})
    assert workers.os.environ["CUDA_VISIBLE_DEVICES"] == "6"
