"""The ensemble engine against one ordinary torch.nn model a member, autograd and torch.optim.Adam."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models import training
from models.backend import Backend, resolve_backend
from models.experiment import LOSSES, OUTPUTS
from models.initialisation import initial_weights, minibatch_order
from models.pairs import WEIGHT_THRESHOLD
from models.training import Trainer, shard_sizes, thread_count

COMBINATIONS = [(output, loss) for output in OUTPUTS for loss in LOSSES]
WIDTHS = [(7,), (6, 5)]


# -- the slow truth -------------------------------------------------------------------


class Reference:
    """One member as an ordinary torch.nn.Sequential in float64, all inputs included."""

    def __init__(self, spec, data, member: int) -> None:
        self.spec = spec
        sizes = (data.d_x, *spec.widths, data.d_y)
        layers = initial_weights(sizes, spec.protocol, spec.members, spec.seed)
        modules: list[nn.Module] = []
        for W, b in layers:
            linear = nn.Linear(W.shape[1], W.shape[2], dtype=torch.float64)
            with torch.no_grad():
                linear.weight.copy_(W[member].T)
                linear.bias.copy_(b[member])
            modules += [linear, nn.ReLU()]
        last = {"linear": nn.Identity(), "relu": nn.ReLU(), "softmax": nn.Softmax(dim=-1)}[spec.output]
        self.network = nn.Sequential(*modules[:-1], last)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=spec.learning_rate)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """The loss as torch's own modules have it: summed over outputs, averaged over samples."""
        h, k = self.network(x), y.shape[1]
        if self.spec.loss == "mse":
            return 0.5 * k * nn.MSELoss()(h, y)
        if self.spec.loss == "bce":
            return k * (nn.BCELoss() if self.spec.output == "softmax" else nn.BCEWithLogitsLoss())(h, y)
        if self.spec.output == "softmax":
            return nn.NLLLoss()(h.log(), y.argmax(1))
        return nn.CrossEntropyLoss()(h, y.argmax(1))

    def train(self, x: Tensor, y: Tensor, epoch: int) -> None:
        for batch in minibatch_order(len(x), epoch, self.spec.seed).split(self.spec.batch):
            self.optimiser.zero_grad()
            self.loss(x[batch], y[batch]).backward()
            self.optimiser.step()

    def tensors(self) -> list[np.ndarray]:
        """W1 [fan_in, fan_out], b1, W2, ..."""
        linear = [module for module in self.network if isinstance(module, nn.Linear)]
        return [t.detach().numpy().copy() for layer in linear for t in (layer.weight.T, layer.bias)]


def references(spec, data) -> Iterator[dict[str, np.ndarray]]:
    """What a run should have recorded, epoch by epoch from before the first, computed the plain way."""
    sides = {
        "train": [torch.from_numpy(np.array(a)).double() for a in (data.x_train, data.targets_train)],
        "test": [torch.from_numpy(np.array(a)).double() for a in (data.x_test, data.targets_test)],
    }
    labels = {"train": data.y_train, "test": data.y_test}
    networks = [Reference(spec, data, member) for member in range(len(spec.members))]
    for epoch in range(spec.epochs + 1):
        row: dict[str, np.ndarray] = {}
        for side, (x, y) in sides.items():
            with torch.no_grad():
                row[f"{side}_loss"] = np.array([float(net.loss(x, y)) for net in networks])
                outputs = [net.network(x).numpy() for net in networks]
            if data.task == "classification":
                told = np.array([h.argmax(1) for h in outputs])
                row[f"{side}_predictions"] = told
                row[f"{side}_accuracy"] = np.array([np.mean(t == labels[side]) for t in told])
                row[f"{side}_agreement"] = np.array([[np.sum(a == b) for b in told] for a in told])
        flat = [np.concatenate([t.ravel() for t in net.tensors()]) for net in networks]
        row["weight_distance"] = np.array([[math.dist(a, b) for b in flat] for a in flat])
        row["weights_differ"] = np.array(
            [[np.sum(np.abs(a - b) > WEIGHT_THRESHOLD) for b in flat] for a in flat]
        )
        for index in range(2 * len(spec.widths) + 2):
            name = f"{'Wb'[index % 2]}{index // 2 + 1}"
            row[name] = np.stack([net.tensors()[index] for net in networks])
        yield row
        for net in networks:
            net.train(*sides["train"], epoch)


def trained(spec, data, backend: Backend, threads: int = 1) -> Trainer:
    trainer = Trainer(spec, data, backend, threads)
    while not trainer.finished:
        trainer.run_epoch()
    return trainer


def assert_same_bytes(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> None:
    assert a.keys() == b.keys()
    for key in a:
        assert a[key].dtype == b[key].dtype, key
        assert a[key].tobytes() == b[key].tobytes(), key


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """One member a shard, as large networks have it."""
    monkeypatch.setattr(training, "_SHARD_PARAMETERS", 100)


# -- correctness ----------------------------------------------------------------------


def assert_equals_reference(spec, data, backend: Backend) -> None:
    """Every recorded number of every epoch, and every weight, against the slow truth."""
    result = trained(spec, data, backend).result()
    recorded = {key for key in result if "/" not in key} - {"baseline", "diverged_at"}
    for epoch, row in enumerate(references(spec, data)):
        for name, expected in row.items():
            if name not in recorded:
                found = result[f"weights/{epoch}/{name}"]
                np.testing.assert_allclose(
                    found, expected, rtol=0, atol=1e-10, err_msg=f"{name} after {epoch}"
                )
            elif expected.dtype.kind == "i":
                np.testing.assert_array_equal(result[name][epoch], expected, err_msg=f"{name} after {epoch}")
            else:
                np.testing.assert_allclose(
                    result[name][epoch], expected, rtol=1e-10, atol=1e-10, err_msg=name
                )
        assert recorded <= row.keys()
    assert all(len(result[name]) == spec.epochs + 1 for name in recorded)


@pytest.mark.parametrize("widths", WIDTHS, ids=lambda w: "-".join(map(str, w)))
@pytest.mark.parametrize(("output", "loss"), COMBINATIONS)
def test_run_equals_one_ordinary_model_a_member(output, loss, widths, digits, tiny, fp64):
    """Weights equal autograd's and Adam's to 1e-10 after every epoch, and so does all that is recorded."""
    spec = tiny(output=output, loss=loss, widths=widths, learning_rate=0.01, checkpoints=(0, 1, 2, 3))
    assert_equals_reference(spec, digits, fp64)


@pytest.mark.parametrize("protocol", ["std", "var"])
@pytest.mark.parametrize(("output", "loss"), [("softmax", "mse"), ("linear", "mse"), ("linear", "ce")])
def test_wide_initial_weights_equal_ordinary_models_too(output, loss, protocol, digits, tiny, fp64):
    """The paper's protocols, whose logits are in the hundreds, train as ordinary models do."""
    spec = tiny(output=output, loss=loss, protocol=protocol, widths=(6, 5), checkpoints=(0, 1, 2, 3))
    assert_equals_reference(spec, digits, fp64)


@pytest.mark.parametrize("widths", [(), (7,), (6, 5)], ids=["none", "7", "6-5"])
def test_regression_equals_ordinary_models(widths, houses, tiny, fp64):
    """A table with one target trains alike, and records no labels."""
    spec = tiny(dataset="houses", widths=widths, learning_rate=0.01, checkpoints=(0, 1, 2, 3))
    assert_equals_reference(spec, houses, fp64)
    assert "train_accuracy" not in Trainer(spec, houses, fp64).result()


def test_shards_equal_ordinary_models(digits, tiny, fp64, small_shards):
    """Cutting the ensemble into shards changes no member."""
    spec = tiny(replicates=3, checkpoints=(0, 1, 2, 3))
    assert len(Trainer(spec, digits, fp64)._shards) == 6
    assert_equals_reference(spec, digits, fp64)


def test_data_without_idle_inputs_equal_ordinary_models(houses, tiny, fp64):
    """Nothing is left out where every input is used."""
    used = [0, 1, 3, 4, 5]
    full = replace(
        houses, name="full", raw_train=houses.raw_train[:, used], raw_test=houses.raw_test[:, used]
    )
    assert_equals_reference(tiny(dataset="full", checkpoints=(0, 1, 2, 3)), full, fp64)


def test_a_cross_entropy_needs_labels(houses, tiny, fp64):
    """A regression under a cross entropy is refused: its targets are no probabilities."""
    with pytest.raises(ValueError, match="got loss 'bce' on houses, which is a regression: wanted mse"):
        Trainer(tiny(dataset="houses", loss="bce"), houses, fp64)


def test_idle_inputs_keep_their_initial_weights(digits, tiny, fp32):
    """Weights of inputs that are always 0 are in the results, unchanged, and the others moved."""
    spec = tiny(epochs=2, checkpoints=(0,))
    trainer = trained(spec, digits, fp32)
    idle = [0, 5, 11]  # pixel 3 is 0 in training only: it moves nothing either, but takes part in testing
    before, after = (trainer.result()[f"weights/{epoch}/W1"] for epoch in (0, 2))
    assert after.shape == (4, 12, 7)
    np.testing.assert_array_equal(after[:, [*idle, 3]], before[:, [*idle, 3]])
    assert (after != before).any((0, 2)).tolist() == [i not in (*idle, 3) for i in range(12)]
    initial = initial_weights((12, 7, 4), "he", spec.members, 0)[0][0].float().numpy()
    np.testing.assert_array_equal(before, initial)
    np.testing.assert_array_equal(trainer.layers()[0][0].numpy(), after)


def test_a_run_has_one_row_an_epoch_and_one_before(digits, tiny, fp32):
    """Shapes are [T + 1, M, ...]; without checkpoints only the last weights are kept."""
    result = trained(tiny(epochs=2), digits, fp32).result()
    shapes = {key: value.shape for key, value in result.items()}
    assert shapes == {
        **{f"{side}_{name}": (3, 4) for side in ("train", "test") for name in ("loss", "accuracy")},
        **{f"{side}_agreement": (3, 4, 4) for side in ("train", "test")},
        "train_predictions": (3, 4, 53),
        "test_predictions": (3, 4, 20),
        "weight_distance": (3, 4, 4),
        "weights_differ": (3, 4, 4),
        "baseline": (2,),
        "diverged_at": (4,),
        "weights/2/W1": (4, 12, 7),
        "weights/2/b1": (4, 7),
        "weights/2/W2": (4, 7, 4),
        "weights/2/b2": (4, 4),
    }


def test_baseline_is_the_loss_of_the_training_mean(digits, tiny, fp64):
    """L0 on train and test is the loss of the training targets' mean as a constant."""
    constant = digits.targets_train.astype(float).mean(0)
    expected = [
        0.5 * np.square(y - constant).sum(1).mean() for y in (digits.targets_train, digits.targets_test)
    ]
    np.testing.assert_allclose(Trainer(tiny(), digits, fp64).result()["baseline"], expected, rtol=1e-12)


# -- the same bytes -------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["fp32", "fp64", "bf16"])
def test_bytes_do_not_depend_on_threads(precision, digits, tiny, small_shards):
    """One, two and three threads give the same bytes, and so does the same training twice."""
    backend = resolve_backend("cpu", precision)
    first, *others = (trained(tiny(), digits, backend, threads).result() for threads in (1, 2, 3, 1))
    for other in others:
        assert_same_bytes(first, other)


def test_threads_that_torch_was_given_do_not_matter(digits, tiny, fp32):
    """The caller's torch threads and matmul precision change no byte, and are left as they were."""
    first = trained(tiny(), digits, fp32).result()
    threads, matmul = torch.get_num_threads(), torch.get_float32_matmul_precision()
    try:
        torch.set_num_threads(3)
        torch.set_float32_matmul_precision("medium")
        assert_same_bytes(first, trained(tiny(), digits, fp32).result())
        assert (torch.get_num_threads(), torch.get_float32_matmul_precision()) == (3, "medium")
    finally:
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision(matmul)


@pytest.mark.parametrize("threads", [1, 2])
def test_training_leaves_the_callers_arithmetic_alone(threads, digits, tiny, fp32):
    """Subnormal numbers are flushed to zero while training, not in the process that asked for it."""
    torch.set_flush_denormal(False)
    trainer = trained(tiny(epochs=1), digits, fp32, threads)
    assert trainer._each_shard(lambda shard: float(torch.tensor(1e-310, dtype=torch.float64) * 0.5)) == [0.0]
    assert float(torch.tensor(1e-310, dtype=torch.float64) * 0.5) > 0
    assert np.float64(1e-310) * 0.5 > 0


@pytest.mark.parametrize("shards", ["one shard", "many shards"])
def test_a_replicate_more_changes_no_other_member(shards, digits, tiny, fp64, request):
    """Members are independent: in a larger ensemble each trains as it did in the smaller one."""
    if shards == "many shards":
        request.getfixturevalue("small_shards")
    few, more = tiny(replicates=2), tiny(replicates=3, models=(1, 0, 4))
    a, b = trained(few, digits, fp64).result(), trained(more, digits, fp64).result()
    places = [more.members.index(member) for member in few.members]
    for name in ("weights/3/W1", "weights/3/b1", "weights/3/W2", "weights/3/b2"):
        np.testing.assert_allclose(b[name][places], a[name], rtol=0, atol=1e-10)
    np.testing.assert_allclose(b["test_loss"][:, places], a["test_loss"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_a_loaded_state_goes_on_with_the_same_bytes(epoch, digits, tiny, fp32, small_shards):
    """Stopping after any epoch and going on in a new trainer changes nothing."""
    spec = tiny(epochs=4, checkpoints=(0, 2))
    stopped = Trainer(spec, digits, fp32)
    for _ in range(epoch):
        stopped.run_epoch()
    resumed = Trainer(spec, digits, fp32)
    resumed.load(stopped.state())
    assert resumed.epoch == epoch
    while not resumed.finished:
        resumed.run_epoch()
    assert_same_bytes(trained(spec, digits, fp32).result(), resumed.result())


@pytest.mark.parametrize(
    ("members", "parameters", "kind", "sizes"),
    [
        (12, 1_000, "cpu", [12]),
        (12, 50_000, "cpu", [4, 4, 4]),
        (5, 80_000, "cpu", [3, 2]),
        (12, 400_000, "cpu", [1] * 12),
        (3, 9_000_000, "cpu", [1, 1, 1]),
        (12, 400_000, "cuda", [12]),
    ],
)
def test_shards_are_near_equal_and_fit_the_cache(members, parameters, kind, sizes):
    """The cut depends on the ensemble and the device only; an accelerator takes all members at once."""
    assert shard_sizes(members, parameters, kind) == sizes


def test_workers_share_the_cores(monkeypatch):
    """Under pytest-xdist a process trains on its share of the cores, and on one at least."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    monkeypatch.delenv("PYTEST_XDIST_WORKER_COUNT", raising=False)
    assert thread_count() == cores
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", str(2 * cores))
    assert thread_count() == 1


# -- divergence -----------------------------------------------------------------------


def test_a_member_that_leaves_the_numbers_is_counted_and_alone(digits, tiny, fp32):
    """A member whose weights overflow is NaN from then on; the others train as if it were not there."""
    spec = tiny(replicates=3)
    sound, sick = Trainer(spec, digits, fp32), Trainer(spec, digits, fp32)
    for trainer in (sound, sick):
        trainer.run_epoch()
    sick._shards[0].weights.layers[0][0][2] = 1e38
    for trainer in (sound, sick):
        while not trainer.finished:
            trainer.run_epoch()
    a, b = sound.result(), sick.result()
    others = [0, 1, 3, 4, 5]
    assert b["diverged_at"].tolist() == [-1, -1, 2, -1, -1, -1]
    assert not np.isfinite(b["train_loss"][2:, 2]).any()
    for name in ("train_loss", "test_loss", "train_accuracy", "train_predictions"):
        assert b[name][:, others].tobytes() == a[name][:, others].tobytes()
    for name in ("weights_differ", "weight_distance"):
        np.testing.assert_array_equal(b[name][:, others][:, :, others], a[name][:, others][:, :, others])
    np.testing.assert_array_equal(b["weights/3/W1"][others], a["weights/3/W1"][others])


@pytest.mark.parametrize(
    ("losses", "diverged_at"),
    [
        ([1.0, 0.5, 0.1], -1),
        ([1.0, 9.9, 9.9], -1),
        ([1.0, 0.5, 11.0], 2),
        ([1.0, 20.0, 30.0], 1),
        ([1.0, 20.0, 0.5], -1),
        ([1.0, math.nan, math.nan], 1),
        ([1.0, math.inf, 0.5], 1),
        ([math.inf, math.inf, math.inf], 0),
    ],
    ids=[
        "falls",
        "rises less",
        "ends high",
        "climbs",
        "overcomes a spike",
        "nan",
        "was infinite",
        "from the start",
    ],
)
def test_divergence_is_leaving_the_numbers_or_ending_ten_times_up(losses, diverged_at, digits, tiny, fp64):
    """The epoch counted is the first bad one; a finite spike that was overcome is none."""
    trainer = Trainer(tiny(models=(0,), replicates=1, epochs=2), digits, fp64)
    trainer.history = {"train_loss": [np.array([loss]) for loss in losses]}
    assert trainer.result()["diverged_at"].tolist() == [diverged_at]


def test_labels_of_a_network_that_outputs_zeros(digits, tiny, fp64):
    """A ReLU output that is 0 everywhere labels everything as the first class, as torch's argmax does."""
    trainer = Trainer(tiny(output="relu", epochs=1), digits, fp64)
    for _, bias in trainer._shards[0].weights.layers[-1:]:
        bias -= 1000
    assert not trainer._evaluations[0](trainer._shards[0].weights)[1].any()


# -- other arithmetic -----------------------------------------------------------------


def test_bf16_differs_from_fp32_and_stays_close(digits, tiny, fp32):
    """Products of bfloat16 operands move the weights by a little, and by something."""
    a = trained(tiny(), digits, fp32).result()
    b = trained(tiny(precision="bf16"), digits, resolve_backend("cpu", "bf16")).result()
    assert a["weights/3/W1"].tobytes() != b["weights/3/W1"].tobytes()
    np.testing.assert_allclose(b["train_loss"], a["train_loss"], rtol=0.02)
    assert b["weights/3/W1"].dtype == np.float32


def test_precisions_start_from_the_same_point(digits, tiny, fp32, fp64):
    """Initial weights are drawn in float64 and rounded."""
    a, b = (Trainer(tiny(checkpoints=(0,)), digits, of).result()["weights/0/W1"] for of in (fp32, fp64))
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
        resolve_backend(kind, precision)


@pytest.mark.parametrize(
    ("absent", "kind"),
    [((), "cuda"), (("cuda",), "mps"), (("cuda", "mps"), "cpu")],
    ids=["all", "mps", "cpu"],
)
def test_auto_takes_the_best_device(absent, kind, monkeypatch):
    """cuda, else mps, else cpu."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" not in absent)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" not in absent)
    # Restored afterwards: choosing cuda sets it for cuBLAS.
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    assert resolve_backend().kind == kind


@pytest.mark.parametrize(
    ("precision", "folder", "dtype"),
    [
        ("fp32", "cpu", torch.float32),
        ("fp64", "cpu-fp64", torch.float64),
        ("bf16", "cpu-bf16", torch.float32),
    ],
)
def test_a_backend_names_its_folder_and_type(precision, folder, dtype):
    """Reports of different backends go to different folders; bf16 keeps float32 weights."""
    backend = resolve_backend("cpu", precision)
    assert (backend.folder, backend.dtype) == (folder, dtype)


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
    """The epoch that is captured reads each epoch's own order, and warming up leaves no trace."""
    monkeypatch.setattr(training, "EpochGraph", Eager)
    monkeypatch.setattr(Eager, "made", 0)
    spec = tiny(widths=(6, 5), batch=batch, checkpoints=(0, 1, 2, 3))
    assert_equals_reference(spec, digits, Pretended("cuda", "fp64", "pretended"))
    assert Eager.made == 1


cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")


@cuda
@pytest.mark.parametrize(("output", "loss"), COMBINATIONS)
def test_cuda_equals_ordinary_models(output, loss, digits, tiny):
    """The whole ensemble at once on the GPU, in float64, equals ordinary models on the CPU."""
    spec = tiny(output=output, loss=loss, precision="fp64", checkpoints=(0, 1, 2, 3))
    assert_equals_reference(spec, digits, resolve_backend("cuda", "fp64"))


@cuda
def test_a_captured_epoch_equals_one_launched_step_by_step(digits, tiny, monkeypatch):
    """Replaying the graph gives the bytes that the same kernels give when they are launched one by one."""
    backend, spec = resolve_backend("cuda", "fp32"), tiny(widths=(64, 32))
    captured = trained(spec, digits, backend).result()
    monkeypatch.setattr(training, "EpochGraph", Eager)
    assert_same_bytes(captured, trained(spec, digits, backend).result())


@cuda
@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
def test_cuda_gives_the_same_bytes_twice(precision, digits, tiny):
    """A run on the GPU is reproducible in every arithmetic, also when stopped and resumed."""
    backend, spec = resolve_backend("cuda", precision), tiny(widths=(64, 32), precision=precision)
    first = trained(spec, digits, backend)
    assert_same_bytes(first.result(), trained(spec, digits, backend).result())
    stopped, resumed = Trainer(spec, digits, backend), Trainer(spec, digits, backend)
    stopped.run_epoch()
    resumed.load(stopped.state())
    while not resumed.finished:
        resumed.run_epoch()
    assert_same_bytes(first.result(), resumed.result())
