"""The project's code as one zip file by digest: what nodes train with, without a wheel or a shared home."""

from __future__ import annotations

import hashlib
import io
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

from models.runs.code import PROJECT

__all__ = ["ROOMS", "extracted", "parcel"]

ROOMS = ("data", "models", "claims")
"""What a node imports."""

_EPOCH = (1980, 1, 1, 0, 0, 0)


def parcel(project: Path = PROJECT) -> tuple[str, bytes]:
    """Digest and bytes of the zip file; the same for the same files, whenever and wherever."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for path in _files(project):
            about = zipfile.ZipInfo(path.relative_to(project).as_posix(), _EPOCH)
            about.compress_type, about.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            file.writestr(about, path.read_bytes())
    return hashlib.sha256(content.getvalue()).hexdigest()[:20], content.getvalue()


def extracted(folder: Path, project: Path = PROJECT) -> Path:
    """The code in a folder of its own below this one, named by its digest; put there once.

    Raises:
        OSError: the folder cannot be written.
    """
    digest, content = parcel(project)
    place = folder / digest
    if not place.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{digest}.part-{secrets.token_hex(4)}"
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            file.extractall(part)
        try:
            part.rename(place)
        except OSError:
            if not place.exists():
                raise
            shutil.rmtree(part, ignore_errors=True)  # another driver was first
    return place


def _files(project: Path) -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted(
            path for path in (project / room).rglob("*") if path.is_file() and "__pycache__" not in path.parts
        )
