"""Where the history of a live database is: pending revisions, several heads, none, unknown ones."""

from __future__ import annotations

from .live import KEEPER, Live, Open, Run, upgrade


def test_pending_revisions_are_named_and_no_drift(live: Live, open_case: Open, run: Run) -> None:
    """The live database is compared with the revision that it is at."""
    root = open_case("drift/shop")
    name = live.make("behind", owner=KEEPER)
    upgrade(root, live.url(name, KEEPER), "0001")

    code, out, _ = run("drift", "--url", live.url(name))

    message = "note: pending\n  1 revision not applied yet, which is no drift: 0002"
    assert (code, out) == (0, f"{message}\ndrift: 1 note\n")


def test_a_database_with_several_heads_is_built_at_all_of_them(
    live: Live, open_case: Open, run: Run
) -> None:
    """Clean with both, and not with one of them forgotten."""
    root = open_case("drift/two_heads")
    name = live.make("two heads", owner=KEEPER)
    upgrade(root, live.url(name, KEEPER), "heads")

    clean = run("drift", "--url", live.url(name))
    live.do(name, "DELETE FROM alembic_version WHERE version_num = '0003'")
    code, out, _ = run("drift", "--url", live.url(name))

    assert clean[:2] == (0, "drift: no findings\n")
    assert (code, out.splitlines()) == (
        1,
        [
            "error: drift",
            "  table public.t_right: only in the live database",
            "note: pending",
            "  1 revision not applied yet, which is no drift: 0003",
            "drift: 1 error, 1 note",
        ],
    )


def test_an_unknown_revision_is_one_clear_error(live: Live, shop: str, run: Run) -> None:
    """Another checkout has migrated it."""
    live.do(shop, "UPDATE alembic_version SET version_num = '0009'")

    code, out, err = run("drift", "--url", live.url(shop))

    assert (code, out) == (2, "")
    assert "the live database is at revision 0009, which this code does not know\n" in err


def test_no_version_table_is_one_clear_error(live: Live, shop: str, run: Run) -> None:
    """It is another database, or was never migrated; a table that only looks alike is none."""
    live.do(shop, "DROP TABLE alembic_version", "CREATE TABLE alembic_version (id integer)")

    code, out, err = run("drift", "--url", live.url(shop))

    assert (code, out) == (2, "")
    assert "the live database has no version table alembic_version\n" in err


def test_an_empty_version_table_is_the_base(live: Live, shop: str, run: Run) -> None:
    """Whatever is there then is drift."""
    live.do(shop, "DELETE FROM alembic_version")

    code, out, _ = run("drift", "--url", live.url(shop))

    assert code == 1
    assert "error: drift\n  table public.users: only in the live database\n" in out
    assert "note: pending\n  2 revisions not applied yet, which is no drift: 0001, 0002\n" in out
