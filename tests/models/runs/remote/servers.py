"""Servers and object stores that tests watch, stop and damage."""

from __future__ import annotations

import contextlib
import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.runs.files import StoreError
from models.runs.remote.bucket import Bucket

__all__ = ["S3", "Ledgered", "answering"]


class S3:
    """moto's server: it can be stopped and started again, with what it had."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("s3_process.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._port = int(self._process.stdout.readline())

    def start(self) -> None:
        self._told("start")

    def stop(self) -> None:
        self._told("stop")

    def end(self) -> None:
        self._process.stdin.close()
        self._process.kill()  # its threads would answer until the last connection is closed
        self._process.wait()
        self._process.stdout.close()

    def _told(self, word: str) -> None:
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        assert int(self._process.stdout.readline()) == self._port

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "someone",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }


class Ledgered(Bucket):
    """Writes down each write, and refuses those that it is told to."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.writes: list[str] = []
        self.deleted: list[str] = []
        self.requests = 0
        self.gone = False

    def get(self, name: str) -> bytes | None:
        self._reached()
        return super().get(name)

    def put(self, name: str, content: bytes) -> None:
        self._reached()
        super().put(name, content)
        self.writes.append(name)

    def names(self, prefix: str) -> list[str]:
        self._reached()
        return super().names(prefix)

    def delete(self, name: str) -> None:
        self._reached()
        super().delete(name)
        self.deleted.append(name)

    def damage(self, ending: str, content: bytes | None = None) -> None:
        """Turns a bit of the objects with this ending, or puts something else in their place."""
        for name in self.names(""):
            if name.endswith(ending):
                whole = bytearray(self.get(name) or b"")
                whole[len(whole) // 2] ^= 1
                super().put(name, bytes(whole) if content is None else content)

    def _reached(self) -> None:
        self.requests += 1
        if self.gone:
            raise StoreError(f"the run store {self.url} cannot be read: it cannot be reached")


@contextlib.contextmanager
def answering(status: int, code: str) -> Iterator[str]:
    """A server that gives each request this answer of S3; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

        do_PUT = do_POST = do_DELETE = do_HEAD = do_GET  # noqa: N815 - the names that the library looks for

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
