"""The help of every command has an example, and every command line in a document can be run."""

import re

import pytest
from typer.testing import CliRunner

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
