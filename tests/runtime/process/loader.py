"""A program: clients that keep their connections and obey ``connection: close``, and count what was not answered.

``python loader.py PORT CLIENTS SECONDS FILE`` sends the request body in FILE to /predict until nobody lets a client in any
more, or SECONDS have passed, and prints {answered, statuses, lost, refused} as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path


class Load:
    def __init__(self, port: int, body: bytes, seconds: float) -> None:
        self._port = port
        self._request = b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        self._until = time.monotonic() + seconds
        self.statuses: Counter[int] = Counter()
        self.lost: list[str] = []
        self.refused = 0

    async def client(self) -> None:
        while time.monotonic() < self._until:
            try:
                reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self._port), 10)
            except (OSError, TimeoutError):
                self.refused += 1
                return  # no request was accepted
            try:
                await self._ask_on(reader, writer)
            finally:
                writer.close()

    async def _ask_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the service says that it will close, or closes while nothing is asked."""
        while time.monotonic() < self._until and not reader.at_eof():
            writer.write(self._request)
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0]))
            except (OSError, EOFError) as error:
                self.lost.append(f"{type(error).__name__}: {error}")
                return
            self.statuses[int(head[9:12])] += 1
            if b"connection: close" in head:
                return


async def main(port: int, clients: int, seconds: float, file: Path) -> None:
    load = Load(port, file.read_bytes(), seconds)
    await asyncio.gather(*(load.client() for _ in range(clients)))
    told = {"statuses": load.statuses, "answered": load.statuses[200], "lost": load.lost, "refused": load.refused}
    print(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4])))
