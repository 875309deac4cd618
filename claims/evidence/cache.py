"""Evidence that took long to compute, kept in the run store beside the trained runs.

A proof over all critical points, or hundreds of restarts, is a function of the data
and of this project's code. Its result is kept under the hash of all it depends on:
what the caller names, every source file of data/, models/ and claims/, and the
versions of the libraries that compute. Each file is bound to its own digest; one
that is damaged is reported and computed again.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import secrets
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock
from msgspec.structs import asdict

from claims.core.claim import Claim
from claims.core.verdict import Evidence, Strength
from models.runs.files import DamageError, checked, read, with_digest, write
from models.runs.run import Run
from models.runs.store import StoreWarning

__all__ = ["EvidenceCache", "code_digest", "of_run"]

_LIBRARIES = ("numpy", "scipy", "python-flint", "torch")
_ROOMS = ("data", "models", "claims")


@cache
def code_digest() -> str:
    """Digest of the sources and library versions that any evidence depends on."""
    root = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256(platform.machine().encode())
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    for path in sorted(path for room in _ROOMS for path in (root / room).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def of_run(run: Run, rule: Claim) -> dict[str, str]:
    """What evidence on a claim from one run depends on: the run's own bytes and the claim's rule."""
    return {"run": run.key, "sha256": run.provenance["sha256"], "rule": repr(rule)}


class EvidenceCache:
    """Results on disk, each computed once, whatever the number of workers or invocations.

    Args:
        root: the run store's folder; results go into its sub-folder evidence/.
        refresh: compute again even what is there.
    """

    def __init__(self, root: Path, *, refresh: bool = False) -> None:
        self.folder = Path(root) / "evidence"
        self.refresh = refresh

    def evidence(
        self, name: str, depends: Mapping[str, Any], function: Callable[..., Evidence], *arguments: Any
    ) -> Evidence:
        """The evidence from the store, or computed here, or computed elsewhere while this call waits.

        Args:
            name: readable head of the file's name.
            depends: what the result depends on besides the code, as plain JSON: checksums, preparation, rule.
            function: makes it, of these arguments.
        """
        fields = self.value(name, depends, _fields, function, *arguments)
        interval = fields["interval"]
        return Evidence(
            **fields
            | {
                "strength": Strength(fields["strength"]),
                "interval": None if interval is None else (interval[0], interval[1]),
            }
        )

    def value(
        self,
        name: str,
        depends: Mapping[str, Any],
        function: Callable[..., Any],
        *arguments: Any,
        **options: Any,
    ) -> Any:
        """The same for a value that is plain JSON; numbers that are not finite are kept as they are.

        Raises:
            OSError: the folder cannot be made or written.
        """
        identity = {"name": name, "depends": dict(depends), "code": code_digest()}
        key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:20]
        path = self.folder / f"{re.sub(r'[^A-Za-z0-9.]+', '-', name)}-{key}.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(
                f"the run store {self.folder.parent} cannot be written ({error}): give a folder with --store"
            ) from error
        with FileLock(path.with_suffix(".lock")):
            if path.exists() and not self.refresh:
                try:
                    return _checked(path, identity)
                except DamageError as damage:
                    warnings.warn(f"run store: {path} {damage}; computed again", StoreWarning, stacklevel=3)
            value = function(*arguments, **options)
            part = path.with_suffix(f".part-{os.getpid()}-{secrets.token_hex(3)}")
            write(part, with_digest({"identity": identity, "value": value}))
            os.replace(part, path)
        # Read back, so that a first and a second invocation hand on the same value.
        return _checked(path, identity)


def _fields(function: Callable[..., Evidence], *arguments: Any) -> dict[str, Any]:
    return asdict(function(*arguments))


def _checked(path: Path, identity: Mapping[str, Any]) -> Any:
    content = checked(read(path), path.name)
    if content.get("identity") != json.loads(json.dumps(identity)):
        raise DamageError("holds the result of something else")
    return content["value"]
