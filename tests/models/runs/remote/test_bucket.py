"""Objects by name, and what is said where there are none to be had."""

from __future__ import annotations

import sys

import pytest

from models.runs.files import StoreError
from models.runs.remote import bucket as module
from models.runs.remote.bucket import Bucket
from tests.models.runs.remote.servers import answering

pytest.importorskip("obstore", reason="obstore is not installed: pip install -e '.[objects]'")


@pytest.fixture(params=["s3", "file", "memory"])
def objects(request, tmp_path) -> Bucket:
    """An empty store of each kind."""
    if request.param == "s3":
        return Bucket(request.getfixturevalue("bucket"))
    return Bucket(f"file://{tmp_path}/new" if request.param == "file" else f"memory://test{tmp_path}")


def test_what_is_put_is_got_listed_and_removed(objects):
    """Bytes by name; what is not there is None, no error."""
    objects.check()
    assert objects.get("a/run.json") is None
    for name, content in {"a/run.json": b"1", "a/x": b"", "a.lease/b": b"2", "ab/c": b"3"}.items():
        objects.put(name, content)
    objects.put("a/run.json", b"other")
    assert objects.get("a/run.json") == b"other"
    assert objects.get("a/x") == b""
    assert objects.names("a/") == ["a/run.json", "a/x"]
    assert objects.names("") == ["a.lease/b", "a/run.json", "a/x", "ab/c"]
    assert objects.names("none/") == []
    objects.delete("a/x")
    objects.delete("a/x")
    assert objects.names("a/") == ["a/run.json"]


def test_a_large_object_comes_in_parts(objects, monkeypatch):
    """Each request ends in time; the bytes are the same."""
    monkeypatch.setattr(module, "_PART", 1000)
    content = bytes(range(256)) * 17
    objects.put("large", content)
    assert objects.get("large") == content


def test_prefixes_of_one_bucket_are_apart(bucket):
    """A store ends at its prefix."""
    one, other = Bucket(f"{bucket}/one/"), Bucket(f"{bucket}/other")
    one.put("a", b"1")
    assert other.names("") == []
    assert one.url == f"{bucket}/one"


def test_memory_is_the_same_for_all_who_name_it():
    """For tests of one process."""
    Bucket("memory://same").put("a", b"1")
    assert Bucket("memory://same").get("a") == b"1"
    assert Bucket("memory://another").get("a") is None


# -- what cannot work -----------------------------------------------------------------


def test_no_bucket(s3):
    """Said as such, with the cure."""
    with pytest.raises(StoreError, match=r"s3://missing/x cannot be listed: there is no such bucket .*make"):
        Bucket("s3://missing/x").check()


def test_no_server(s3, monkeypatch):
    """What could not be reached, after a few tries, in one line."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    for act in (Bucket("s3://b/x").check, lambda: Bucket("s3://b/x").put("a", b"")):
        with pytest.raises(StoreError, match=r"it cannot be reached .*127.0.0.1:1.* the network") as caught:
            act()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (403, "InvalidAccessKeyId"), (401, "X")])
def test_refused_credentials(status, code, s3, monkeypatch):
    """Which variables say who one is."""
    with answering(status, code) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        for act in (Bucket("s3://b/x").check, lambda: Bucket("s3://b/x").get("a")):
            with pytest.raises(StoreError, match=r"access is refused .* AWS_ACCESS_KEY_ID"):
                act()


def test_an_open_connection_is_asked_for(s3, monkeypatch):
    """A plain http:// endpoint has to be allowed."""
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    with pytest.raises(StoreError, match="AWS_ALLOW_HTTP=true"):
        Bucket("s3://b/x").check()


def test_a_server_that_fails(s3, monkeypatch):
    """Anything else is told in the server's words."""
    with answering(400, "Odd") as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(StoreError, match=r"400 Bad Request.*; look at the URL"):
            Bucket("s3://b/x").check()


def test_an_account_is_missing(monkeypatch):
    """What the library wants of the environment, in its words."""
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(StoreError, match=r"az://box/x cannot be opened: .*[aA]ccount must be specified"):
        Bucket("az://box/x")


def test_a_folder_that_cannot_be_made(tmp_path):
    """A file in the way."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be opened"):
        Bucket(f"file://{tmp_path}/file/x").check()


def test_a_url_that_names_none():
    """Refused before any library is asked."""
    with pytest.raises(StoreError, match="whose kind http:// is unknown"):
        Bucket("http://host/x")


def test_the_library_is_not_installed(monkeypatch):
    """The extra that brings it."""
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(StoreError, match=r"not installed: pip install -e '\.\[objects\]', or name a folder"):
        Bucket("s3://b/x")
