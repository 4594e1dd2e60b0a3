"""Whichever command comes after kill -9 of a checkout's server finds it again, with its data."""

from __future__ import annotations

import os
import signal

from tests.checkout import Checkout


def test_killed_server_is_started_again(checkout: Checkout) -> None:
    """After kill -9 of the local server the next command, whichever it is, finds the same data."""
    checkout.run("make", "migrate")
    for words, answer in (
        ("migrate", "nothing to do"),
        ("current", "(head)"),
        ("check", "No new upgrade operations"),
        ("db do=start", "ready: boards "),
    ):
        kill(checkout, "*/data/postmaster.pid")

        done = checkout.run("make", *words.split())

        assert done.returncode == 0, done.stdout
        assert answer in done.stdout


def test_killed_scratch_server_is_started_again(checkout: Checkout) -> None:
    """So does a proof after kill -9 of the server for scratch databases."""
    checkout.run("make", "parity")
    kill(checkout, "scratch/*/data/postmaster.pid")

    done = checkout.run("make", "parity")

    assert done.returncode == 0, done.stdout


def kill(checkout: Checkout, pid_file: str) -> None:
    """End the one server of the checkout whose file this is at once."""
    (path,) = (checkout.root / ".postgres").glob(pid_file)
    os.kill(int(path.read_text().split()[0]), signal.SIGKILL)
