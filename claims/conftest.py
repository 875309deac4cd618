"""Fixtures that train, the fixture that judges, and the order in which experiments run.

A test names what it trains by `@trains(...)`; it is then collected once for each
alternative and protocol. Tests that share an experiment share an xdist group, so
one worker trains it and the others find it in the run store. A comparison of
several experiments waits in a group of its own, when most are trained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from claims.catalogue import claim
from claims.experiments import SCALES
from claims.verdict import Evidence, Verdict, decide
from models.experiment import PROTOCOLS, Experiment

Specs = tuple[Experiment, ...]


# -- collection -----------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    for line in (
        "trains(*alternatives): networks the test trains; an alternative is a network or a tuple of them",
        "scale(name): run only with this --scale",
        "xdist_group(name): tests that one worker runs one after another",
    ):
        config.addinivalue_line("markers", line)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Collects a training test once for each alternative of its `trains` marker and each protocol."""
    marker = metafunc.definition.get_closest_marker("trains")
    if marker is None:
        return
    scale = SCALES[metafunc.config.getoption("scale")]
    options = {
        "precision": metafunc.config.getoption("precision"),
        "networks": metafunc.config.getoption("networks"),
    }
    alternatives = [a if isinstance(a, tuple) else (a,) for a in marker.args]
    chosen = metafunc.config.getoption("protocols") or PROTOCOLS
    cases = [
        tuple(scale.experiment(network, protocol, **options) for network in alternative)
        for alternative in alternatives
        for protocol in PROTOCOLS
        if protocol in chosen
    ]
    metafunc.parametrize(
        "specs",
        [
            pytest.param(specs, id=label, marks=pytest.mark.xdist_group(_group(specs)))
            for specs, label in zip(cases, _labels(cases), strict=True)
        ],
        indirect=True,
    )


def _labels(cases: Sequence[Specs]) -> list[str]:
    """One name a case, "mnist-5k-500-std", with the output where two cases differ in nothing else."""
    first = [specs[0] for specs in cases]
    plain = [spec.setting for spec in first]
    return [
        label
        if plain.count(label) == 1
        else f"{label.removesuffix(spec.protocol)}{spec.output}-{spec.protocol}"
        for label, spec in zip(plain, first, strict=True)
    ]


def _group(specs: Specs) -> str:
    return specs[0].name if len(specs) == 1 else f"comparisons {specs[0].setting}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what belongs to another scale, and starts the longest experiments first.

    Then comparisons, when most of what they compare is trained, and last what trains nothing: many short
    tests, which even out when the workers end.
    """
    scale = config.getoption("scale")
    left_out = [item for item in items if any(m.args[0] != scale for m in item.iter_markers("scale"))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    items.sort(key=_priority)  # stable: tests of one experiment keep their order


def _priority(item: pytest.Item) -> tuple[int, float, str]:
    params = getattr(getattr(item, "callspec", None), "params", {})
    specs: Specs = params.get("specs", ())
    if not specs:
        return (2, 0.0, "")
    # A comparison's cost is what only it trains; its first experiment stands for the order.
    return (1 if len(specs) > 1 else 0, -_work(specs[0]), _group(specs))


def _work(spec: Experiment) -> float:
    """Relative training time of an experiment: weights passed through, samples cancel within a data set."""
    inputs = 784 if spec.dataset.startswith("mnist") else 13
    sizes = (inputs, *spec.widths, 10)
    weights = sum(a * b for a, b in pairwise(sizes))
    samples = {"mnist": 60_000, "mnist-5k": 4_000}.get(spec.dataset, 400)
    # Narrow networks cost their launches rather than their arithmetic.
    return float(spec.epochs * samples * spec.networks * (weights + 50_000))


# -- training -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def backend(pytestconfig: pytest.Config) -> Any:
    """The device and arithmetic chosen by `--backend` and `--precision`."""
    from models.backend import resolve_backend  # torch is needed from here on, not for collection

    return resolve_backend(pytestconfig.getoption("backend"), pytestconfig.getoption("precision"))


@pytest.fixture(scope="session")
def store(pytestconfig: pytest.Config, training_progress: Any) -> Any:
    """The run store chosen by `--store`; every worker of a test run shares it."""
    from models.store import RunStore, default_store

    folder = pytestconfig.getoption("store")
    session = getattr(pytestconfig, "workerinput", {}).get("testrunuid", "")
    return RunStore(
        Path(folder) if folder else default_store(),
        refresh=pytestconfig.getoption("refresh"),
        session=session,
        progress=training_progress,
    )


@pytest.fixture(scope="session")
def kept(store: Any, pytestconfig: pytest.Config) -> Any:
    """Evidence that takes long to compute, from the run store or computed and kept there."""
    from claims.kept import Kept

    return Kept(store.root, refresh=pytestconfig.getoption("refresh"))


@pytest.fixture
def specs(request: pytest.FixtureRequest) -> Specs:
    """The experiments this test is parametrised by."""
    return request.param


@pytest.fixture(scope="session")
def train(store: Any, backend: Any, training_progress: Any) -> Callable[[Experiment], Any]:
    """An experiment's run, trained or read from the store; the last few stay at hand for the next test."""
    from claims.at_hand import AtHand
    from data import load

    def fetch(spec: Experiment) -> Any:
        with training_progress.wanted(spec):
            return store.get(spec, load(spec.dataset), backend)

    return AtHand(fetch)


@pytest.fixture
def runs(specs: Specs, train: Callable[[Experiment], Any]) -> tuple[Any, ...]:
    """The test's experiments."""
    return tuple(map(train, specs))


@pytest.fixture
def run(runs: tuple[Any, ...]) -> Any:
    """The first of the test's experiments."""
    return runs[0]


# -- judging --------------------------------------------------------------------------


@pytest.fixture
def judge(request: pytest.FixtureRequest, record_verdict: Callable[..., None]) -> Callable[..., Verdict]:
    """Decides a claim on evidence and hands the verdict to the report.

    `judge(claim_id, evidence, setting=, dataset=, protocol=, failed_prerequisites=)`; a test that trains
    takes setting, data set and protocol from its experiment.
    """

    def decide_and_record(
        claim_id: str,
        evidence: Evidence,
        *,
        setting: str = "",
        dataset: str = "",
        protocol: str = "",
        failed_prerequisites: Sequence[str] = (),
    ) -> Verdict:
        trained = request.getfixturevalue("runs") if "specs" in request.fixturenames else ()
        if trained:
            first = trained[0].spec
            setting = setting or request.node.callspec.id
            dataset, protocol = dataset or first.dataset, protocol or first.protocol
        verdict = decide(
            claim(claim_id),
            evidence,
            setting=setting,
            dataset=dataset,
            protocol=protocol,
            failed_prerequisites=failed_prerequisites,
        )
        record_verdict(verdict, **_provenance(request, dataset, trained))
        return verdict

    return decide_and_record


def _provenance(request: pytest.FixtureRequest, dataset: str, trained: Sequence[Any]) -> dict[str, Any]:
    from claims.hypotheses import source

    found: dict[str, Any] = {"data": {dataset: source(dataset).checksum}}
    if trained:
        chosen = request.getfixturevalue("backend")
        found |= {
            "backend": chosen.kind,
            "precision": chosen.precision,
            "device": chosen.device_name,
            "seeds": sorted({run.spec.seed for run in trained}),
            "experiments": {
                run.key: {
                    "name": run.spec.name,
                    "trained": run.trained,
                    "resumed_from": run.resumed_from,
                    "seconds": round(run.seconds, 3),
                    "sha256": run.provenance["sha256"],
                }
                for run in trained
            },
        }
    return found
