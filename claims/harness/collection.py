"""Which tests there are, one for each alternative and protocol of a claim (`selection` chooses among them).

A test's id is the claim's, then the setting as reports print it: "E1-mnist-1k-500-std".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from claims.catalogue.declaration import declaration_of
from claims.catalogue.experiments import PROTOCOLS
from claims.harness.options import Options
from claims.harness.own_network import replaced
from models.experiment import Experiment

if TYPE_CHECKING:
    from claims.catalogue.computed import Computed

__all__ = [
    "MARKERS",
    "Specs",
    "computed_of",
    "generate",
    "group",
    "named",
    "params_of",
    "protocol_of",
    "setting_of",
    "specs_of",
]

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
    # Tests of protocols that were not chosen are left out later, so that a part knows of how many it is one.
    names = options.protocols if declared.across else dict.fromkeys((*PROTOCOLS, *options.protocols))
    spoken = [name for name in names if not declared.protocols or name in declared.protocols]
    compared = [spoken] if declared.across and spoken else [[name] for name in spoken]
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
    specs = params_of(item).get("specs", ())
    return specs if isinstance(specs, tuple) else ()


def params_of(item: pytest.Item) -> dict[str, object]:
    """What a collected test is parametrised by."""
    return getattr(getattr(item, "callspec", None), "params", {})


def setting_of(item: pytest.Item) -> str:
    """What tells a test's verdict from the claim's others: its id after the claim's."""
    declared = declaration_of(item)
    assert declared is not None
    callspec = getattr(item, "callspec", None)
    assert callspec is not None
    return str(callspec.id).removeprefix(declared.claim.id).removeprefix("-")


def computed_of(item: pytest.Item) -> Computed | None:
    """How a collected test's evidence is made, where it says so and trains nothing."""
    declared = declaration_of(item)
    if declared is None or declared.computes is None:
        return None
    case = params_of(item).get("case", {})
    assert isinstance(case, dict)
    return declared.computes(claim=declared.claim, setting=setting_of(item), **case)
