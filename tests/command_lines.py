"""Command lines as documents show them, held against the command line that there is."""

import re
import shlex
from pathlib import Path

import typer
import typer.main

from coverage_kit.commands.app import app

UsageError = typer.BadParameter.__base__  # of the click that typer carries
COMMANDS = typer.main.get_command(app).commands


def find_blocks(text, *languages):
    """Return the fenced blocks of a document that are in one of these languages."""
    blocks, inside = [], None
    for line in text.splitlines():
        fence = re.match(r"\s*```(.*)$", line)
        if fence and inside is None:
            inside = []
            if fence[1].strip() in languages:
                blocks.append(inside)
        elif fence:
            inside = None
        elif inside is not None:
            inside.append(line)
    return ["\n".join(block) for block in blocks]


def find_command_lines(text):
    """Return the lines of a document's shell blocks that call coverage-kit, without comments."""
    lines = (
        line
        for block in find_blocks(text, "sh", "")
        for line in block.replace("\\\n", " ").splitlines()
    )
    called = (
        re.search(r"(?:^|[\s/])coverage-kit ([a-z-].*)$", re.split(r"\s#\s", line)[0])
        for line in lines
    )
    return [found[1].split(";")[0].strip() for found in called if found]


def parse(line):
    """Parse what follows coverage-kit, without running it. Raises a usage error for a command or option that is not there."""
    name, *arguments = shlex.split(line)
    if name == "--help":
        return
    command = COMMANDS[name]
    command.make_context(
        name, [one for one in arguments if one != "--help"], resilient_parsing="--help" in arguments
    )


def documents():
    """Return every document of the repository that people read."""
    root = Path(__file__).parent.parent
    return [*root.glob("*.md"), *sorted(root.glob("docs/**/*.md")), root / "data/README.md"]
