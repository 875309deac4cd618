"""Fixtures that train, the fixture that judges, and the order in which experiments run.

A test names what it trains by `@trains(...)`; it is then collected once for each
alternative and protocol, and `judge_runs` trains as many networks as the design asks for. Tests that share an
experiment share an xdist group, so one worker trains it and the others find it in the run store. A comparison
of several experiments waits in a group of its own, when most are trained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from claims.catalogue import claim
from claims.catalogue.experiments import chosen_scale
from claims.core.design import FIXED, SEQUENTIAL, Design, Look, fixed
from claims.core.verdict import Evidence, Outcome, Verdict, decide
from data import DataError, add, entry
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
    _check_data(config.getoption("data"))


def _check_data(name: str | None) -> None:
    """Refuses, before anything is collected, data on which the claims cannot be judged.

    Raises:
        pytest.UsageError: no such data set, a file that is none, or a regression.
    """
    if name is None:
        return
    try:
        of = entry(add(name))
    except (ValueError, DataError) as error:
        raise pytest.UsageError(f"--data: {error}") from error
    if of.task != "classification":
        raise pytest.UsageError(
            f"--data: got {name}, a regression, wanted labelled samples: the claims on the digits speak of "
            "labels; save labels as whole numbers from 0 on"
        )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Collects a training test once for each alternative of its `trains` marker and each protocol."""
    marker = metafunc.definition.get_closest_marker("trains")
    if marker is None:
        return
    scale = chosen_scale(metafunc.config.getoption("scale"), metafunc.config.getoption("data"))
    options = {
        "networks": design_of(metafunc.config).networks[0],
        "precision": metafunc.config.getoption("precision"),
        "seed": metafunc.config.getoption("seed"),
    }
    alternatives = [a if isinstance(a, tuple) else (a,) for a in marker.args]
    chosen = metafunc.config.getoption("protocols") or PROTOCOLS
    cases = [
        tuple(scale.experiment(network, protocol, **options) for network in alternative)
        for alternative in alternatives
        for protocol in marker.kwargs.get("protocols", PROTOCOLS)
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


def design_of(config: pytest.Config) -> Design:
    """The design that the command line chose."""
    if config.getoption("looks"):
        return SEQUENTIAL
    networks = config.getoption("networks")
    return FIXED if networks is None else fixed(networks)


def _labels(cases: Sequence[Specs]) -> list[str]:
    """One name a case, "mnist-1k-500-std", with the output where two cases differ in nothing else."""
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
    left_out = [
        item
        for item in items
        if any(m.args[0] != scale for m in item.iter_markers("scale")) or _trains_nothing(item)
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    items.sort(key=_priority)  # stable: tests of one experiment keep their order


def _trains_nothing(item: pytest.Item) -> bool:
    """Whether the test speaks of none of the chosen protocols: pytest then has no parameter for it."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    return not isinstance(params.get("specs", ()), tuple)


def _priority(item: pytest.Item) -> tuple[int, float, str]:
    params = getattr(getattr(item, "callspec", None), "params", {})
    specs: Specs = params.get("specs", ())
    if not specs:
        return (2, 0.0, "")
    # A comparison's cost is what only it trains; its first experiment stands for the order.
    return (1 if len(specs) > 1 else 0, -_work(specs[0]), _group(specs))


def _work(spec: Experiment) -> float:
    """Relative training time of an experiment: weights times samples passed through them."""
    of = entry(spec.dataset)
    sizes = (of.d_x, *spec.widths, of.outputs)
    weights = sum(a * b for a, b in pairwise(sizes))
    # Narrow networks cost their launches rather than their arithmetic: some 5,000 weights a sample, measured.
    return float(spec.epochs * of.train * spec.networks * (weights + 5_000))


# -- training -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def backend(pytestconfig: pytest.Config) -> Any:
    """The device and arithmetic chosen by `--backend` and `--precision`."""
    from models.backend import resolve_backend  # torch is needed from here on, not for collection

    return resolve_backend(pytestconfig.getoption("backend"), pytestconfig.getoption("precision"))


@pytest.fixture(scope="session")
def store(pytestconfig: pytest.Config, training_progress: Any) -> Any:
    """The run store chosen by `--store`; every worker of a test run shares it."""
    from models.runs.store import RunStore, default_store

    folder = pytestconfig.getoption("store")
    session = getattr(pytestconfig, "workerinput", {}).get("testrunuid", "")
    return RunStore(
        Path(folder) if folder else default_store(),
        refresh=pytestconfig.getoption("refresh"),
        session=session,
        progress=training_progress,
    )


@pytest.fixture(scope="session")
def evidence_cache(store: Any, pytestconfig: pytest.Config) -> Any:
    """Evidence that takes long to compute, from the run store or computed and kept there."""
    from claims.evidence.cache import EvidenceCache

    return EvidenceCache(store.root, refresh=pytestconfig.getoption("refresh"))


@pytest.fixture
def specs(request: pytest.FixtureRequest) -> Specs:
    """The experiments this test is parametrised by."""
    return request.param


@pytest.fixture(scope="session")
def train(store: Any, backend: Any, training_progress: Any) -> Callable[[Experiment], Any]:
    """An experiment's run, trained or read from the store; the last few stay at hand for the next test."""
    from data import load
    from models.runs.cache import RunCache

    def fetch(spec: Experiment) -> Any:
        with training_progress.wanted(spec):
            return store.get(spec, load(spec.dataset), backend)

    return RunCache(fetch)


@pytest.fixture(scope="session")
def ledger(store: Any) -> Any:
    """Which design each experiment was judged by."""
    from claims.core.ledger import Ledger

    return Ledger(store.root)


@pytest.fixture
def grown(train: Callable[[Experiment], Any], design: Design) -> Callable[[Experiment, Look], Any]:
    """An experiment's run at a look: each look trains only the networks that are new."""
    from models.runs.run import join

    def at(spec: Experiment, look: Look) -> Any:
        ends = design.networks[: look.number]
        parts = [
            train(replace(spec, first=start, networks=end - start))
            for start, end in zip((0, *ends), ends, strict=False)
        ]
        return join(parts)

    return at


@pytest.fixture(scope="session")
def design(pytestconfig: pytest.Config) -> Design:
    """How many networks, and when they are looked at."""
    return design_of(pytestconfig)


# -- judging --------------------------------------------------------------------------


@pytest.fixture
def judge(request: pytest.FixtureRequest, record_verdict: Callable[..., None]) -> Callable[..., Verdict]:
    """Decides a claim that trains nothing on evidence and hands the verdict to the report.

    `judge(claim_id, evidence, setting=, dataset=, protocol=, failed_prerequisites=)`.
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
        verdict = decide(
            claim(claim_id),
            evidence,
            setting=setting,
            dataset=dataset,
            protocol=protocol,
            failed_prerequisites=failed_prerequisites,
        )
        record_verdict(verdict, data=_checksum(dataset))
        return verdict

    return decide_and_record


@pytest.fixture
def judge_runs(
    request: pytest.FixtureRequest,
    specs: Specs,
    grown: Callable[[Experiment, Look], Any],
    ledger: Any,
    design: Design,
    backend: Any,
    record_verdict: Callable[..., None],
) -> Callable[..., Verdict]:
    """Trains the test's networks, look by look, until the design's rule decides, and records the verdict.

    `judge_runs(claim_id, evidence, setting=)`, with `evidence(*runs, claim)` a function of the test's runs in
    the order of `@trains` and of the claim with the alpha of this look.
    """

    def decide_and_record(claim_id: str, evidence: Callable[..., Evidence], *, setting: str = "") -> Verdict:
        first, whole = specs[0], claim(claim_id)
        from claims.core.ledger import DesignError

        try:
            for spec in specs:
                ledger.check(spec, backend, design)
        except DesignError as refused:
            pytest.fail(str(refused), pytrace=False)
        for look in design:
            runs = [grown(spec, look) for spec in specs]
            verdict = decide(
                rule := replace(whole, alpha=whole.alpha * look.weight),
                evidence(*runs, rule),
                setting=setting or request.node.callspec.id,
                dataset=first.dataset,
                protocol=first.protocol,
                paper=whole.reading(first.output),
                look=look.name,
                spent=look.weight,
            )
            for spec in specs:
                ledger.record(spec, backend, design)
            if verdict.outcome is not Outcome.INCONCLUSIVE:
                break
        record_verdict(
            verdict,
            data=_checksum(first.dataset),
            backend=backend.kind,
            precision=backend.precision,
            device=backend.device_name,
            seeds=sorted({spec.seed for spec in specs}),
            experiments={
                part.key: {
                    "name": part.spec.name,
                    "trained": part.trained,
                    "resumed_from": part.resumed_from,
                    "seconds": round(part.seconds, 3),
                    "sha256": part.provenance["sha256"],
                }
                for run in runs
                for part in run.parts
            },
        )
        return verdict

    return decide_and_record


def _checksum(dataset: str) -> dict[str, str]:
    from claims.evidence.linear.hypotheses import source

    return {dataset: source(dataset).checksum}
