"""On which data sets the exact claims are judged: what the sets declare, and nothing else."""

from __future__ import annotations

import dataclasses

import pytest

from claims.catalogue import exact_sets as of
from data import entries

HOUSES = entries()["boston"]


def test_the_sets_that_declare_it_are_judged_on():
    """mnist-1k holds a part of the digits of mnist-5k, and says so by leaving the exact claims to it."""
    assert of.exact_sets() == ("boston", "mnist-5k", "mnist")
    assert [name for name in ("synthetic", *of.exact_sets()) if of.large(name)] == ["mnist"]
    assert of.of_scale("mnist-5k") == of.of_scale("boston") == of.of_scale("synthetic") == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("synthetic", ("raw",)),
        ("boston", ("raw",)),
        ("mnist-5k", ("raw", "pooled-independent", "independent")),
        ("mnist", ("raw", "pooled-independent", "independent")),
    ],
)
def test_where_h2_fails_independent_columns_are_judged_too(name, expected):
    """So that each theorem is judged somewhere on the data."""
    assert of.preparations(name) == expected


def test_a_new_set_is_judged_as_it_declares(monkeypatch):
    """A large one at the paper's scale; dependent columns are left out, and only digits are pooled."""
    new = dataclasses.replace(HOUSES, name="new", large=True, dependent_columns=True)
    monkeypatch.setattr(of, "entries", lambda: {**entries(), "new": new})
    assert of.exact_sets()[-1] == "new"
    assert of.preparations("new") == ("raw", "independent")
    assert of.large("new")
    other = dataclasses.replace(HOUSES, name="other", exact=False)
    monkeypatch.setattr(of, "entries", lambda: {"other": other})
    assert of.exact_sets() == ()
