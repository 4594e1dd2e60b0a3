"""The round trip of tiny histories, each with one fault or none."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from alembic_deploy.url import DatabaseUrl
from alembic_proof.cli import main
from alembic_proof.cli.output import ProgressListener, run_and_report
from alembic_proof.finding import Finding


@pytest.mark.usefixtures("verified_reads")
def test_roundtrip(
    open_case: Callable[[str], Path],
    run: Callable[..., tuple[int, str, str]],
    expected: Callable[[Path, str], str],
    roundtrip_case: str,
) -> None:
    """What the history gets wrong, and nothing else, is found; a clean one is clean."""
    root = open_case(f"roundtrip/{roundtrip_case}")

    code, out, _ = run("roundtrip")

    assert out == expected(root, out)
    assert code == (1 if re.search("^[^ ]+ (error|warning): ", out, re.MULTILINE) else 0)


def test_the_server_is_named_and_its_password_is_not(
    open_case: Callable[[str], Path],
    server_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line on standard error says where the scratch databases are."""
    open_case("roundtrip/history/clean")
    url = replace(DatabaseUrl.parse(server_url), password="secret").text
    monkeypatch.setenv("CASE_SCRATCH_URL", url)

    assert main(["roundtrip"]) == 0

    shown = capsys.readouterr()
    assert shown.err == f"scratch databases: {DatabaseUrl.parse(server_url).display}\n"
    assert "secret" not in shown.out


def test_each_step_shows_its_time(
    open_case: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A long proof says where it is, and afterwards where the time went."""
    open_case("roundtrip/history/clean")

    main(["roundtrip", "-v"])

    parts = r"up \d+\.\d{3} s  down \d+\.\d{3} s  up again \d+\.\d{3} s  rows \d+\.\d{3} s"
    steps = re.findall(rf"^✓ (.+?) +{parts}$", capsys.readouterr().out, re.MULTILINE)
    assert steps == ["0001 Users", "0002 A trigger with its function, and an index"]


def test_the_scripts_of_sql_are_proved_on_demand(
    open_case: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """As one more step."""
    open_case("roundtrip/history/clean")

    assert main(["roundtrip", "head", "--offline-sql", "--rows", "0", "-v"]) == 0

    shown = capsys.readouterr().out.splitlines()
    assert "✓ the scripts of --sql" in shown[-2]


@pytest.mark.parametrize(
    ("arguments", "proved"),
    [
        (("0002",), ["0002"]),
        (("0002:0003",), ["0002", "0003"]),
        (("head",), ["0003"]),
        (("0001", "0003"), ["0001", "0003"]),
        (("--from", "0002"), ["0002", "0003"]),
        (("0001:0002", "--from", "0002"), ["0002"]),
        ((), ["0001", "0002", "0003"]),
    ],
)
def test_only_the_named_revisions_are_proved(
    open_case: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    proved: list[str],
) -> None:
    """The others are applied, and what is wrong with them is not said."""
    open_case("roundtrip/catalog/wrong_default")

    code = main(["roundtrip", *arguments, "-v"])

    out = capsys.readouterr().out
    assert re.findall(r"^[✓✗] (\d{4}) ", out, re.MULTILINE) == proved
    assert code == (1 if "0002" in proved else 0)


def test_a_branch_that_is_not_selected_is_not_applied(
    open_case: Callable[[str], Path], run: Callable[..., tuple[int, str, str]]
) -> None:
    """Branches may be alternatives, of which one database has one."""
    root = open_case("roundtrip/history/two_heads")
    right = root / "versions" / "0003_right.py"
    text = right.read_text(encoding="utf-8").replace("right_side", "left_side")
    text = text.replace("None\n", 'None\nbranch_labels = ("right",)\n', 1)
    right.write_text(text, encoding="utf-8")

    assert "already exists" in run("roundtrip")[1]
    assert run("roundtrip", "0003")[:2] == (0, "round trip: no findings\n")


def test_an_unknown_revision_is_one_clear_error(
    open_case: Callable[[str], Path], run: Callable[..., tuple[int, str, str]]
) -> None:
    """A mistake is not a proof of nothing."""
    open_case("roundtrip/history/clean")

    code, out, err = run("roundtrip", "0009")

    assert (code, out) == (2, "")
    assert "0009" in err


def test_what_revisions_print_is_not_in_the_report(
    open_case: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output is one JSON document, also if env.py and the revisions print."""
    open_case("roundtrip/env_py/prints")

    code = main(["roundtrip", "--format", "json"])

    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert (code, document["is_clean"]) == (0, True)
    assert [step["name"] for step in document["steps"]] == [
        "0001 Users, with output of the revision"
    ]
    assert "making users" not in shown.err


def test_notes_are_counted_unless_asked_for(
    open_case: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A revision that is named shows its notes, and so does -v; a machine's format has them all."""
    open_case("roundtrip/declared_losses/lossy")
    note = "0002: users.legacy_id: 2 of 2 values gone after downgrade"

    assert main(["roundtrip"]) == 0
    shown = capsys.readouterr().out
    assert note not in shown
    assert shown.startswith(
        "round trip: no findings; 2 notes hidden (-v shows them) (2 revisions, "
    )
    for arguments in (("0002",), ("--format", "json")):
        main(["roundtrip", *arguments])
        assert note in capsys.readouterr().out


@pytest.mark.parametrize(
    ("case", "advice"),
    [
        (
            "rows/lost_by_a_rename",
            (
                (
                    "upgrade() drops tags.description and adds usage with the same type (renamed? then "
                    'it is op.alter_column("tags", "description", new_column_name="usage"))'
                ),
                "upgrade() changes it already: keep the old value",
            ),
        ),
        (
            "permitted_rows/many_columns",
            ("UPDATE users SET c1 = … WHERE c1 IS NULL", "UPDATE tags SET … WHERE NOT"),
        ),
    ],
)
def test_what_to_do_names_the_table_and_the_column(
    open_case: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
    case: str,
    advice: tuple[str, ...],
) -> None:
    """In words that can be acted on."""
    open_case(f"roundtrip/{case}")

    main(["roundtrip", "--format", "json"])

    found = [one["do"] or "" for one in json.loads(capsys.readouterr().out)["findings"]]
    assert [any(text in do for do in found) for text in advice] == [True] * len(advice), found


def test_notes_on_revisions_that_are_not_merged_are_shown(
    open_case: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Git knows which ones these are, where it knows the remote's main branch."""
    root = open_case("roundtrip/declared_losses/lossy")
    for command in (
        "init",
        "add versions/0001_users.py",
        "-c user.name=a -c user.email=a@example.org -c commit.gpgsign=false commit -m a",
        "update-ref refs/remotes/origin/main HEAD",
    ):
        subprocess.run(["git", "-C", root, *command.split()], check=True, capture_output=True)

    assert main(["roundtrip"]) == 0

    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("round trip: 2 notes (2 revisions, ")


@pytest.mark.parametrize(
    ("rows", "found"), [("0", []), ("1", ["1 of 1 values gone"]), ("6", ["4 of 4 values gone"])]
)
def test_as_many_rows_as_asked(
    open_case: Callable[[str], Path],
    run: Callable[..., tuple[int, str, str]],
    rows: str,
    found: list[str],
) -> None:
    """Without rows nothing is lost; of the ones asked for, those that held a value are counted."""
    open_case("roundtrip/rows/values_gone")

    code, out, _ = run("roundtrip", "--rows", rows)

    assert re.findall(r"\d of \d values gone", out) == found
    assert code == (1 if found else 0)


@pytest.mark.parametrize("rows", ["-1", "many", "101"])
def test_a_number_of_rows_that_makes_no_sense_is_refused(
    open_case: Callable[[str], Path], capsys: pytest.CaptureFixture[str], rows: str
) -> None:
    """By its value, with exit code 2, before anything is started."""
    open_case("roundtrip/history/clean")

    with pytest.raises(SystemExit) as ended:
        main(["roundtrip", "--rows", rows])

    assert ended.value.code == 2
    assert f"argument --rows: '{rows}' is not a number from 0 to 100" in capsys.readouterr().err


def test_an_unreadable_baseline_is_an_error_before_anything_runs(
    open_case: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A long proof is not run for nothing: not even its server is named."""
    open_case("roundtrip/history/clean")

    code = main(["roundtrip", "--baseline", "missing.json"])

    shown = capsys.readouterr()
    assert (code, shown.out) == (2, "")
    assert shown.err.startswith("cannot read the baseline: ")


@pytest.mark.parametrize("format_", ["text", "json"])
def test_findings_are_printed_when_an_error_ends_the_proof(
    open_case: Callable[[str], Path], run: Callable[..., tuple[int, str, str]], format_: str
) -> None:
    """The report says that it is not whole; the error follows, and the exit code is 2.

    The step that was to be tried without rows is among what was found.
    """
    root = open_case("roundtrip/history/one_run_lists_all")
    env = (root / "env.py").read_text(encoding="utf-8")
    count = "p = pathlib.Path('runs'); p.write_text(p.read_text() + 'x' if p.exists() else 'x')"
    breaks = f"import pathlib\n{count}\nif len(p.read_text()) > 2:\n    raise OSError('no more')\n"
    (root / "env.py").write_text(f"{breaks}{env}", encoding="utf-8")

    code, out, err = run("roundtrip", "--format", format_)

    assert code == 2
    assert "env.py cannot run: OSError: no more" in err
    if format_ == "json":
        rules = [found["rule"] for found in json.loads(out)["findings"]]
        assert rules == ["revision-fails", "proof-stopped"]
    else:
        assert (
            "error: proof-stopped\n  an error stopped the proof, 6 revisions are not proved: "
            in out
        )


@pytest.mark.usefixtures("verified_reads")
def test_an_enum_value_used_in_the_transaction_that_made_it_is_found(
    open_case: Callable[[str], Path],
    run: Callable[..., tuple[int, str, str]],
    expected: Callable[[Path, str], str],
) -> None:
    """Before PostgreSQL 17 from base; since then only where the type was there: from a parent."""
    root = open_case("upgrade_heads/enum_value")

    code, out, _ = run("roundtrip")

    out = re.sub("from (base|0001) fails", "from 0001 fails", out)
    assert (code, out) == (1, expected(root, out))


def test_a_failure_of_an_unselected_revision_is_not_reported(
    open_case: Callable[[str], Path], run: Callable[..., tuple[int, str, str]]
) -> None:
    """It is committed before that one, and goes on."""
    open_case("upgrade_heads/enum_value")

    assert run("roundtrip", "0002", "0004")[:2] == (0, "round trip: no findings\n")


def test_findings_are_printed_when_the_offline_proof_cannot_run(
    open_case: Callable[[str], Path], run: Callable[..., tuple[int, str, str]]
) -> None:
    """An error, or Ctrl-C, ends the second proof: the first one's findings are not lost."""
    root = open_case("roundtrip/catalog/wrong_default")
    env = (root / "env.py").read_text(encoding="utf-8")
    ends = (
        "from alembic import context\nif context.is_offline_mode():\n    raise KeyboardInterrupt\n"
    )
    (root / "env.py").write_text(f"{ends}{env}", encoding="utf-8")

    code, out, _ = run("roundtrip", "--offline-sql", "--format", "json")

    findings = json.loads(out)["findings"]
    assert (code, [found["rule"] for found in findings]) == (130, ["not-restored", "proof-stopped"])
    assert findings[-1]["message"].endswith("not proved: interrupted")


@pytest.mark.parametrize("format_", ["json", "junit", "sarif"])
def test_an_interrupted_proof_is_a_valid_document(
    format_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing was found until then; an empty text is neither JSON nor XML."""

    def prove(_: ProgressListener) -> tuple[Finding, ...]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_and_report("round trip", prove, format_=format_)

    out = capsys.readouterr().out
    _ = ElementTree.fromstring(out) if format_ == "junit" else json.loads(out)  # noqa: S314
    assert "an error ended the proof: interrupted" in out


def test_a_child_of_env_does_not_write_into_a_document(
    open_case: Callable[[str], Path], capfd: pytest.CaptureFixture[str]
) -> None:
    """It goes to standard error, as what env.py itself prints."""
    root = open_case("roundtrip/history/clean")
    env = (root / "env.py").read_text(encoding="utf-8")
    prints = "import os, sys\nos.system('echo from a child')\nprint('from env')\n"
    prints += "sys.__stdout__.write('below')\n"
    (root / "env.py").write_text(f"{prints}{env}", encoding="utf-8")

    code = main(["roundtrip", "--format", "json"])

    shown = capfd.readouterr()
    assert (code, json.loads(shown.out)["findings"]) == (0, [])
    assert "from a child\n" in shown.err
    os.write(1, b"restored")
    assert capfd.readouterr().out == "restored"
