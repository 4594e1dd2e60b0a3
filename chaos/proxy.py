"""A proxy in front of a server: it forwards, until it cuts the connections or swallows what is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from local_postgres.placement import LOOPBACK

_KEEPALIVES_END_AFTER_S = 20.0
"""tcp_keepalives_idle + tcp_keepalives_interval * tcp_keepalives_count of a migration's session."""


@dataclass(slots=True)
class Proxy:
    """Forwards connections to a port of the loopback address."""

    target: int
    port: int = 0
    is_black_hole: bool = False
    """Whether it keeps the connections open and forwards nothing any more."""
    cut_at_commit: int = 0
    """Which COMMIT of a client reaches the server, while its answer does not come back; 0 for none."""
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _to_server: list[asyncio.StreamWriter] = field(default_factory=list)
    _is_committing: bool = False

    def cut(self) -> None:
        """Close all connections, on both sides; new ones are forwarded."""
        _abort(self._writers)
        self._writers.clear()

    def swallow(self) -> None:
        """Forward nothing any more, and close nothing.

        A network that swallows everything swallows the probes of keepalives too, which the loopback
        address answers. So the server's side ends when the server's keepalives would end it.
        """
        self.is_black_hole = True
        loop = asyncio.get_running_loop()
        loop.call_later(_KEEPALIVES_END_AFTER_S, _abort, self._to_server)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection in both directions."""
        try:
            there, back = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers += [writer, back]
        self._to_server.append(back)
        await asyncio.gather(
            self._forward(reader, back, is_from_client=True),
            self._forward(there, writer, is_from_client=False),
        )

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_from_client: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if self.is_black_hole:
                    continue
                if is_from_client and b"COMMIT" in data and self.cut_at_commit:
                    self.cut_at_commit -= 1
                    self._is_committing = self.cut_at_commit == 0
                elif not is_from_client and self._is_committing:
                    self._is_committing = False
                    self.cut()
                    return
                writer.write(data)
                await writer.drain()
        if not self.is_black_hole:
            writer.close()


def _abort(writers: list[asyncio.StreamWriter]) -> None:
    for writer in writers:
        writer.transport.abort()


@asynccontextmanager
async def proxied(port: int) -> AsyncIterator[Proxy]:
    """Yield a proxy in front of that port of the loopback address."""
    proxy = Proxy(port)
    server = await asyncio.start_server(proxy.serve, LOOPBACK, 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        proxy.cut()
        server.close()
