"""A report as typed records, each declared once: JSON, its schema, CSV, history and page follow from these.

`claims.core.verdict.Verdict` is the verdict itself, `claims.core.origin.Origin` where it came from; a `Row`
is a verdict in a report. Reading files is `reports.earlier`'s.
"""

from __future__ import annotations

import argparse
import json
import math
from enum import Enum
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from claims.core.origin import Origin, Seconds, TrainedRun
from claims.core.verdict import Count, Outcome, Probability, Region, Sides, Verdict

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = [
    *("SCHEMA", "VERSION", "Design", "Durations", "Multiplicity", "Options", "Provenance", "Recorded"),
    *("Report", "Row", "Sizes", "schema"),
]

VERSION = 3
"""Of verdicts.json. Version 1 had no `version`, no p-values, and no rule in its rows; version 2 wrote a
region as text, and knew of an experiment only its name. `reports.earlier` converts both."""

Digest = Annotated[
    str,
    Meta(
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of the report without it, as JSON on one line, keys sorted, no blanks: Python's "
        "json.dumps(report, sort_keys=True, separators=(',', ':')).",
    ),
]
Stamp = Annotated[str, Meta(description="UTC, ISO 8601.", extra_json_schema={"format": "date-time"})]


class Recorded(msgspec.Struct, frozen=True):
    """What a test hands to the report, as it crosses from the process that ran it."""

    verdict: Verdict
    origin: Origin


class Row(Verdict, frozen=True, kw_only=True):
    """A verdict in a report.

    Attributes:
        nodeid: the test, as pytest takes it on the command line.
        duration: seconds of the test, its training included.
        experiments: keys of the runs it was judged on.
        p_bh, p_holm: the p-value adjusted for all rows of the report that have one.
        survives: whether a decided statistical row still stands with all rows counted, p_bh at most alpha.
    """

    nodeid: str
    duration: Seconds = 0.0
    experiments: tuple[str, ...] = ()
    p_bh: Probability | None = None
    p_holm: Probability | None = None
    survives: bool | None = None

    @property
    def decided(self) -> bool:
        """Whether the outcome is one of the two that a p-value speaks for."""
        return self.outcome in (Outcome.SUPPORTED, Outcome.REFUTED)

    @property
    def fell(self) -> bool:
        """Whether it is decided by its own error rate, and not once all rows are counted."""
        return self.survives is False

    def stands(self, alpha: float) -> bool:
        """Whether a decided row may carry the headline: not sampled, or surviving Holm's correction."""
        return not self.sampled or (self.p_holm is not None and self.p_holm <= alpha)


class Multiplicity(msgspec.Struct, frozen=True, kw_only=True):
    """All rows with a p-value counted together.

    Attributes:
        method: in words.
        rows: statistical rows with a p-value.
        decided: those of them that are supported or refuted.
        surviving_bh, surviving_holm: decided rows whose adjusted p-value is at most alpha.
    """

    method: str
    alpha: Probability
    rows: Count
    decided: Count
    surviving_bh: Count
    surviving_holm: Count


class Sizes(msgspec.Struct, frozen=True):
    """Samples of a data set."""

    train: Count
    test: Count


class Design(msgspec.Struct, frozen=True):
    """Chosen before the run: all of alpha at one number of networks, or a part of it at each look.

    Attributes:
        kind: "fixed" or "looks".
        networks: at each look.
        weights: the part of alpha spent at each.
        share: of networks, for claims on all or every network.
    """

    kind: str
    networks: tuple[Count, ...]
    weights: tuple[Probability, ...]
    share: Probability
    alpha: Probability


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The command line of the run; paths inside the checkout as seen from there."""

    scale: str
    data: str | None = None
    claims: tuple[str, ...] = ()
    backend: str
    precision: str
    protocols: tuple[str, ...]
    network: str | None = None
    networks: Count | None = None
    looks: bool = False
    seed: Count = 0
    design: Design
    scale_sizes: dict[str, Sizes] = {}
    refresh: bool = False
    fail_on: tuple[str, ...] = ()
    report_dir: str | None = None
    store: str | None = None
    baseline: str | None = None
    numprocesses: int | str | None = None
    dist: str | None = None
    arguments: tuple[str, ...] = ()


class Durations(msgspec.Struct, frozen=True):
    """Seconds in all, and of each test."""

    total: Seconds
    tests: dict[str, Seconds]


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where a report comes from.

    Attributes:
        commit, dirty: None outside a git checkout; dirty where files differed from the commit.
        versions: of the interpreter and of packages, None for one that is not installed.
        device, backend, precision: what trained; several joined with "+", None where nothing did.
        trained: verdicts whose run was trained now rather than read from the store.
        seconds: training time of all runs, whenever that was.
        complete: True of a run of all claims' tests that came to its end. `interrupted` says why it did not,
            `selection` which part of the tests it was: "29 of 240 tests: -k boston".
        errors: tests that could not judge their claim.
    """

    commit: Annotated[str, Meta(pattern="^[0-9a-f]{40,64}$")] | None
    dirty: bool | None
    versions: dict[str, str | None] = {}
    device: str | None
    backend: str | None
    precision: str | None
    seeds: tuple[int, ...] = ()
    data: dict[str, str]
    experiments: tuple[TrainedRun, ...] = ()
    trained: Count = 0
    seconds: Seconds = 0.0
    options: Options
    durations: Durations = Durations(0.0, {})
    started: Stamp = ""
    finished: Stamp
    complete: bool
    interrupted: str | None
    selection: str = ""
    errors: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """`cpu`, `cpu-fp64`, `cuda-tf32-slice`: the backend that trained, the precision unless it is fp32,
        and whether it is a part of the tests, which must not take the place of the whole.

        What the tests report counts; the option is asked only where no test trained.
        """
        options = self.options
        backend = self.backend or ("cpu" if options.backend == "auto" else options.backend)
        parts = [
            backend,
            "" if options.precision == "fp32" else options.precision,
            "slice" * bool(self.selection),
        ]
        return "-".join(filter(None, parts))


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The report of one run: where it comes from, and one verdict for each claim and setting.

    `digest` is what its file says; reports that were written before there was one have none.
    """

    version: Annotated[int, Meta(ge=1)] = VERSION
    provenance: Provenance
    multiplicity: Multiplicity
    verdicts: tuple[Row, ...]
    digest: Digest | None = None

    def to_pandas(self) -> DataFrame:
        """A row a verdict and a column a field; the interval as `low` and `high`, infinite where open.

        Raises:
            ImportError: pandas is not installed.
        """
        from pandas import DataFrame

        names = [name for name in Row.__struct_fields__ if name != "interval"]
        ends = [row.interval or (math.nan, math.nan) for row in self.verdicts]
        columns: dict[str, list[Any]] = {n: [_plain(getattr(r, n)) for r in self.verdicts] for n in names}
        return DataFrame(columns | {"low": [low for low, _ in ends], "high": [high for _, high in ends]})


def _plain(value: Any) -> Any:
    """Words for what is an entry of a list of words, a region, or figures of two sets."""
    return str(value) if isinstance(value, Enum | Region | Sides) else value


def schema() -> str:
    """The JSON Schema of verdicts.json, as reports/schema/verdicts.schema.json has it."""
    found: dict[str, Any] = msgspec.json.schema(Report)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "landscape-claims verdicts"}
    # Through msgspec, which writes the open ends that are a region's defaults as null.
    return json.dumps(head | json.loads(msgspec.json.encode(found), object_hook=_tidy), indent=2) + "\n"


def _tidy(entry: dict[str, Any]) -> dict[str, Any]:
    """The same whatever a release of Python or msgspec leaves of a docstring's indentation."""
    text = entry.get("description")
    return entry | {"description": cleandoc(text)} if isinstance(text, str) else entry


SCHEMA = Path(__file__).parent / "schema" / "verdicts.schema.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`python -m reports schema`: where to, instead of the committed file."""
    parser.add_argument(
        "--to", type=Path, default=SCHEMA, metavar="FILE", help="Where (default: %(default)s)."
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the schema."""
    arguments.to.write_text(schema(), encoding="utf-8")
    return 0
