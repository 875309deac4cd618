"""The history: every run is added whole, and nothing about it fails a run."""

from __future__ import annotations

import math
import os
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from reports import history
from reports.files import as_json
from reports.history import NAME, Entry, HistoryError, add, claims, sound
from reports.layout import printable
from tests.reports.sample_reports import HOSTILE, PROVED, report, verdict

ROOT = Path(__file__).resolve().parents[2]


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query finds in the folder's history."""
    with closing(sqlite3.connect(folder / NAME)) as connection:
        return connection.execute(query).fetchall()


def entries(folder: Path, claim: str) -> list[Entry]:
    """All verdicts on a claim, of a history of which nothing is left out."""
    found, left_out = sound(folder, claim)
    if left_out:
        raise HistoryError("; ".join(left_out))
    return found


def test_a_run_is_one_row_and_a_verdict_another(tmp_path: Path) -> None:
    """With what tells runs apart; the version of the schema stands in the file."""
    made = report(verdict(), verdict("H2", "", "raw", **PROVED), errors=["t"], options={"precision": "fp64"})
    assert add(made, tmp_path) is None
    columns = "started, finished, revision, dirty, backend, device, scale, complete, errors"
    assert rows(tmp_path, f"SELECT {columns} FROM runs") == [
        (
            *("2026-01-01T00:00:00+00:00", "2026-01-01T00:10:00+00:00", "0123456789" * 4, 0),
            *("cpu-fp64", "a CPU", "quick", 1, 1),
        )
    ]
    assert rows(tmp_path, "SELECT run, claim, setting FROM verdicts ORDER BY claim") == [
        (1, "E1", "mnist-5k-500-he"),
        (1, "H2", "raw"),
    ]
    assert [entry.verdict for id in ("E1", "H2") for entry in entries(tmp_path, id)] == list(made.verdicts)
    assert rows(tmp_path, "PRAGMA user_version") == [(history.SCHEMA,)] == [(4,)]


VERSION_1 = """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY, started TEXT NOT NULL, finished TEXT NOT NULL, revision TEXT, dirty INTEGER,
        backend TEXT NOT NULL, device TEXT, scale TEXT NOT NULL, complete INTEGER NOT NULL,
        errors INTEGER NOT NULL
    );
    CREATE TABLE verdicts (
        run INTEGER NOT NULL REFERENCES runs (id), claim TEXT NOT NULL, setting TEXT NOT NULL,
        outcome TEXT NOT NULL, strength TEXT NOT NULL, estimate REAL, has_interval INTEGER NOT NULL,
        low REAL, high REAL, margin REAL, region TEXT NOT NULL, unit TEXT NOT NULL, alpha REAL NOT NULL,
        n INTEGER NOT NULL, reason TEXT NOT NULL
    );
    CREATE INDEX verdicts_by_claim ON verdicts (claim, setting);
    INSERT INTO runs VALUES (1, '2025-01-01T00:00:00+00:00', '2025-01-01T00:10:00+00:00', NULL, NULL, 'cpu',
                             'a CPU', 'quick', 1, 0);
    INSERT INTO verdicts VALUES (1, 'E1', 'mnist-5k-500-he', 'refuted', 'statistical', 0.17, 1, 0.14, 0.22,
                                 0.05, '<= 0.05', 'L/L0', 0.05, 12, 'why');
    PRAGMA user_version = 1;
"""
"""A history as version 1 wrote it."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder with a history of version 1."""
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        connection.executescript(VERSION_1)
    return tmp_path


def test_an_old_history_is_not_read(old: Path) -> None:
    """The error says which version; the file stays as it is."""
    before = (old / NAME).read_bytes()
    with pytest.raises(HistoryError, match=r"broken or old \(version 1; those before 3 are not read\)"):
        entries(old, "E1")
    assert (old / NAME).read_bytes() == before


def test_an_old_history_is_set_aside(old: Path) -> None:
    """The next run begins a new one and says where the old one is."""
    before = (old / NAME).read_bytes()
    said = f"the history was broken or old: set aside as {NAME}.broken-1, and a new one begun"
    assert add(report(), old) == said
    assert len(entries(old, "E1")) == 1
    assert (old / f"{NAME}.broken-1").read_bytes() == before


@pytest.mark.parametrize(
    ("evidence", "interval"),
    [({}, (0.02, 0.04)), ({"interval": (0.02, math.inf)}, (0.02, math.inf)), ({"interval": None}, None)],
    ids=["closed", "open", "none"],
)
def test_intervals_come_back_as_they_were(tmp_path: Path, evidence: dict[str, Any], interval: Any) -> None:
    """An open end and no interval at all are two things."""
    add(report(verdict(**evidence)), tmp_path)
    (entry,) = entries(tmp_path, "E1")
    assert entry.verdict.interval == interval


def test_hostile_texts_are_values(tmp_path: Path) -> None:
    """No text is part of a statement, and none comes back that a terminal would act upon."""
    text = HOSTILE.replace("\ud800", "") + "'); DROP TABLE runs; --"
    add(report(replace(verdict(), setting=text)), tmp_path)
    assert add(report(replace(verdict(), setting=text)), tmp_path) is None
    assert [entry.verdict.setting for entry in entries(tmp_path, "E1")] == [printable(text)] * 2


def test_a_run_is_added_whole_or_not_at_all(tmp_path: Path) -> None:
    """A verdict that cannot be stored leaves no run without its verdicts."""
    add(report(), tmp_path)
    broken = report(verdict(), replace(verdict(), claim=None))
    assert "the history could not be written: " in str(add(broken, tmp_path))
    assert "NOT NULL" in str(add(broken, tmp_path))
    assert rows(tmp_path, "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM verdicts)") == [(1, 1)]


@pytest.mark.parametrize("broken", [False, True], ids=["new", "broken"])
def test_processes_that_end_at_once_wait_for_each_other(tmp_path: Path, broken: bool) -> None:
    """Every run of six processes is there whole, though all find no file, or one to be set aside once."""
    if broken:
        (tmp_path / NAME).write_text("broken " * 200)
    code = (
        "import msgspec, sys, pathlib; from reports.history import add; from reports.records import Report\n"
        "made = msgspec.json.decode(sys.stdin.read(), type=Report)\n"
        "print(*filter(None, [add(made, pathlib.Path(sys.argv[1])) for _ in range(5)]), sep='\\n', end='')\n"
    )
    text = as_json(report(*(verdict(setting=f"s{i}") for i in range(20))))
    command = [sys.executable, "-c", code, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(6)]
    for process in running:
        process.stdin.write(text)
        process.stdin.close()
    notes = []
    for process in running:
        with process:
            notes += process.stdout.read().splitlines()
            assert process.wait(timeout=60) == 0
    aside = "the history was broken or old: set aside as history.sqlite.broken-1, and a new one begun"
    assert notes == [aside] * broken
    assert rows(tmp_path, "SELECT run, count(*) FROM verdicts GROUP BY run") == [
        (run, 20) for run in range(1, 31)
    ]


def test_a_writer_that_keeps_the_file_does_not_fail_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the wait a sentence says that the run was not added."""
    add(report(), tmp_path)
    monkeypatch.setattr(history, "WAIT", 0.05)
    with closing(sqlite3.connect(tmp_path / NAME, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        note = str(add(report(), tmp_path))
    assert note.startswith("the history could not be written: ")
    assert "database is locked" in note


def damaged(path: Path) -> None:
    """A history whose pages are garbage behind an intact header."""
    add(report(*(verdict(setting=f"s{i}") for i in range(200))), path.parent)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\x5a" * (len(content) - 4096)
    path.write_bytes(content)


def foreign(path: Path) -> None:
    """A database of something else."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE moz_places (url TEXT)")


def acting(path: Path) -> None:
    """A history with a trigger that would rewrite what is added."""
    add(report(), path.parent)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON verdicts BEGIN DELETE FROM runs; END")


def edited(folder: Path, *statements: str) -> None:
    """The folder's history after someone else's statements."""
    with closing(sqlite3.connect(folder / NAME)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


UNKNOWN = "UPDATE verdicts SET record = replace(record, 'supported', 'proved')"
"""An outcome that there is not."""


def test_a_row_that_is_no_verdict_is_named(tmp_path: Path) -> None:
    """Whoever wrote it, with a digest that fits: reading says what is wrong with it, and where."""
    add(report(), tmp_path)
    edited(tmp_path, UNKNOWN)
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        ((id, *values),), verdicts = history._runs(connection), history._verdicts(connection)
        digest = history._digest(values, verdicts[id])
    edited(tmp_path, f"UPDATE runs SET digest = '{digest}'")
    with pytest.raises(HistoryError, match=r"a verdict on E1: Invalid enum value 'proved' - at `\$.*outcome"):
        entries(tmp_path, "E1")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (f"{UNKNOWN} WHERE run = 2", "run 2: does not match its digest"),
        ("UPDATE verdicts SET record = replace(record, '0.03', '0.04') WHERE run = 2", "run 2: does not"),
        ("UPDATE verdicts SET setting = 'other' WHERE run = 2", "run 2: does not match its digest"),
        ("DELETE FROM verdicts WHERE run = 2 AND claim = 'H2'", "run 2: does not match its digest"),
        ("UPDATE runs SET finished = '2027' WHERE id = 2", "run 2: does not match its digest"),
        ("UPDATE runs SET revision = NULL WHERE id = 2", "run 2: does not match its digest"),
        ("UPDATE runs SET digest = 'x' WHERE id = 2", "run 2: does not match its digest"),
        ("DELETE FROM runs WHERE id = 2", "run 2: is gone, only its verdicts are left"),
    ],
    ids=["outcome", "number", "setting", "verdict", "time", "commit", "digest", "run"],
)
def test_a_run_that_was_changed_is_left_out(tmp_path: Path, statement: str, said: str) -> None:
    """Whatever of it was changed; the others stand, and one is added as before."""
    for _ in range(3):
        add(report(verdict(), verdict("H2", "", "raw", **PROVED)), tmp_path)
    edited(tmp_path, statement)
    found, left_out = sound(tmp_path, "E1")
    assert [entry.run for entry in found] == [1, 3]
    assert [text[: len(said)] for text in left_out] == [said]
    with pytest.raises(HistoryError, match=said):
        entries(tmp_path, "E1")
    assert add(report(), tmp_path) is None
    assert [entry.run for entry in sound(tmp_path, "E1")[0]] == [1, 3, 4]


def test_a_history_without_digests_is_converted(tmp_path: Path) -> None:
    """One of version 3 is read as it is, and has digests once a run is added."""
    for number in (1, 2):
        add(report(verdict(n=number)), tmp_path)
    before = entries(tmp_path, "E1")
    held = [
        rows(tmp_path, f"SELECT {of} FROM {table}")
        for table, of in (("runs", f"id, {history._RUN}"), ("verdicts", "*"))
    ]
    (tmp_path / NAME).unlink()
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        for statement in history._TABLES:
            connection.execute(statement.replace(history._DIGEST, ""))
        for table, values in zip(("runs", "verdicts"), held, strict=True):
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values[0]))})", values)
        connection.execute("PRAGMA user_version = 3")
        connection.commit()
    assert entries(tmp_path, "E1") == before
    assert add(report(verdict(n=3)), tmp_path) is None
    assert rows(tmp_path, "PRAGMA user_version") == [(4,)]
    assert [entry.verdict.n for entry in entries(tmp_path, "E1")] == [1, 2, 3]
    edited(tmp_path, UNKNOWN)
    assert len(sound(tmp_path, "E1")[1]) == 3


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE more (x)"],
        ["ALTER TABLE runs ADD COLUMN more TEXT"],
        ["DROP INDEX verdicts_by_claim", "CREATE INDEX verdicts_by_claim ON verdicts (lower(claim))"],
        ["CREATE VIEW v AS SELECT 1"],
        ["CREATE TRIGGER '\x1b[2J' AFTER INSERT ON runs BEGIN DELETE FROM runs; END"],
        ["PRAGMA user_version = 3"],
        ["PRAGMA user_version = -4"],
    ],
    ids=["table", "column", "index", "view", "trigger", "older", "negative"],
)
def test_what_no_run_makes_is_refused(tmp_path: Path, statements: list[str]) -> None:
    """The tables are those of a run, to the letter."""
    add(report(), tmp_path)
    edited(tmp_path, *statements)
    with pytest.raises(HistoryError, match="which is broken or old") as told:
        entries(tmp_path, "E1")
    assert str(told.value).isprintable()
    assert "set aside as" in str(add(report(), tmp_path))


@pytest.mark.parametrize("kind", ["fifo", "device", "dangling"])
def test_what_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    """At once: a fifo would be waited for, a device read for ever, and a link followed out of the folder."""
    path = tmp_path / NAME
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else tmp_path / "elsewhere")
    with pytest.raises(HistoryError, match="which is no regular file"):
        entries(tmp_path, "E1")
    said = (
        "which is no regular file" if kind == "fifo" else f"got the link {NAME} in {tmp_path}, wanted a file"
    )
    assert said in str(add(report(), tmp_path))
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("name", [NAME, f"{NAME}-journal", f"{NAME}-wal"])
def test_a_link_takes_nothing_elsewhere(tmp_path: Path, name: str) -> None:
    """What a run adds stays in the folder; a history that a link leads to is read."""
    target = tmp_path / "elsewhere"
    target.mkdir()
    add(report(), target)
    before = (target / NAME).read_bytes()
    (tmp_path / name).symlink_to(target / NAME)
    assert f"got the link {name} in {tmp_path}, wanted a file" in str(add(report(), tmp_path))
    assert (target / NAME).read_bytes() == before
    if name == NAME:
        assert len(entries(tmp_path, "E1")) == 1


def test_no_bit_changes_a_verdict_in_silence(tmp_path: Path) -> None:
    """Every flip leaves what was written, or says what is left out, or refuses the file."""
    for number in (1, 2, 3):
        add(report(verdict(n=number), verdict("H2", "", "raw", **PROVED)), tmp_path)
    path, wanted = tmp_path / NAME, {entry.run: entry for entry in entries(tmp_path, "E1")}
    content, draw = path.read_bytes(), random.Random(0)
    ended = Counter()
    for _ in range(150):
        at = draw.randrange(len(content))
        path.write_bytes(content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :])
        try:
            found, left_out = sound(tmp_path, "E1")
        except HistoryError:
            ended["refused"] += 1
            continue
        assert all(wanted[entry.run] == entry for entry in found)
        assert len(found) == 3 or left_out
        ended["left out" if left_out else "right"] += 1
    assert min(ended[how] for how in ("refused", "left out", "right")) > 0


BROKEN = {
    "acting": acting,
    "text": lambda path: path.write_text("not a database, but long enough to be read as one" * 20),
    "truncated": lambda path: (damaged(path), path.write_bytes(path.read_bytes()[:5000])),
    "damaged": damaged,
    "foreign": foreign,
}


@pytest.mark.parametrize("breaks", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_set_aside(tmp_path: Path, breaks: Any) -> None:
    """It is kept under another name, a new one is begun, and reading it says what is wrong."""
    breaks(tmp_path / NAME)
    before = (tmp_path / NAME).read_bytes()
    (tmp_path / f"{NAME}-wal").write_bytes(b"")
    with pytest.raises(
        HistoryError, match=r"which is broken .*, wanted a history written by runs: move it away"
    ):
        entries(tmp_path, "E1")
    note = "the history was broken or old: set aside as history.sqlite.broken-1, and a new one begun"
    assert add(report(), tmp_path) == note
    assert (tmp_path / f"{NAME}.broken-1").read_bytes() == before
    assert add(report(), tmp_path) is None
    assert len(entries(tmp_path, "E1")) == 2


def test_a_second_broken_file_does_not_replace_the_first(tmp_path: Path) -> None:
    """Each keeps a name of its own."""
    for number in (1, 2):
        (tmp_path / NAME).write_text("broken " * 200)
        assert f"broken-{number}," in str(add(report(), tmp_path))


def test_an_empty_file_is_a_new_history(tmp_path: Path) -> None:
    """As SQLite itself sees it."""
    (tmp_path / NAME).touch()
    assert entries(tmp_path, "E1") == []
    assert add(report(), tmp_path) is None
    assert claims(tmp_path) == ["E1"]


def test_a_newer_history_is_left_alone(tmp_path: Path) -> None:
    """Neither read nor written by a checkout that does not know its tables."""
    add(report(), tmp_path)
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = (tmp_path / NAME).read_bytes()
    wanted = f"of version 99, wanted at most {history.SCHEMA}: update this checkout, or move the file away"
    with pytest.raises(HistoryError, match="of version 99"):
        entries(tmp_path, "E1")
    assert wanted in str(add(report(), tmp_path))
    assert (tmp_path / NAME).read_bytes() == before


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A folder where the file should be."""
    (tmp_path / NAME).mkdir()
    assert "unable to open database file" in str(add(report(), tmp_path))


@pytest.mark.parametrize("workers", [["-n", "0"], ["-n", "2"], ["-p", "no:xdist"]], ids=" ".join)
def test_each_run_adds_itself_once(harness: pytest.Pytester, workers: list[str]) -> None:
    """Whichever process ran the tests; beside the backends' folders, and where --report-dir says."""
    if "no:xdist" in workers:
        harness.makeini(
            "[pytest]\naddopts = -p claims.harness.launch.plugin -p reports.plugin"
            " --strict-markers\nfilterwarnings = error"
        )
    for _ in range(2):
        assert harness.runpytest_subprocess(*workers, "--report-dir", "out").ret == 0
    assert rows(harness.path / "out", "SELECT run, count(*) FROM verdicts GROUP BY run") == [(1, 4), (2, 4)]
    found = entries(harness.path / "out", "E1")
    assert {(entry.verdict.setting, entry.verdict.outcome) for entry in found} == {
        ("mnist-5k-500-std", "refuted"),
        ("mnist-5k-500-var", "inconclusive"),
        ("mnist-5k-500-he", "supported"),
    }
    assert not (harness.path / "reports").exists()


def test_a_run_survives_its_history(harness: pytest.Pytester) -> None:
    """A broken file and one that cannot be written are sentences under the table, and the status stays 0."""
    folder = harness.path / "reports" / "out"
    folder.mkdir(parents=True)
    (folder / NAME).write_text("broken " * 200)
    result = harness.runpytest_inprocess()
    assert result.ret == 0
    result.stdout.fnmatch_lines(["the history was broken or old: set aside as history.sqlite.broken-1*"])
    (folder / NAME).unlink()
    (folder / NAME).mkdir()
    result = harness.runpytest_inprocess("-qq")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["the history could not be written: *unable to open database file"])


def test_a_run_without_a_verdict_adds_nothing(harness: pytest.Pytester) -> None:
    """As it writes no report."""
    harness.makepyfile(test_claims="def test_plain(): pass")
    harness.runpytest_inprocess()
    assert not (harness.path / "reports").exists()
