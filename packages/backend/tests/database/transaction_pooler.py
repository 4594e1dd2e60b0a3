"""A stand-in for pgbouncer in transaction mode, so that every run of the tests has one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path

READY = b"Z"
BACKEND_KEY = b"K"
OWN_KEY = b"K\x00\x00\x00\x0c\x7f\xff\xff\xff\x00\x00\x00\x00"
"""The process id and the secret that pgbouncer invents, too."""
NOT_IN_A_TRANSACTION = b"I"
TERMINATE = b"X"
ANSWERED_BY_READY = (b"Q", b"S")

Pooler = Callable[[Path], AbstractAsyncContextManager[Path]]


@dataclass(slots=True)
class Backend:
    """One connection to the server, and the server's messages when it was opened."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    greeting: bytes = b""


@dataclass(slots=True)
class Client:
    """One client, its backend while it is in a transaction, and the answers that it waits for."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    backend: Backend | None = None
    awaited: int = 0


@dataclass(slots=True)
class TransactionPooler:
    """Lends each transaction the server connection that has been idle for the longest.

    Source: https://www.postgresql.org/docs/current/protocol-message-formats.html
    """

    server: Path
    backends: int = 3
    idle: asyncio.Queue[Backend] = field(default_factory=asyncio.Queue)
    opened: list[Backend] = field(default_factory=list)
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speaks with one client until it leaves."""
        client = Client(reader, writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            size = await reader.readexactly(4)
            startup = size + await reader.readexactly(int.from_bytes(size) - 4)
            async with self.opening:
                await self._open(startup)
            writer.write(self.opened[0].greeting)
            await self._relay(client)
        writer.close()

    async def _open(self, startup: bytes) -> None:
        """Make the server connections, with the first client's startup message."""
        while len(self.opened) < self.backends:
            backend = Backend(*await asyncio.open_unix_connection(self.server))
            self.opened.append(backend)
            backend.writer.write(startup)
            kind = b""
            while kind != READY:
                kind, message = await _message(backend.reader)
                backend.greeting += OWN_KEY if kind == BACKEND_KEY else message
            self.idle.put_nowait(backend)

    async def _relay(self, client: Client) -> None:
        answers: asyncio.Task[None] | None = None
        while True:
            kind, message = await _message(client.reader)
            if kind == TERMINATE:
                return
            if client.backend is None:
                client.backend = await self.idle.get()
                answers = asyncio.create_task(self._answer(client, client.backend))
            client.awaited += kind in ANSWERED_BY_READY
            client.backend.writer.write(message)
            assert answers is not None

    async def _answer(self, client: Client, backend: Backend) -> None:
        """Hands the answers on; gives the backend back when the transaction has ended."""
        while client.backend is backend:
            kind, message = await _message(backend.reader)
            client.awaited -= kind == READY
            if kind == READY and message[5:] == NOT_IN_A_TRANSACTION and client.awaited == 0:
                client.backend = None
                self.idle.put_nowait(backend)
            client.writer.write(message)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return a message's kind and the message as it is on the wire."""
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(int.from_bytes(head[1:]) - 4)
