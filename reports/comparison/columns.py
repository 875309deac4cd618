"""The reports as columns: a name each, what each is, and what makes them unlike as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports import files
from reports.commits import commit, minute
from reports.comparison.cells import Row, compare
from reports.comparison.reading import read
from reports.design import design, sizes
from reports.rules import version_of
from reports.terminal import printable

__all__ = ["Column", "Comparison", "gather"]

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One report: the name it goes by, its file, and what its provenance says."""

    name: str
    path: str
    backend: str
    scale: str
    commit: str
    finished: str

    @property
    def about(self) -> str:
        """Everything but the name, on one line."""
        return f"{self.backend}, scale {self.scale}, commit {self.commit}, finished {self.finished} UTC"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The reports' columns, their rows, and sentences on what to mind when reading them."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    cautions: tuple[str, ...]


def gather(paths: Sequence[Path]) -> Comparison:
    """Read the reports and compare them.

    Raises:
        pytest.UsageError: one of them is no report.
    """
    reports = [read(path) for path in paths]
    names = _names(paths, reports)
    columns = tuple(
        _column(name, path, report["provenance"])
        for name, path, report in zip(names, paths, reports, strict=True)
    )
    rows = compare([report["verdicts"] for report in reports], [version_of(report) for report in reports])
    return Comparison(columns, tuple(rows), tuple(_cautions(names, reports)))


def _column(name: str, path: Path, about: dict[str, Any]) -> Column:
    return Column(
        name,
        printable(str(path)),
        files.folder_name(about),
        about["options"]["scale"],
        commit(about["commit"], about["dirty"]),
        minute(about["finished"]),
    )


def _precision(about: dict[str, Any]) -> str:
    return about["precision"] or about["options"]["precision"]


def _names(paths: Sequence[Path], reports: Sequence[Report]) -> list[str]:
    """The folder's name where that tells the columns apart, else time and commit, else a number as well."""
    about = [report["provenance"] for report in reports]
    folders = [
        printable(path.resolve().parent.name if path.name == "verdicts.json" else path.stem) for path in paths
    ]
    stamps = [f"{minute(one['finished'])} {commit(one['commit'], one['dirty'])}" for one in about]
    stamped = [f"{name} {stamp}" for name, stamp in zip(folders, stamps, strict=True)]
    often = Counter(folders)
    names = [name if often[name] == 1 else long for name, long in zip(folders, stamped, strict=True)]
    again = Counter(names)
    return [name if again[name] == 1 else f"{name} ({i})" for i, name in enumerate(names, start=1)]


def _cautions(names: Sequence[str], reports: Sequence[Report]) -> Iterator[str]:
    """What differs between the runs as a whole, and reports that are partial or say a thing twice."""
    abouts = [report["provenance"] for report in reports]
    for what, values in {
        "version differs": [f"version {version_of(report)}" for report in reports],
        "scale differs": [about["options"]["scale"] for about in abouts],
        "precision differs": [_precision(about) for about in abouts],
        "protocols differ": [", ".join(about["options"]["protocols"]) for about in abouts],
        "samples differ": [sizes(about["options"]) for about in abouts if "scale_sizes" in about["options"]],
        "design differs": [design(about["options"]) or _replicates(about["options"]) for about in abouts],
    }.items():
        if len(set(values)) > 1 and len(values) == len(names):
            yield f"{what}: {_grouped(names, values)}"
    for data in dict.fromkeys(key for about in abouts for key in about["data"]):
        if len({about["data"][data] for about in abouts if data in about["data"]}) > 1:
            yield f"the bytes of data set {data} differ"
    for name, report in zip(names, reports, strict=True):
        if not report["provenance"]["complete"]:
            yield f"{name} is partial: {report['provenance']['interrupted'] or 'it ended early'}"
        keys = Counter((verdict["claim"], verdict["setting"]) for verdict in report["verdicts"])
        for (claim, setting), number in keys.items():
            if number > 1:
                yield f"{name} holds {claim} [{setting}] {number} times: the last counts"


def _replicates(options: dict[str, Any]) -> str:
    """What version 1 had for a design."""
    number = options.get("replicates")
    return f"{number or 'the scale’s own number of'} replicates of each model"


def _grouped(names: Sequence[str], values: Sequence[str]) -> str:
    """`fp32 in cpu; tf32 in cuda-tf32, old`: each value once."""
    holders = {
        value: [name for name, own in zip(names, values, strict=True) if own == value] for value in values
    }
    return "; ".join(f"{value} in {', '.join(who)}" for value, who in holders.items())
