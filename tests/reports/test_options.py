"""The command line: what it offers, and what it refuses before anything trains."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from claims.harness.launch import command_line as options
from reports.files import as_json
from reports.records import Report, Row
from tests.reports.sample_reports import report, verdict

USAGE_ERROR = pytest.ExitCode.USAGE_ERROR


def report_of(*rows: Row) -> Report:
    """A report of these rows, which may be none."""
    return replace(report(), verdicts=rows)


def refused(harness: pytest.Pytester, *arguments: str) -> str:
    """What the run says; it must end as a usage error without collecting the test file."""
    harness.makepyfile(test_claims="raise RuntimeError('collected')")
    result = harness.runpytest_inprocess(*arguments)
    assert result.ret == USAGE_ERROR
    said = result.stderr.str() + result.stdout.str()
    assert "collected" not in said
    return " ".join(said.split())


def test_help_states_every_option_and_its_default(harness: pytest.Pytester) -> None:
    """`--help` has these options, each with its default."""
    text = " ".join(harness.runpytest_inprocess("--help").stdout.str().split())
    group = text.partition("putting the paper on trial")[2].partition("test session")[0]
    for option, default in {
        "--scale={quick,standard,paper}": "quick",
        "--backend={auto,cpu,cuda,mps}": "auto",
        "--precision={fp32,fp64,tf32,bf16}": "fp32",
        "--protocols=LIST": "std,var,he",
        "--networks=N": "the design's own number",
        "--looks": "no",
        "--seed=N": "0",
        "--report-dir=DIR": "reports/out in the root folder",
        "--store=DIR|URL": "the user's cache folder",
        "--store-cache=SIZE": "20GB",
        "--refresh": "no",
        "--fail-on=LIST": "none",
        "--baseline=FILE": "none",
    }.items():
        assert f"(default: {default})" in group.partition(option)[2]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--scale", "huge"], "argument --scale: invalid choice: 'huge'"),
        (["--backend", "tpu"], "argument --backend: invalid choice: 'tpu'"),
        (["--precision", "fp8"], "argument --precision: invalid choice: 'fp8'"),
        (
            ["--protocols", "std,gauss"],
            "got the protocol 'gauss', wanted a comma list of std, var, he",
        ),
        (["--protocols", ""], "got the protocol '', wanted a comma list"),
        (["--networks", "4"], "got '4' networks, wanted a multiple of 4 of at least 8: for instance 32"),
        (["--networks", "30"], "got '30' networks, wanted a multiple of 4 of at least 8"),
        (["--networks", "8.0"], "got '8.0' networks, wanted a multiple of 4"),
        (["--networks", "-8"], "got '-8' networks, wanted a multiple of 4"),
        (
            ["--looks", "--networks", "32"],
            "got --looks with --networks 32, wanted one of them: the looks fix how",
        ),
        (["--seed", "-1"], "got the seed '-1', wanted a whole number from 0"),
        (["--seed", str(2**63)], "wanted a whole number from 0 to 2^63 - 1"),
        (["--replicates", "3"], "unrecognized arguments: --replicates"),
        (["--fail-on", "supported"], "got the finding 'supported', wanted a comma list of refuted"),
        (["--fail-on", "changed"], "got --fail-on changed without --baseline"),
        (["--backend", "mps", "--precision", "fp64"], "Apple GPUs have no 64-bit floating point: choose"),
        (
            ["--backend", "cpu", "--precision", "tf32"],
            "TF32 exists on NVIDIA GPUs only: choose --precision fp32",
        ),
        (
            ["--backend", "mps", "--precision", "tf32"],
            "TF32 exists on NVIDIA GPUs only: choose --precision fp32",
        ),
        (["--report-dir", "test_claims.py"], "test_claims.py is a file: name a folder"),
        (["--store", "test_claims.py/runs"], "test_claims.py is a file: name a folder"),
        (["--store", "/proc/landscape"], "got --store /proc/landscape, but /proc cannot be written"),
        (["--report-dir=/proc"], "got --report-dir /proc, but /proc cannot be written"),
        (["--store", "n" * 300], "(File name too long): name another folder"),
        (["--report-dir", "n" * 300], "(File name too long): name another folder"),
        (["--store", os.fsdecode(b"runs\xff")], "whose name is no UTF-8 and cannot stand in a report"),
        (["--store", "~nobody-here/runs"], "Could not determine home directory.: name the folder without ~"),
        (["--store", "http://host/runs"], "whose kind http:// is unknown; wanted s3://bucket/prefix"),
        (["--store", "s3://"], "--store: got the store 's3://', which names no bucket; wanted s3://bucket"),
        (["--store", "s3://me:secret@bucket"], "give credentials in the environment"),
        (["--store", "memory://runs"], "which ends with each process: name a folder or a bucket"),
        (["--store-cache", "20"], "got the size '20', wanted a whole number of MB, GB or TB: for instance"),
        (["--store-cache", "0.5GB"], "got the size '0.5GB', wanted a whole number"),
        (
            ["--baseline", "absent.json"],
            "absent.json, which cannot be read (No such file or directory), wanted",
        ),
        (["--baseline", "."], "which cannot be read (got a directory, wanted a regular file"),
        (["--baseline", "test_claims.py"], "test_claims.py, which is not JSON"),
    ],
    ids=lambda value: "-".join(value).strip("-") if isinstance(value, list) else "",
)
def test_a_wrong_value_is_a_usage_error(harness: pytest.Pytester, arguments: list[str], text: str) -> None:
    """Exit status 4 with what was got and wanted, before a test file is even read."""
    if any("/proc" in argument for argument in arguments) and not Path("/proc").is_dir():
        pytest.skip("no /proc here")
    assert text in refused(harness, *arguments)


def test_an_object_store_that_is_out_of_reach_is_a_usage_error(
    harness: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look at it, before anything trains; nor does anything without the library that reads it."""
    pytest.importorskip("obstore", reason="obstore is not installed: pip install -e '.[objects]'")
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "REGION", "ALLOW_HTTP"):
        monkeypatch.setenv(f"AWS_{name}", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    said = refused(harness, "--store", "s3://bucket/runs")
    assert "--store: the run store s3://bucket/runs cannot be listed: it cannot be reached" in said
    monkeypatch.setitem(sys.modules, "obstore", None)
    assert "pip install -e '.[objects]', or name a folder" in refused(harness, "--store", "s3://bucket/runs")


def test_a_url_is_no_path(harness: pytest.Pytester, tmp_path: Path) -> None:
    """It is handed on as it was written; how much of it may lie here is a number of bytes."""
    pytest.importorskip("obstore", reason="obstore is not installed: pip install -e '.[objects]'")
    url = f"file://{tmp_path}/runs"
    config = harness.parseconfigure("--store", url, "--store-cache", "3GB")
    assert (config.option.store, config.option.store_cache) == (url, 3 * 10**9)
    assert harness.parseconfigure().option.store_cache == 20 * 10**9


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (report_of(), "got --baseline {}, which holds no verdict at all, wanted a verdicts.json written by"),
        (
            report_of(replace(verdict(), claim="Z1")),
            "got --baseline {}, whose claims (Z1) are none of the catalogue's, wanted a verdicts.json",
        ),
    ],
    ids=["empty", "foreign"],
)
def test_a_baseline_with_nothing_to_compare_is_a_usage_error(
    harness: pytest.Pytester, made: Report, said: str
) -> None:
    """An empty report, or one on other claims, must not pass for one in which nothing changed."""
    harness.path.joinpath("other.json").write_text(as_json(made))
    assert said.format(harness.path / "other.json") in refused(harness, "--baseline", "other.json")


@pytest.mark.parametrize("text", ["[]", '{"verdicts": 3}', '{"verdicts": [{"claim": "E1"}]}'])
def test_a_baseline_that_is_no_report_is_a_usage_error(harness: pytest.Pytester, text: str) -> None:
    """JSON of another shape is refused as such."""
    harness.path.joinpath("other.json").write_text(text)
    assert "other.json, which is no report (" in refused(harness, "--baseline", "other.json")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--backend", "cuda"], "got --backend cuda, but no such device: choose --backend auto"),
        (["--backend", "mps"], "got --backend mps, but no such device: choose --backend auto"),
        (["--precision", "tf32"], "got --backend auto with --precision tf32, but TF32 exists on NVIDIA"),
    ],
    ids=["cuda", "mps", "auto-tf32"],
)
def test_an_absent_device_is_a_usage_error(
    harness: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, arguments: list[str], text: str
) -> None:
    """A backend this machine lacks is refused at the start, not by the first training."""
    monkeypatch.setattr(
        options, "absence", lambda backend: None if backend in ("auto", "cpu") else "no such device"
    )
    assert text in refused(harness, *arguments)


def test_absence_asks_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA and MPS are absent exactly when torch says so; the CPU never is."""
    import torch

    for there in (True, False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda there=there: there)
        assert [options.absence(name) is None for name in ("cpu", "auto", "cuda", "mps")] == [
            True,
            True,
            there,
            there,
        ]


def test_fp64_is_refused_where_auto_would_take_mps(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a Mac with an Apple GPU, `--precision fp64` alone cannot work."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(options, "absence", lambda backend: None)
    assert "64-bit" in str(options._contradiction("auto", "fp64"))
    assert options._contradiction("cpu", "fp64") is None


def test_the_plugin_loads_without_torch() -> None:
    """The controller of a distributed run never pays for importing torch or NumPy."""
    code = "import claims.harness.launch.plugin, reports.plugin, sys\n"
    code += "print(sorted({'torch', 'numpy', 'xdist'} & set(sys.modules)))"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
