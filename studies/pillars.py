"""The audit along the four pillars on a public site: findings on random pages, for reading.

A careful reader judges the precision: each finding printed here is right or not. Figures are in
docs/method.md.
"""

import random
from pathlib import Path

import pandas as pd

from coverage_kit.collect.outline import outline_pages
from coverage_kit.collect.passages import split_pages
from coverage_kit.collect.site import read_site
from coverage_kit.measure.pillars.audit import audit_pages
from coverage_kit.measure.pillars.site import SiteTables
from coverage_kit.settings import SiteSettings

_COLUMNS = ("check", "place", "evidence", "reason", "remedy")


def run_pillars(
    folder: Path, n_pages: int = 20, seed: int = 0, this_year: int = 2026
) -> pd.DataFrame:
    """Print how often each check fails on a set's HTML pages, and the findings of some pages.

    Returns these findings.
    """
    pages = read_site(SiteSettings(source=str(folder / "pages")))
    site = str(pages.loc[pages["status"] == "ok", "site"].mode().iloc[0])
    pages = pages.assign(site=site)
    audits, findings = audit_pages(
        SiteTables(
            site,
            pages,
            split_pages(pages),
            outline_pages(pages),
            this_year=this_year,
        )
    )
    print(
        audits.groupby(["check", "outcome"]).size().unstack(fill_value=0).to_string(),
        "\n",
    )
    chosen = draw_pages(list(pages.loc[pages["status"] == "ok", "page_id"]), n_pages, seed)
    read = findings[findings["page_id"].isin(chosen)]
    print(f"{len(read)} findings on {n_pages} of {len(pages)} pages (seed {seed})")
    for row in read.to_dict("records"):
        print(
            f"\n{row['page_id']}",
            *(f"  {name}: {row[name]}" for name in _COLUMNS),
            sep="\n",
        )
    return read


def draw_pages(names: list[str], n: int, seed: int) -> set[str]:
    """Return n of the pages' ids, drawn with the seed."""
    return set(random.Random(seed).sample(sorted(names), min(n, len(names))))  # noqa: S311 (no secret)
