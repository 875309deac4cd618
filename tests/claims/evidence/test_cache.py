"""The evidence cache: computed once, never taken for something else, never read damaged."""

import errno
import json
import math
import os
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec.structs import fields

from claims.catalogue import claim
from claims.core.verdict import Evidence, Side, Sides, Strength
from claims.evidence.cache import EvidenceCache, code_of, of_run
from claims.evidence.linear import preparation, restarts
from models.runs import files
from models.runs.code import closure, code_digest
from models.runs.files import StoreError, StoreWarning
from models.runs.run import Run
from tests.helpers.specs import mlp

FOUND = Evidence(
    0.1 + 0.2,
    (-math.inf, 1 / 3),
    7,
    Strength.CERTIFICATE,
    proved=None,
    p_support=1 / 7,
    p_refute=1.0,
    sampling_unit="restarts",
    unresolved=2,
    diverged=1,
    part="a part",
    note="why",
    cites="a proof in words",
    inapplicable="at chance",
    sides=Sides(Side(0.1, (-math.inf, 0.2)), Side(0.3, (0.0, math.inf))),
)
DEPENDS = {"data": "ab12", "preparation": "raw"}


def cache(root, *, code: str = "c" * 64, refresh: bool = False) -> EvidenceCache:
    """A cache that takes functions of tests, as the project's own never does."""
    return EvidenceCache(root, refresh=refresh, code=lambda function, arguments: {"code": code})


class Counting:
    """A computation that counts how often it was done."""

    def __init__(self, *found: Evidence) -> None:
        self.found, self.times = found or (FOUND,), 0

    def __call__(self) -> Evidence:
        self.times += 1
        return self.found[(self.times - 1) % len(self.found)]


def only_file(root):
    (path,) = (root / "evidence").glob("*.json")
    return path


def test_it_is_computed_once_and_comes_back_whole(tmp_path):
    """Every field survives, infinite ends and strength included, the first time and the second."""
    compute = Counting()
    assert all(getattr(FOUND, f.name) != f.default for f in fields(Evidence) if f.name != "proved")
    first, second = (cache(tmp_path).evidence("T2 boston", DEPENDS, compute) for _ in range(2))
    assert first == second == FOUND
    assert second.strength is Strength.CERTIFICATE
    assert type(second.interval) is tuple
    assert compute.times == 1


def test_evidence_without_an_interval_comes_back_without(tmp_path):
    """None is no interval, and no list of nothing."""
    none = Evidence(None, None, 0, Strength.POINTS, proved=True)
    assert cache(tmp_path).evidence("T3", DEPENDS, Counting(none)) == none


def test_evidence_of_a_run_depends_on_its_bytes_and_on_the_rule():
    """Other bytes under one name, other networks, or the alpha of another look are another result."""
    spec = mlp("mnist-1k", (500,))
    run = Run(spec, {}, key="a", provenance={"sha256": "1"})
    rule = claim("H7")
    seen = [
        of_run(run, rule),
        of_run(replace(run, key="b"), rule),
        of_run(replace(run, provenance={"sha256": "2"}), rule),
        of_run(run, replace(rule, alpha=0.005)),
    ]
    assert len({json.dumps(depends, sort_keys=True) for depends in seen}) == 4
    assert of_run(replace(run, trained=True), claim("H7")) == seen[0]


def test_evidence_of_a_run_depends_on_its_second_leg():
    """Another descent from the same training is another result; so is none."""
    first = Run(mlp("mnist-1k", (500,)), {}, key="a", provenance={"sha256": "1"})
    second = replace(first, key="b", provenance={"sha256": "2"})
    runs = [first, replace(first, second=second), replace(first, second=replace(second, key="c"))]
    runs.append(replace(first, second=replace(second, provenance={"sha256": "3"})))
    assert len({json.dumps(of_run(run, claim("M1")), sort_keys=True) for run in runs}) == 4


@pytest.mark.parametrize("other", [{"data": "cd34"}, {"preparation": "centred"}, {"alpha": 0.01}], ids=str)
def test_other_inputs_are_other_results(tmp_path, other):
    """Other data, another preparation or a further condition is computed anew."""
    compute, store = Counting(), cache(tmp_path)
    store.evidence("T2 boston", DEPENDS, compute)
    store.evidence("T2 boston", DEPENDS | other, compute)
    assert compute.times == 2


def test_the_order_of_the_conditions_is_no_condition(tmp_path):
    """The same data and preparation, named the other way round."""
    compute, store = Counting(), cache(tmp_path)
    store.evidence("T2 boston", DEPENDS, compute)
    store.evidence("T2 boston", dict(reversed(DEPENDS.items())), compute)
    assert compute.times == 1


def test_changed_code_computes_anew(tmp_path):
    """A result of other sources or libraries is not this project's any more."""
    compute = Counting()
    cache(tmp_path).evidence("T2 boston", DEPENDS, compute)
    cache(tmp_path, code="f" * 64).evidence("T2 boston", DEPENDS, compute)
    assert compute.times == 2


def test_code_is_what_the_function_and_its_functions_import():
    """Their modules are the roots: not every file of claims/, and no test."""
    found = code_of(preparation.on_moments, (restarts.evidence, "boston", "raw"))
    assert found["function"] == "claims.evidence.linear.preparation.on_moments"
    assert found["modules"] == ["claims.evidence.linear.preparation", "claims.evidence.linear.restarts"]
    assert found["code"] == code_digest(tuple(found["modules"]))
    assert found["code"] != code_of(preparation.on_moments)["code"]
    assert set(found["versions"]) == {"numpy", "scipy", "python-flint", "torch", "machine"}
    assert not [name for name in closure(found["modules"]) if "test_" in name or name.startswith("reports")]


def local() -> Callable[[], None]:
    def inside() -> None: ...

    return inside


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda: None, "wanted one at the top of a module, with its arguments beside it"),
        (local(), "wanted one at the top of a module, with its arguments beside it"),
        (local, "wanted one of the packages in"),
    ],
    ids=["a lambda", "a function in a function", "a test's function"],
)
def test_a_function_whose_code_cannot_be_followed_is_refused(tmp_path, function, reason):
    """What it computes would not be in the digest, and its result would outlive an edit."""
    with pytest.raises(ValueError, match=reason):
        EvidenceCache(tmp_path).evidence("T2 boston", DEPENDS, function)
    assert list(tmp_path.iterdir()) == []


def test_refresh_computes_anew(tmp_path):
    """--refresh replaces what was kept."""
    later = Evidence(1.0, (0.5, 2.0), 3)
    compute = Counting(FOUND, later)
    cache(tmp_path).evidence("T2 boston", DEPENDS, compute)
    assert cache(tmp_path, refresh=True).evidence("T2 boston", DEPENDS, compute) == later
    assert cache(tmp_path).evidence("T2 boston", DEPENDS, compute) == later
    assert compute.times == 2


def altered(content: bytes) -> bytes:
    value = json.loads(content)
    value["value"]["proved"] = True
    return json.dumps(value, indent=1, sort_keys=True).encode()


@pytest.mark.parametrize(
    "damage",
    [lambda c: b"", lambda c: c[:-20], lambda c: b"[]", lambda c: b"\xff" + c, altered],
    ids=["empty", "cut", "a list", "no text", "a verdict turned"],
)
def test_a_damaged_file_is_reported_and_computed_again(tmp_path, damage):
    """What does not match its digest is never read; the reader is told, and the file is put right."""
    compute, store = Counting(), cache(tmp_path)
    store.evidence("T2 boston", DEPENDS, compute)
    path = only_file(tmp_path)
    sound = path.read_bytes()
    path.write_bytes(damage(sound))
    with pytest.warns(StoreWarning, match="run store: .*T2-boston-.*; set aside as .* and computed again"):
        assert store.evidence("T2 boston", DEPENDS, compute) == FOUND
    assert (compute.times, path.read_bytes()) == (2, sound)


def swapped(path, make) -> None:
    path.unlink()
    make(path)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkdir, "got a directory"),
        (os.mkfifo, "got a fifo"),
        (lambda path: path.symlink_to("/dev/zero"), "got a character device"),
        (lambda path: path.symlink_to("nowhere"), "got a link that leads nowhere"),
        (lambda path: path.write_bytes(b"[" * 100_000), "is not JSON"),
        (lambda path: path.touch() or os.truncate(path, 2**42), "wanted at most"),
    ],
    ids=["a folder", "a fifo", "a device", "a dead link", "deep JSON", "sparse"],
)
def test_what_is_no_file_of_ours_is_set_aside(tmp_path, make, reason):
    """It neither hangs nor fills the memory, and what was there is not lost."""
    compute, store = Counting(), cache(tmp_path)
    store.evidence("T2 boston", DEPENDS, compute)
    path = only_file(tmp_path)
    sound = path.read_bytes()
    swapped(path, make)
    with pytest.warns(StoreWarning, match=f"{reason}.*; set aside as .* and computed again"):
        assert store.evidence("T2 boston", DEPENDS, compute) == FOUND
    assert (compute.times, path.read_bytes()) == (2, sound)
    assert len(list((tmp_path / "set-aside").iterdir())) == 1


def test_a_folder_in_place_of_the_lock_names_the_cure(tmp_path):
    """The lock is named."""
    store = cache(tmp_path)
    store.evidence("T2 boston", DEPENDS, Counting())
    path = only_file(tmp_path)
    path.unlink()
    swapped(path.with_suffix(".lock"), os.mkdir)
    with pytest.raises(StoreError, match=r"cannot be written \(Is a directory: .*\.lock\)"):
        store.evidence("T2 boston", DEPENDS, Counting())


def test_what_is_there_is_read_without_writing(tmp_path, monkeypatch):
    """A warm store may be read-only; a miss names the cure."""
    cache(tmp_path).evidence("T2 boston", DEPENDS, Counting())
    before = sorted(tmp_path.rglob("*"))

    open_file = os.open

    def only_read(path, flags, *arguments):
        if flags & os.O_CREAT:
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return open_file(path, flags, *arguments)

    monkeypatch.setattr(os, "open", only_read)
    later = Counting()
    assert cache(tmp_path).evidence("T2 boston", DEPENDS, later) == FOUND
    with pytest.raises(StoreError, match=r"cannot be written \(Read-only .* give a folder with --store"):
        cache(tmp_path).evidence("T3 boston", DEPENDS, later)
    assert later.times == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    """No half of a file stays."""

    def half(path, content) -> None:
        path.write_bytes(content[:5])
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(files, "write", half)
    with pytest.raises(StoreError, match=r"cannot be written \(No space left .*\): make room there"):
        cache(tmp_path).evidence("T2 boston", DEPENDS, Counting())
    assert [path.suffix for path in (tmp_path / "evidence").iterdir()] == [".lock"]


def test_a_result_of_something_else_is_refused(tmp_path):
    """A sound file under a wrong name does not pass for the result that was asked for."""
    compute, store = Counting(), cache(tmp_path)
    store.evidence("T3 boston", DEPENDS, compute)
    wrong = only_file(tmp_path)
    store.evidence("T2 boston", DEPENDS, compute)
    (right,) = (tmp_path / "evidence").glob("T2-*.json")
    right.write_bytes(wrong.read_bytes())
    with pytest.warns(
        StoreWarning, match="holds the result of something else; set aside as .* and computed again"
    ):
        store.evidence("T2 boston", DEPENDS, compute)


def test_two_at_once_compute_once(tmp_path):
    """One computes, the other waits and reads."""
    started, go = threading.Event(), threading.Event()
    compute = Counting()

    def slowly() -> Evidence:
        started.set()
        assert go.wait(10)
        return compute()

    found = []
    first = threading.Thread(target=lambda: found.append(cache(tmp_path).evidence("T2", DEPENDS, slowly)))
    first.start()
    assert started.wait(10)
    second = threading.Thread(target=lambda: found.append(cache(tmp_path).evidence("T2", DEPENDS, compute)))
    second.start()
    go.set()
    first.join(10)
    second.join(10)
    assert found == [FOUND, FOUND]
    assert compute.times == 1


def test_a_computation_that_fails_leaves_nothing(tmp_path):
    """An error reaches the test, and the next invocation computes."""
    with pytest.raises(ZeroDivisionError):
        cache(tmp_path).evidence("T2 boston", DEPENDS, lambda: 1 / 0)
    assert list((tmp_path / "evidence").glob("*.json")) == []
    assert cache(tmp_path).evidence("T2 boston", DEPENDS, Counting()) == FOUND


def test_a_folder_that_cannot_be_made_names_the_cure(tmp_path):
    """The error names the option that moves the store."""
    (tmp_path / "evidence").write_text("in the way")
    with pytest.raises(OSError, match=r"cannot be written .*, or give a folder with --store"):
        cache(tmp_path).evidence("T2 boston", DEPENDS, Counting())
