"""All plots of a report, and the tables of their data beside the page."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from reports.files import made
from reports.layout import grouped
from reports.plots.claims import asked_by, intervals, over_time
from reports.plots.fields import Fields
from reports.plots.paper import others, redrawn
from reports.plots.records import Plot, Plots, Pool
from reports.plots.sources import Source, sources
from reports.plots.values import Asked, Values
from reports.records import Report
from reports.rendering import anchor

__all__ = ["TABLES", "gathered"]

TABLES = "figures"
"""The folder beside the page."""


def gathered(report: Report, values: Values, folder: Path) -> Plots:
    """The plots of the claims, of the paper's figures and of every recorded field.

    Keys are the claim's id, with `-intervals` after it for all its settings; `figure-1`; `field-` and a
    field's name. The tables of the runs are written into the folder.

    Args:
        report: as in verdicts.json.
        values: of the runs in a store.
        folder: beside the page, made where a run has a table.

    Raises:
        OSError: the folder cannot be written.
    """
    about = {run.key: run for run in report.provenance.experiments}
    every = sources(about.values())
    # a claim on the training shows where the descent leads too, where another claim asked for it
    whole = {(run.name, run.parts): run for run in every}
    behind = [
        [
            whole.get((run.name, run.parts), run)
            for run in sources(about[key] for key in row.experiments if key in about)
        ]
        for row in report.verdicts
    ]
    judged = list(zip(report.verdicts, behind, strict=True))
    asked = [Asked((run,)) for run in every]
    asked += [one for row, runs in judged for one in asked_by(row, runs)]
    found = values.of(dict.fromkeys(asked))
    tables = {run: of.tables for run in every if isinstance(of := found[Asked((run,))], Fields)}
    csv = _write(tables, folder) | {run: [] for run in every if run not in tables}
    pool = Pool()
    plots: dict[str, Plot] = {}
    for _, claims in grouped(judged, lambda each: each[0]):
        for id, same in claims:
            both = (over_time(same, found, pool), intervals([row for row, _ in same]))
            names = (anchor(id), f"{anchor(id)}-intervals")
            plots |= {name: plot for name, plot in zip(names, both, strict=True) if plot}
    plots |= redrawn(every, found, pool, csv) | others(every, found, pool, csv)
    return Plots(pool.axes, pool.series, plots)


def _write(tables: dict[Source, dict[str, str]], folder: Path) -> dict[Source, list[str]]:
    """Write the tables; their paths as seen from the page, by run.

    What lies there is replaced and never followed: a link in its place cannot send a file elsewhere.
    """
    written: dict[Source, list[str]] = {}
    taken: set[str] = set()
    for run, texts in tables.items():
        key = (run.parts or run.second)[0].key
        plain = re.sub(r"[^a-z0-9-]+", "-", re.sub(r"-[0-9a-f]{20}$", "", key).lower()).strip("-")
        plain = f"{plain}-{hashlib.sha256(key.encode()).hexdigest()[:8]}" if plain in taken else plain
        taken.add(plain)
        for of, text in texts.items():
            path = made(folder) / f"{plain}-{of}.csv"
            path.unlink(missing_ok=True)
            # Not synchronised one by one as the report's files are: they are written again at need.
            with path.open("xb") as file:
                file.write(text.encode())
            written.setdefault(run, []).append(f"{folder.name}/{path.name}")
    return written
