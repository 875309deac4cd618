"""The claims over an object store, from the command line to the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.claims.harness.test_claims_run import run_claims

pytest.importorskip("obstore", reason="obstore is not installed: pip install -e '.[objects]'")


def judge(machine: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a cache folder of its own judges two exact claims."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(machine))
    done = run_claims(machine, "-n", "0", "--store", url, chosen=("--claims", "H1,H2", "-k", "boston"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (machine / "reports" / "cpu-slice" / "index.html").is_file()
    assert not (machine / "store").exists()


def test_a_second_machine_reads_what_the_first_has_proved(tmp_path, monkeypatch):
    """Evidence lies in the object store, and in each machine's folder; nothing lies anywhere else."""
    bucket = tmp_path / "bucket"
    for name in "ab":
        (tmp_path / name).mkdir()
        judge(tmp_path / name, f"file://{bucket}/runs", monkeypatch)
        found = {path.name: path.stat().st_mtime_ns for path in bucket.rglob("evidence/*.json")}
        if name == "a":
            first = found
    assert first
    assert found == first, "made again"
    folders = [next((tmp_path / name).glob("landscape-claims/remote/*/evidence")) for name in "ab"]
    names = [{path.name for path in folder.glob("*.json")} for folder in folders]
    assert names == [set(first)] * 2
