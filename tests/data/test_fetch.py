"""Downloads: verified before they count, from the second mirror if need be, never half-written."""

import http.server
import threading
from pathlib import Path

import pytest

from data import fetch as fetching
from data.errors import DataCorruptError, DataFolderError, DataUnavailableError
from data.fetch import fetch

MIRRORS = ("http://first/", "http://second/")


def verify(path: Path) -> bytes:
    content = path.read_bytes()
    if not content.startswith(b"good"):
        raise DataCorruptError(f"{path}: got {content!r}, wanted good")
    return content


@pytest.fixture
def served(monkeypatch):
    """What each mirror answers (bytes, or an error to raise), and the list of URLs asked for."""
    answers: dict[str, bytes | BaseException] = {}
    asked: list[str] = []

    def download(url: str, target: Path) -> None:
        asked.append(url)
        answer = answers[url.rsplit("/", 1)[0] + "/"]
        if isinstance(answer, BaseException):
            target.write_bytes(b"goo")  # half a file, as a broken connection leaves it
            raise answer
        target.write_bytes(answer)

    monkeypatch.setattr(fetching, "download", download)
    return answers, asked


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


def test_a_good_cached_file_is_not_downloaded_again(tmp_path, served):
    """The cache is used as it is once it verifies."""
    (tmp_path / "file").write_bytes(b"good old")
    assert fetch("file", MIRRORS, tmp_path, verify) == b"good old"
    assert served[1] == []


def test_a_complete_cache_is_only_read(tmp_path, served):
    """No lock and no file is made where nothing has to be downloaded, so that the folder may be read-only."""
    (tmp_path / "file").write_bytes(b"good old")
    fetch("file", MIRRORS, tmp_path, verify)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_download_takes_its_place_after_it_was_verified(tmp_path, served):
    """The folder is made, the file is there, and no temporary file is left."""
    served[0][MIRRORS[0]] = b"good new"
    assert fetch("file", MIRRORS, tmp_path / "new", verify) == b"good new"
    assert (tmp_path / "new" / "file").read_bytes() == b"good new"
    assert names(tmp_path / "new") == {"file"}


@pytest.mark.parametrize(
    "first", [OSError("no route"), b"bad", ValueError("length")], ids=["offline", "corrupt", "length"]
)
def test_the_second_mirror_is_tried(tmp_path, served, first):
    """A first mirror that fails or serves something else is passed over."""
    served[0].update(zip(MIRRORS, (first, b"good second"), strict=True))
    assert fetch("file", MIRRORS, tmp_path, verify) == b"good second"
    assert served[1] == ["http://first/file", "http://second/file"]
    assert names(tmp_path) == {"file"}


def test_a_corrupt_cached_file_is_replaced_by_a_good_download(tmp_path, served):
    """The cache heals itself."""
    (tmp_path / "file").write_bytes(b"bad")
    served[0][MIRRORS[0]] = b"good new"
    assert fetch("file", MIRRORS, tmp_path, verify) == b"good new"
    assert (tmp_path / "file").read_bytes() == b"good new"


def test_bad_downloads_never_replace_what_is_there(tmp_path, served):
    """When no mirror has a good copy the file stays, and the error shows both mirrors and the cached file."""
    (tmp_path / "file").write_bytes(b"damaged, but perhaps of use to someone")
    served[0].update(dict.fromkeys(MIRRORS, b"bad"))
    with pytest.raises(
        DataCorruptError, match=r"no good copy from 2 mirrors, .*nothing was replaced"
    ) as caught:
        fetch("file", MIRRORS, tmp_path, verify)
    assert "http://first/file: the download: got b'bad'" in str(caught.value)
    assert "http://second/file" in str(caught.value)
    assert "The cached file cannot be used either" in str(caught.value)
    assert (tmp_path / "file").read_bytes().startswith(b"damaged")
    assert names(tmp_path) == {"file"}


def test_no_mirror_reached(tmp_path, served):
    """Offline is told apart from corrupt, and leaves nothing behind."""
    served[0].update(dict.fromkeys(MIRRORS, OSError("no route to host")))
    with pytest.raises(DataUnavailableError, match=r"no mirror could be reached(.|\n)*no route to host"):
        fetch("file", MIRRORS, tmp_path, verify)
    assert names(tmp_path) == set()


def test_an_interrupted_download_leaves_nothing(tmp_path, served):
    """Control-C in mid-download removes the temporary file and reaches the caller."""
    served[0][MIRRORS[0]] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        fetch("file", MIRRORS, tmp_path, verify)
    assert names(tmp_path) == set()


def test_a_cache_that_cannot_be_written(tmp_path):
    """A file in the way of the cache folder is named, with the cure."""
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(DataFolderError, match=r"wanted a cache folder that can be written: .*LANDSCAPE_DATA"):
        fetch("file", MIRRORS, tmp_path / "cache", verify)


def test_threads_download_once(tmp_path, served):
    """Of several that want the same file, one downloads and the others wait and read it."""
    served[0][MIRRORS[0]] = b"good"
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(fetch("file", MIRRORS, tmp_path, verify)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [b"good"] * 4
    assert len(served[1]) == 1


@pytest.fixture
def server(tmp_path):
    """A web server on this machine with one file, `file`; gives its base URL."""
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "file").write_bytes(b"good" + b"." * 100_000)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=tmp_path / "www")

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}/"
        httpd.shutdown()
        thread.join()


def test_pooch_downloads_with_a_progress_bar(tmp_path, server, capfd, monkeypatch):
    """The real downloader: nothing at the first address, the file at the second, with progress."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    content = fetch("file", (server + "missing/", server), tmp_path / "cache", verify)
    assert len(content) == 100_004
    assert "100%" in capfd.readouterr().err
