"""Other devices and other arithmetic: what a machine has, what it refuses, and training there."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.backend import Backend, Execution, check_precision, folder_name, resolve_backend
from models.engines.mlp import engine
from models.objectives.objective import LOSSES, OUTPUTS
from tests.models.engines.ordinary_models import assert_equals_reference, assert_same_bytes, started, trained

COMBINATIONS = [(output, loss) for output in OUTPUTS for loss in LOSSES]


# -- other arithmetic -----------------------------------------------------------------


def test_bf16_differs_from_fp32_and_stays_close(digits, tiny, fp32):
    """Products of bfloat16 operands move the weights by a little, and by something."""
    a = trained(tiny(), digits, fp32).result()
    b = trained(tiny(precision="bf16"), digits, resolve_backend("cpu")).result()
    assert a["weights/3/W1"].tobytes() != b["weights/3/W1"].tobytes()
    np.testing.assert_allclose(b["train_loss"], a["train_loss"], rtol=0.02)
    assert b["weights/3/W1"].dtype == np.float32


def test_precisions_start_from_the_same_point(digits, tiny, fp32, fp64):
    """Initial weights are drawn in float64 and rounded."""
    a, b = (started(tiny(checkpoints=(0,)), digits, of).result()["weights/0/W1"] for of in (fp32, fp64))
    np.testing.assert_array_equal(a, b.astype(np.float32))


@pytest.mark.parametrize(
    ("kind", "precision", "absent", "message"),
    [
        ("tpu", "fp32", (), "got backend 'tpu', wanted auto, cpu, cuda or mps"),
        (
            "cuda",
            "fp32",
            ("cuda",),
            "got backend 'cuda', which this machine lacks: use --backend auto or cpu",
        ),
        ("mps", "fp32", ("mps",), "got backend 'mps', which this machine lacks"),
        ("mps", "fp64", (), "got precision fp64 on mps, which has no float64"),
        ("cpu", "tf32", (), "got precision tf32 on cpu, wanted cuda"),
        ("auto", "tf32", ("cuda", "mps"), "got precision tf32 on cpu, wanted cuda"),
        ("auto", "fp64", ("cuda",), "got precision fp64 on mps"),
    ],
)
def test_what_a_machine_cannot_do_is_refused(kind, precision, absent, message, monkeypatch):
    """An absent device or a precision it lacks is an error that names the cure."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" not in absent)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" not in absent)
    with pytest.raises(ValueError, match=message):
        check_precision(resolve_backend(kind).kind, precision)


def pretended_gpus(monkeypatch: pytest.MonkeyPatch, count: int) -> list[int]:
    """So many CUDA devices, and the list of those that get chosen."""
    chosen: list[int] = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: f"GPU {chosen[-1]}")
    # Restored afterwards: choosing cuda sets it for cuBLAS.
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    return chosen


@pytest.mark.parametrize(
    ("absent", "kind"),
    [((), "cuda"), (("cuda",), "mps"), (("cuda", "mps"), "cpu")],
    ids=["all", "mps", "cpu"],
)
def test_auto_takes_the_best_device(absent, kind, monkeypatch):
    """cuda, else mps, else cpu."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" not in absent)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" not in absent)
    pretended_gpus(monkeypatch, 1)
    assert resolve_backend().kind == kind


@pytest.mark.parametrize(
    ("worker", "devices", "device"),
    [(0, 1, 0), (0, 2, 0), (1, 2, 1), (5, 2, 1), (11, 4, 3), (7, 1, 0)],
)
def test_workers_are_pinned_to_devices_in_turn(worker, devices, device, monkeypatch):
    """Worker w trains on device w modulo their number."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    chosen = pretended_gpus(monkeypatch, devices)
    assert resolve_backend("cuda", worker) == Backend("cuda", f"GPU {device}")
    assert chosen == [device]


@pytest.mark.parametrize(
    ("precision", "folder", "dtype"),
    [
        ("fp32", "cpu", torch.float32),
        ("fp64", "cpu-fp64", torch.float64),
        ("bf16", "cpu-bf16", torch.float32),
    ],
)
def test_a_precision_names_the_folder_and_the_type(precision, folder, dtype):
    """Reports of different backends go to different folders; bf16 keeps float32 weights."""
    on = Execution(resolve_backend("cpu"), precision)
    assert (folder_name(on.kind, precision), on.dtype) == (folder, dtype)


# -- accelerators ---------------------------------------------------------------------


class Pretended(Backend):
    """Takes the path of a CUDA device on the CPU: one shard, all inputs, an epoch captured and replayed."""

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")


class Eager:
    """Stands in for `EpochGraph`: warms up, puts the state back, and runs the epoch when it is replayed."""

    made = 0

    def __init__(self, epoch, warm_up, state) -> None:
        Eager.made += 1
        saved = [tensor.clone() for tensor in state]
        warm_up()
        assert any((a != b).any() for a, b in zip(saved, state, strict=True))
        for tensor, before in zip(state, saved, strict=True):
            tensor.copy_(before)
        self.replay = epoch


@pytest.mark.parametrize("batch", [10, 53, 100], ids=["last smaller", "one", "larger than the data"])
def test_the_path_of_an_accelerator_equals_ordinary_models(batch, digits, tiny, monkeypatch):
    """The captured epoch reads each network's order of the epoch, and warming up leaves no trace.

    Epochs with a record inside are launched step by step, later ones replayed.
    """
    monkeypatch.setattr(engine, "EpochGraph", Eager)
    monkeypatch.setattr(Eager, "made", 0)
    spec = tiny(widths=(6, 5), batch=batch, epochs=6, checkpoints=range(7), precision="fp64")
    assert_equals_reference(spec, digits, Pretended("cuda", "pretended"))
    assert Eager.made == 1


cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")


@cuda
@pytest.mark.parametrize(("output", "loss"), COMBINATIONS)
def test_cuda_equals_ordinary_models(output, loss, digits, tiny):
    """The whole ensemble at once on the GPU, in float64, equals ordinary models on the CPU."""
    spec = tiny(output=output, loss=loss, precision="fp64", checkpoints=(0, 1, 2, 3))
    assert_equals_reference(spec, digits, resolve_backend("cuda"))


@cuda
def test_a_captured_epoch_equals_one_launched_step_by_step(digits, tiny, monkeypatch):
    """Replaying the graph gives the bytes that the same kernels give when they are launched one by one."""
    backend, spec = resolve_backend("cuda"), tiny(widths=(64, 32))
    captured = trained(spec, digits, backend).result()
    monkeypatch.setattr(engine, "EpochGraph", Eager)
    assert_same_bytes(captured, trained(spec, digits, backend).result())


@cuda
@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
def test_cuda_gives_the_same_bytes_twice(precision, digits, tiny):
    """A run on the GPU is reproducible in every arithmetic, also when stopped and resumed."""
    backend, spec = resolve_backend("cuda"), tiny(widths=(64, 32), precision=precision)
    first = trained(spec, digits, backend)
    assert_same_bytes(first.result(), trained(spec, digits, backend).result())
    stopped, resumed = started(spec, digits, backend), started(spec, digits, backend)
    stopped.run_epoch()
    resumed.load(stopped.state())
    while not resumed.finished:
        resumed.run_epoch()
    assert_same_bytes(first.result(), resumed.result())
