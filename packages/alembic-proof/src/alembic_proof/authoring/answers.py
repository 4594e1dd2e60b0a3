"""The answers to what two catalogs cannot say: options, and a person on a terminal for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TextIO

from alembic_deploy.errors import ConfigError
from alembic_proof.authoring.command_options import FILL, NO_RENAME, RENAME, option
from alembic_proof.authoring.fills import Fill, FillRequest, parse_fill, unchanged
from alembic_proof.authoring.rename_requests import RenameRequest, parse_rename
from alembic_proof.authoring.renames import Rename
from alembic_proof.authoring.value_questions import Reason, ValueQuestion

_YES, _NO = ("y", "yes"), ("", "n", "no")


class Questioner(Protocol):
    """A person, or nobody, who is asked what the options leave open."""

    def choose_renames(self, possible: tuple[Rename, ...]) -> tuple[Rename, ...]:
        """Return the possible renames that are real.

        :raises ConfigError: Nobody answers.
        """

    def choose_values(
        self, questions: tuple[ValueQuestion, ...], check: Callable[[Fill], None]
    ) -> tuple[Fill, ...]:
        """Return an answer to each question.

        :param check: Raises ConfigError for an expression that PostgreSQL refuses.
        :raises ConfigError: Nobody answers, or the person stops.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The options of a command, and who is asked about the rest."""

    renames: tuple[RenameRequest, ...] = ()
    fills: tuple[FillRequest, ...] = ()
    is_no_rename: bool = False
    """Whether no other object was renamed."""
    questioner: Questioner

    def choose_renames(self, possible: tuple[Rename, ...]) -> tuple[Rename, ...]:
        """Return the possible renames that are real."""
        return () if self.is_no_rename else self.questioner.choose_renames(possible)


def answers_of_x(arguments: Iterable[str]) -> Answers:
    """Return the answers among the arguments of plain Alembic's -x, which asks nothing.

    :raises ConfigError: One that is not of its form.

    Example: `alembic -x rename=users.nick=nickname revision --autogenerate -m "…"`
    """
    pairs = [one.partition("=")[::2] for one in arguments]
    return Answers(
        renames=tuple(parse_rename(text, is_x=True) for name, text in pairs if name == RENAME),
        fills=tuple(parse_fill(text, is_x=True) for name, text in pairs if name == FILL),
        is_no_rename=any(name == NO_RENAME for name, _ in pairs),
        questioner=NoTerminal(is_x=True),
    )


@dataclass(frozen=True, slots=True)
class Terminal:
    """A person at a terminal, who answers one question after another."""

    stdin: TextIO
    stdout: TextIO

    def choose_renames(self, possible: tuple[Rename, ...]) -> tuple[Rename, ...]:
        """Return the renames that the person confirms; each object is renamed once.

        :raises ConfigError: The input ends.
        """
        chosen: list[Rename] = []
        for one in possible:
            taken = {end for other in chosen for end in (other.old, other.new)}
            if not taken & {one.old, one.new} and self._confirms(one):
                chosen.append(one)
        return tuple(chosen)

    def _confirms(self, rename: Rename) -> bool:
        old, new = rename.names
        kind = "" if rename.before.kind == "column" else f"the {_kind(rename)} "
        while True:
            answer = self._ask(f"Was {kind}{old} renamed to {new}? [y/N] ").lower()
            if answer in (*_YES, *_NO):
                return answer in _YES

    def choose_values(
        self, questions: tuple[ValueQuestion, ...], check: Callable[[Fill], None]
    ) -> tuple[Fill, ...]:
        """Return an answer to each question.

        :param check: Raises ConfigError for an expression that PostgreSQL refuses; it is asked for again.
        :raises ConfigError: The person stops, or the input ends.
        """
        return tuple(self._value(one, check) for one in questions)

    def _value(self, question: ValueQuestion, check: Callable[[Fill], None]) -> Fill:
        choices = _choices(question)
        self._write(f"{question.what}.\n")
        for number, (text, _) in enumerate(choices, start=1):
            self._write(f" {number}) {text}\n")
        numbers = [str(number) for number in range(1, len(choices) + 1)]
        answer = ""
        while answer not in numbers:
            answer = self._ask(f"[{'/'.join(numbers)}] ")
        kind = choices[int(answer) - 1][1]
        if kind == "stop":
            raise ConfigError("stopped: nothing is written")
        if kind == "as it is":
            return unchanged(question)
        return self._expression(question, check, is_default=kind == "default")

    def _expression(
        self, question: ValueQuestion, check: Callable[[Fill], None], *, is_default: bool
    ) -> Fill:
        proposal = f" [{question.proposal}]" if question.proposal else ""
        while True:
            text = self._ask(f"SQL expression for {question.place}{proposal}: ")
            fill = Fill(question, text or question.proposal, question.columns[0])
            if not fill.expression:
                continue
            try:
                check(fill)
            except ConfigError as error:
                self._write(f"{error.what}\n  {error.todo}\n")
                continue
            if is_default:
                raise ConfigError(
                    f"{question.place} has no default in the models: nothing is written",
                    todo=f"give it server_default=sa.text({fill.expression!r}), and run the command again",
                )
            return fill

    def _ask(self, prompt: str) -> str:
        self._write(prompt)
        line = self.stdin.readline()
        if not line:
            self._write("\n")
            raise ConfigError("the input has ended before all questions: nothing is written")
        return line.strip()

    def _write(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _kind(rename: Rename) -> str:
    return "value" if rename.values is not None else rename.before.kind


def _choices(question: ValueQuestion) -> tuple[tuple[str, str], ...]:
    """Return each choice with its meaning."""
    stop = ("stop, and write nothing", "stop")
    match question.reason:
        case Reason.NEW_COLUMN:
            return (
                ("a default that stays: stop here, and declare it in the models", "default"),
                ("a SQL expression for the existing rows only", "expression"),
                stop,
            )
        case Reason.TYPE:
            return (("a SQL expression that converts the values", "expression"), stop)
        case Reason.UNIQUE if not question.condition:
            return (("no such rows exist", "as it is"), stop)
    expression = ("a SQL expression for these rows", "expression")
    kept = (("no such rows exist", "as it is"),) if question.reason.may_have_no_rows else ()
    return (*kept, expression, stop)


@dataclass(frozen=True, slots=True)
class NoTerminal:
    """Nobody who could answer: an error names the options that do."""

    is_x: bool = False
    """Whether they are arguments of plain Alembic's -x."""

    def choose_renames(self, possible: tuple[Rename, ...]) -> tuple[Rename, ...]:
        """Refuse to guess.

        :raises ConfigError: There is a possible rename.
        """
        if possible:
            questions = [
                f"  {self._rename(one)}    (else {one.names[0]} is dropped, with what it holds)"
                for one in possible
            ]
            none = f"  {option(NO_RENAME, is_x=self.is_x)}    (no other object was renamed)"
            raise unanswered("objects may have been renamed", [*questions, none])
        return ()

    def choose_values(
        self, questions: tuple[ValueQuestion, ...], check: Callable[[Fill], None]
    ) -> tuple[Fill, ...]:
        """Refuse to guess.

        :raises ConfigError: There is a question.
        """
        del check
        if questions:
            lines = [line for one in questions for line in self._values(one)]
            raise unanswered("existing rows need values", lines)
        return ()

    def _rename(self, rename: Rename) -> str:
        return option(RENAME, rename.request, is_x=self.is_x)

    def _values(self, question: ValueQuestion) -> Iterable[str]:
        """Yield the question and the options that answer it."""
        yield f"  {question.what}:"
        if question.reason.may_have_no_rows:
            kept = self._fill(question, unchanged(question).expression)
            yield f"    {kept}    (no such rows exist)"
        if question.proposal:
            yield f"    {self._fill(question, question.proposal)}"
        elif question.condition:
            yield f"    {self._fill(question, '…')}    (a SQL expression over the row's columns)"

    def _fill(self, question: ValueQuestion, expression: str) -> str:
        return option(FILL, f"{question.place}={expression}", is_x=self.is_x)


def unanswered(what: str, lines: Iterable[str]) -> ConfigError:
    """Return the error for questions that nobody answers, with the options to choose from."""
    listed = "\n".join(lines)
    return ConfigError(
        f"{what}, and nothing is written:\n{listed}",
        todo="run the command again with the options that are right",
    )
