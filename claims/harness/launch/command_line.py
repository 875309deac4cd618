"""The command line of the claims: every option declared once, and what cannot work refused at once.

Help, types and defaults follow from `OPTIONS`. This module loads no NumPy, since the process that starts the
workers reads it; `claims.harness.options` is what a test sees of it.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from claims.catalogue.experiments import PROTOCOLS
from models.parts.part import kinds
from models.runs.remote.place import LIMIT, is_url, split

__all__ = [
    "BACKENDS",
    "OPTIONS",
    "PRECISIONS",
    "Option",
    "absence",
    "add",
    "check",
    "check_folder",
    "comma_list",
    "make_absolute",
]

SCALES: Final = ("quick", "standard", "paper")
BACKENDS: Final = ("auto", "cpu", "cuda", "mps")
PRECISIONS: Final = ("fp32", "fp64", "tf32", "bf16")


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its name as an attribute, default, help, and what its default means where that differs.

    `more` holds what argparse takes besides: type, choices, metavar, action.
    """

    name: str
    default: Any
    help: str
    shown: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def flag(self) -> str:
        """As it is typed."""
        return f"--{self.name.replace('_', '-')}"


def add(parser: pytest.Parser, options: Iterable[Option]) -> None:
    """Register these options in the group "landscape-claims"."""
    group = parser.getgroup("landscape-claims", "putting the paper on trial")
    for one in options:
        text = f"{one.help} (default: {one.shown or one.default})."
        group.addoption(one.flag, default=one.default, help=text, **one.more)


def _protocols() -> tuple[str, ...]:
    """The paper's two readings and He's, then any other file of models/initialisations/."""
    others = (kind for kind in kinds("initialisations") if kind not in PROTOCOLS)
    return (*PROTOCOLS, *others)


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


def _layers(text: str) -> str:
    """Inputs, hidden layers and outputs, as the paper writes a network."""
    if not re.fullmatch(r"[1-9]\d{0,5}(-[1-9]\d{0,5}){2,}", text, re.ASCII):
        raise argparse.ArgumentTypeError(
            f"got the network {text!r}, wanted inputs, hidden layers and outputs: for instance 784-100-10"
        )
    return text


def _key_and_value(text: str) -> tuple[str, str]:
    """`address=10.0.0.1:6379`."""
    key, equals, value = text.partition("=")
    if not (equals and key.isidentifier() and value):
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted KEY=VALUE: for instance address=auto")
    return key, value


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


_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12}


def _size(text: str) -> int:
    """Bytes, from a number in a unit."""
    found = re.fullmatch(r"([0-9]{1,6})(MB|GB|TB)", text, re.ASCII)
    if found is None:
        raise argparse.ArgumentTypeError(
            f"got the size {text!r}, wanted a whole number of MB, GB or TB: for instance 20GB"
        )
    return int(found[1]) * _UNITS[found[2]]


OPTIONS: Final = (
    Option(
        "scale",
        "quick",
        "Sizes of the experiments: quick, on the embedded data, or the paper's own",
        more={"choices": SCALES},
    ),
    Option(
        "data",
        None,
        "Data set, or .npz file with x_train, y_train, x_test, y_test, for the claims on the digits",
        shown="the scale's digits",
        more={"metavar": "SET"},
    ),
    Option(
        "backend",
        "auto",
        "Device that trains; auto takes cuda, else mps, else cpu",
        more={"choices": BACKENDS},
    ),
    Option(
        "precision",
        "fp32",
        "Arithmetic of the training; tf32 needs cuda, fp64 does not exist on mps",
        more={"choices": PRECISIONS},
    ),
    Option(
        "protocols",
        PROTOCOLS,
        "Initialisation protocols, comma separated, files of models/initialisations/",
        shown="std,var,he",
        more={"type": comma_list("protocol", _protocols()), "metavar": "LIST"},
    ),
    Option(
        "claims",
        (),
        "Claims to judge, comma separated ids such as E1,E2",
        shown="all",
        more={"type": _ids, "metavar": "LIST"},
    ),
    Option(
        "network",
        None,
        "Layers of the network that the claims on the digits are asked of, such as 784-100-10",
        shown="the paper's",
        more={"type": _layers, "metavar": "LAYERS"},
    ),
    Option(
        "networks",
        None,
        "Networks of the fixed design, a multiple of 4 from 8 on",
        shown="the design's own number",
        more={"type": _networks, "metavar": "N"},
    ),
    Option(
        "looks",
        False,
        "Look at the claims several times, with more networks and a part of alpha each, in place of once at "
        "a fixed number",
        shown="no",
        more={"action": "store_true"},
    ),
    Option(
        "seed",
        0,
        "A whole number, from which the seeds of every network follow",
        more={"type": _seed, "metavar": "N"},
    ),
    Option(
        "second_legs",
        "scale",
        "Which settings descend to a minimum after training: those that the scale has the time for, or all, "
        "with the trainings by other optimisers that it leaves out",
        more={"choices": ("scale", "all")},
    ),
    Option(
        "executor",
        "local",
        "Where trainings run: a file of models/executors/; local is the worker that asks",
        more={"metavar": "NAME"},
    ),
    Option(
        "executor_option",
        [],
        "What the executor is told, such as address=HOST:6379, once an option; every cluster takes "
        "time_limit=SECONDS",
        shown="none",
        more={"type": _key_and_value, "metavar": "KEY=VALUE", "action": "append"},
    ),
    Option(
        "store",
        None,
        "Where trained runs are kept between invocations: a folder, or an object store that machines share, "
        "s3://bucket/prefix, gs:// or az://",
        shown="the user's cache folder",
        more={"metavar": "DIR|URL"},
    ),
    Option(
        "store_cache",
        LIMIT,
        "With --store URL, most that its runs may take on this machine; those read longest ago give way",
        shown="20GB",
        more={"type": _size, "metavar": "SIZE"},
    ),
    Option(
        "refresh",
        False,
        "Train again even what the store holds",
        shown="no",
        more={"action": "store_true"},
    ),
)


# -- checks before anything trains ----------------------------------------------------


def make_absolute(option: Namespace, names: Iterable[str], here: Path) -> None:
    """Rewrite these options, which name paths, as seen from this folder, before a test changes it.

    Raises:
        pytest.UsageError: a home that nobody has.
    """
    for name in names:
        value = getattr(option, name)
        # A data set may be named by a word as well as by its file, a store by a URL.
        if value is None or (name == "data" and not value.endswith(".npz")):
            continue
        if name == "store" and is_url(value):
            continue
        try:
            setattr(option, name, str((here / Path(value).expanduser()).resolve()))
        except RuntimeError as error:  # ~nobody/runs
            raise pytest.UsageError(
                f"got --{name.replace('_', '-')} {value}, but {error}: name the folder without ~"
            ) from error


def check(option: Namespace) -> None:
    """Refuse a command line that cannot work.

    Raises:
        pytest.UsageError: what was got, what was wanted, and the cure.
    """
    _check_device(option.backend, option.precision)
    if option.looks and option.networks is not None:
        raise pytest.UsageError(
            f"got --looks with --networks {option.networks}, wanted one of them: the looks fix how many "
            "networks each has, so drop --networks, or drop --looks for one look at that many"
        )
    if option.store is not None and is_url(option.store):
        _check_url(option.store)
    elif option.store is not None:
        # What is in a store can be read without writing; if something has to be trained, the store says so.
        check_folder("--store", Path(option.store), written=False)


def _check_url(url: str) -> None:
    """An object store that can be reached; one that is gone with its process is none for a command line."""
    try:
        if split(url).scheme == "memory":
            raise ValueError(f"got --store {url}, which ends with each process: name a folder or a bucket")
        from models.runs.remote.opened import check as reach  # NumPy and obstore, only where they are needed

        reach(url)
    except (OSError, ValueError) as error:
        raise pytest.UsageError(f"--store: {error}") from error


def _check_device(backend: str, precision: str) -> None:
    if reason := _contradiction(backend, precision):
        raise pytest.UsageError(
            f"got --backend {backend} with --precision {precision}, but {reason}: "
            "choose --precision fp32 or another backend"
        )
    if reason := absence(backend):
        raise pytest.UsageError(
            f"got --backend {backend}, but {reason}: choose --backend auto or --backend cpu, "
            "or install a torch built for the device"
        )


def check_folder(name: str, folder: Path, *, written: bool) -> None:
    """A folder that can be made, and, if it is to be `written`, one that can be where it is there.

    Tried rather than asked, since root is told yes everywhere.
    """
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        raise pytest.UsageError(
            f"got {name} {str(folder)!r}, whose name is no UTF-8 and cannot stand in a report: "
            "name another folder"
        ) from error
    try:
        nearest = next(path for path in (folder, *folder.parents) if path.exists())
    except OSError as error:
        raise pytest.UsageError(f"got {name} {folder} ({error.strerror}): name another folder") from error
    if not nearest.is_dir():
        raise pytest.UsageError(
            f"got {name} {folder}, but {nearest} is a file: name a folder, existing or new"
        )
    if nearest == folder and not written:
        return
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise pytest.UsageError(
            f"got {name} {folder}, but {nearest} cannot be written ({error.strerror}): "
            "name a folder that can be, or change its permissions"
        ) from error


def absence(backend: str) -> str | None:
    """Why this backend cannot be used here, or None where it can ("cpu" and "auto" always can)."""
    if backend not in ("cuda", "mps"):
        return None
    import torch

    if backend == "cuda" and not torch.cuda.is_available():
        return f"torch {torch.__version__} finds no CUDA GPU"
    if backend == "mps" and not torch.backends.mps.is_available():
        return f"torch {torch.__version__} finds no Apple GPU (mps)"
    return None


def _contradiction(backend: str, precision: str) -> str | None:
    """Why this precision cannot be used on this backend, or None where it can."""
    if precision == "fp64" and backend == "mps":
        return "Apple GPUs have no 64-bit floating point"
    if precision == "fp64" and backend == "auto" and sys.platform == "darwin" and absence("mps") is None:
        return "auto takes the Apple GPU here, which has no 64-bit floating point"
    if precision == "tf32" and backend in ("cpu", "mps"):
        return "TF32 exists on NVIDIA GPUs only"
    if precision == "tf32" and backend == "auto" and (missing := absence("cuda")):
        return f"TF32 exists on NVIDIA GPUs only, and {missing}"
    return None
