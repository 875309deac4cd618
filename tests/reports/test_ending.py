"""The end of a run on the terminal: the answer, what contradicts the paper, causes and the next command."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace

from claims.catalogue import CATALOGUE, Kind
from claims.catalogue.order import paper_order
from claims.core.causes import Cause, Open
from claims.core.origin import TrainedRun
from claims.core.verdict import Outcome
from reports.layout import plain
from reports.records import Report, Row
from reports.summary import ending
from tests.reports.sample_reports import report
from tests.reports.sample_verdicts import row

LEG = Open(Cause.NO_SECOND_LEG, "--scale standard", (("a", 600.0), ("b", 60.0)))
FEW = Open(Cause.TOO_FEW, "--networks 64 --seed 1")


def made(*outcomes: str, options: dict[str, Any] | None = None) -> Report:
    """A report of 240 rows, every claim of the catalogue in its settings, with these outcomes in turn."""
    settings = [f"mnist-1k-{network}-{p}" for network in ("500", "500-300") for p in ("std", "var", "he")]
    rows: list[Row] = []
    for claim in CATALOGUE.values():
        trains = claim.kind not in (Kind.HYPOTHESIS, Kind.THEOREM)
        for setting in settings if trains else ("mnist-5k-raw", "boston-raw"):
            protocol = setting.rpartition("-")[2] if trains else ""
            of = row(claim.id, setting, protocol=protocol, dataset=setting.partition("-5")[0])
            outcome = Outcome(outcomes[len(rows) % len(outcomes)])
            held = (LEG, FEW)[len(rows) % 2] if outcome is Outcome.INCONCLUSIVE else None
            p = 1e-9 if outcome in (Outcome.SUPPORTED, Outcome.REFUTED) else 0.9
            rows.append(replace(of, outcome=outcome, open=held, p_value=p))
    return report(*sorted(rows, key=paper_order), options=options)


def text(of: Report, width: int = 80, most: int = 13) -> list[str]:
    return [plain(line) for line in ending(of, width, most)]


@pytest.mark.parametrize("width", [80, 100])
def test_it_takes_few_lines_whatever_the_outcomes(width: int) -> None:
    """Of a report of all claims: they are counted instead of named before it grows longer; each line fits."""
    for outcomes in [(a,) for a in Outcome] + list(product(Outcome, repeat=3)):
        found = text(made(*outcomes), width)
        assert len(found) <= 13, outcomes
        assert max(map(len, found)) <= width


def test_it_says_answer_disagreements_causes_and_what_to_run() -> None:
    """In this order; the command is this run's own with the options that decide most, and can be pasted."""
    arguments = ("claims/", "-n", "auto", "-k", "E1 or E2")
    found = text(made(*Outcome, options={"arguments": arguments}), most=30)
    firsts = [line.partition(":")[0] for line in found if not line.startswith(" ")]
    assert firsts[:4] == ["Linear networks", "ReLU networks in general", "Trained networks", "Generalisation"]
    assert [first.lstrip("0123456789 ") for first in firsts[4:]] == ["Against the paper", "open", "Next"]
    whole = " ".join(" ".join(found).split())
    assert "open: " in whole
    assert "no second leg" in whole
    command = "Next: python -m pytest claims/ -n auto -k 'E1 or E2' --"
    assert command in whole
    assert " # for " in whole


def test_the_cost_counts_an_experiment_once() -> None:
    """Two verdicts that want the same descents want them once."""
    rows = [row(id, "x-he", protocol="he", interval=(0.0, 1.0), open=LEG) for id in ("E2", "E4")]
    found = " ".join(" ".join(text(report(*rows), 200)).split())
    assert "--scale standard # for 2, 11+ core min" in found
    assert "2 open: no second leg 2" in found


def test_a_cost_that_no_scale_declares_is_this_runs_own_times_so_many() -> None:
    """Of the trainings behind the verdicts, each once; the verdict itself holds no time of any machine."""
    few = Open(Cause.TOO_FEW, "--networks 64 --seed 1", times=2.0)
    rows = [
        row(id, "x-he", protocol="he", interval=(0.0, 1.0), open=few, experiments=("k",))
        for id in ("E2", "E4")
    ]
    of = report(*rows, experiments=(TrainedRun(key="k", seconds=300.0),))
    assert "--networks 64 --seed 1 # for 2, 10+ core min" in " ".join(" ".join(text(of, 200)).split())


def test_nothing_open_and_nothing_against_is_said_so() -> None:
    """Then there is no next command."""
    found = text(report(row("E2", "x-he", protocol="he", estimate=1.0, interval=(0.9, 1.0))))
    assert found == ["Trained networks: of 1 claim under he 1 holds (E2).", "Against the paper: nothing."]
