"""moto's S3 server in a process of its own, where no filter of warnings of a test reaches it.

It says its port, then obeys a line each: `stop` closes the port, `start` opens the same one again, with what
the server has.
"""

from __future__ import annotations

import sys
from itertools import chain

from moto.server import ThreadedMotoServer


def main() -> None:
    server, port = None, 0
    for line in chain(["start\n"], sys.stdin):
        if line == "start\n" and server is None:
            server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
            server.start()
            port = server.get_host_and_port()[1]
        elif line == "stop\n" and server is not None:
            server.stop()
            server = None
        print(port, flush=True)


if __name__ == "__main__":
    main()
