"""The same spec on the same backend gives the same bytes: threads, shards, a stop in between."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import wait

import numpy as np
import pytest
import torch

from data import Dataset
from models.backend import Backend, resolve_backend, thread_count
from models.engines.mlp.shards import shard_sizes
from models.experiment import Experiment
from tests.helpers.specs import changed, mlp
from tests.models.engines.ordinary_models import assert_same_bytes, started, trained


@pytest.mark.parametrize("precision", ["fp32", "fp64", "bf16"])
def test_bytes_do_not_depend_on_threads(precision, digits, tiny, small_shards):
    """One to three threads give the same bytes, eight with two on each network, and one once more."""
    backend = resolve_backend("cpu")
    first, *others = (trained(tiny(), digits, backend, threads).result() for threads in (1, 2, 3, 8, 1))
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
    assert trainer.engine.threads.each(
        lambda _: float(torch.tensor(1e-310, dtype=torch.float64) * 0.5), [0]
    ) == [0.0]
    assert float(torch.tensor(1e-310, dtype=torch.float64) * 0.5) > 0
    assert np.float64(1e-310) * 0.5 > 0


OWN = ("weights/2/W1", "weights/2/b1", "weights/2/W2", "weights/2/b2", "initial_seeds", "order_seeds")
BY_EPOCH = ("train_loss", "test_loss", "train_predictions", "test_predictions", "early_train_loss")


def assert_same_networks(few: Experiment, more: Experiment, data: Dataset, backend: Backend) -> None:
    """Every byte of the networks of `few` is that of the networks of the same numbers in `more`."""
    a, b = trained(few, data, backend).result(), trained(more, data, backend).result()
    places = [more.numbers.index(number) for number in few.numbers]
    for name in (*OWN, *BY_EPOCH):
        part = b[name][:, places] if name in BY_EPOCH else b[name][places]
        assert part.tobytes() == a[name].tobytes(), name
    pairs = [b["pairs"].tolist().index([places[i], places[j]]) for i, j in a["pairs"]]
    for name in ("weight_distance", "weights_differ", "train_agreement", "early_train_agreement"):
        assert b[name][:, pairs].tobytes() == a[name].tobytes(), name


@pytest.mark.parametrize(("networks", "first"), [(4, 4), (8, 0), (12, 0)])
@pytest.mark.parametrize("protocol", ["he", "std"])
@pytest.mark.parametrize("shards", ["one shard", "some shards", "a network a shard"])
def test_a_network_does_not_depend_on_its_company(
    shards, protocol, networks, first, digits, tiny, fp32, monkeypatch
):
    """Network 5 of a run of twelve is network 5 of a run of twenty, to the last bit."""
    if shards == "some shards":
        monkeypatch.setattr("models.engines.mlp.shards._SHARD_PARAMETERS", 1000)
    if shards == "a network a shard":
        monkeypatch.setattr("models.engines.mlp.shards._WIDE", 100)
    usual = {"epochs": 2, "protocol": protocol, "widths": (7,)}
    few = tiny(networks=networks, first=first, **usual)
    assert_same_networks(few, tiny(networks=20, **usual), digits, fp32)


def test_a_network_of_the_papers_size_does_not_depend_on_its_company(fp32):
    """784-10-10-10 in minibatches of 32 pixels that are mostly 0, four networks against twelve."""
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 256, (300, 784), dtype=np.uint8) * (draw.random((300, 784)) < 0.2)
    pixels, labels = pixels.astype(np.uint8), draw.integers(0, 9, 300, dtype=np.uint8)
    data = Dataset(
        "drawn", "classification", pixels[:230], labels[:230], pixels[230:], labels[230:], 10, "0", "a test"
    )
    labels[-1] = 9  # a block of one sample, whose product rounds by how many networks it serves
    few = mlp("drawn", (10, 10), networks=4, first=4, epochs=2, batch=32)
    more = changed(few, networks=24, first=0)
    a, b = trained(few, data, fp32).result(), trained(more, data, fp32).result()
    for name in ("weights/2/W1", "weights/2/W3", "weights/2/b2"):
        assert b[name][4:8].tobytes() == a[name].tobytes()
    assert b["test_loss"][:, 4:8].tobytes() == a["test_loss"].tobytes()


def test_networks_of_one_number_are_paired(digits, tiny, fp32):
    """Output, loss, protocol and layers change no seed; the spec's own seed changes all of them."""
    seeds = {}
    for changes in (
        {},
        {"output": "softmax", "loss": "ce"},
        {"protocol": "std"},
        {"widths": (6, 5)},
        {"seed": 1},
    ):
        result = started(tiny(**changes), digits, fp32).result()
        seeds[str(changes)] = (*result["initial_seeds"].tolist(), *result["order_seeds"].tolist())
    first, *same, other = seeds.values()
    assert all(found == first for found in same)
    assert len({*first, *other}) == 16


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_a_loaded_state_goes_on_with_the_same_bytes(epoch, digits, tiny, fp32, small_shards):
    """Stopping after any epoch and going on in a new trainer changes nothing."""
    spec = tiny(epochs=4, checkpoints=(0, 2))
    stopped = started(spec, digits, fp32)
    for _ in range(epoch):
        stopped.run_epoch()
    resumed = started(spec, digits, fp32)
    resumed.load(stopped.state())
    assert resumed.epoch == epoch
    while not resumed.finished:
        resumed.run_epoch()
    assert_same_bytes(trained(spec, digits, fp32).result(), resumed.result())


@pytest.mark.parametrize(
    ("members", "parameters", "kind", "sizes"),
    [
        (12, 1_000, "cpu", [12]),
        (64, 6_700, "cpu", [16] * 4),
        (28, 6_700, "cpu", [16, 12]),
        (12, 50_000, "cpu", [4, 4, 4]),
        (1, 6_700, "cpu", [1]),
        (6, 50_000, "cpu", [6]),
        (12, 400_000, "cpu", [1] * 12),
        (12, 400_000, "cuda", [12]),
    ],
)
def test_shards_are_quadruples_or_single_networks(members, parameters, kind, sizes):
    """The cut depends on the ensemble and the device only; an accelerator takes all members at once."""
    assert shard_sizes(members, parameters, kind) == sizes


def test_processes_share_the_cores():
    """Two side by side take half each; more processes than cores take one each."""
    cores = thread_count()
    assert thread_count(2) == max(1, cores // 2)
    assert thread_count(2 * cores) == 1


# -- shards on threads ----------------------------------------------------------------


def test_threads_are_kept_between_epochs(digits, tiny, fp32, small_shards):
    """New ones every epoch would cost as much as a small data set's epoch."""
    trainer = started(tiny(), digits, fp32, threads=2)
    used = set()
    for _ in range(4):
        used |= set(trainer.engine.threads.each(lambda shard: threading.get_ident(), trainer.engine.shards))
    assert len(used) <= 2
    assert threading.get_ident() not in used


def test_threads_end_with_their_trainer(digits, tiny, fp32):
    """Training many experiments in one process gathers no idle threads."""
    before, seen = set(threading.enumerate()), set()
    for _ in range(3):
        trainer = trained(tiny(epochs=1), digits, fp32, threads=2)
        seen |= set(threading.enumerate()) - before
        del trainer
    assert seen
    gc.collect()
    for thread in seen:
        thread.join(60)
        assert not thread.is_alive()


def test_a_network_alone_has_two_threads(digits, tiny, fp32, small_shards):
    """They train its two parts at once, and it is the network that it is among others."""
    spec = tiny(checkpoints=(1,))
    used, alone = set(), started(spec, digits, fp32, threads=2, numbers=[2])
    for part in alone.engine.shards[0].parts:
        step = part.step
        part.step = lambda *a, step=step: (used.add(threading.get_ident()), step(*a))
    while not alone.finished:
        alone.run_epoch()
    assert len(used) == 2
    among = trained(spec, digits, fp32).result()
    for name in ("weights/3/W1", "weights/3/b2", "weights/1/W1"):
        assert alone.result()[name][0].tobytes() == among[name][2].tobytes()
    for name in ("train_loss", "early_train_loss"):
        assert alone.result()[name][:, 0].tobytes() == among[name][:, 2].tobytes()


@pytest.mark.parametrize("side", [0, 1])
def test_a_part_that_fails_does_not_leave_the_other_waiting(side, digits, tiny, fp32, small_shards):
    """Its error is raised, whichever of a network's two threads had it."""
    trainer = started(tiny(), digits, fp32, threads=2, numbers=[0])

    def failing(*arguments):
        raise MemoryError("stop")

    trainer.engine.shards[0].parts[side].step = failing
    with pytest.raises((MemoryError, RuntimeError), match=r"stop|given up on its other thread"):
        trainer.run_epoch()


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_no_shard_goes_on_behind_an_error(error, digits, tiny, fp32, small_shards, monkeypatch):
    """An error in one shard is raised when the running ones have ended; those that wait never begin."""
    trainer = started(tiny(networks=8), digits, fp32, threads=2)
    begun, ended, cancelled = [], [], threading.Event()

    def waiting(running):  # what waits has been cancelled by then
        cancelled.set()
        return wait(running)

    def work(shard):
        begun.append(shard.members.start)
        if shard.members.start == 0:
            raise error("stop")
        assert cancelled.wait(60)
        ended.append(shard.members.start)

    monkeypatch.setattr("models.engines.threads.wait", waiting)
    with pytest.raises(error, match="stop"):
        trainer.engine.threads.each(work, trainer.engine.shards)
    assert len(begun) < len(trainer.engine.shards) == 8
    assert sorted(begun) == sorted([0, *ended])
    assert len(trainer.engine.threads.each(lambda shard: None, trainer.engine.shards)) == 8
