"""Every recipe of docs/extending.md, followed in a copy of the project: its files alone do what it says."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.recipes import ROOT, Recipe, copy_project, digests, pytest_in, python_in, recipes

RECIPES = recipes()

Followed = Callable[[str], tuple[Path, Recipe]]


CLAIM = """
from claims.catalogue.declaration import claim
from claims.catalogue.experiments import Training
from claims.test_half import EXPLAINED, explained
from models.networks.small_cnn import SmallCNN
from models.objectives.objective import Objective
from models.optimisers.rmsprop import RMSprop
from models.penalties.l1 import L1


@claim(EXPLAINED, Training(SmallCNN(2), Objective(penalty=L1(1e-4)), RMSprop()), protocols=("lecun",))
def test_most_networks_explain_half(judge_runs):
    judge_runs(explained)
"""
"""A claim on what three recipes make, under what a fourth makes."""


@pytest.fixture
def followed(tmp_path: Path) -> Any:
    """Writes a recipe's files into a copy; afterwards nothing but these files differs from the project."""
    checkout = copy_project(tmp_path / "checkout")
    before, listed = digests(checkout), []

    def follow(title: str) -> tuple[Path, Recipe]:
        recipe = RECIPES[title]
        listed.extend(recipe.listed)
        for path, text in recipe.files.items():
            (checkout / path).parent.mkdir(parents=True, exist_ok=True)
            (checkout / path).write_text(text)
        return checkout, recipe

    yield follow
    after = digests(checkout)
    assert sorted(listed) == sorted(path for path in before | after if before.get(path) != after.get(path))
    assert not set(listed) & set(before), "a recipe adds files and changes none"


def obeyed(checkout: Path, recipe: Recipe) -> str:
    """Runs the recipe's commands on pytest and gives what they printed."""
    printed = ""
    for command in recipe.commands:
        start = "python -m pytest "
        assert command.startswith(start)
        done = pytest_in(checkout, *shlex.split(command.removeprefix(start)))
        assert done.returncode == 0, done.stdout + done.stderr
        printed += done.stdout
    return printed


def verdict(checkout: Path) -> dict[str, Any]:
    """The only row of the report."""
    (row,) = json.loads((checkout / "out" / "cpu-slice" / "verdicts.json").read_text())["verdicts"]
    return dict(row)


def tried(checkout: Path, recipe: Recipe, more: str = "") -> str:
    """Runs the recipe's snippet, with what a test has to add, in the copy."""
    done = python_in(checkout, "-c", "\n".join((*recipe.snippets, more)))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_file_that_is_listed_is_shown() -> None:
    """And the other way round; the table at the head has a line for each recipe."""
    assert all(recipe.listed == tuple(recipe.files) for recipe in RECIPES.values())
    head = (ROOT / "docs" / "extending.md").read_text().partition("\n## ")[0]
    anchors = re.findall(r"\]\(#([\w-]+)\)", head)
    assert anchors == [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in RECIPES]


def test_a_section_without_files_is_an_error() -> None:
    """Nothing is a recipe that does not say what it touches."""
    with pytest.raises(ValueError, match=r"got the recipe 'X', wanted a line 'Files: ...', or 'Files: none'"):
        recipes("## X\n\ntext\n")


def test_a_data_set(followed: Followed) -> None:
    """It is loaded as declared, and a claim is judged on it."""
    checkout, recipe = followed("A data set")
    obeyed(checkout, recipe)
    row = verdict(checkout)
    assert (row["claim"], row["setting"], row["dataset"]) == ("M2", "spirals-500-he", "spirals")
    loaded = tried(checkout, recipe, "from data import load; print(load('spirals'))")
    assert loaded.startswith("Dataset('spirals', classification, train [240, 2], test [60, 2], d_y = 3")


def test_your_own_arrays(followed: Followed) -> None:
    """A claim is judged on them, and no file of the project is new."""
    checkout, recipe = followed("Your own arrays")
    tried(checkout, recipe)
    obeyed(checkout, recipe)
    assert verdict(checkout)["setting"] == "my-500-he"


def test_your_own_network(followed: Followed) -> None:
    """A claim is judged on it, under a protocol that the paper has not."""
    checkout, recipe = followed("Your own network")
    obeyed(checkout, recipe)
    row = verdict(checkout)
    assert (row["claim"], row["setting"], row["paper"]) == ("E3", "mnist-1k-100-xavier", "not claimed")


def test_an_initialisation(followed: Followed) -> None:
    """`--protocols` takes it, a claim is judged under it and the page says so; the variance is right."""
    checkout, recipe = followed("An initialisation")
    obeyed(checkout, recipe)
    row = verdict(checkout)
    assert (row["claim"], row["setting"], row["protocol"]) == ("E9", "boston-50-lecun", "lecun")
    assert "boston-50-lecun" in (checkout / "out" / "cpu-slice" / "index.html").read_text()
    drawn = tried(
        checkout,
        recipe,
        "from models.initialisations.lecun import LeCun\n"
        "from models.networks.network import Parameter\n"
        "from models.parts.seeds import generator\n"
        "print(LeCun().draw(Parameter((400, 100), 400), 0, generator(0)).std().item() * 20)",
    )
    assert float(drawn) == pytest.approx(1, abs=0.02)


def test_a_metric_of_every_epoch(followed: Followed, tmp_path: Path) -> None:
    """A run of before is read as it is; a new one has the field, which is right, and its figure is there."""
    title = "A metric of every epoch, with its figure"
    before = ["claims", "--claims", "E9", "--protocols", "he", "--networks", "8"]
    done = pytest_in(tmp_path / "checkout", *before)
    assert done.returncode == 0, done.stdout + done.stderr
    checkout, recipe = followed(title)
    look = (
        "import json, numpy as np\nfrom pathlib import Path\nfrom data import load\n"
        "from claims.catalogue.experiments import BOSTON_50\n"
        "from claims.catalogue.scales import SCALES\n"
        "from models.backend import resolve_backend\nfrom models.recorders.field import fields\n"
        "from models.runs.store import RunStore\nfrom reports.plots.fields import declared\n"
        "spec = SCALES['quick'].experiment(BOSTON_50, 'he', networks=8)\n"
        "run = RunStore(Path('store')).get(spec, load(spec.data), resolve_backend('cpu'))\n"
        "found = run.arrays.get('weight_norm')\n"
        "end = np.sqrt(sum((p.astype(float) ** 2).reshape(8, -1).sum(1) for l in run.weights() for p in l))\n"
        "right = found is not None and found.shape == (401, 8) and bool(np.allclose(found[-1], end))\n"
        "print(json.dumps([run.trained, found is None, right, 'weight_norm' in fields(),"
        " 'weight_norm' in declared()]))"
    )
    page = checkout / "out" / "cpu-slice" / "index.html"
    assert json.loads(tried(checkout, recipe, look)) == [False, True, False, True, True]
    done = pytest_in(checkout, *before)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Euclidean norm of all parameters" not in page.read_text()
    obeyed(checkout, recipe)
    assert json.loads(tried(checkout, recipe, look)) == [False, False, True, True, True]
    assert "Euclidean norm of all parameters" in page.read_text()


def test_an_executor(followed: Followed) -> None:
    """`--executor` chooses it, and what it trains is what is trained elsewhere, to the byte."""
    checkout, recipe = followed("An executor")
    watch = checkout / "out" / "watch.py"
    watch.parent.mkdir()
    watch.write_text(
        "import os, sys, threading\nfrom models.runs import training\n_call = training.Training.__call__\n"
        "def call(self):\n"
        "    thread = threading.current_thread()\n"
        "    priority = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())\n"
        "    with open('out/seen', 'a') as seen:\n        seen.write(f'{thread.name} {priority}\\n')\n"
        "    return _call(self)\n"
        "training.Training.__call__ = call\n"
    )
    (command,) = recipe.commands
    arguments = shlex.split(command)[3:]
    digests_of = []
    for executor in ("background", "local"):
        arguments[-1] = executor
        done = pytest_in(checkout, "-p", "out.watch", *arguments, "--refresh")
        assert done.returncode == 0, done.stdout + done.stderr
        stored = sorted((checkout / "store").glob("*/run.json"))
        digests_of.append({path.parent.name: json.loads(path.read_text())["sha256"] for path in stored})
    own = os.getpriority(os.PRIO_PROCESS, 0)
    trained, here = f"training {19 if sys.platform == 'linux' else own}", f"MainThread {own}"
    # Both legs of E9's networks are tasks, each with either executor.
    assert (checkout / "out" / "seen").read_text().splitlines() == [trained] * 2 + [here] * 2
    assert len(digests_of[0]) == 2
    assert digests_of[0] == digests_of[1]
    refused = pytest_in(checkout, "claims", "--executor", "cluster", "--collect-only")
    assert (
        "got 'cluster', wanted a file of models/executors/: background, local, ray, slurm" in refused.stderr
    )


TRAINED = (
    "\nimport json\nfrom models.experiment import Experiment\n"
    "assert Experiment.from_json(spec.canonical()) == spec\n"
    "again = RunStore(Path('store')).get(spec, load(spec.data), resolve_backend('cpu'))\n"
    "loss = run.normalised_loss()\n"
    "print(json.dumps([run.trained, again.trained, loss.shape, bool((loss[-1] < loss[0]).all())]))\n"
)
"""What is true of every training of the page: its spec is JSON and back, it is stored, and losses fall."""


def said(printed: str) -> list[Any]:
    """The JSON of the last line."""
    return list(json.loads(printed.splitlines()[-1]))


def test_an_architecture(followed: Followed) -> None:
    """It trains through the store, and its test passes."""
    checkout, recipe = followed("An architecture")
    assert said(tried(checkout, recipe, TRAINED)) == [True, False, [2, 4], True]
    assert "1 passed" in obeyed(checkout, recipe)


def test_an_optimiser(followed: Followed) -> None:
    """It trains through the store, and takes the steps of torch's own."""
    checkout, recipe = followed("An optimiser")
    assert said(tried(checkout, recipe, TRAINED)) == [True, False, [3, 4], True]
    done = python_in(
        checkout,
        "-c",
        "import torch\nfrom models.optimisers.rmsprop import RMSprop\n"
        "w = torch.linspace(-1, 1, 6, dtype=torch.float64, requires_grad=True)\n"
        "ours, state = {'w': w.detach().clone()}, RMSprop().init({'w': w.detach()})\n"
        "theirs = torch.optim.RMSprop([w])\n"
        "for step in range(3):\n"
        "    w.grad = w.detach() ** 3 + step\n"
        "    ours, state = RMSprop().update(ours, {'w': w.grad}, state)\n"
        "    theirs.step()\n"
        "torch.testing.assert_close(ours['w'], w.detach())\n",
    )
    assert done.returncode == 0, done.stderr


def test_a_penalty(followed: Followed) -> None:
    """It trains through the store to smaller weights than without it, and is not in the recorded loss."""
    checkout, recipe = followed("A penalty")
    more = (
        "from dataclasses import replace\n"
        "free = RunStore(Path('store')).get(replace(spec, objective=Objective()), load(spec.data),"
        " resolve_backend('cpu'))\n"
        "sizes = [sum(abs(W).sum() for W, _ in each.weights()) for each in (run, free)]\n"
        "assert sizes[0] < sizes[1], sizes\n"
        "assert abs(run.arrays['train_loss'][0] - free.arrays['train_loss'][0]).max() < 1e-5\n"
    )
    assert said(tried(checkout, recipe, more + TRAINED)) == [True, False, [3, 4], True]


SETTING = "my-cnn-2-lecun-l1-0.0001-rmsprop-0.01"


def test_a_claim_is_judged_on_all_of_them(followed: Followed) -> None:
    """New network, optimiser, penalty and initialisation in one claim; the page draws the new metric."""
    for title in RECIPES:
        checkout, _ = followed(title)
    tried(
        checkout,
        RECIPES["Your own arrays"],
        "x = draw.normal(labels[:, None], 0.5, (300, 16)).reshape(300, 1, 4, 4)\n"
        "np.savez('my.npz', x=x, y=labels)",
    )
    (checkout / "claims" / "test_all.py").write_text(CLAIM)
    chosen = shlex.split(
        "claims/test_all.py --data my.npz --protocols lecun --networks 8 --executor background"
    )
    done = pytest_in(checkout, *chosen, "--executor", "background")
    (checkout / "claims" / "test_all.py").unlink()
    assert done.returncode == 0, done.stdout + done.stderr
    row = verdict(checkout)
    assert (row["claim"], row["setting"], row["n"]) == ("X1", SETTING, 8)
    page = (checkout / "out" / "cpu-slice" / "index.html").read_text()
    assert f"{SETTING} linear mse" in page
    assert "Euclidean norm of all parameters" in page


def test_the_house_rules_hold_with_all_of_them(followed: Followed) -> None:
    """Imports run one way, no picture of the house changes, and every part is found by its kind."""
    for title in RECIPES:
        checkout, _ = followed(title)
    in_step = python_in(checkout, "-m", "docs.architecture", "--check")
    assert (in_step.returncode, in_step.stderr) == (0, "")
    done = python_in(
        checkout, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "tests/test_architecture.py"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = python_in(
        checkout,
        "-c",
        "from models.parts.part import kinds\n"
        "print(*(k for f in ('networks', 'optimisers', 'penalties', 'initialisations') for k in kinds(f)))",
    )
    assert {"small_cnn", "rmsprop", "l1", "lecun"} <= set(found.stdout.split())
