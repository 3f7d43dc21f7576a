"""Command lines that documents show, checked against the real command line."""

import re
import shlex
from pathlib import Path

import typer
import typer.main

from coverage_kit.commands.app import app

UsageError = typer.BadParameter.__base__  # the class of the click that typer bundles
COMMANDS = typer.main.get_command(app).commands


def find_blocks(text, *languages):
    """Return the fenced blocks of a document that are in one of these languages."""
    blocks = []
    open_block = None
    for line in text.splitlines():
        fence = re.match(r"\s*```(.*)$", line)
        if fence and open_block is None:
            open_block = []
            if fence[1].strip() in languages:
                blocks.append(open_block)
        elif fence:
            open_block = None
        elif open_block is not None:
            open_block.append(line)
    return ["\n".join(block) for block in blocks]


def find_command_lines(text):
    """Return the lines of a document's shell blocks that call coverage-kit, without comments."""
    lines = (
        line
        for block in find_blocks(text, "sh", "")
        for line in block.replace("\\\n", " ").splitlines()
    )
    matches = (
        re.search(r"(?:^|[\s/])coverage-kit ([a-z-].*)$", re.split(r"\s#\s", line)[0])
        for line in lines
    )
    return [match[1].split(";")[0].strip() for match in matches if match]


def parse(line):
    """Parse the words after coverage-kit, without running the command.

    Raises KeyError for an unknown command and UsageError for an unknown option.
    """
    name, *arguments = shlex.split(line)
    if name == "--help":
        return
    command = COMMANDS[name]
    command.make_context(
        name,
        [argument for argument in arguments if argument != "--help"],
        resilient_parsing="--help" in arguments,
    )


def documents():
    """Return every document of the repository that people read."""
    root = Path(__file__).parent.parent
    return [*root.glob("*.md"), *sorted(root.glob("docs/**/*.md")), root / "data/README.md"]
