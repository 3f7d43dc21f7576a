"""Share of voice and citation share of the most cited sites of a public set, by product."""

import math
import tempfile
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.sets import read_table
from coverage_kit.collect.logs import read_log
from coverage_kit.collect.mentions import find_mentions
from coverage_kit.measure.holders import measure_holders
from coverage_kit.measure.visibility import TrackedBrands, measure_visibility
from coverage_kit.settings import LogSettings
from coverage_kit.tables import LogTables

# Sites that are shown.
_MAX_SITES = 10
# How publishers write their own names; a site without names is found by its citations alone.
_NAMES = {
    "pcmag.com": ("PCMag", "PC Mag", "PC Magazine"),
    "techradar.com": ("TechRadar",),
    "tomsguide.com": ("Tom's Guide",),
    "tomshardware.com": ("Tom's Hardware",),
    "en.wikipedia.org": ("Wikipedia",),
    "theverge.com": ("The Verge",),
    "wired.com": ("WIRED",),
    "whathifi.com": ("What Hi-Fi?", "What Hi-Fi"),
    "consumerreports.org": ("Consumer Reports",),
    "projectorreviews.com": ("ProjectorReviews", "Projector Reviews"),
    "caranddriver.com": ("Car and Driver",),
    "rtings.com": ("RTINGS",),
}


def run_voice(folder: Path, own: str = "pcmag.com") -> None:
    """Print citation share and share of voice of the ten most cited sites and of `own`."""
    log, products = _read(folder)
    cited = log.citations[log.citations["kind"] == "cited"]
    most = list(cited["site"].value_counts().index[:_MAX_SITES])
    brand_sites = {_NAMES.get(site, (site,))[0]: site for site in dict.fromkeys([own, *most])}
    names = [_NAMES.get(site, (site,)) for site in brand_sites.values()]
    panel = TrackedBrands(
        brand_sites,
        clusters=products,
        split_by=("all", "cluster"),
        min_prompts=4,
    )
    mentions = find_mentions(log.answers, names)
    visibility = measure_visibility(log.answers, log.citations, log.spans, mentions, panel)
    _print_all(visibility)
    _print_by_product(
        visibility[
            (visibility["split_by"] == "cluster") & (visibility["measure"] == "citation_share")
        ],
        [own, *most],
    )
    _print_by_product(
        visibility[
            (visibility["split_by"] == "cluster") & (visibility["measure"] == "share_of_voice")
        ],
        [own, *most],
    )
    holders = measure_holders(log.answers, log.citations, panel)
    shares = holders.pivot_table(
        index="cluster_id",
        columns="holder",
        values="citation_share",
        sort=False,
    )
    print(shares.map("{:.0%}".format).to_string(), "\n")


def _read(folder: Path) -> tuple[LogTables, dict[str, str]]:
    """Return the set's log, read like the log of a user, and the product of each query."""
    queries = read_table(folder / "queries.parquet", "query_id", "text", "topic").set_index(
        "query_id"
    )
    responses = read_table(folder / "responses.parquet", "query_id", "response_text", "citations")
    log_rows = responses.assign(
        query=responses["query_id"].map(queries["text"]),
        run=responses["run"].astype(str),
    )
    with tempfile.TemporaryDirectory() as folder_name:
        file = Path(folder_name) / "log.parquet"
        log_rows.to_parquet(file)
        log = read_log(LogSettings(files=(str(file),)))
    topics = dict(zip(queries["text"], queries["topic"], strict=True))
    return log, {row["query_id"]: topics[row["text"]] for row in log.queries.to_dict("records")}


def _print_all(visibility: pd.DataFrame) -> None:
    rows = visibility[
        (visibility["split_by"] == "all")
        & visibility["measure"].isin(
            [
                "citation_rate",
                "citation_share",
                "mention_rate",
                "share_of_voice",
            ]
        )
    ]
    cells = rows.assign(cell=[_format(row) for row in rows.to_dict("records")])
    print(
        cells.pivot_table(
            index="site",
            columns="measure",
            values="cell",
            aggfunc="first",
            sort=False,
        ).to_string(),
        "\n",
    )
    print(
        rows.groupby("measure")[["denominator", "n_prompts", "n_answers"]]
        .max()
        .astype(int)
        .to_string(),
        "\n",
    )


def _print_by_product(rows: pd.DataFrame, sites: list[str]) -> None:
    """Print a measure by product and site, with its interval.

    A figure of few prompts or events is marked with *.
    """
    print(rows["measure"].iloc[0])
    cells = rows.assign(cell=[_format(row) for row in rows.to_dict("records")])
    table = cells.pivot_table(index="segment", columns="site", values="cell", aggfunc="first")
    table = table.reindex(columns=list(dict.fromkeys(sites)))
    with pd.option_context("display.width", 300, "display.max_columns", 20):
        print(table.to_string(), "\n")


def _format(row: dict[Hashable, Any]) -> str:
    value, low, high = (row[name] for name in ("value", "low", "high"))
    if math.isnan(value) or math.isnan(low):
        return "-"
    return f"{value:.1%} [{low:.0%}, {high:.0%}]{'*' if row['is_low_n'] else ''}"
