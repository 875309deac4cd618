"""Which tests there are, one for each alternative and protocol of a claim, and which of them are chosen.

A test's id is the claim's, then the setting as reports print it: "E1-mnist-1k-500-std".
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from claims.catalogue import CATALOGUE
from claims.catalogue.declaration import declaration_of
from claims.core.claim import Claim, nearest
from claims.harness.options import Options
from claims.harness.own_network import replaced
from models.experiment import Experiment

__all__ = ["MARKERS", "Specs", "generate", "group", "named", "protocol_of", "select", "specs_of"]

Specs = tuple[Experiment, ...]
"""What one test trains: one experiment, or several that its verdict compares."""

MARKERS = (
    "claim(declaration): the claim that the test judges and what it trains; written @claim(...)",
    "scale(*names): run only with one of these --scale",
    "xdist_group(name): tests that one worker runs one after another",
)


def generate(metafunc: pytest.Metafunc) -> None:
    """Names a claim's test after the claim, and collects it once for each alternative and protocol."""
    declared = declaration_of(metafunc.definition)
    if declared is None:
        return
    if "declared" in metafunc.fixturenames:
        metafunc.parametrize("declared", [pytest.param(declared, id=declared.prefix)], indirect=True)
    if not declared.alternatives:
        return
    options = Options.of(metafunc.config)
    chosen = [name for name in options.protocols if not declared.protocols or name in declared.protocols]
    compared = [chosen] if declared.across and chosen else [[name] for name in chosen]
    cases = [
        tuple(
            options.sizes.experiment(
                network,
                protocol,
                networks=options.design.networks[0],
                precision=options.precision,
                seed=options.seed,
            )
            for protocol in protocols
            for network in alternative
        )
        for alternative in replaced(declared.alternatives, options.network)
        for protocols in compared
    ]
    metafunc.parametrize(
        "specs",
        [
            pytest.param(specs, id=label, marks=pytest.mark.xdist_group(group(specs)))
            for specs, label in zip(cases, _labels(cases), strict=True)
        ],
        indirect=True,
    )


def _labels(cases: Sequence[Specs]) -> list[str]:
    """One name a case, "mnist-1k-500-std", with the output where two cases differ in nothing else, and
    without the protocol where a case compares several."""
    first = [specs[0] for specs in cases]
    plain = [spec.setting for spec in first]
    labels = [
        label
        if plain.count(label) == 1
        else label.removesuffix(kind := spec.initialisation.kind) + f"{spec.objective.output}-{kind}"
        for label, spec in zip(plain, first, strict=True)
    ]
    return [
        label if protocol_of(specs) else label.removesuffix(f"-{specs[0].initialisation.kind}")
        for label, specs in zip(labels, cases, strict=True)
    ]


def protocol_of(specs: Specs) -> str:
    """The protocol of the initial weights, "" where a verdict compares several."""
    kinds = {spec.initialisation.kind for spec in specs}
    return kinds.pop() if len(kinds) == 1 else ""


def named(specs: Specs, variant: str = "") -> tuple[str, str]:
    """What the table has in columns: the case, "mnist-1k-500", after a variant if any, and the output,
    or the loss where that implies it. Of two that a verdict compares, the one that its setting names."""
    first = specs[0]
    setting = "".join(first.setting.rsplit(f"-{first.initialisation.kind}", 1))
    objectives = [spec.objective for spec in specs]
    outputs = dict.fromkeys(of.output if of.loss == "mse" else of.loss for of in objectives)
    case = f"{variant}-{setting}" if variant else setting
    return case, next(iter(outputs)) if len(outputs) < 3 else f"{len(outputs)} kinds"


def group(specs: Specs) -> str:
    """The xdist group: tests that share an experiment share a worker, and a comparison waits in its own."""
    return specs[0].name if len(specs) == 1 else f"comparisons {specs[0].setting}"


def specs_of(item: pytest.Item) -> Specs:
    """What a collected test trains, () where nothing."""
    specs = _params(item).get("specs", ())
    return specs if isinstance(specs, tuple) else ()


def select(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what belongs to another scale, to no chosen protocol, or to no chosen claim.

    Raises:
        pytest.UsageError: a chosen claim does not exist, or two claims share an id.
    """
    options = Options.of(config)
    judged = [None if (declared := declaration_of(item)) is None else declared.claim for item in items]
    _check(options.claims, [claim for claim in judged if claim is not None])
    left_out = {
        item
        for item, claim in zip(items, judged, strict=True)
        if any(options.scale not in mark.args for mark in item.iter_markers("scale"))
        or _without_specs(item)
        or (options.claims and (claim is None or claim.id not in options.claims))
    }
    if left_out:
        config.hook.pytest_deselected(items=[item for item in items if item in left_out])
        items[:] = [item for item in items if item not in left_out]


def _check(chosen: Sequence[str], judged: Sequence[Claim]) -> None:
    known = dict(CATALOGUE)
    for claim in judged:
        if known.setdefault(claim.id, claim) != claim:
            raise pytest.UsageError(
                f"got two claims with the id {claim.id!r} ({known[claim.id].statement}; {claim.statement}), "
                "wanted one: give the second another id"
            )
    for id in chosen:
        if id not in known:
            raise pytest.UsageError(
                f"got --claims {id}, wanted ids of claims, comma separated, such as {nearest(id, known)}"
            )


def _params(item: pytest.Item) -> dict[str, object]:
    return getattr(getattr(item, "callspec", None), "params", {})


def _without_specs(item: pytest.Item) -> bool:
    """Whether the chosen protocols or network leave a test nothing to train: pytest has no parameter then."""
    return not isinstance(_params(item).get("specs", ()), tuple)
