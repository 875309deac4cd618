"""Fixtures that judge: evidence in, one verdict out, for the claim that the test was declared with."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from claims.catalogue.declaration import Declaration, declaration_of
from claims.core.claim import Claim
from claims.core.design import Design, Look
from claims.core.verdict import Evidence, Failed, Outcome, Verdict, decide
from claims.harness.collection import Specs, computed_of, named, protocol_of, setting_of
from claims.harness.openness import held_open, kept_open
from claims.harness.options import Options
from claims.harness.own_network import asked_of
from models.experiment import Experiment

if TYPE_CHECKING:
    from claims.catalogue.computed import Computed, Found

__all__ = ["case", "claim", "declared", "demand_verdict", "judge", "judge_computed", "judge_runs", "setting"]

_OPEN = partial(Evidence, None, (-math.inf, math.inf), 0, p_support=1.0, p_refute=1.0)
"""What is known of networks that a scale does not train: nothing."""

VERDICTS = pytest.StashKey[list[Verdict]]()
"""What the test came to."""


@pytest.fixture
def declared(request: pytest.FixtureRequest) -> Declaration:
    """What the test says of itself by `@claim(...)`."""
    declaration = getattr(request, "param", None)
    if not isinstance(declaration, Declaration):
        pytest.fail(f"got {request.node.name} without a claim, wanted @claim(...) over it", pytrace=False)
    return declaration


@pytest.fixture
def claim(declared: Declaration) -> Claim:
    """The claim that the test judges."""
    return declared.claim


@pytest.fixture
def setting(request: pytest.FixtureRequest, declared: Declaration) -> str:
    """What tells this verdict from the claim's others: the test's id after the claim's."""
    return setting_of(request.node)


def _record(item: pytest.Item, verdict: Verdict, **provenance: Any) -> None:
    """Hands a verdict, and where it came from, to who listens."""
    item.stash.setdefault(VERDICTS, []).append(verdict)
    item.config.hook.pytest_claims_verdict(item=item, verdict=verdict, provenance=provenance)


def demand_verdict(item: pytest.Item) -> None:
    """Fails a claim's test that ended without a verdict, or with several: it has one row in the report."""
    declared = declaration_of(item)
    reached = len(item.stash.get(VERDICTS, []))
    if declared is not None and reached != 1:
        pytest.fail(
            f"got {reached} verdicts from a test of {declared.claim.id}, wanted one: hand its evidence to "
            "judge or judge_runs, once",
            pytrace=False,
        )


@pytest.fixture
def judge(request: pytest.FixtureRequest, claim: Claim, setting: str) -> Callable[..., Verdict]:
    """Decides a claim that trains nothing, and records the verdict.

    `judge(evidence, dataset=, failed=)`, `failed` being the prerequisites that fail on the data.
    """

    def decide_and_record(evidence: Evidence, *, dataset: str, failed: Sequence[Failed] = ()) -> Verdict:
        verdict = decide(claim, evidence, setting=setting, dataset=dataset, failed_prerequisites=failed)
        verdict = msgspec.structs.replace(verdict, open=kept_open(verdict))
        _record(request.node, verdict, data=_checksum(dataset))
        return verdict

    return decide_and_record


@pytest.fixture
def case() -> dict[str, Any]:
    """What a test that computes is parametrised by: what its `computes` is called with."""
    return {}


@pytest.fixture
def judge_computed(
    request: pytest.FixtureRequest,
    judge: Callable[..., Verdict],
    compute: Callable[[Computed], Found],
    case: dict[str, Any],
) -> Callable[[], Verdict]:
    """Decides a claim by the evidence that the test's `@claim(..., computes=...)` describes, made here or on
    a node, and records the verdict."""

    def make_and_record() -> Verdict:
        asked = computed_of(request.node)
        if asked is None:
            pytest.fail(
                f"got {request.node.name} without computes=, wanted @claim(..., computes=...) over it",
                pytrace=False,
            )
        found = compute(asked)
        return judge(found.evidence, dataset=asked.data, failed=found.failed)

    return make_and_record


@pytest.fixture
def judge_runs(
    request: pytest.FixtureRequest,
    claim: Claim,
    declared: Declaration,
    setting: str,
    specs: Specs,
    grown: Callable[[Experiment, Look], Any],
    ledger: Any,
    design: Design,
    backend: Any,
) -> Callable[..., Verdict]:
    """Trains the test's networks, look by look, until the design's rule decides, and records the verdict.

    What the scale leaves out is not trained, and the verdict says what it would cost.

    `judge_runs(evidence)`, with `evidence(*runs, claim)` a function of the test's runs in the order of
    `@claim` and of the claim with the alpha of this look.
    """

    def decide_and_record(evidence: Callable[..., Evidence]) -> Verdict:
        first = specs[0]
        from claims.core.ledger import DesignError
        from claims.harness.provenance import about, legs, require_one_device
        from data import load

        try:
            for spec in specs:
                ledger.check(spec, load(spec.data), backend, design)
        except DesignError as refused:
            pytest.fail(str(refused), pytrace=False)
        options = Options.of(request.config)
        scale, asked = options.sizes, claim
        if first.data == scale.digits:
            asked = asked_of(claim, options.network)
        case, output = named(specs, declared.variant)
        stated = partial(
            decide,
            setting=setting,
            dataset=first.data,
            protocol=protocol_of(specs),
            paper=asked.reading(first.objective.output),
            case=case,
            output=output,
        )
        why = next(filter(None, map(scale.left_out, specs)), "")
        runs: list[Any] = []
        found = _OPEN(note=why)
        if why:
            verdict = stated(asked, found)
        for look in () if why else design:
            runs = [grown(spec, look) for spec in specs]
            rule = replace(asked, alpha=claim.alpha * look.weight)
            found = evidence(*runs, rule)
            verdict = stated(rule, found, look=look.name, spent=look.weight)
            for spec in specs:
                ledger.record(spec, load(spec.data), backend, design)
            if verdict.outcome is not Outcome.INCONCLUSIVE:
                break
        try:
            require_one_device(legs(runs))
        except ValueError as refused:
            pytest.fail(str(refused), pytrace=False)
        told = [about(run) for run in legs(runs)]
        verdict = msgspec.structs.replace(verdict, open=held_open(verdict, found, claim, specs, options))
        _record(
            request.node,
            verdict,
            data=_checksum(first.data),
            backend=backend.kind,
            precision=first.arithmetic.precision,
            device=backend.device_name,
            seeds=sorted({spec.networks.seed for spec in specs}),
            experiments=told,
        )
        return verdict

    return decide_and_record


def _checksum(dataset: str) -> dict[str, str]:
    from claims.evidence.sources import source

    return {dataset: source(dataset).checksum}
