"""Every code cell of docs/report.ipynb runs, on the committed report and on one with figures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from docs.sources import ROOT

pytest.importorskip("pandas", reason="the notebook shows tables")

NOTEBOOK = json.loads((ROOT / "docs" / "report.ipynb").read_text(encoding="utf-8"))
CELLS = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
SAID = "\nprint(len(verdicts), len(against), len(shown), plt.get_fignums())"


def executed(cells: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """The cells one after another in a fresh interpreter, without a screen."""
    command = [sys.executable, "-c", "import matplotlib; matplotlib.use('agg')\n" + "\n".join(cells) + SAID]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_it_is_committed_without_outputs() -> None:
    """What a run shows belongs to that run."""
    assert NOTEBOOK["nbformat"] == 4
    for cell in NOTEBOOK["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


def test_it_runs_on_the_committed_report() -> None:
    """From docs/, where it lies: a picture of intervals, rows of E1, and some that contradict the paper."""
    done = executed(CELLS, ROOT / "docs")
    assert done.returncode == 0, done.stderr
    *_, last = done.stdout.splitlines()
    rows, against, shown = map(int, last.partition(" [")[0].split())
    assert rows > 100
    assert 0 < against < rows
    assert shown >= 3


def test_it_draws_the_curves_of_a_run(tmp_path: Path) -> None:
    """Where figures are beside the report."""
    (tmp_path / "figures").mkdir()
    (tmp_path / "verdicts.json").write_bytes((ROOT / "reports/reference/cpu/verdicts.json").read_bytes())
    lines = ["epoch,step,network,train_loss_over_baseline,test_loss_over_baseline"]
    lines += [f"{epoch},0,{network},{2**-epoch},1" for epoch in range(3) for network in range(2)]
    (tmp_path / "figures" / "mnist-1k-500-he-linear-mse-networks.csv").write_text("\n".join(lines))
    cells = [
        cell.replace('ROOT / "reports" / "reference" / "cpu"', f"Path({str(tmp_path)!r})") for cell in CELLS
    ]
    assert cells != CELLS
    done = executed(cells, ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("[1, 2]\n")
