"""Show what access logs hold, without a run: the account of each file, robots and absent pages."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from coverage_kit.collect.access_logs import MAX_AGE_DAYS, FetchLog, read_fetches, read_ranges
from coverage_kit.collect.urls import site_name
from coverage_kit.pipeline.fetches import describe_account, host_of_page

# Addresses that are listed of what was asked for and not found; assumed.
_MAX_ROWS = 20


def inspect_fetches(
    files: Sequence[str],
    host: str = "",
    bot_ranges: Sequence[str] = (),
    ranges_read_at: date | None = None,
    max_list_days: int = MAX_AGE_DAYS,
) -> str:
    """Return in words what the robots of assistants asked for in these access logs.

    Args:
        files: access logs, or folders of them.
        host: host of the site, for logs that do not name it.
        bot_ranges: newer lists of addresses, or folders of them (`read_ranges`).
        ranges_read_at: the day on which these were downloaded.
        max_list_days: days that a list holds before it was made and after it was downloaded.

    Raises LogError for a log or a list that cannot be read.
    """
    ranges = read_ranges(bot_ranges, ranges_read_at, max_list_days)
    name = site_name(host) or host_of_page(host) or "your-site"
    log = read_fetches(files, name, ranges)
    parts = [
        "\n".join([*describe_account(log), *_describe_rejects(log)]),
        _describe_robots(log),
        _describe_absent(log),
    ]
    return "\n\n".join(part for part in parts if part)


def _describe_rejects(log: FetchLog) -> list[str]:
    """Return the reasons of the rejected lines, the most frequent first."""
    counts = log.rejects["reason"].value_counts()
    lines = log.rejects.groupby("reason")["line"].min().to_dict()
    return [
        f"  rejected: {reason} ({n:,}, first in line {lines[reason]:,})"
        for reason, n in counts.to_dict().items()
    ]


def _describe_robots(log: FetchLog) -> str:
    if log.fetches.empty:
        return "No line names a robot of an AI assistant."
    columns = ["assistant", "bot", "purpose", "verdict", "reason"]
    counts = log.fetches.groupby(columns, as_index=False)["n_fetches"].sum()
    table = pd.DataFrame(counts).rename(columns={"n_fetches": "requests"})
    ordered = table.sort_values(["assistant", "bot", "requests"], ascending=[True, True, False])
    return str(ordered.to_string(index=False))


def _describe_absent(log: FetchLog) -> str:
    """Return the addresses that live fetchers were not given."""
    fetches = log.fetches
    is_absent = (
        (fetches["kind"] == "page")
        & (fetches["verdict"] != "spoofed")
        & (fetches["purpose"] == "live")
        & fetches["status"].isin([404, 410])
    )
    counts = fetches[is_absent].groupby("page_id")["n_fetches"].sum().sort_values(ascending=False)
    if counts.empty:
        return ""
    listed = pd.DataFrame({"times": counts.head(_MAX_ROWS)}).reset_index()
    more = f"\nand {len(counts) - _MAX_ROWS:,} more" if len(counts) > _MAX_ROWS else ""
    table = listed.rename(columns={"page_id": "address"}).to_string(index=False)
    return f"Asked for while somebody waited for an answer, and not found:\n{table}{more}"
