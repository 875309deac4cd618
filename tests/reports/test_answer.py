"""The answer: a clause a topic, counts of claims, whatever the mix of outcomes."""

from __future__ import annotations

import re
from itertools import product

import pytest
from msgspec.structs import replace

from claims.catalogue import CATALOGUE
from claims.core.claim import Topic
from claims.core.verdict import Outcome
from reports.answer import Answer, Member, Standing, answer, contradictions, listed
from tests.reports import page_samples as samples
from tests.reports.page_samples import judged

S, R, I, N = Outcome  # noqa: E741


def said(found: Answer) -> str:
    """All of it, every claim by its id."""
    return " ".join([*(clause.naming(*Standing) for clause in found.clauses), *filter(None, [found.note])])


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ("", "No claim was judged in this run."),
        (
            "N1 strict c, N1 dead r, H7 a-he R",
            "ReLU networks in general: no, counterexamples certified and proved on mnist-5k (N1); "
            "of 2 claims 2 fail.",
        ),
        ("N1 a s", "ReLU networks in general: yes as far as judged, proved on mnist-5k (N1); of 1 claim 1 h"),
        ("N1 a s, N1 b r", "not always: proved false on mnist-5k (N1), proved true on mnist-5k (N1); of 1"),
        ("N1 a I", "ReLU networks in general: open (N1); of 1 claim 1 is open."),
        ("N2 a s", "ReLU networks in general: the question was not judged; of 1 claim 1 holds."),
        (
            "T2 a N, T3 a N",
            "the theorem says nothing on mnist-5k (T2 and T3), where a hypothesis fails; of 2",
        ),
        (
            "T3 a s, T2 a N",
            "yes, proved by Kawaguchi and proved on mnist-5k (T3); of 2 claims 1 holds, 1 does",
        ),
        ("T3 a r", "Linear networks: no, though Kawaguchi proved it: proved false on mnist-5k (T3); of 1"),
        (
            "E1 a-std S, E1 a-he S, E2 a-he S, E6 a-std R, E6 a-he I, E11 a-he S, E11 b-he R, E7 a-he I, "
            "E8 a-he N",
            "Trained networks: of 6 claims under std, he 2 hold (E1; he: E2), 1 fails (std: E6), 1 differs "
            "by setting (he: E11), 1 is open (E7), 1 does not apply (E8).",
        ),
        ("E1 a-he S, E1-test a-he R", "Generalisation: of 1 claim under he 1 fails (E1-test)."),
    ],
)
def test_the_answer_follows_from_the_verdicts(verdicts: str, expected: str) -> None:
    """A sentence for each topic: the verdict on the question, then how many claims stand how, and which."""
    text = said(answer(samples.report(*judged(verdicts))))
    assert expected in text
    assert text.endswith(".")


GRID = [("T3", "a"), ("N1", "b"), ("E1", "c-he"), ("E1", "c-std"), ("D4", "d-he")]


def test_every_mix_of_outcomes_is_told_as_it_is() -> None:
    """Each claim stands in one group, the numbers of a clause add up, and no word says more than its rows."""
    begins = {"S": "yes", "R": "no, ", "I": "open", "N": "the theorem"}
    for outcomes in product("SRIN", repeat=len(GRID)):
        cells = zip(GRID, outcomes, strict=True)
        rows = judged(", ".join(f"{id} {setting} {letter}" for (id, setting), letter in cells))
        found = answer(samples.report(*rows))
        members = [member.claim for clause in found.clauses for member in clause.members]
        assert members == ["T3", "N1", "E1", "D4"]
        for clause in found.clauses:
            text = clause.naming(*Standing)
            counts = re.findall(r"[ ,](\d+) (?:hold|fail|differ|is open|are open|do)", text)
            assert sum(map(int, counts)) == len(clause.members), text
        linear, relu, trained, general = found.clauses
        assert linear.lead.startswith(begins[outcomes[0]])
        assert relu.lead.startswith(begins[outcomes[1]])
        assert (trained.lead, general.lead) == ("", "")
        decided = "".join(sorted({*outcomes[2:4]} & {*"RS"}))
        silent = Standing.OPEN if "I" in outcomes[2:4] else Standing.SILENT
        both = {"S": Standing.HOLDS, "R": Standing.FAILS, "RS": Standing.DIFFERS, "": silent}
        assert trained.members[0].standing is both[decided]


def test_lists_count_what_survives_benjamini_hochberg_and_yes_and_no_what_survives_holm() -> None:
    """Decided at 0.03 twice: both are listed, and neither says yes or no; a star leaves a claim open."""
    one, two = (replace(row, p_value=0.03) for row in judged("T2 a S, E4 a-he R"))
    both = answer(samples.report(one, two))
    assert said(both).startswith("Linear networks: open (T2); of 1 claim 1 holds.")
    assert "1 fails (E4)" in said(both)
    assert "the rows that survive Benjamini-Hochberg over all 2 sampled ones; yes and no" in both.note
    assert said(answer(samples.report(one))).startswith("Linear networks: yes, proved by Kawaguchi")
    many = [replace(row, p_value=0.9) for row in judged(", ".join(f"E7 {i}-he I" for i in range(20)))]
    assert "2 are open (E4, E7)" in said(answer(samples.report(two, *many)))


def test_a_claim_of_ones_own_has_a_clause_of_its_own() -> None:
    """It is no part of the paper's question, and is not lost."""
    own = replace(judged("E1 a-he S")[0], claim="X1")
    assert said(answer(samples.report(own))).startswith("Other claims: of 1 claim under he 1 holds (X1).")


def test_every_claim_of_the_catalogue_has_a_topic() -> None:
    """And those that ask the question itself belong to the theorem and to its extension."""
    assert {claim.topic for claim in CATALOGUE.values()} == set(Topic)
    assert {claim.topic for claim in CATALOGUE.values() if claim.central} == {Topic.LINEAR, Topic.RELU}


def test_contradictions_are_rows_decided_against_the_paper() -> None:
    """Refuted where it says yes or assumes it, supported where it says no; not what it leaves open."""
    rows = judged("E1 a-he S, E4 a-std R, E4 a-he I, H7 a-he R, D9 a-he S, D7 b S, E6 a-he R")
    fell = [replace(row, survives=False) if row.claim == "E6" else row for row in rows]
    assert [(m.claim, m.protocols) for m in contradictions(fell)] == [
        ("E4", ("std",)),
        ("H7", ("he",)),
        ("D9", ("he",)),
    ]


def test_ids_stand_by_the_protocols_that_decided_them() -> None:
    """Named where these are not all there are."""
    members = [
        Member("N1", Standing.FAILS),
        Member("E1", Standing.FAILS, ("std", "he")),
        Member("E6", Standing.FAILS, ("he",)),
        Member("E7", Standing.FAILS, ("std", "he")),
    ]
    assert listed(members, ("std", "he")) == "N1, E1, E7; he: E6"
    assert listed([]) == ""
