"""What `--store` names."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.runs.remote.place import is_url, split


@pytest.mark.parametrize(
    "where", ["runs", "./s3/runs", "/runs", "s3:/runs", "C:\\runs", "a b://c", "~/x://y"]
)
def test_a_folder_is_no_url(where):
    """Only a scheme and two slashes make a URL."""
    assert not is_url(where)


@pytest.mark.parametrize(
    "url",
    ["s3://bucket", "s3://bucket/of/ours", "gs://b.c/x", "az://box/x", "file:///srv/runs", "memory://x"],
)
def test_a_url_is_taken(url):
    """With a bucket, or a folder from the root."""
    assert is_url(url)
    assert split(url).geturl() == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://host/runs", "whose kind http:// is unknown"),
        ("S4://bucket", "whose kind s4:// is unknown"),
        ("s3://", "which names no bucket"),
        ("memory://", "which names no bucket"),
        ("s3:///runs", "which names no bucket"),
        ("s3://[", "Invalid IPv6 URL"),
        ("s3://bu cket/x", "which holds characters that no URL has"),
        ("s3://bücket/x", "which holds characters that no URL has"),
        ("s3://bucket/x?y=1", "which goes on after its path"),
        ("s3://bucket/x#y", "which goes on after its path"),
        ("s3://bucket/../x", "whose path is not plain"),
        ("s3://bucket//x", "whose path is not plain"),
        ("file://srv/runs", "which names no folder from the root"),
        ("file:///", "which names no folder from the root"),
    ],
)
def test_a_url_that_cannot_work_is_refused(url, reason):
    """What was got, what was wanted."""
    with pytest.raises(ValueError, match="wanted s3://bucket/prefix") as caught:
        split(url)
    assert reason in str(caught.value)


def test_a_password_is_not_shown():
    """A URL stands in reports, so that it may hold none; the error does not hold it either."""
    with pytest.raises(ValueError, match="give credentials in the environment") as caught:
        split("s3://me:hunter2@bucket/x")
    assert "hunter2" not in str(caught.value)


def test_reading_a_url_needs_no_library():
    """The process that starts the workers reads it before NumPy is loaded."""
    source = Path(split.__code__.co_filename).read_text(encoding="utf-8")
    assert "from models" not in source
