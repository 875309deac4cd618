"""Download a file, verify it, and only then let it take its place in the cache."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from data.errors import DataCorruptError, DataFolderError, DataUnavailableError

__all__ = ["cache_folder", "download", "fetch"]

T = TypeVar("T")


def cache_folder() -> Path:
    """The user's cache folder for this project, which may not exist yet."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("landscape-claims"))


def download(url: str, target: Path) -> None:
    """Write what is at `url` to `target`, with a progress bar on standard error.

    Raises:
        OSError: no connection, an HTTP error (requests' exceptions are OSErrors), or a full disk.
    """
    # Imported here: pooch brings requests along, and a run with its data at hand downloads nothing.
    import pooch

    pooch.HTTPDownloader(progressbar=True, timeout=60)(url, str(target), None)


def fetch(file: str, mirrors: Sequence[str], folder: Path, verify: Callable[[Path], T]) -> T:
    """What `verify` makes of `folder/file`, downloaded from the first mirror that has a good copy.

    A file that is already there and passes is used as it is, without a lock or a write, so that a cache that
    is complete may be read-only. What is there and is no regular file is an error. A download goes to a
    temporary name in the same folder and is renamed after it passed, so that a bad
    download never replaces a good file and a reader never sees half of one. A file
    lock makes concurrent processes download once.

    Args:
        file: name in the folder and at the mirrors.
        mirrors: base URLs, ending in "/", tried in order.
        folder: made if it is missing.
        verify: reads a path; raises DataCorruptError where the file is not what it should be.

    Raises:
        DataUnavailableError: no mirror could be reached.
        DataCorruptError: mirrors were reached but none had a good copy.
        DataFolderError: the folder cannot be written, or what is there cannot be read.
    """
    from filelock import FileLock

    target = folder / file
    try:
        if os.path.lexists(target):
            with contextlib.suppress(DataCorruptError):
                return verify(target)
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{file}.lock"):
            damage = ""
            if os.path.lexists(target):  # another process may have made it by now
                try:
                    return verify(target)
                except DataCorruptError as error:
                    damage = str(error)  # replaced below, once a good copy is at hand
            return _from_mirrors(target, mirrors, verify, damage)
    except OSError as error:
        raise DataFolderError(
            f"{folder}: got {error.strerror or error}, wanted a cache folder that can be written: "
            "free it or set LANDSCAPE_DATA to a folder with the files"
        ) from error


def _from_mirrors(target: Path, mirrors: Sequence[str], verify: Callable[[Path], T], damage: str) -> T:
    unreachable: list[str] = []
    corrupt: list[str] = []
    for mirror in mirrors:
        handle, name = tempfile.mkstemp(prefix=".download-", suffix=f"-{target.name}", dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        url = mirror + target.name
        try:
            try:
                download(url, temporary)
            except (OSError, ValueError) as error:
                unreachable.append(f"{url}: {type(error).__name__}: {error}")
                continue
            try:
                value = verify(temporary)
            except DataCorruptError as error:
                corrupt.append(f"{url}: {str(error).replace(name, 'the download')}")
                continue
            os.replace(temporary, target)
            return value
        finally:
            temporary.unlink(missing_ok=True)
    tried = "\n  ".join(unreachable + corrupt)
    if damage:
        tried += f"\nThe cached file cannot be used either: {damage}"
    if corrupt:
        raise DataCorruptError(
            f"{target.name}: got no good copy from {len(mirrors)} mirrors, wanted one that passes its "
            f"checksum; nothing was replaced. Tried:\n  {tried}"
        )
    raise DataUnavailableError(f"{target.name}: no mirror could be reached. Tried:\n  {tried}")
