"""The command that reads access logs without a run."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from coverage_kit.commands.terminal import RUN, Command, say

app = typer.Typer()


@app.command(cls=Command, rich_help_panel=RUN)
def fetches(
    logs: Annotated[
        list[Path], typer.Argument(metavar="LOG", help="access logs, or folders of them")
    ],
    host: Annotated[
        str, typer.Option(metavar="HOST", help="host of your site, for logs that do not name it")
    ] = "",
    bot_ranges: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="newer list of a robot's addresses, under its vendor's name, such as gptbot.json, "
            "or a folder of lists (repeatable)",
        ),
    ] = None,
    ranges_read_at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="DAY", help="day on which you downloaded the lists"
        ),
    ] = None,
) -> None:
    """Show what the robots of AI assistants ask your web server for, and whether it is really them.

    Example: coverage-kit fetches access.log --host www.example.com --bot-ranges lists/
    """
    from coverage_kit.tasks.inspect_fetches import inspect_fetches

    read_at = None if ranges_read_at is None else ranges_read_at.date()
    say(inspect_fetches([*map(str, logs)], host, [*map(str, bot_ranges or ())], read_at))
