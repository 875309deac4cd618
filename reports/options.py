"""The command line: every option with its help, type and default."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Final

import pytest

__all__ = ["BACKENDS", "CHANGED", "PRECISIONS", "PROTOCOLS", "SCALES", "add_options", "comma_list"]

SCALES: Final = ("quick", "paper")
BACKENDS: Final = ("auto", "cpu", "cuda", "mps")
PRECISIONS: Final = ("fp32", "fp64", "tf32", "bf16")
PROTOCOLS: Final = ("std", "var", "he")
CHANGED: Final = "changed"
FINDINGS: Final = ("refuted", "inconclusive", CHANGED)


def add_options(parser: pytest.Parser) -> None:
    """Register the group "landscape-claims"."""
    group = parser.getgroup("landscape-claims", "putting the paper on trial")
    group.addoption(
        "--scale",
        choices=SCALES,
        default="quick",
        help="Sizes of the experiments: quick, on the embedded data, or the paper's own (default: quick).",
    )
    group.addoption(
        "--data",
        type=str,
        default=None,
        metavar="SET",
        help="Data set, or .npz file with x_train, y_train, x_test, y_test, for the claims on the digits "
        "(default: the scale's digits).",
    )
    group.addoption(
        "--backend",
        choices=BACKENDS,
        default="auto",
        help="Device that trains; auto takes cuda, else mps, else cpu (default: auto).",
    )
    group.addoption(
        "--precision",
        choices=PRECISIONS,
        default="fp32",
        help="Arithmetic of the training; tf32 needs cuda, fp64 does not exist on mps (default: fp32).",
    )
    group.addoption(
        "--protocols",
        type=comma_list("protocol", PROTOCOLS),
        default=PROTOCOLS,
        metavar="LIST",
        help="Initialisation protocols, comma separated, of std, var, he (default: std,var,he).",
    )
    group.addoption(
        "--claims",
        type=_ids,
        default=(),
        metavar="LIST",
        help="Claims to judge, comma separated ids such as E1,E2 (default: all).",
    )
    group.addoption(
        "--networks",
        type=_networks,
        default=None,
        metavar="N",
        help="Networks of the fixed design, a multiple of 4 from 8 on (default: the design's own number).",
    )
    group.addoption(
        "--looks",
        action="store_true",
        default=False,
        help="Look at the claims several times, with more networks and a part of alpha each, in place of "
        "once at a fixed number (default: no).",
    )
    group.addoption(
        "--seed",
        type=_seed,
        default=0,
        metavar="N",
        help="A whole number, from which the seeds of every network follow (default: 0).",
    )
    group.addoption(
        "--report-dir",
        type=str,
        default=None,
        metavar="DIR",
        help="Where <backend>/verdicts.json, .md and .csv go (default: reports/out in the root folder).",
    )
    group.addoption(
        "--store",
        type=str,
        default=None,
        metavar="DIR",
        help="Where trained runs are kept between invocations (default: the user's cache folder).",
    )
    group.addoption(
        "--refresh",
        action="store_true",
        default=False,
        help="Train again even what the store holds (default: no).",
    )
    group.addoption(
        "--fail-on",
        type=comma_list("finding", FINDINGS),
        default=(),
        metavar="LIST",
        help="Findings that fail their test, comma separated, of refuted, inconclusive, changed; "
        "changed needs --baseline (default: none).",
    )
    group.addoption(
        "--baseline",
        type=str,
        default=None,
        metavar="FILE",
        help="An earlier verdicts.json to compare the outcomes with (default: none).",
    )


def comma_list(noun: str, known: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    """A parser for a comma list of known words; the result is in the order of `known`, without repeats."""

    def parse(text: str) -> tuple[str, ...]:
        words = [word.strip() for word in text.split(",")]
        for word in words:
            if word not in known:
                raise argparse.ArgumentTypeError(
                    f"got the {noun} {word!r}, wanted a comma list of {', '.join(known)}: "
                    f"for instance {','.join(known[:2])}"
                )
        return tuple(word for word in known if word in words)

    return parse


def _ids(text: str) -> tuple[str, ...]:
    """Ids of claims; which there are, the collected tests say (`claims.harness.collection`)."""
    ids = tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    if not ids:
        raise argparse.ArgumentTypeError(
            f"got the claims {text!r}, wanted a comma list of ids: for instance E1"
        )
    return ids


def _networks(text: str) -> int:
    """Whole quadruples, one network of each of the paper's four models, and two of them for any interval."""
    if not (text.isascii() and text.isdecimal()) or int(text) < 8 or int(text) % 4:
        raise argparse.ArgumentTypeError(
            f"got {text!r} networks, wanted a multiple of 4 of at least 8: for instance 32"
        )
    return int(text)


def _seed(text: str) -> int:
    """Any whole number that has one name only in the store."""
    if not (text.isascii() and text.isdecimal()) or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"got the seed {text!r}, wanted a whole number from 0 to 2^63 - 1")
    return int(text)
