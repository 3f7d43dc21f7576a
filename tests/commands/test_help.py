"""The help of every command has an example, and every command line in a document can be run."""

import re

import pytest
from typer.testing import CliRunner

from coverage_kit import __version__
from coverage_kit.commands.app import app
from tests.command_lines import COMMANDS, UsageError, documents, find_command_lines, parse


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_has_an_example_that_can_be_run(name):
    result = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "Example:" in result.output
    examples = re.findall(r"^\s*Example: coverage-kit (.*)$", COMMANDS[name].help, re.MULTILINE)
    assert examples
    for example in examples:
        assert example.split()[0] == name
        parse(example)


def help_of(*words, columns="80"):
    return CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": columns}).output


def test_commands_are_grouped_and_each_is_in_one_group():
    listing = help_of()
    assert re.findall(r"^╭─ ([A-Z][\w ]+?) ─", listing, re.MULTILINE) == [
        "Options",
        "Start",
        "Run",
        "Act on the results",
        "Check the results",
        "Ask models and engines",
    ]
    listed = re.findall(r"^│ (\w[\w-]*) {2}", listing, re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)
    assert max(map(len, listing.splitlines())) <= 80
    assert "\x1b" not in listing


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_names_values_and_no_types_of_python(name):
    text = help_of(name)
    assert re.findall(r"<(?:bool|list\[\w+\]|str|int|float|path)\b[^>]*>", text) == []
    assert max(map(len, text.splitlines())) <= 80


def test_the_help_of_run_shows_how_columns_are_named():
    assert '--column "query=What they typed" --column "citations=' in help_of("run", columns="300")


def test_the_version_is_shown():
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"coverage-kit {__version__}\n")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_and_argument_says_what_it_is(name):
    assert [param.name for param in COMMANDS[name].params if not param.help] == []


def test_a_stale_command_line_would_be_found():
    for line in (
        "pictures runs/demo --colour red",
        "picture runs/demo",
        "apply runs/demo",
        "apply runs/demo --to x --top many",
    ):
        with pytest.raises((UsageError, KeyError)):
            parse(line)


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_every_command_line_of_a_document_can_be_run(document):
    for line in find_command_lines(document.read_text(encoding="utf-8")):
        try:
            parse(line)
        except (UsageError, KeyError) as error:
            pytest.fail(f"{document.name}: coverage-kit {line}: {error}")


def test_the_documents_show_every_command():
    names = {
        line.split()[0]
        for path in documents()
        for line in find_command_lines(path.read_text(encoding="utf-8"))
    }
    assert set(COMMANDS) <= names
