"""In which order claims are collected, under which names, and which worker gets them; on planted tests.

What `pytest claims/` itself collects is in test_collection.py, by a process of its own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import claims.statistics  # noqa: F401  (NumPy, before a run inside a test: a process can load it only once)

CLAIMS = """
import pytest
from claims.catalogue.experiments import BOSTON_50, LINEAR_500, LINEAR_500_300, SOFTMAX_500
from claims.catalogue.declaration import claim

@claim("H1")
def test_proof(declared):
    pass

@pytest.mark.parametrize("name", ["small", pytest.param("large", marks=pytest.mark.scale("paper"))])
def test_data(name):
    pass

@claim("E9", BOSTON_50)
def test_boston(specs):
    pass

@claim("E6", (SOFTMAX_500, LINEAR_500))
def test_comparison(specs):
    pass

@claim("D3", LINEAR_500, SOFTMAX_500)
def test_both_outputs(specs):
    pass

@claim("E2-sigma", LINEAR_500_300, protocols=("std", "var"))
def test_deep(specs):
    pass
"""


class Watching:
    """Keeps what was collected."""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.left_out = [item.name for item in items]

    @property
    def names(self) -> list[str]:
        return [item.name for item in self.items]

    def group(self, name: str) -> str:
        (item,) = (item for item in self.items if item.name == name)
        return item.get_closest_marker("xdist_group").args[0]

    def specs(self, name: str) -> tuple:
        (item,) = (item for item in self.items if item.name == name)
        return item.callspec.params.get("specs", ())


@pytest.fixture
def collected(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """The tests above as the claims' conftest collects them with these options."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[3]))
    pytester.makeini(
        "[pytest]\naddopts = -p claims.harness.launch.plugin -p reports.plugin"
        " -p claims.conftest --strict-markers"
    )
    pytester.makepyfile(test_claims=CLAIMS)

    def run(*options: str) -> Watching:
        watching = Watching()
        watching.left_out = []
        result = pytester.inline_run("--collect-only", "-q", "--store", "store", *options, plugins=[watching])
        assert result.ret == 0
        return watching

    return run


def test_longest_first_then_comparisons_then_proofs(collected):
    """Experiments by what they cost, a comparison when most of it is trained, last what trains nothing."""
    assert collected().names == [
        *("test_both_outputs[D3-mnist-1k-500-linear-he]", "test_both_outputs[D3-mnist-1k-500-softmax-he]"),
        *("test_deep[E2-sigma-mnist-1k-500-300-std]", "test_deep[E2-sigma-mnist-1k-500-300-var]"),
        *("test_both_outputs[D3-mnist-1k-500-linear-std]", "test_both_outputs[D3-mnist-1k-500-softmax-std]"),
        *("test_both_outputs[D3-mnist-1k-500-linear-var]", "test_both_outputs[D3-mnist-1k-500-softmax-var]"),
        *(f"test_boston[E9-boston-50-{protocol}]" for protocol in ("he", "std", "var")),
        *(f"test_comparison[E6-mnist-1k-500-{protocol}]" for protocol in ("he", "std", "var")),
        *("test_proof[H1]", "test_data[small]"),
    ]


def test_a_long_descent_begins_before_longer_trainings(collected):
    """The standard scale pays for one, and with all second legs for those that it leaves out otherwise."""
    long = "test_both_outputs[D3-mnist-5k-500-linear-var]"
    assert collected("--scale", "standard").names[0] == long
    names = collected("--scale", "standard", "--second-legs", "all").names
    assert [name.split("[")[1] for name in names[:2]] == [
        *("E2-sigma-mnist-5k-500-300-std]", "E2-sigma-mnist-5k-500-300-var]"),
    ]
    assert names.index(long) < names.index("test_both_outputs[D3-mnist-5k-500-linear-he]")
    assert collected("--scale", "paper").names[0] == "test_deep[E2-sigma-mnist-500-300-std]"


def test_one_experiment_is_one_group(collected):
    """Named by what is trained; a comparison waits in a group of its own."""
    found = collected()
    assert found.group("test_boston[E9-boston-50-he]") == "boston-50-he linear mse"
    assert found.group("test_both_outputs[D3-mnist-1k-500-softmax-he]") == "mnist-1k-500-he softmax mse"
    assert found.group("test_comparison[E6-mnist-1k-500-he]") == "comparisons mnist-1k-500-he"


def test_options_reach_the_specs(collected):
    """How many networks, in which arithmetic, from which seed; a comparison's in the order of the marker."""
    found = collected("--networks", "8", "--precision", "fp64", "--seed", "3")
    for name in found.names[:-2]:
        for spec in found.specs(name):
            assert (
                spec.networks.count,
                spec.networks.first,
                spec.arithmetic.precision,
                spec.networks.seed,
            ) == (8, 0, "fp64", 3)
    softmax, linear = found.specs("test_comparison[E6-mnist-1k-500-he]")
    assert (softmax.objective.output, linear.objective.output) == ("softmax", "linear")
    assert {spec.networks.count for spec in collected("--looks").specs("test_boston[E9-boston-50-he]")} == {
        12
    }
    assert {spec.networks.count for spec in collected().specs("test_boston[E9-boston-50-he]")} == {32}


def test_a_scale_leaves_the_others_tests_out(collected):
    """What needs full MNIST is there at the paper's scale only; every experiment is then of that scale."""
    quick, paper = collected(), collected("--scale", "paper")
    assert quick.left_out == ["test_data[large]"]
    assert paper.left_out == []
    assert paper.names[-2:] == ["test_data[small]", "test_data[large]"]
    assert "test_both_outputs[D3-mnist-500-linear-he]" in paper.names


def test_protocols_that_were_not_chosen_are_left_out(collected):
    """And with them a claim that speaks of none of the chosen."""
    found = collected("--protocols", "he")
    trained = [name for name in found.names if found.specs(name)]
    assert trained
    assert all(name.endswith("-he]") for name in trained)
    assert not any(name.startswith("test_deep") for name in found.names)
    assert [name for name in found.left_out if name.startswith("test_deep")] == [
        *("test_deep[E2-sigma-mnist-1k-500-300-std]", "test_deep[E2-sigma-mnist-1k-500-300-var]"),
    ]
