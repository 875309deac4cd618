"""Evidence on H7: are the path activations of a ReLU network independent of its input?

The label is a function of the input, so what the label explains of a path's
activation is a lower bound on its dependence on the input: a share beyond the
margin refutes independence, a share within it only fails to find the dependence.
The correlation with the path's own input stands beside it in the note.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from claims.core.claim import Claim
from claims.core.margins import PATH_SAMPLES, PATHS
from claims.core.measured import measured
from claims.core.verdict import Evidence
from claims.evidence.trained.legs import join
from claims.evidence.trained.metrics import diverged_note
from claims.statistics import Largest, Median
from data import Dataset, load
from models.relu.paths import Layers, PathEffects, effects, sampled_paths
from models.runs.run import Run

__all__ = [
    "SEED",
    "activation_evidence",
    "independence",
    "independence_in",
    "initial_layers",
    "trained_layers",
]

SEED = 0


def independence_in(run: Run, claim: Claim) -> Evidence:
    """H7 on a trained ensemble, with the data set that its spec names."""
    return activation_evidence(run, load(run.spec.data), claim)


def activation_evidence(run: Run, dataset: Dataset, claim: Claim) -> Evidence:
    """H7 on a trained ensemble: samples of its training set, before the first step and after the last.

    Args:
        run: the ensemble; a classifier.
        dataset: what it was trained on.
        claim: H7, for its region and alpha.
    """
    times = {"at initialisation": initial_layers(run, dataset), "after training": trained_layers(run)}
    size = min(PATH_SAMPLES, dataset.n_train)
    chosen = np.sort(np.random.default_rng(SEED).choice(dataset.n_train, size, replace=False))
    evidence = independence(times, dataset.rows_train[chosen], dataset.y_train[chosen], claim)
    return replace(evidence, diverged=run.diverged, note=join(evidence.note, diverged_note(run)))


def independence(
    times: Mapping[str, Sequence[Layers]], X: np.ndarray, labels: np.ndarray, claim: Claim
) -> Evidence:
    """H7 for networks given by their layers: the median of the effect over networks, at both times.

    Args:
        times: the models at each time.
        X: [m, d_x], as the networks read them.
        labels: [m] integers.
        claim: H7, for its region and alpha.
    """
    medians, notes, networks = {}, [], 0
    for time, models in times.items():
        widths = [W.shape[1] for W, _ in models[0][:-1]]
        paths = sampled_paths(widths, PATHS, SEED)
        pixels = np.random.default_rng(SEED).integers(0, X.shape[1], len(paths))
        found = [effects(layers, X, labels, paths, pixels) for layers in models]
        medians[time], networks = Median.of(effect.label for effect in found), len(found)
        notes.append(f"{time} {_note(medians[time].value, found)}")
    chance = np.sqrt(2 / (np.pi * len(X)))
    note = join(f"{len(paths)} paths, {len(X)} samples", *notes, f"|correlation| by chance {chance:.2g}")
    return measured(Largest(medians), claim, networks, note=note)


def initial_layers(run: Run, dataset: Dataset) -> list[Layers]:
    """The weights each member started from, drawn again from the spec in the precision of training."""
    # torch is needed from here on, not for collection.
    from models.initialisations.initialisation import initial_parameters
    from models.networks.mlp import layers_of

    spec = run.spec
    about = spec.network.parameters((dataset.d_x,), dataset.d_y)
    seeds = run.arrays["initial_seeds"].tolist()
    drawn = layers_of(initial_parameters(about, spec.initialisation, spec.groups, seeds))
    return _by_model(
        [
            (W.numpy().astype(last.dtype), b.numpy().astype(last.dtype))
            for (W, b), (last, _) in zip(drawn, run.weights(), strict=True)
        ]
    )


def trained_layers(run: Run) -> list[Layers]:
    """The weights of each member after the last epoch."""
    return _by_model(run.weights())


def _by_model(layers: Layers) -> list[Layers]:
    return [[(W[member], b[member]) for W, b in layers] for member in range(len(layers[0][0]))]


def _note(value: float, found: Sequence[PathEffects]) -> str:
    dead, always, pixel = (np.mean([getattr(e, name) for e in found]) for name in ("dead", "always", "pixel"))
    return (
        f"{value:.3g}, dead {dead:.2g}, always on {always:.2g} "
        f"(both count as 0), |correlation| with the path's input {pixel:.2g}"
    )
