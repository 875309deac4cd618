"""The table: it fits, it is grouped as the paper is, and numbers are short."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec.structs import replace

from claims.catalogue import CATALOGUE
from claims.catalogue.order import paper_order
from claims.core.verdict import Region, Strength
from reports import summary
from reports.formats import duration, estimate, number
from reports.layout import clip_middle, plain
from reports.records import Multiplicity, Row
from reports.summary import table as lines
from tests.reports.sample_reports import report
from tests.reports.sample_verdicts import row as made

WIDTHS = [80, 100, 120, 200]


def verdict(id: str, protocol: str = "he", setting: str = "mnist-5k-500-300", **evidence: Any) -> Row:
    """One verdict of a report."""
    name = f"{setting}-{protocol}" if protocol else setting
    return made(id, name, protocol=protocol, **({"n": 12} | evidence))


def text(width: int, rows: list[Row]) -> list[str]:
    return [plain(line) for line in lines(sorted(rows, key=paper_order), width)]


EVERYTHING = [
    verdict(id, protocol, **evidence)
    for id in CATALOGUE
    for protocol, evidence in {
        "std": {"estimate": -1.234567e-7, "interval": (-9.87654e-7, 2.34567e12)},
        "var": {"estimate": None, "interval": None},
        "he": {"survives": False, "note": "a very long note " * 20 + "\nwith a second line"},
    }.items()
]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """Every line fits, with extreme numbers, open intervals and long reasons."""
    found = text(width, EVERYTHING)
    assert max(map(len, found)) <= width
    assert sum(line.startswith("  ") and " mnist-" in line for line in found) == len(EVERYTHING)


def test_settings_that_differ_stay_different() -> None:
    """Shortened to a narrow column, the variants of a data set are told apart, and the data set is whole."""
    settings = ["mnist-5k-independent", "mnist-5k-pooled-independent", "mnist-5k-500-300-he"]
    shown = [clip_middle(setting, 17) for setting in settings]
    assert shown == ["mnist-5k-independ", "mnist-5k-poo-inde", "mnist-5k…0-300-he"]


def test_the_failed_hypothesis_stands_in_the_row() -> None:
    """Where a claim is not applicable the row says why, instead of an estimate."""
    why = ["H2 failed on mnist-5k (rank 653 of 784)", "judged on mnist-5k-independent instead"]
    row = verdict("T2", "", "mnist-5k", estimate=None, interval=None, n=0, failed=why)
    assert re.search(r" (not applicable|n/a) +H2 failed ", text(80, [row])[-1])
    assert "H2 failed on mnist-5k (rank 653 of 784)" in text(200, [row])[-1]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_long_setting_is_clipped_in_its_middle(width: int) -> None:
    """Where nothing else is left to shorten, the data set and the protocol stay readable."""
    found = text(width, [verdict("E1", setting="mnist-5k-" + "500-" * 60 + "x")])
    row = next(line for line in found if "…" in line)
    assert max(map(len, found)) <= width
    assert "mnist" in row
    assert "-x-he  supported" in row


def test_a_row_that_nothing_can_shorten_is_cut() -> None:
    """Even then no line is wider than the terminal."""
    found = text(80, [verdict("E1", n=10**60)])
    assert max(map(len, found)) == 80
    assert found[-1].endswith("0…")


def test_rows_at_80_columns() -> None:
    """Setting, verdict, estimate with interval against margin, n, strength; the claim once above them."""
    rows = [
        verdict("E1", "std", estimate=1.23e6, interval=(9.12e5, 2.12e6)),
        verdict("E1", "var", interval=(0.01, 0.2), estimate=0.04),
        verdict("E1"),
    ]
    assert text(80, rows) == [
        "  setting               verdict       estimate [interval] margin        n  how",
        "",
        "Section 4: empirical results",
        "E1  784-500-10, MSE, linear output: all models reach near zero loss",
        "    [paper: yes]",
        "  mnist-5k-500-300-std  refuted       1.23e6 [9.12e5, 2.12e6] > 0.05   12  stat.",
        "  mnist-5k-500-300-var  inconclusive  0.04 [0.01, 0.2] vs 0.05         12  stat.",
        "  mnist-5k-500-300-he   supported     0.0123 [0.0101, 0.0301] <= 0.05  12  stat.",
    ]


def test_p_values_stand_where_there_is_room_for_them() -> None:
    """At 80 columns only where no setting and no digit is lost for them; then the header says p."""
    rows = [
        verdict("E1", setting="a", p_value=0.0123),
        verdict("E1", "std", "a", interval=None, p_value=None),
    ]
    found = text(80, rows)
    assert [found[0], *found[-2:]] == [
        "  setting  verdict       estimate [interval] margin       p       n  how",
        "  a-std    inconclusive  0.0123 [no interval]                    12  statistical",
        "  a-he     supported     0.0123 [0.0101, 0.0301] <= 0.05  0.012  12  statistical",
    ]
    longer = [*rows, verdict("E1", "var", "mnist-5k-500-300", estimate=-1.23e-6, interval=(-9.1e-6, 1.2e-6))]
    assert " p " not in text(80, longer)[0]


@pytest.mark.parametrize("width", [80, 100])
def test_p_values_cost_no_setting_at_80_columns(width: int) -> None:
    """The rows are those of a table without p-values; from 100 columns on p stands always."""
    with_p = [verdict("E1", setting="mnist-5k-500-300-" + "x" * 20, p_value=0.3), verdict("E4", p_value=0.3)]
    without = [replace(row, p_value=None) for row in with_p]
    assert (text(80, with_p) == text(80, without)) is True
    assert (" p " in text(width, with_p)[0]) is (width == 100)


def test_a_decided_row_that_does_not_survive_has_a_star() -> None:
    """Beside its verdict, in its colour; below the table stands what it means and how many there are."""
    rows = [verdict("E1", survives=False), verdict("E4", survives=True), verdict("E6", survives=None)]
    found = text(80, rows)
    assert [("supported*" in line, "supported " in line) for line in found if "mnist" in line][:2] == [
        (True, False),
        (False, True),
    ]
    assert ("supported*", {"green": True}) in lines(rows[:1], 80)[-1]
    of = Multiplicity(method="", rows=100, decided=40, surviving_bh=37, surviving_holm=20, alpha=0.05)
    assert below(80, of).startswith(
        "40 decided of 100 rows with a p-value, counted together: 37 survive Benjamini-Hochberg at 0.05, "
        "20 Holm; * 3 do not survive"
    )
    assert "*" not in below(80, replace(of, surviving_bh=40))
    assert below(80, replace(of, decided=0, surviving_bh=0)).startswith("fixed design: ")


def below(width: int, of: Multiplicity) -> str:
    """What stands below the table of a report with this multiplicity, on one line."""
    lines = summary.below(replace(report(), multiplicity=of), width)
    return " ".join(" ".join(piece for line in lines for piece, _ in line).split())


def test_n_says_what_it_counts_on_a_wide_terminal() -> None:
    """The unit and the look; on a narrow one the number alone."""
    rows = [verdict("E1", look="2 of 4", n=24), verdict("E8", sampling_unit="disjoint pairs", n=16)]
    assert "24 networks, look 2 of 4" in "\n".join(text(200, rows))
    assert "16 disjoint pairs" in "\n".join(text(200, rows))
    assert "networks" not in "\n".join(line for line in text(80, rows) if line.startswith("  mnist"))


def test_exact_at_points_is_exact_for_short() -> None:
    """In the narrow column of how it is known."""
    row = verdict("H2", "", "raw", strength="exact at points", proved=True, estimate=0.0, interval=None)
    assert text(80, [row, verdict("E1", p_value=0.2)])[4].split()[-1] == "exact"
    assert "exact at points" in text(200, [row])[-1]


def test_a_wide_terminal_shows_the_reason() -> None:
    """From 120 columns on words are whole, and what is left over holds the reason."""
    row = next(line for line in text(200, [verdict("E1", note="by a note")]) if "mnist" in line)
    words = "0.0123 [0.0101, 0.0301] <= 0.05 <1e-4 12 networks statistical whole interval inside <= 0.05"
    assert " ".join(row.split()) == f"E1 mnist-5k-500-300-he supported {words}; by a note"


def test_sections_stand_in_the_papers_order() -> None:
    """Section 2, then 4, 3.1 and 5, whatever order verdicts arrive in."""
    found = text(80, EVERYTHING[::-1])
    titles = [line for line in found if line.startswith("Section")]
    assert titles == [
        "Section 2: hypotheses",
        "Section 2: theorems",
        "Section 4: empirical results",
        "Section 3.1: metrics",
        "Section 5: discussion",
    ]
    headings = [line.split()[0] for line in found if line.split("  ")[0] in CATALOGUE]
    assert headings == list(CATALOGUE)


def test_only_the_verdict_is_coloured() -> None:
    """Green, red, yellow: on the word of the verdict and on nothing else of its row."""
    table = lines([verdict("E1", setting="refuted  by")], 80)
    assert [(piece, markup) for piece, markup in table[-1] if markup] == [("supported", {"green": True})]


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (0.04, 3, "0.04"),
        (1.23456e6, 3, "1.23e6"),
        (1.23456e6, 2, "1.2e6"),
        (-1.5e-7, 3, "-1.5e-7"),
        (653.0, 3, "653"),
        *[
            (1234.4, 3, "1234"),
            (0.0, 3, "0"),
            (float("-inf"), 3, "-inf"),
            (99.96, 3, "100"),
            (250.3, 2, "250"),
        ],
    ],
)
def test_numbers_are_short(value: float, digits: int, shown: str) -> None:
    """So many significant digits, a short exponent, and whole numbers up to four figures."""
    assert number(value, digits) == shown


@pytest.mark.parametrize(
    ("id", "evidence", "shown"),
    [
        ("E1", {"estimate": 0.04, "interval": (0.03, 0.05)}, "0.04 [0.03, 0.05] <= 0.05"),
        ("E1", {"estimate": 1.2e6, "interval": (9e5, 2e6)}, "1.2e6 [9e5, 2e6] > 0.05"),
        ("E1", {"estimate": 0.04, "interval": (0.03, 0.06)}, "0.04 [0.03, 0.06] vs 0.05"),
        ("E6", {"estimate": 3.0, "interval": (2.5, float("inf"))}, "3 [2.5, inf] >= 2"),
        ("E6", {"estimate": 1.0, "interval": (0.5, 1.5)}, "1 [0.5, 1.5] < 2"),
        ("E6", {"estimate": None, "interval": (2.5, float("inf"))}, "[2.5, inf] >= 2"),
        ("E1", {"estimate": 0.04, "interval": None}, "0.04 [no interval]"),
        ("E1", {"estimate": None, "interval": None}, "-"),
        ("H2", {"estimate": 72.0, "interval": None, "strength": Strength.PROOF, "proved": False}, "72 > 0"),
        ("H2", {"estimate": 0.0, "interval": (0, 0), "strength": Strength.PROOF, "proved": True}, "0 <= 0"),
    ],
)
def test_the_interval_is_shown_against_the_margin(id: str, evidence: dict[str, Any], shown: str) -> None:
    """The sign says on which side of the margin the whole interval lies, or that it straddles."""
    assert estimate(verdict(id, **evidence)) == shown


@pytest.mark.parametrize(
    ("low", "high", "shown"), [(1, 1, "1 in 1"), (0, 0, "0 not in 1"), (0, 1, "0 [0, 1] vs 1")], ids=str
)
def test_a_two_sided_region_is_named(low: float, high: float, shown: str) -> None:
    """A region with two edges is shown as such."""
    row = verdict("E1", estimate=low, interval=(low, high), region=Region(1.0, 1.0))
    assert estimate(row) == shown


def test_readings_put_the_paper_beside_us() -> None:
    """One line a claim, by protocol, or by data set where nothing trains."""
    rows = [
        verdict("E1", "he"),
        verdict("E1", "std", estimate=1.0, interval=(0.9, 1.1)),
        verdict("E1", "var"),
    ]
    rows += [verdict("E1", "var", setting="mnist-5k-10", interval=(0.0, 1.0))]
    proof = {"strength": Strength.PROOF, "estimate": 0.0, "interval": None}
    rows += [
        verdict("H2", "", "raw", proved=False, **proof),
        verdict("H2", "", "centred", proved=True, **proof),
    ]
    found = summary.below(report(*sorted(rows, key=paper_order)), 200)
    assert [line[0][0] for line in found if line and "paper says" in line[0][0]] == [
        "H2 paper says yes, we measured: mnist-5k 1 supported and 1 refuted",
        "E1 paper says yes, we measured: var 1 supported and 1 inconclusive, std refuted, he supported",
    ]


def test_counts_name_every_outcome_that_occurs() -> None:
    """One line, errors and skips included."""
    rows = [verdict("E1"), verdict("E4"), verdict("E1", estimate=1.0, interval=(0.9, 1.1))]
    assert "".join(piece for piece, _ in summary.counts(rows, 1, 2)) == (
        "3 verdicts: 2 supported, 1 refuted; 1 error, 2 skipped"
    )
    assert "".join(piece for piece, _ in summary.counts(rows[:1])) == "1 verdict: 1 supported"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        *[(None, "unknown"), (0.04, "0 s"), (0.44, "0.4 s"), (1, "1 s"), (44.6, "45 s"), (60, "1 min 00 s")],
        *[(200, "3 min 20 s"), (1500, "25 min"), (3580, "1 h 00 min"), (7500, "2 h 05 min")],
    ],
)
def test_durations_are_said_as_people_do(seconds: float | None, shown: str) -> None:
    """Parts of a second while it is short, seconds while they matter."""
    assert duration(seconds) == shown
