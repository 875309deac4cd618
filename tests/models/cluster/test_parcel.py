"""The code as one zip file by its digest, extracted once."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from io import BytesIO

import pytest

from models.cluster.parcel import ROOMS, extracted, parcel
from models.runs.code import PROJECT


@pytest.fixture
def project(tmp_path):
    """A project of small rooms."""
    for room in ROOMS:
        (tmp_path / "project" / room / "__pycache__").mkdir(parents=True)
        (tmp_path / "project" / room / "one.py").write_text("ONE = 1\n")
        (tmp_path / "project" / room / "__pycache__" / "one.cpython-311.pyc").write_bytes(b"compiled")
    (tmp_path / "project" / "notes.txt").write_text("mine")
    return tmp_path / "project"


def test_the_same_files_give_the_same_bytes(project):
    """Whenever they were written, and whatever was compiled or lies beside the rooms."""
    before = parcel(project)
    os.utime(project / "models" / "one.py", (0, 0))
    (project / "models" / "__pycache__" / "two.pyc").write_bytes(b"")
    (project / "tests").mkdir()
    (project / "tests" / "test_one.py").touch()
    assert parcel(project) == before
    names = zipfile.ZipFile(BytesIO(before[1])).namelist()
    assert names == [f"{room}/one.py" for room in ROOMS]


@pytest.mark.parametrize("change", ["content", "name", "one more"])
def test_any_change_of_a_file_changes_the_digest(project, change):
    """Its content, its name, or that it is there."""
    before, _ = parcel(project)
    path = project / "models" / "one.py"
    if change == "content":
        path.write_text("ONE = 2\n")
    elif change == "name":
        path.rename(path.with_name("two.py"))
    else:
        path.with_name("two.py").touch()
    assert parcel(project)[0] != before


def test_it_is_extracted_once(project, tmp_path):
    """A second driver finds it; other code lies beside it."""
    place = extracted(tmp_path / "code", project)
    assert place.name == parcel(project)[0]
    assert (place / "models" / "one.py").read_text() == "ONE = 1\n"
    inode = place.stat().st_ino
    assert extracted(tmp_path / "code", project) == place
    assert place.stat().st_ino == inode
    (project / "models" / "one.py").write_text("ONE = 2\n")
    other = extracted(tmp_path / "code", project)
    assert other != place
    assert {path.name for path in (tmp_path / "code").iterdir()} == {place.name, other.name}


def test_a_driver_that_comes_second_leaves_the_first_ones(project, tmp_path, monkeypatch):
    """Two extract at once: one rename wins, and nothing is left of the other."""
    place = tmp_path / "code" / parcel(project)[0]

    class Racing(zipfile.ZipFile):
        def extractall(self, path):
            super().extractall(path)
            super().extractall(place)  # the other driver, in the meantime

    monkeypatch.setattr(zipfile, "ZipFile", Racing)
    assert extracted(tmp_path / "code", project) == place
    assert [path.name for path in (tmp_path / "code").iterdir()] == [place.name]


def test_a_node_trains_with_it_alone(tmp_path):
    """The node's command runs from the extracted code, in no checkout."""
    place = extracted(tmp_path / "code")
    command = [sys.executable, "-m", "models.cluster.node", "--device", "cpu", str(tmp_path / "found.json")]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    asked = "import models.cluster.node; print(models.cluster.node.__file__)"
    where = subprocess.run(
        [sys.executable, "-c", asked], cwd=place, env=environ, capture_output=True, text=True, check=True
    )
    assert where.stdout.strip().startswith(str(place))
    subprocess.run(command, cwd=place, env=environ, check=True, timeout=100)
    assert (tmp_path / "found.json").read_text().startswith('{"place":["cpu"')
    assert PROJECT not in place.parents
