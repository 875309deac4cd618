"""Which verdicts of two reports answer one question, and why the others do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from claims.core.origin import Subject, TrainedRun
from claims.core.verdict import Outcome
from reports.comparison import compare, gather
from reports.comparison.pairing import paired, reasons
from reports.earlier import read
from reports.records import Report, Row, Sizes
from tests.reports.sample_reports import PROVED, REFUTED, report, saved, verdict

Run = Callable[..., tuple[int, str, str]]

REFERENCE = Path(__file__).resolve().parents[3] / "reports" / "reference" / "cpu" / "verdicts.json"


def on(digits: str, *names: str, **changed: Any) -> Report:
    """A report whose networks trained on these digits, a row of E1 for each setting `500-he`."""
    rows = [
        replace(verdict(setting=f"{digits}-{network}", protocol=protocol), dataset=digits, **changed)
        for network, _, protocol in (name.rpartition("-") for name in names)
    ]
    return report(*rows)


def settings(reports: list[Report]) -> list[tuple[str | None, ...]]:
    """The settings that stand together."""
    return [tuple(row and row.setting for row in group) for group in paired(reports)]


def test_digits_of_any_size_pair() -> None:
    """The scales' sets with each other, network by network and protocol by protocol."""
    names = ("500-std", "500-he", "500-300-he")
    found = settings([on(digits, *names) for digits in ("mnist-1k", "mnist-5k", "mnist")])
    assert found == [(f"mnist-1k-{name}", f"mnist-5k-{name}", f"mnist-{name}") for name in names]


def test_a_name_within_a_setting_is_found() -> None:
    """Wherever the data set's name stands."""
    both = [replace(verdict(), setting=f"E1-{of}-500-he", dataset=of) for of in ("mnist-1k", "mnist-5k")]
    assert settings([report(row) for row in both]) == [("E1-mnist-1k-500-he", "E1-mnist-5k-500-he")]


def test_the_same_setting_goes_first() -> None:
    """What stands in both as it is, is not paired with something else."""
    one, other = on("mnist-5k", "500-he"), on("mnist", "500-he")
    both = report(*one.verdicts, *other.verdicts)
    assert settings([one, both]) == [("mnist-5k-500-he", "mnist-5k-500-he"), (None, "mnist-500-he")]


def test_two_that_would_fit_are_left() -> None:
    """Nothing is guessed."""
    both = report(*on("mnist-5k", "500-he").verdicts, *on("mnist", "500-he").verdicts)
    assert settings([on("mnist-1k", "500-he"), both]) == [
        ("mnist-1k-500-he", None),
        (None, "mnist-5k-500-he"),
        (None, "mnist-500-he"),
    ]


@pytest.mark.parametrize("other", ["boston", "synthetic"])
def test_other_data_is_another_question(other: str) -> None:
    """Only what stands in the place of the paper's digits is paired with them."""
    assert len(settings([on("mnist-1k", "500-he"), on(other, "500-he")])) == 2


def test_a_users_own_data_stands_in_the_place_of_digits() -> None:
    """--data mine: the report's sizes name it."""
    mine = on("mine", "500-he")
    options = replace(mine.provenance.options, scale_sizes={"mine": Sizes(8, 2), "boston": Sizes(404, 102)})
    mine = replace(mine, provenance=replace(mine.provenance, options=options))
    assert settings([on("mnist-1k", "500-he"), mine]) == [("mnist-1k-500-he", "mine-500-he")]


def trained(row: Row, setting: str, network: str = "500", output: str = "linear") -> Report:
    """A report with this one row, renamed, that was judged on such a training."""
    subject = Subject(row.dataset, network, output, "mse", row.protocol)
    runs = (TrainedRun(key="k", subject=subject),)
    return report(replace(row, setting=setting, experiments=("k",)), experiments=runs)


def test_another_name_for_one_training_pairs() -> None:
    """Network, output, loss and protocol are those of the runs, whatever the setting is called."""
    row = verdict()
    old = trained(row, "mnist-5k-500-he")
    assert len(settings([old, trained(row, "mnist-5k-500-linear-he")])) == 1
    assert len(settings([old, trained(row, "mnist-5k-500-softmax-he", output="softmax")])) == 2
    assert len(settings([old, trained(row, "mnist-5k-300-he", network="300")])) == 2


def test_why_a_verdict_has_no_partner() -> None:
    """The claim, the protocol, the data, the setting; and a report that ended early."""
    ours = report(verdict("E1"), verdict("E4"), verdict("H2", "", "raw", **PROVED), verdict("E1", "std"))
    theirs = report(verdict("E1"), verdict("H2", "", "bias", **PROVED), complete=False)
    found = reasons(paired([ours, theirs]), [ours, theirs], ["ours", "theirs"])
    assert list(map(str, found)) == [
        "theirs has no verdict on the claim, and is partial: E4",
        "theirs has it in other settings, and is partial: H2",
        "theirs has none of it under std, and is partial: E1",
        "ours has it in other settings: H2",
    ]
    table, digits = on("boston", "50-he"), on("mnist", "50-he")
    why = reasons(paired([table, digits]), [table, digits], ["a", "b"])
    assert list(map(str, why)) == ["b has none of it on boston: E1", "a has none of it on mnist: E1"]


def test_what_is_exact_of_other_data_is_not_apart() -> None:
    """A rank of one matrix and of another are two facts; shares of networks are estimates of one kind."""
    of = [
        replace(verdict("H2", "", "x", **PROVED | {"estimate": n}), dataset=d)
        for n, d in ((1.0, "a"), (2.0, "b"))
    ]
    (row,) = compare(list(map(report, of)))
    assert row.apart is None
    pair = [on("mnist-1k", "500-he"), on("mnist", "500-he", interval=(0.5, 0.6))]
    assert compare(pair)[0].apart is True


def test_beyond_the_intervals_comes_first(run: Run, tmp_path: Path) -> None:
    """Flips, then changes, then the rest of what is apart, above the paper's order, on every rendering."""
    claims = ("H2", "E1", "E2", "E4", "E5")
    far = {"interval": (0.5, 0.6)}
    theirs = [
        verdict("H2"),
        verdict("E1", **far, outcome=Outcome.SUPPORTED),
        verdict("E2", **far, outcome=Outcome.INCONCLUSIVE),
        verdict("E4", **REFUTED),
        verdict("E5", outcome=Outcome.REFUTED),
    ]
    paths = [saved(tmp_path / "a", report(*map(verdict, claims))), saved(tmp_path / "b", report(*theirs))]
    found = gather([path / "verdicts.json" for path in paths]).rows
    assert [row.any.claim for row in found] == ["E4", "E2", "E1", "H2", "E5"]
    _, out, _ = run("compare", *paths, "--html", "c.html", "--markdown", "c.md")
    for text in (out, (tmp_path / "c.html").read_text(), (tmp_path / "c.md").read_text()):
        assert text.index("Beyond the intervals") < text.index("Section 2") < text.index("Section 4")


def test_what_is_paired_is_said(run: Run, tmp_path: Path) -> None:
    """How many, on which data, and why the others are not; on every rendering."""
    one, other = on("mnist-1k", "500-he", "10-10-he"), on("mnist", "500-he")
    paths = [saved(tmp_path / "a", one), saved(tmp_path / "b", other)]
    _, out, _ = run("compare", *paths, "--html", "c.html", "--markdown", "c.md")
    assert "paired: 1 of 2 verdicts, 1 of them on other data (mnist-1k | mnist); not" in out
    assert "\nb has it in other settings: E1\n" in out
    assert "mind: digits differ: mnist-1k in a; mnist in b" in out
    for name in ("c.html", "c.md"):
        text = (tmp_path / name).read_text().replace("\\", "")
        assert "Paired: 1 of 2 verdicts, 1 of them on other data (mnist-1k | mnist); not paired:" in text
        assert "b has it in other settings: E1" in text


def test_the_committed_report_pairs_with_a_run_on_other_digits() -> None:
    """Every empirical row of it, were it judged on other digits."""
    committed = read(REFERENCE)
    used = {row.dataset for row in committed.verdicts if row.protocol} - {"boston"}
    other = {"mnist-1k", "mnist-5k", "mnist"} - used
    moved = [
        replace(row, dataset=to, setting=row.setting.replace(row.dataset, to))
        for row in committed.verdicts
        for to in (max(other) if row.dataset in used and row.protocol else row.dataset,)
    ]
    assert all(None not in group for group in paired([committed, replace(committed, verdicts=tuple(moved))]))
