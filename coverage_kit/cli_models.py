"""The command line's part that asks models and engines, or trains: panel, ask, judge, tune, and what it all cost."""

from pathlib import Path
from typing import Annotated

import typer

from coverage_kit.errors import RunError
from coverage_kit.settings import read_settings

app = typer.Typer()

SettingsFile = Annotated[Path, typer.Argument(help="a coverage.toml")]


@app.command()
def costs(settings_file: SettingsFile = Path("coverage.toml")) -> None:
    """Say what asking, judging, drafting, embedding and tuning cost so far, by task and model, dearest first.

    Example: coverage-kit costs coverage.toml
    """
    from coverage_kit.comparing import as_columns  # noqa: PLC0415 (seconds to import)
    from coverage_kit.costs import open_ledger, sum_costs  # noqa: PLC0415

    ledger = open_ledger(read_settings(settings_file))
    found = sum_costs(ledger.read())
    if found.empty:
        raise RunError(str(ledger.path), "a ledger", "none yet", "Run, ask or judge first: each adds to it.")
    names = (
        "task",
        "model",
        "run",
        "n_calls",
        "n_reused",
        "n_input_tokens",
        "n_output_tokens",
        "n_searches",
        "seconds",
        "money",
    )
    heads = [
        "task",
        "model",
        "runs",
        "calls",
        "reused",
        "tokens in",
        "tokens out",
        "searches",
        "seconds",
        ledger.prices.currency,
    ]
    rows = [[_figure(row[name]) for name in names] for row in found.to_dict("records")]
    typer.echo(as_columns([heads, *rows]))
    typer.echo(f"\nPrices as of {ledger.prices.as_of or 'an unknown day'}; '-' has no price there. Every row: {ledger.path}")


def _figure(value: object) -> str:
    if isinstance(value, float):
        return "-" if value != value else f"{value:,.4f}" if value < 1 else f"{value:,.2f}"  # noqa: PLR0124 (NaN)
    return f"{value:,}" if isinstance(value, int) else str(value)
