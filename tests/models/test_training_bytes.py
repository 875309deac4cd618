"""The same spec on the same backend gives the same bytes: threads, shards, a stop in between."""

from __future__ import annotations

import gc
import os
import threading
import time

import numpy as np
import pytest
import torch
from ordinary_models import assert_same_bytes, trained

from models.backend import resolve_backend
from models.training import Trainer, shard_sizes, thread_count


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


# -- shards on threads ----------------------------------------------------------------


def test_threads_are_kept_between_epochs(digits, tiny, fp32, small_shards):
    """New ones every epoch would cost as much as a small data set's epoch."""
    trainer = Trainer(tiny(), digits, fp32, threads=2)
    used = set()
    for _ in range(4):
        used |= set(trainer._each_shard(lambda shard: threading.get_ident()))
    assert len(used) <= 2
    assert threading.get_ident() not in used


def test_threads_end_with_their_trainer(digits, tiny, fp32):
    """Training many experiments in one process gathers no idle threads."""
    before = threading.active_count()
    for _ in range(3):
        trained(tiny(epochs=1), digits, fp32, threads=2)
    gc.collect()
    for _ in range(100):
        if threading.active_count() <= before:
            break
        time.sleep(0.01)
    assert threading.active_count() <= before


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_no_shard_goes_on_behind_an_error(error, digits, tiny, fp32, small_shards):
    """An error in one shard is raised when the running ones have ended; those that wait never begin."""
    trainer = Trainer(tiny(replicates=4), digits, fp32, threads=2)
    begun, ended = [], []

    def work(shard):
        begun.append(shard.members.start)
        if shard.members.start == 0:
            raise error("stop")
        time.sleep(0.2)
        ended.append(shard.members.start)

    with pytest.raises(error, match="stop"):
        trainer._each_shard(work)
    assert len(begun) < len(trainer._shards) == 8
    assert sorted(begun) == sorted([0, *ended])
    assert len(trainer._each_shard(lambda shard: None)) == 8
