"""`python -m chaos.clients`: the application's traffic, in a process of its own.

It reads a `Load` as JSON from standard input, runs until that is closed, and writes one JSON line for
each transaction: when it began, how long it took, what it was, and its error.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from dataclasses import asdict, dataclass
from time import monotonic
from uuid import uuid4

import asyncpg

from chaos.rows import Numbered

_LONGEST_WAIT_S = 60.0
Statement = tuple[str, tuple[str, ...]]
"""SQL, and which ids it is given: names of `_send`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the clients do."""

    url: str
    rows: int
    clients: int = 8
    is_at_head: bool = False
    """Whether they use every table of the head, else those of the revision `START`."""
    pause_s: float = 0.02


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a client sends in one transaction, with columns only that both schemas have."""

    name: str
    statements: tuple[Statement, ...]


_READ_GENERATION = "SELECT status, progress, storage_url FROM public.generations WHERE id = $1"
AT_START = (
    Transaction(
        "read tenants", (("SELECT name, slug FROM public.tenants WHERE id = $1", ("tenant",)),)
    ),
    Transaction(
        "read users", (("SELECT email, display_name FROM public.users WHERE id = $1", ("user",)),)
    ),
    Transaction(
        "update users", (("UPDATE public.users SET avatar_url = 'x' WHERE id = $1", ("user",)),)
    ),
    Transaction(
        "insert users",
        (
            (
                (
                    "INSERT INTO public.users (tenant_id, id, auth_provider, auth_subject, email)"
                    " VALUES ($1, $2, 'oidc', $3, 'new@example.org')"
                ),
                ("tenant", "new", "text"),
            ),
        ),
    ),
    Transaction(
        "read boards", (("SELECT title, is_public FROM public.boards WHERE id = $1", ("board",)),)
    ),
    Transaction(
        "update boards", (("UPDATE public.boards SET is_public = true WHERE id = $1", ("board",)),)
    ),
    Transaction(
        "insert boards",
        (
            (
                "INSERT INTO public.boards (tenant_id, id, owner_id, title) VALUES ($1, $2, $3, 'New')",
                ("tenant", "new", "user"),
            ),
        ),
    ),
    Transaction(
        "read board_members",
        (("SELECT role FROM public.board_members WHERE board_id = $1", ("board",)),),
    ),
    Transaction(
        "insert board_members",
        (
            (
                (
                    "INSERT INTO public.board_members (tenant_id, board_id, user_id, role)"
                    " VALUES ($1, $2, $3, 'editor') ON CONFLICT DO NOTHING"
                ),
                ("tenant", "board", "user"),
            ),
        ),
    ),
    Transaction("read generations", ((_READ_GENERATION, ("generation",)),)),
    Transaction(
        "insert generations",
        (
            (
                (
                    "INSERT INTO public.generations (tenant_id, id, board_id, user_id, generator_name,"
                    " artifact_type, input_params, external_job_id, storage_url)"
                    " VALUES ($1, $2, $3, $4, 'flux', 'image', '{}', 'job', 's3://new')"
                ),
                ("tenant", "new", "board", "user"),
            ),
        ),
    ),
    Transaction(
        "read and update generations",
        (
            (_READ_GENERATION, ("generation",)),
            ("UPDATE public.generations SET progress = 50 WHERE id = $1", ("generation",)),
        ),
    ),
    # Both orders: a migration that locks these tables one by one meets the opposite order.
    Transaction(
        "update boards, then generations",
        (
            ("UPDATE public.boards SET is_public = false WHERE id = $1", ("board",)),
            ("UPDATE public.generations SET status = 'completed' WHERE id = $1", ("generation",)),
        ),
    ),
    Transaction(
        "update users, then boards",
        (
            ("UPDATE public.users SET avatar_url = 'z' WHERE id = $1", ("user",)),
            ("UPDATE public.boards SET description = 'z' WHERE id = $1", ("board",)),
        ),
    ),
    Transaction(
        "read generations, then update users",
        (
            (_READ_GENERATION, ("generation",)),
            ("UPDATE public.users SET avatar_url = 'y' WHERE id = $1", ("user",)),
        ),
    ),
)
AT_HEAD = (
    *AT_START,
    Transaction(
        "insert and read provider_configs",
        (
            (
                (
                    "INSERT INTO public.provider_configs (tenant_id, provider_name, config)"
                    " VALUES ($1, $2, '{}')"
                ),
                ("tenant", "text"),
            ),
            (
                "SELECT provider_name FROM public.provider_configs WHERE tenant_id = $1 LIMIT 5",
                ("tenant",),
            ),
        ),
    ),
    Transaction(
        "insert and read lora_models",
        (
            (
                (
                    "INSERT INTO public.lora_models (tenant_id, user_id, name, base_model, storage_url,"
                    " config) VALUES ($1, $2, 'Ink', 'flux', 's3://lora', '{}')"
                ),
                ("tenant", "user"),
            ),
            ("SELECT name FROM public.lora_models WHERE user_id = $1", ("user",)),
        ),
    ),
    Transaction(
        "insert tags and generation_tags",
        (
            (
                "INSERT INTO public.tags (tenant_id, id, name, slug) VALUES ($1, $2, 'Ink', $3)",
                ("tenant", "new", "text"),
            ),
            (
                (
                    "INSERT INTO public.generation_tags (tenant_id, generation_id, tag_id)"
                    " VALUES ($1, $2, $3)"
                ),
                ("tenant", "generation", "new"),
            ),
        ),
    ),
    Transaction(
        "insert credit_transactions",
        (
            (
                (
                    "INSERT INTO public.credit_transactions (tenant_id, user_id, transaction_type,"
                    " amount, balance_after) VALUES ($1, $2, 'grant', 10, 10)"
                ),
                ("tenant", "user"),
            ),
        ),
    ),
    Transaction(
        "read and insert generation_inputs",
        (
            (
                "SELECT input_generation_id FROM public.generation_inputs WHERE generation_id = $1",
                ("generation",),
            ),
            (
                (
                    "INSERT INTO public.generation_inputs (tenant_id, generation_id, position,"
                    " input_generation_id, role) VALUES ($1, $2, 7, $2, 'style')"
                    " ON CONFLICT DO NOTHING"
                ),
                ("tenant", "generation"),
            ),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One transaction of one client; times are those of `time.monotonic()`, the machine's clock."""

    started_s: float
    took_s: float
    name: str
    error: str = ""


async def main() -> None:
    """Run the clients until standard input is closed, then print the samples."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    load = Load(**json.loads(await reader.readline()))
    samples: list[Sample] = []
    stop = asyncio.Event()
    clients = [asyncio.create_task(_client(load, samples, stop)) for _ in range(load.clients)]
    await reader.read()
    stop.set()
    _, waiting = await asyncio.wait(clients, timeout=_LONGEST_WAIT_S)
    unanswered = Sample(monotonic() - _LONGEST_WAIT_S, _LONGEST_WAIT_S, "", "unanswered")
    samples += [unanswered] * len(waiting)
    sys.stdout.writelines(f"{json.dumps(asdict(sample))}\n" for sample in samples)
    sys.stdout.flush()
    os._exit(0)  # nobody waits for a client that is still waiting for the server


async def _client(load: Load, samples: list[Sample], stop: asyncio.Event) -> None:
    """Send one transaction after the other; a broken connection is opened again."""
    choices = AT_HEAD if load.is_at_head else AT_START
    connection: asyncpg.Connection | None = None
    while not stop.is_set():
        chosen = random.choice(choices)
        started_s, error = monotonic(), ""
        try:
            if connection is None or connection.is_closed():
                connection = await asyncpg.connect(load.url, timeout=_LONGEST_WAIT_S)
                started_s = monotonic()
            await _send(connection, chosen, load.rows)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as raised:
            error = f"{type(raised).__name__}: {raised}"
        samples.append(Sample(started_s, monotonic() - started_s, chosen.name, error))
        await asyncio.sleep(random.uniform(0, 2 * load.pause_s))
    if connection is not None:
        await connection.close()


async def _send(connection: asyncpg.Connection, chosen: Transaction, rows: int) -> None:
    """Send the transaction as `tenant_session` does: as the application's role, for one tenant."""
    numbered = Numbered(random.randint(1, rows))
    arguments = {
        "tenant": numbered.tenant,
        "user": numbered.user,
        "board": numbered.board,
        "generation": numbered.generation,
        "new": uuid4(),
        "text": f"new-{uuid4().hex}",
    }
    async with connection.transaction():
        await connection.execute("SET LOCAL ROLE boards_app")
        await connection.execute(f"SET LOCAL app.tenant_id = '{numbered.tenant}'")
        for sql, names in chosen.statements:
            await connection.fetch(sql, *(arguments[name] for name in names))


if __name__ == "__main__":
    asyncio.run(main())
