"""The functional engine against ordinary torch modules and optimisers, one network at a time."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from models.engines.choice import engine_module
from models.engines.functional.engine import Engine
from models.engines.functional.support import unsupported
from models.engines.trainer import Trainer
from models.experiment import Experiment
from models.networks.convolutional import Convolutional
from models.networks.mlp import MLP
from models.objectives.losses import loss_gradient, loss_per_sample
from models.objectives.objective import LOSSES, OUTPUTS, Objective
from models.optimisers.adam import Adam
from models.optimisers.sgd import SGD
from models.penalties.l2 import L2
from models.recorders.field import recorders
from models.runs.code import code_digest
from models.runs.key import trainer_modules
from tests.helpers.specs import changed
from tests.models.engines.ordinary_models import assert_same_bytes, trained
from tests.models.ordinary_networks import IMAGES, KINDS, Ordinary, experiment
from tests.models.runs.counted_store import CPU, Counted

FUNCTIONAL = "models.engines.functional.engine"

ADAM = Adam(0.01), partial(torch.optim.Adam, lr=0.01)
MOMENTUM = SGD(0.05, 0.9), partial(torch.optim.SGD, lr=0.05, momentum=0.9)
PLAIN = SGD(0.05), partial(torch.optim.SGD, lr=0.05)


def assert_equals_ordinary(spec: Experiment, data, torch_optimiser, decay: float = 0.0) -> Trainer:
    """All parameters, running means and losses of every network, to 1e-10 after the last epoch."""
    assert engine_module(spec, "cpu") == "models.engines.functional.engine"
    trainer = trained(spec, data, CPU)
    result, found = trainer.result(), trainer.parameters()
    for place, number in enumerate(spec.numbers):
        ordinary = Ordinary(spec, data, number, torch_optimiser, decay)
        for epoch, loss in enumerate(ordinary.epochs(), start=1):
            np.testing.assert_allclose(result["train_loss"][epoch, place], loss, rtol=0, atol=1e-10)
        expected = ordinary.parameters()
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            assert np.abs(values - ordinary.start[name].numpy()).max() > 1e-3, f"{name} did not move"
            np.testing.assert_allclose(found[name][place], values, rtol=0, atol=1e-10, err_msg=name)
        carried = [tensor[place].numpy() for tensor in trainer.engine.buffers().values()]
        for mine, theirs in zip(carried, ordinary.buffers(), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-10)
    return trainer


# -- against ordinary torch -----------------------------------------------------------


@pytest.mark.parametrize(("ours", "theirs"), [ADAM, MOMENTUM, PLAIN], ids=["adam", "momentum", "sgd"])
def test_a_small_convolutional_network_equals_an_ordinary_module(ours, theirs):
    """Weights of all eight networks after four epochs."""
    assert_equals_ordinary(experiment(Convolutional((3, 4)), ours), IMAGES, theirs)


@pytest.mark.parametrize(("ours", "theirs"), [ADAM, MOMENTUM], ids=["adam", "momentum"])
def test_an_mlp_with_l2_equals_an_ordinary_module(ours, theirs):
    """The penalty is on weights and not on biases, and is no part of the recorded loss."""
    spec = experiment(MLP((6, 5)), ours, penalty=L2(0.1))
    assert_equals_ordinary(spec, IMAGES, theirs, decay=0.1)


def test_an_l2_network_on_a_regression_equals_an_ordinary_module(houses):
    """A table with one target; nothing that has to do with labels is recorded."""
    spec = experiment(MLP((5,)), PLAIN[0], data="houses", penalty=L2(0.01), loss="mse")
    trainer = assert_equals_ordinary(spec, houses, PLAIN[1], decay=0.01)
    assert "train_accuracy" not in trainer.result()


@pytest.mark.parametrize(
    "network",
    [
        Convolutional((3, 4), dropout=0.3),
        Convolutional((3, 4), batch_norm=True),
        Convolutional((3,), kernel=5, stride=1, dropout=0.5, batch_norm=True),
    ],
    ids=lambda network: network.label,
)
@pytest.mark.parametrize(("ours", "theirs"), [ADAM, MOMENTUM], ids=["adam", "momentum"])
def test_dropout_and_batch_norm_equal_torchs(network, ours, theirs):
    """Dropout that is told the same numbers, and nn.BatchNorm2d with its running means and variances."""
    assert_equals_ordinary(experiment(network, ours), IMAGES, theirs)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("loss", LOSSES)
def test_an_mlp_has_the_same_weights_on_both_engines(output, loss, digits, tiny, monkeypatch):
    """The fast engine's hand-written gradients and autograd's end in the same place, and record the same."""
    spec = tiny(
        output=output, loss=loss, widths=(6, 5), networks=8, precision="fp64", checkpoints=(0, 1, 2, 3)
    )
    fast = trained(spec, digits, CPU)
    monkeypatch.setattr("models.engines.trainer.engine_module", lambda *_: "models.engines.functional.engine")
    general = trained(spec, digits, CPU)
    assert type(fast.engine) is not type(general.engine) is Engine
    a, b = fast.result(), general.result()
    assert a.keys() == b.keys()
    for name, array in a.items():
        assert (array.shape, array.dtype) == (b[name].shape, b[name].dtype), name
        np.testing.assert_allclose(b[name], array, rtol=0, atol=1e-10, err_msg=name)


def test_adams_steps_are_torchs_in_float32():
    """To rounding from the first step on, where 1 - beta2^t is small."""
    ours, adam = {"w": torch.tensor([[0.5, 0.01, 0.3]])}, Adam(0.5)
    theirs = torch.nn.Parameter(ours["w"].clone())
    state, optimiser = adam.init(ours), torch.optim.Adam([theirs], lr=0.5)
    for step in range(5):
        gradient = {"w": torch.tensor([[1.0, -0.2, 3.0 - step]])}
        theirs.grad = gradient["w"].clone()
        optimiser.step()
        ours, state = adam.update(ours, gradient, state)
        torch.testing.assert_close(ours["w"], theirs.data, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("loss", LOSSES)
def test_autograd_of_a_loss_is_its_slope(output, loss):
    """At outputs of all sizes, and where some or all are exactly 0, as those of dead units are."""
    z = torch.randn(3, 7, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 3
    z[0, :3], z[1, 2, 1], z[2] = 0.0, 0.0, z[2] * 100
    y = torch.nn.functional.one_hot(torch.arange(7) % 4, 4).double()
    slope = torch.func.grad(lambda z: loss_per_sample(z, y, output, loss).mean(1).sum())(z)
    torch.testing.assert_close(slope, loss_gradient(z, y, output, loss), rtol=1e-10, atol=1e-12)


# -- what is recorded, and through the store --------------------------------------------


def test_every_recorder_finds_what_it_asks_for():
    """A run of a convolutional network holds all fields that recorders declare, row by row."""
    spec = experiment(Convolutional((3,), dropout=0.2, batch_norm=True))
    trainer = trained(spec, IMAGES, CPU)
    result = trainer.result()
    for recorder in recorders():
        assert recorder.FIELDS.keys() <= result.keys()
        assert getattr(recorder, "EARLY", {}).keys() <= result.keys()
    assert result["train_predictions"].dtype == np.uint8
    view = trainer.engine.view()
    z = view.outputs("test")
    assert z.shape == (8, 15, 3)
    np.testing.assert_array_equal(view.predictions("test"), z.argmax(-1).numpy())
    np.testing.assert_array_equal(result["test_predictions"][-1], view.predictions("test"))
    flat = torch.cat([tensor.flatten(1) for tensor in view.parameters().values()], 1)
    expected = [float(torch.dist(flat[a], flat[b])) for a, b in result["pairs"]]
    np.testing.assert_allclose(result["weight_distance"][-1], expected, rtol=1e-12)


def test_inside_an_epoch_only_the_training_side_is_known():
    """Weights of a step that is over are gone."""
    (view,) = Trainer(experiment(Convolutional((3,))), IMAGES, CPU, 1).engine.train(0, [2])
    assert view.losses("train").shape == (8,)
    with pytest.raises(LookupError, match="inside an epoch only losses and labels of the training side"):
        view.parameters()


@pytest.mark.parametrize("spec", KINDS.values(), ids=KINDS)
def test_a_run_is_kept_and_found_again(spec, tmp_path):
    """Trained once; its key follows the code of the kinds it is made of, and of this engine."""
    runs = Counted(tmp_path, checkpoint_seconds=0)
    run = runs.get(spec, IMAGES, CPU)
    again = Counted(tmp_path).get(spec, IMAGES, CPU)
    assert (run.trained, again.trained) == (True, False)
    assert_same_bytes(dict(run.arrays), dict(again.arrays))
    parts = [spec.network, spec.optimiser, *([spec.objective.penalty] if spec.objective.penalty else [])]
    assert {FUNCTIONAL, *(type(part).__module__ for part in parts)} <= set(trainer_modules(spec, "cpu"))


@pytest.mark.parametrize("module", ["models.networks.convolutional", FUNCTIONAL])
def test_a_key_follows_the_code_of_the_kinds(module):
    """Nothing else that trains imports them."""
    modules = trainer_modules(KINDS["convolutional"], "cpu")
    assert code_digest(tuple(name for name in modules if name != module)) != code_digest(modules)


# -- which engine, and what is refused --------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "module"),
    [
        ({}, "models.engines.mlp.engine"),
        ({"network": Convolutional((3,))}, FUNCTIONAL),
        ({"network": Convolutional((3,), dropout=0.1)}, FUNCTIONAL),
        ({"optimiser": SGD(0.1)}, FUNCTIONAL),
        ({"objective": Objective(penalty=L2(0.0))}, FUNCTIONAL),
    ],
    ids=["the paper's", "another network", "dropout", "another optimiser", "a penalty"],
)
def test_what_the_fast_engine_declines_comes_here(changes, module):
    """By itself; whoever writes the spec names no engine."""
    assert engine_module(replace(Experiment("images", MLP((5,))), **changes), "cpu") == module


@pytest.mark.parametrize("precision", ["bf16", "tf32"])
def test_reduced_precision_is_the_fast_engines(precision):
    """Where that one declines as well nothing trains it, and the error has both reasons."""
    spec = changed(KINDS["convolutional"], precision=precision)
    assert unsupported(spec, "cuda") == f"it computes in fp32 and fp64, not in {precision}"
    with pytest.raises(ValueError, match=rf"mlp: it trains fully .*; functional: it computes .* {precision}"):
        engine_module(spec, "cuda")


def test_flat_samples_have_no_convolution(digits):
    """The error says what is wanted, and the cure."""
    spec = experiment(Convolutional((3,)), data="tiny")
    with pytest.raises(ValueError, match=r"got samples of shape \(12,\), wanted \[channels, height, width\]"):
        Trainer(spec, digits, CPU, 1)
