"""Reports and stored runs written down instead of trained, for the tests of the page and its figures."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import safetensors.numpy

from claims.catalogue import CATALOGUE
from claims.core.origin import Origin, TrainedRun, merge
from claims.core.verdict import Outcome, Strength
from claims.harness.provenance import about as told
from models.checkout import versions
from models.descent.certificates.certificate import Kind
from models.runs.run import Run
from reports import files
from reports.records import Durations, Provenance, Report, Row
from tests.claims.planted import descended
from tests.helpers.specs import mlp
from tests.reports.sample_options import options
from tests.reports.sample_verdicts import row

__all__ = ["ended", "experiment", "full_report", "judged", "report", "run", "store", "store_legs", "verdict"]

SAMPLES = {"train": 40, "test": 20}
DECIDED = (Outcome.SUPPORTED, Outcome.REFUTED)


EARLY = np.array([1, 2, 3, 6])
"""Minibatch steps inside the first epochs at which a run is recorded too, four steps an epoch."""


def run(*, epochs: int = 4, networks: int = 8, start: float = 1e6, end: float = 1e4, **spec: Any) -> Run:
    """Networks whose loss falls from `start` to `end` times L0, under std and var model i a factor of i + 1
    higher, the first network a tenth below that and the last a tenth above."""
    at = {"data": "mnist-5k", "widths": (500,), "batch": SAMPLES["train"] // 4}
    of = mlp(**(at | spec), epochs=epochs, networks=networks)
    scale = (np.array(of.groups) + 1.0) * np.linspace(0.9, 1.1, networks)
    times = np.arange(epochs + 1) / epochs
    fall = np.geomspace(start, end, epochs + 1)[:, None]
    fours = np.arange(networks).reshape(-1, 4)
    pairs = np.array([(q[i], q[j]) for q in fours for i in range(4) for j in range(i + 1, 4)])
    gaps = (pairs[:, 1] - pairs[:, 0]).astype(float)
    grow = (1 + times)[:, None]
    arrays: dict[str, np.ndarray] = {
        "baseline": np.array([0.5, 0.25]),
        "largest_class": np.array([0.1, 0.1]),
        "diverged_at": np.full(networks, -1),
        "initial_seeds": np.array(of.numbers),
        "order_seeds": np.array(of.numbers) + 100,
        "early_steps": EARLY,
        "steps_per_epoch": np.array([4]),
        "early_train_loss": start * (end / start) ** (EARLY / 4 / epochs)[:, None] * scale * 0.5,
        "train_loss": fall * scale * 0.5,
        "test_loss": fall * scale * 0.25,
        "pairs": pairs,
        "weight_distance": gaps * grow,
        "weights_differ": (gaps * grow * 10).astype(np.int64),
    }
    if of.data != "boston":
        alike = SAMPLES["train"] // 4 + np.arange(len(pairs)) % 6
        for side, samples in SAMPLES.items():
            arrays[f"{side}_agreement"] = np.tile(alike // (SAMPLES["train"] // samples), (epochs + 1, 1))
            arrays[f"{side}_accuracy"] = np.full((epochs + 1, networks), 0.1)
            arrays[f"{side}_predictions"] = np.zeros((epochs + 1, networks, samples), dtype=np.uint8)
        arrays["early_train_agreement"] = np.tile(alike - 5, (len(EARLY), 1))
    return Run(of, arrays)


def ended(**spec: Any) -> Run:
    """Such a run with a second leg, whose losses fall to a thousandth in its first step; the first network's
    certificate is another than the others'."""
    first = run(**spec)
    last = first.arrays["train_loss"][-1]
    kinds = [Kind.STATIONARY_KINK, *[Kind.LOCAL_MINIMUM] * (len(last) - 1)]
    return descended(first, kind=kinds, train_loss=last / 1000)


def store(root: Path, of: Run) -> TrainedRun:
    """Put the run into a store's folder; the entry of a report's provenance that names it."""
    content = safetensors.numpy.save({name: np.ascontiguousarray(a) for name, a in of.arrays.items()})
    digest = hashlib.sha256(content).hexdigest()
    key = f"{re.sub('[^A-Za-z0-9.]+', '-', of.spec.name)}-{digest[:20]}"
    (root / key).mkdir(parents=True, exist_ok=True)
    (root / key / "run.safetensors").write_bytes(content)
    spec = of.spec.as_json()
    entry = {"key": key, "spec": spec, "recorders": {}, "bytes": len(content), "sha256": digest}
    (root / key / "run.json").write_text(json.dumps(entry))
    made = replace(of, key=key, provenance={"sha256": digest}, trained=True, seconds=1.5)
    return msgspec.convert(told(made), TrainedRun)


def store_legs(root: Path, of: Run) -> tuple[TrainedRun, TrainedRun]:
    """Both legs of a run."""
    assert of.second is not None
    return store(root, of), store(root, of.second)


def experiment(key: str, name: str | None, sha256: str | None = None, **more: Any) -> TrainedRun:
    """An entry of a report's provenance."""
    return TrainedRun(
        key=key, name=name, trained=True, seconds=1.5, sha256=sha256, versions=versions(), **more
    )


def verdict(id: str, setting: str, outcome: Outcome, *, protocol: str = "", **more: Any) -> Row:
    """A verdict of a claim with the outcome that is asked for; small p-values where it is decided."""
    numbers = {"estimate": 0.3, "interval": (0.1, 0.5), "p_value": 1e-5 if outcome in DECIDED else 0.2}
    numbers |= {} if more.get("strength", "statistical") == "statistical" else {"p_value": None}
    return row(id, setting, protocol=protocol, **numbers | {"duration": 0.5, "outcome": outcome} | more)


_LETTERS = dict(zip("SRIN", Outcome, strict=True)) | {"C": Outcome.REFUTED}


def judged(text: str) -> list[Row]:
    """Verdicts from "claim setting letter", the letter small for a proof, "c" for a refuting certificate."""
    found = []
    for id, setting, letter in (entry.split() for entry in text.split(", ") if entry):
        outcome = _LETTERS[letter.upper()]
        strength = {"c": Strength.CERTIFICATE, letter.upper(): Strength.STATISTICAL}.get(
            letter, Strength.PROOF
        )
        protocol = setting.rpartition("-")[2] if "-" in setting else ""
        found.append(verdict(id, setting, outcome, protocol=protocol, strength=strength))
    return found


def report(*rows: Row, **about: Any) -> Report:
    """A report of these verdicts."""
    origin = Origin(data={"mnist-5k": "ab"}, backend="cpu", device="a CPU", seeds=(0,))
    fields = {
        "commit": "0" * 40,
        "dirty": False,
        "versions": versions(),
        "durations": Durations(1.0, {row.nodeid: row.duration for row in rows}),
        "started": "2024-01-01T00:00:00+00:00",
        "finished": "2024-01-01T00:00:01+00:00",
        "complete": True,
        "interrupted": None,
        "options": options(arguments=("claims/", "-n", "auto")),
    }
    return files.compose(Provenance(**merge([origin]) | fields | about), rows)


def full_report(root: Path) -> Report:
    """Every claim of the catalogue in three settings, on runs for figures 1, 2 and 8 in the store `root`."""
    outcomes = list(Outcome)
    runs = [store(root, run(protocol=p)) for p in ("std", "var", "he")]
    runs.append(store(root, run(data="boston", widths=(50,), epochs=200)))
    descent = store(root, ended().second)
    verdicts = []
    for k, id in enumerate(CATALOGUE):
        for j, protocol in enumerate(("std", "var", "he")):
            outcome = outcomes[(k + j) % 4]
            value = 10.0 ** (k % 7 - 2)
            setting = f"mnist-5k-500-{protocol}"
            numbers = {"estimate": value, "interval": (value / 2, float("inf"))}
            behind = (runs[j].key, descent.key) if protocol == "he" else (runs[j].key,)
            why = {"experiments": behind, "reason": "rank 653 of 784"}
            verdicts.append(verdict(id, setting, outcome, protocol=protocol, **numbers, **why))
    return report(*verdicts, experiments=(*runs, descent))
