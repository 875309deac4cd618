"""The table: it fits, it is grouped as the paper is, and numbers are short."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec.structs import replace

from claims.catalogue import CATALOGUE
from claims.catalogue.order import paper_order
from claims.core.causes import Cause, Open
from claims.core.verdict import Region, Side, Sides, Strength
from reports import summary
from reports.formats import duration, estimate, number
from reports.layout import plain
from reports.records import Multiplicity, Row
from reports.table import table as lines
from tests.reports.sample_reports import report
from tests.reports.sample_verdicts import row as made

WIDTHS = [80, 100, 120, 200]


def verdict(id: str, protocol: str = "he", setting: str = "mnist-5k-500-300", **evidence: Any) -> Row:
    """One verdict of a report."""
    name = f"{setting}-{protocol}" if protocol else setting
    output = {"case": setting, "output": "linear"} if protocol else {}
    return made(id, name, protocol=protocol, **({"n": 12} | output | evidence))


def text(width: int, rows: list[Row], *, reasons: bool = False) -> list[str]:
    return [plain(line) for line in lines(sorted(rows, key=paper_order), width, reasons=reasons)]


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
    """Every line fits, with extreme numbers, open intervals and long reasons, shown or not; each setting has
    one, which a claim shares with its twin on the test set."""
    twins = sum(bool(claim.beside) for claim in CATALOGUE.values())
    for reasons in (False, True):
        found = text(width, EVERYTHING, reasons=reasons)
        assert max(map(len, found)) <= width
        names = sum(line.startswith("  mnist-5k-500-300  ") for line in found)
        assert len(EVERYTHING) - 3 * twins <= names <= len(EVERYTHING)


def test_names_are_whole_and_tell_a_claims_rows_apart() -> None:
    """Case, protocol and output in columns, or the whole setting where these are not all there is to it."""
    long = "mnist-5k-pooled-independent"
    rows = [
        verdict("H2", "", long),
        verdict("H2", "", "mnist-5k-independent"),
        verdict("E7", "std", output="softmax"),
        verdict("E7", "std", setting="mnist-5k-500-300-linear", case="mnist-5k-500-300"),
        verdict("E7", "he", setting="mnist-5k-500-300-a"),
        verdict("E7", "he", setting="mnist-5k-500-300-b"),
    ]
    twice = [replace(row, case="mnist-5k-500-300") if row.protocol == "he" else row for row in rows]
    found = [re.split(" {2,}", line.strip())[:3] for line in text(80, twice) if " mnist" in line]
    assert [name for name, *_ in found[:2]] == ["mnist-5k-independent", long]
    assert sorted(cells for cells in found if cells[1] == "std") == [
        ["mnist-5k-500-300", "std", "linear"],
        ["mnist-5k-500-300", "std", "softmax"],
    ]
    assert [name for name, *_ in found if "-he" in name] == ["mnist-5k-500-300-a-he", "mnist-5k-500-300-b-he"]
    assert not any("…" in line for line in text(80, twice))


def test_a_name_longer_than_its_column_has_a_line_of_its_own() -> None:
    """Of any length, it is whole; the figures follow below it."""
    name = "mine-" + "500-" * 60 + "x"
    found = text(80, [verdict("E1", setting=name), verdict("E1", "std")])
    assert max(map(len, found)) <= 80
    start = next(i for i, line in enumerate(found) if "mine" in line)
    end = next(i for i, line in enumerate(found) if i > start and "supported" in line)
    assert "".join(line.strip() for line in found[start:end]).replace(" ", "") == name + "helinear"


def test_the_failed_hypothesis_stands_in_the_row() -> None:
    """Where a claim is not applicable the row says why, instead of an estimate."""
    why = ["H2 failed on mnist-5k (rank 653 of 784)", "judged on mnist-5k-independent instead"]
    row = verdict("T2", "", "mnist-5k", estimate=None, interval=None, n=0, failed=why)
    assert re.search(r" (not applicable|n/a) +H2 failed ", text(80, [row])[-1])
    assert "H2 failed on mnist-5k (rank 653 of 784)" in text(200, [row])[-1]


def test_a_row_that_nothing_can_shorten_is_cut() -> None:
    """Even then no line is wider than the terminal."""
    found = text(80, [verdict("E1", n=10**80)])
    assert max(map(len, found)) == 80
    assert found[-1].endswith("0…")


def test_rows_at_80_columns() -> None:
    """Setting, protocol, output, verdict, estimate with interval, n; the claim, the paper's reading and what
    makes it true once above them."""
    rows = [
        verdict("E1", "std", estimate=1.23e6, interval=(9.12e5, 2.12e6)),
        verdict("E1", "var", interval=(0.01, 0.2), estimate=0.04),
        verdict("E1"),
    ]
    assert text(80, rows) == [
        "",
        "Section 4: empirical results, statistical",
        "  setting           init  output  verdict       estimate                  n",
        "E1  784-500-10, MSE, linear output: all models reach near zero loss",
        "    [paper: yes]  [true: L/L0 <= 0.05]",
        "  mnist-5k-500-300  std   linear  refuted       1.23e6 [9.12e5, 2.12e6]  12",
        "  mnist-5k-500-300  var   linear  inconclusive  0.04 [0.01, 0.2]         12",
        "  mnist-5k-500-300  he    linear  supported     0.0123 [0.0101, 0.0301]  12",
    ]


def test_train_and_test_stand_on_one_line() -> None:
    """A claim on the test set shares the lines of its twin on the training set, each verdict in its colour;
    where a setting of one is missing, each claim keeps its own lines."""
    zero, one = {"estimate": 0.1, "interval": (0.0, 0.2)}, {"estimate": 1.0, "interval": (0.9, 1.0)}
    sides = {"E9": one, "E9-test": zero}
    rows = [verdict(id, name, "boston-50", **sides[id]) for id in sides for name in ("std", "he")]
    assert text(80, rows)[1:] == [
        "Section 4: empirical results, statistical",
        "E9, E9-test  Boston, 50 hidden units, linear output: all models reach near zero",
        "    training loss  [paper: yes]  [true: share of networks >= 0.85]",
        "  setting    init  output  training               test                    n",
        "  boston-50  std   linear  supported  1 [0.9, 1]  refuted  0.1 [0, 0.2]  12",
        "  boston-50  he    linear  supported  1 [0.9, 1]  refuted  0.1 [0, 0.2]  12",
    ]
    line = lines(sorted(rows, key=paper_order), 80)[-1]
    coloured = [(piece, markup) for piece, markup in line if markup]
    assert coloured == [("supported", {"green": True}), ("refuted", {"red": True})]
    apart = text(80, rows[:-1])
    assert sum(line.startswith("  boston-50") for line in apart) == 3
    assert not any("E9, E9-test" in line for line in apart)
    reasons = " ".join(" ".join(text(80, rows, reasons=True)).split())
    assert "E9: whole interval inside >= 0.85 E9-test: whole interval outside >= 0.85" in reasons


def test_one_verdict_on_both_sets_shows_both_figures() -> None:
    """M2's line has the training set's and the test set's; where they do not fit, the verdict's own. A report
    that was written before has that alone."""
    both = Sides(Side(1.0, (0.83, 1.0)), Side(0.25, (0.07, 0.52)))
    one = {"estimate": 0.25, "interval": (0.07, 0.52)}
    rows = [verdict("M2", name, "mnist-1k-500", sides=both, **one) for name in ("std", "he")]
    assert text(80, [verdict("M1", setting="mnist-1k-500-300"), *rows])[-3:] == [
        "  setting       init  output  verdict  training     test                n",
        "  mnist-1k-500  std   linear  refuted  1 [0.83, 1]  0.25 [0.07, 0.52]  12",
        "  mnist-1k-500  he    linear  refuted  1 [0.83, 1]  0.25 [0.07, 0.52]  12",
    ]
    (coloured,) = [piece for piece, markup in lines(rows, 80)[-1] if markup]
    assert coloured == "refuted"
    narrow = text(60, rows)
    assert "training" not in " ".join(narrow)
    assert narrow[-1] == "  mnist-1k-500  he    linear  refuted  0.25 [0.07, 0.52]  12"
    before = [replace(row, sides=None) for row in rows]
    assert "0.25 [0.07, 0.52]" in text(80, before)[-1]
    assert "training" not in " ".join(text(80, before))
    assert estimate(rows[0]) == "0.25 [0.07, 0.52] < 0.7 (train 1 [0.83, 1], test 0.25 [0.07, 0.52])"
    assert estimate(rows[0], margin=False) == "0.25 [0.07, 0.52]"


def test_reasons_stand_in_full_below_their_rows() -> None:
    """Wrapped, with what holds the verdict open and what would decide it."""
    held = Open(Cause.NO_SECOND_LEG, "--scale standard", (("a", 240.0), ("b", 120.0)))
    rows = [verdict("E7", interval=(0.0, 1.0), note="word " * 40, open=held), verdict("E8")]
    found = text(80, rows, reasons=True)
    row = next(i for i, line in enumerate(found) if line.startswith("  mnist"))
    assert found[row + 1].startswith("      the interval straddles ")
    below = " ".join(" ".join(found[row + 1 :]).split())
    assert below.count("word") == 40
    assert "open for no second leg: --scale standard (6 core minutes or more)" in below
    assert not any("word" in line for line in text(80, rows))


def test_p_values_stand_where_there_is_room_for_them() -> None:
    """At 80 columns only where no digit is lost for them; then the header says p."""
    rows = [
        verdict("E1", setting="a", p_value=0.0123),
        verdict("E1", "std", "a", interval=None, p_value=None),
    ]
    found = text(80, rows)
    assert [found[2], *found[-2:]] == [
        "  setting  init  output  verdict       estimate                 p       n",
        "  a        std   linear  inconclusive  0.0123 [no interval]            12",
        "  a        he    linear  supported     0.0123 [0.0101, 0.0301]  0.012  12",
    ]
    longer = [*rows, verdict("E1", "var", "mnist-5k-500-300", estimate=-1.23e-6, interval=(-9.1e-6, 1.2e-6))]
    assert " p " not in text(80, longer)[2]


def test_a_decided_row_that_does_not_survive_has_a_star() -> None:
    """Beside its verdict, in its colour; above the table stands what it means and how many there are."""
    rows = [verdict("E1", survives=False), verdict("E4", survives=True), verdict("E6", survives=None)]
    found = text(80, rows)
    assert [("supported*" in line, "supported " in line) for line in found if "mnist" in line][:2] == [
        (True, False),
        (False, True),
    ]
    assert ("supported*", {"green": True}) in lines(rows[:1], 80)[-1]
    of = Multiplicity(method="", rows=100, decided=40, surviving_bh=37, surviving_holm=20, alpha=0.05)
    assert (
        "40 of 100 rows with a p-value are decided; counted together 37 survive Benjamini-Hochberg at 0.05, "
        "20 Holm; * 3 do not A claim"
    ) in above(80, of)
    assert "*" not in above(80, replace(of, surviving_bh=40))
    assert above(80, replace(of, rows=0, decided=0, surviving_bh=0)).startswith("fixed design: ")


def above(width: int, of: Multiplicity) -> str:
    """What stands above the table of a report with this multiplicity, on one line."""
    lines = summary.caption(replace(report(), multiplicity=of), width)
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
    sampled = verdict("H7", "")
    assert text(80, [row, sampled])[4].split()[-1] == "exact"
    assert "exact at points" in text(200, [row, sampled])[4]
    assert text(80, [row])[1] == "Section 2: hypotheses, exact at points"


def test_a_wide_terminal_shows_the_reason() -> None:
    """From 120 columns on words are whole, and what is left over holds the reason."""
    row = next(line for line in text(200, [verdict("E1", note="by a note")]) if "mnist" in line)
    words = "0.0123 [0.0101, 0.0301] <1e-4 12 networks whole interval inside <= 0.05"
    assert " ".join(row.split()) == f"mnist-5k-500-300 he linear supported {words}; by a note"


def test_sections_stand_in_the_papers_order() -> None:
    """Section 2, then 4, 3.1 and 5, whatever order verdicts arrive in."""
    found = text(80, EVERYTHING[::-1])
    titles = [line.removesuffix(", statistical") for line in found if line.startswith("Section")]
    assert titles == [
        "Section 2: hypotheses",
        "Section 2: theorems",
        "Section 4: empirical results",
        "Section 3.1: metrics",
        "Section 5: discussion",
    ]
    headings = [
        id for line in found if (ids := line.split("  ")[0].split(", "))[0] in CATALOGUE for id in ids
    ]
    assert sorted(headings) == sorted(CATALOGUE)
    assert [id for id in headings if "-" not in id] == [id for id in CATALOGUE if "-" not in id]


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
