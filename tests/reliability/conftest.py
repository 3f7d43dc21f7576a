from collections.abc import Iterator

import pytest

from tests.reliability.projects import CommandLine
from tests.reliability.worlds import World, make_world


@pytest.fixture(scope="package")
def command_line() -> Iterator[CommandLine]:
    commands = CommandLine()
    yield commands
    commands.close()


@pytest.fixture(scope="package")
def world(tmp_path_factory, command_line) -> Iterator[World]:
    with make_world(tmp_path_factory.mktemp("world"), command_line) as made:
        yield made
