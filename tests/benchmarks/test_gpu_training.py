"""The script for a GPU, rehearsed on the CPU: what it writes, and what it says where there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import torch

from benchmarks import gpu_training
from tests.helpers.specs import mlp


@pytest.fixture
def rehearsal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Four networks for three epochs of a few digits, the CPU in the GPU's place."""
    for name in ("synchronize", "reset_peak_memory_stats", "empty_cache"):
        monkeypatch.setattr(torch.cuda, name, lambda: None)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 2**31)
    monkeypatch.setattr(gpu_training, "mlp", lambda *of, precision, **more: mlp(*of, **more))
    sizes = {"DEVICE": "cpu", "DATA": "mnist-5k", "MEMBERS": 4, "EPOCHS": 3, "ROUNDS": 1}
    for name, value in sizes.items():
        monkeypatch.setattr(gpu_training, name, value)
    before = torch.get_float32_matmul_precision()
    yield
    torch.set_float32_matmul_precision(before)


def test_the_script_writes_its_figures(rehearsal, tmp_path, capsys):
    """Seconds of building, capturing, training and recording, and how many times as long the loop takes."""
    gpu_training.main(str(tmp_path / "gpu.json"))
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert found["work"] == "4 networks 784-500-10, 60,000 digits, 3 epochs, batch 128"
    for precision in gpu_training.PRECISIONS:
        engine, loop = found[precision]["engine"], found[precision]["loop"]
        assert min(engine[name] for name in ("build", "epochs", "recording")) > 0
        assert engine["peak_gib"] == 2
        assert found[precision]["times_faster"] == pytest.approx(loop / engine["epochs"])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(gpu_training.PRECISIONS)


def test_without_a_gpu_it_says_what_is_wanted(monkeypatch):
    """An error in words and a status, nothing timed."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="without a CUDA GPU, wanted one: install a CUDA build of torch"):
        gpu_training.main()
