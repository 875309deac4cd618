"""What `pytest claims/` collects: names like the paper's, in a fixed order, without torch."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

PLUGIN = """
import pytest, sys

@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    for item in session.items:
        groups = ",".join(mark.args[0] for mark in item.iter_markers("xdist_group"))
        specs = getattr(item, "callspec", None) and item.callspec.params.get("specs") or ()
        claims = [mark.args[0].claim.id for mark in item.iter_markers("claim")]
        about = (f"{s.name} N={s.networks.count} seed={s.networks.seed} "
                 f"T={s.budget.epochs} B={s.budget.batch}"
                 for s in specs)
        print("ITEM", item.nodeid, groups, ",".join(claims), " + ".join(about), sep="\\t")
    print("LOADED", *sorted({name.partition(".")[0] for name in sys.modules}), sep="\\t")
"""

QUIETLY = ["--collect-only", "-q", "-s", "-p", "looking_on", "-p", "no:cacheprovider"]


class Collection:
    """The tests of one `pytest claims/ --collect-only`, in order, with their groups and experiments."""

    def __init__(self, output: str) -> None:
        rows = [line.split("\t") for line in output.splitlines()]
        items = [row[1:] for row in rows if row[0] == "ITEM"]
        self.ids = [id for id, *_ in items]
        self.groups = {id: group for id, group, *_ in items}
        self.claims = {id: claim for id, _, claim, _ in items}
        self.experiments = {id: specs.split(" + ") if specs else [] for id, *_, specs in items}
        self.loaded = next(row[1:] for row in rows if row[0] == "LOADED")


@pytest.fixture(scope="module")
def collect(tmp_path_factory):
    """Collects claims/ in a process of its own."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "looking_on.py").write_text(PLUGIN)

    def run(*options: str, hash_seed: str = "0", check: bool = True) -> Collection | str:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "claims", *QUIETLY, *options],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(folder), "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            timeout=120,
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
            return Collection(done.stdout)
        return done.stdout + done.stderr

    return run


@pytest.fixture(scope="module")
def default(collect) -> Collection:
    return collect()


NAMES = [
    "test_hypotheses.py::test_gram_has_full_rank[H2-mnist-5k-raw]",
    "test_hypotheses.py::test_det_and_qr_check_the_rank[H6-boston-raw]",
    "test_linear_output.py::test_one_hidden_layer_reaches_near_zero_training_loss[E1-mnist-1k-500-std]",
    "test_linear_output.py::test_one_hidden_layer_reaches_near_zero_test_loss[E1-test-mnist-1k-500-std]",
    "test_linear_output.py::test_two_hidden_layers_reach_near_zero_training_loss[E4-mnist-1k-500-300-var]",
    "test_linear_output.py::test_small_network_behaves_the_same[E5-mnist-1k-10-10-he]",
    "test_linear_output.py::test_models_disagree_first_then_agree[E3-mnist-1k-500-std]",
    "test_softmax.py::test_pairs_agree_on_labels[E8-mnist-1k-500-300-std]",
    "test_softmax.py::test_convergence_is_much_slower[E6-mnist-1k-500-he]",
    "test_boston.py::test_regression_training_loss_goes_to_zero[E9-boston-50-std]",
    "test_cross_entropy.py::test_models_form_two_groups[E10-groups-mnist-1k-500-he]",
    "test_metrics.py::test_models_label_examples_identically[M2-mnist-1k-500-std]",
    "test_discussion.py::test_equal_loss_means_equal_labels[D3-mnist-1k-500-linear-std]",
    "test_discussion.py::test_equal_loss_means_equal_labels[D3-mnist-1k-500-softmax-std]",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_read_like_the_paper(default, name):
    """A test is called after the claim, the data, the network and the protocol."""
    assert f"claims/{name}" in default.ids


def test_ids_are_unique(default):
    """No two tests share a name, so that verdicts of two runs can be matched."""
    assert len(set(default.ids)) == len(default.ids)


def test_collection_needs_no_torch(default):
    """`--collect-only`, `-k` and every worker's start are spared the seconds that torch takes."""
    assert {"claims", "models", "data"} <= set(default.loaded)
    assert "torch" not in default.loaded


def test_two_processes_collect_the_same(collect, default):
    """Order and names do not hang on hashes: xdist's workers must agree."""
    again = collect(hash_seed="12345")
    assert again.ids == default.ids
    assert again.groups == default.groups


def test_tests_of_one_experiment_share_a_group(default):
    """One worker trains an experiment, and the tests that need no other follow it there."""
    single = {id: specs[0] for id, specs in default.experiments.items() if len(specs) == 1}
    assert len(single) > 40
    pairs = {(spec, default.groups[id]) for id, spec in single.items()}
    assert len(pairs) == len({spec for spec, _ in pairs}) == len({group for _, group in pairs})


def test_tests_of_one_group_follow_one_another(default):
    """A group is a block: no worker is handed one test of it while another worker has the rest."""
    trained = [default.groups[id] for id in default.ids if default.experiments[id]]
    changes = sum(a != b for a, b in pairwise(trained))
    assert changes == len(set(trained)) - 1


def test_longest_first_proofs_last(default):
    """First what trains longest, then the comparisons of what was trained, then what trains nothing."""
    counts = [len(default.experiments[id]) for id in default.ids]
    kinds = [min(count, 2) for count in counts]
    assert kinds == sorted(kinds, key=[1, 2, 0].index)
    single = [default.experiments[id][0] for id in default.ids if len(default.experiments[id]) == 1]
    assert single[0].startswith("mnist-1k-500-300-he")
    first = {name: i for i, name in reversed(list(enumerate(spec.partition(" N=")[0] for spec in single)))}
    assert first["mnist-1k-500-300-he linear mse"] < first["mnist-1k-500-std linear mse"]


def test_every_claim_of_the_catalogue_is_judged_somewhere(default):
    """No claim is written down and then forgotten, and every test in claims/ judges one."""
    from claims.catalogue import CATALOGUE

    assert set(default.claims.values()) == set(CATALOGUE)


def test_an_id_begins_with_its_claim(default):
    """What stands in brackets is the claim, then the setting as reports print it."""
    assert all(f"[{claim}" in id for id, claim in default.claims.items())


@pytest.mark.parametrize(
    ("options", "claims"),
    [
        (("--claims", "E1"), {"E1"}),
        (("--claims", "E1,H2"), {"E1", "H2"}),
        (("-k", "E1"), {"E1"}),
        (("-k", "e10-groups or E2"), {"E10-groups", "E2"}),
        (("--claims", "figure 8"), {"E9", "E9-test"}),
    ],
    ids=["one", "two", "by keyword", "by keywords", "by figure"],
)
def test_claims_are_chosen_by_id(collect, default, options, claims):
    """`--claims` and `-k` take exactly these ids, in the usual order: E1 is not E10, and not E1-test."""
    found = collect(*options)
    assert set(found.claims.values()) == claims
    assert found.ids == [id for id in default.ids if default.claims[id] in claims]


def test_a_printed_setting_selects(collect, default):
    """`-k mnist-1k-500-std`, as the report prints it, with an output between or without."""
    found = collect("-k", "mnist-1k-500-std")
    assert found.ids == [id for id in default.ids if re.search("mnist-1k-500(-linear|-softmax)?-std]", id)]
    assert len(set(found.claims.values())) > 10


def test_a_printed_setting_is_chosen_whole(collect, default):
    """`--claims` takes the case as a column has it, with protocol and output or without; a part of a name is
    `-k`'s. A figure chooses the networks that it shows."""
    case = collect("--claims", "mnist-1k-500-300,boston-50-he")
    assert case.ids == [id for id in default.ids if "mnist-1k-500-300" in id or "boston-50-he" in id]
    row = collect("--claims", "mnist-1k-500-300-softmax-he")
    assert {of for of in row.claims.values() if of.startswith("E7")} == {"E7"}
    assert all(id.endswith(("-500-300-he]", "-500-300-softmax-he]")) for id in row.ids)
    figure = collect("--claims", "Figure 5")
    assert set(figure.claims.values()) == {"E6", "E7", "E7-sigma"}
    assert not any("500-300" in id for id in figure.ids)
    assert collect("-k", "E7 and mnist-1k-500-300-softmax-he").ids == [
        id for id in default.ids if id.endswith("[E7-mnist-1k-500-300-he]")
    ]


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ("-k", "mnist-1k-50x"),
            "got -k mnist-1k-50x, wanted at least one of 240 tests; close to that, or all there is: "
            "mnist-1k-500, mnist-1k-500-he,",
        ),
        (("-k", "zzz", "--claims", "E9"), "got -k zzz and --claims E9, wanted"),
    ],
)
def test_an_empty_choice_is_answered_with_the_nearest(options, said, workers):
    """A usage error that names what there is, with workers as without."""
    command = [sys.executable, "-m", "pytest", "claims", "-q", "-n", workers, "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (
            "E13",
            "got --claims E13, wanted ids of claims, settings or figures, comma separated, such as E3, E1,",
        ),
        (
            "E1,e8-On",
            "got --claims e8-On, wanted ids of claims, settings or figures, comma separated, such as E8-",
        ),
    ],
)
def test_an_unknown_claim_is_answered_with_the_nearest(ids, said, workers):
    """A usage error, with workers as without."""
    command = [sys.executable, "-m", "pytest", "claims", "-q", "-n", workers, "-p", "no:cacheprovider"]
    done = subprocess.run([*command, "--claims", ids], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_protocols(collect, default):
    """`--protocols he` leaves out the paper's two protocols, and what is about their four models; a verdict
    that compares protocols has the chosen one alone."""
    he = collect("--protocols", "he")
    compared = {id for id in default.ids if default.claims[id] == "D7"}
    chosen = [id for id in default.ids if not default.experiments[id] or id.endswith("-he]")]
    assert [id for id in he.ids if he.claims[id] != "D7"] == chosen
    assert {id.removesuffix("-he]") + "]" for id in he.ids if he.claims[id] == "D7"} == compared


def test_protocols_are_compared_in_one_verdict(default):
    """D7's row is named without a protocol and trains under all three."""
    (specs,) = (of for id, of in default.experiments.items() if id.endswith("[D7-mnist-1k-500]"))
    assert [spec.partition(" ")[0] for spec in specs] == [
        f"mnist-1k-500-{name}" for name in ("std", "var", "he")
    ]


@pytest.mark.parametrize(
    "test", ["test_sigma_does_not_change_the_loss_reached", "test_sigma_changes_the_loss_reached"]
)
def test_sigma_has_an_effect_only_where_it_differs(default, test):
    """Under He's weights the four models are one population: no row asks what sigma does there."""
    protocols = {id.rpartition("-")[2] for id in default.ids if test in id}
    assert protocols == {"std]", "var]"}


def test_paper_scale(collect, default):
    """`--scale paper` trains on full MNIST for 20 epochs or more; exact claims keep the small sets too."""
    paper = collect("--scale", "paper")
    assert "claims/test_softmax.py::test_pairs_agree_on_labels[E8-mnist-500-300-std]" in paper.ids
    assert "claims/test_hypotheses.py::test_gram_has_full_rank[H2-mnist-raw]" in paper.ids
    assert len(paper.ids) > len(default.ids)
    specs = [spec for specs in paper.experiments.values() for spec in specs]
    assert not any(spec.startswith(("mnist-5k", "mnist-1k")) for spec in specs)
    assert min(int(spec.split("T=")[1].split()[0]) for spec in specs) >= 20


@pytest.mark.parametrize(
    ("options", "networks", "seed"),
    [((), 32, 0), (("--networks", "48"), 48, 0), (("--looks",), 12, 0), (("--seed", "7"), 32, 7)],
    ids=str,
)
def test_designs(collect, default, options, networks, seed):
    """`--networks`, `--looks` (whose first look is collected) and `--seed` change experiments and no name."""
    found = collect(*options)
    assert found.ids == default.ids
    for id, specs in default.experiments.items():
        expected = [spec.replace("N=32 seed=0", f"N={networks} seed={seed}") for spec in specs]
        assert found.experiments[id] == expected


@pytest.mark.parametrize(
    "options",
    [("--protocols", "gauss"), ("--scale", "huge"), ("--networks", "10"), ("--claims", ",")],
    ids=" ".join,
)
def test_a_wrong_option_collects_nothing(collect, options):
    """A wrong value is a usage error that names the option, before anything is collected."""
    output = collect(*options, check=False)
    assert "ITEM" not in output
    assert options[0] in output
