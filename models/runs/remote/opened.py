"""Opens the run store that `--store` names: a folder, or an object store with a folder in front."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from models.runs.files import StoreError
from models.runs.remote.bucket import Bucket
from models.runs.remote.lease import PATIENCE
from models.runs.remote.mirror import Mirror
from models.runs.remote.place import LIMIT, Place, is_url
from models.runs.store import RunStore, default_store

__all__ = ["at_hand", "check", "local_folder", "mirror_of", "open_store"]


def open_store(
    where: str | Path | None,
    *,
    cache: Path | None = None,
    limit: int = LIMIT,
    patience: float = PATIENCE,
    **options: Any,
) -> RunStore:
    """The run store at a place.

    Args:
        where: a folder, or a URL (`models.runs.remote.place`); None is the user's cache folder.
        cache: with a URL, the folder in front of it; None is one for this URL in the user's cache folder.
        limit: with a URL, bytes that runs in that folder may take.
        patience: with a URL, seconds after which another machine that says nothing counts as dead.
        options: see `models.runs.store.RunStore`.

    Raises:
        StoreError: the URL cannot work, obstore is not installed, or the object store cannot be reached.
    """
    mirror = mirror_of(where, cache=cache, limit=limit, patience=patience)
    if mirror is None:
        return RunStore(default_store() if where is None else Path(where), **options)
    mirror.put_late()
    return RunStore(mirror.root, remote=mirror, **options)


def mirror_of(
    where: str | Path | None,
    *,
    cache: Path | None = None,
    limit: int = LIMIT,
    patience: float = PATIENCE,
) -> Mirror | None:
    """The object store at a URL with its folder, asked once if it is there; None where a folder is named.

    Raises:
        StoreError: as `open_store`.
    """
    if where is None or not is_url(str(where)):
        return None
    folder = cache or local_folder(str(where))
    return Mirror(_reached(str(where), folder), folder, limit=limit, patience=patience)


def _reached(url: str, folder: Path) -> Bucket:
    bucket = Bucket(url)
    try:
        bucket.check()
    except StoreError as error:
        if not folder.is_dir():
            raise
        raise StoreError(f"{error}; or go on with --store {folder}, where what was used here lies") from None
    return bucket


def local_folder(url: str) -> Path:
    """The folder in front of this URL, in the user's cache folder: a run store of its own."""
    plain = url.rstrip("/")
    head = re.sub(r"[^A-Za-z0-9.]+", "-", plain)[:80]
    return default_store().with_name("remote") / f"{head}-{hashlib.sha256(plain.encode()).hexdigest()[:12]}"


@cache
def at_hand(place: Place) -> tuple[Path, Mirror | None]:
    """Folder and object store of a place, for those who read what is finished; an object store that is out of
    reach is left out."""
    where = str(place.where or default_store())
    try:
        mirror = mirror_of(where, limit=place.limit)
    except StoreError:
        return local_folder(where), None
    return (Path(where), None) if mirror is None else (mirror.root, mirror)


def check(url: str) -> None:
    """Says what cannot work, before anything trains.

    Raises:
        StoreError: as `open_store`.
    """
    _reached(url, local_folder(url))
