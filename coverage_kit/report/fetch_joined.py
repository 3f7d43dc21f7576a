"""What assistants fetch of your site, for a reader: by robot, by page, and what is absent."""

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.engine_names import name_engine

# The order in which purposes are listed, with what they are called.
PURPOSES = {
    "live": "for a user who waits",
    "index": "for the index",
    "training": "for training",
    "unknown": "no user agent logged",
}
VERDICTS = ("verified", "unverifiable", "spoofed")


def list_visits(analysis: Analysis) -> pd.DataFrame:
    """Return the fetches of pages that are not spoofed: neither probes nor files."""
    fetches = analysis.fetches
    return fetches[(fetches["kind"] == "page") & (fetches["verdict"] != "spoofed")]


def describe_bots(analysis: Analysis) -> pd.DataFrame:
    """Return a row for each robot, those for waiting users first: verdicts, pages, not found.

    The columns are bot, assistant, purpose, purpose_title, n_fetches, verified, unverifiable,
    spoofed, n_pages (distinct, not spoofed), not_found_share (of its visits) and last_day.
    """
    fetches = analysis.fetches
    columns = ["bot", "assistant", "purpose"]
    if fetches.empty:
        return pd.DataFrame(columns=[*columns, "purpose_title", "n_fetches", *VERDICTS, "n_pages"])
    by_verdict = fetches.pivot_table(
        index=columns, columns="verdict", values="n_fetches", aggfunc="sum", fill_value=0
    ).reindex(columns=list(VERDICTS), fill_value=0)
    visits = list_visits(analysis)
    is_lost = visits["status"].isin([404, 410])
    by_bot = visits.groupby(columns)
    n_visits = by_bot["n_fetches"].sum()
    n_lost = visits[is_lost].groupby(columns)["n_fetches"].sum().reindex(n_visits.index)
    table = by_verdict.assign(
        n_fetches=by_verdict.sum(axis=1),
        n_pages=by_bot["page_id"].nunique(),
        not_found_share=n_lost.fillna(0) / n_visits,
        last_day=fetches.groupby(columns)["day"].max(),
    ).reset_index()
    order = {purpose: number for number, purpose in enumerate(PURPOSES)}
    table = table.assign(
        purpose_title=table["purpose"].map(PURPOSES),
        order=table["purpose"].map(order),
        n_pages=table["n_pages"].fillna(0).astype("int64"),
    )
    return table.sort_values(
        ["order", "n_fetches", "bot"], ascending=[True, False, True], ignore_index=True
    ).drop(columns="order")


def describe_fetched_pages(analysis: Analysis) -> pd.DataFrame:
    """Return a row for each page of your site, the most fetched first, and those never fetched.

    The columns are page, url, n_live, n_index, n_training, assistants (that fetched it to answer
    from), never (assistants of the log's engines that fetched other pages and not this one) and
    last_day.
    """
    own = analysis.pages[
        (analysis.pages["site"] == analysis.about.own_site) & (analysis.pages["status"] == "ok")
    ]
    visits = list_visits(analysis)
    visits = visits[(visits["status"] < 400) & visits["page_id"].isin(own["page_id"])]
    if visits.empty:
        return pd.DataFrame(columns=["page", "url", "n_live", "n_index", "n_training", "never"])
    counts = visits.pivot_table(
        index="page_id", columns="purpose", values="n_fetches", aggfunc="sum", fill_value=0
    )
    answering = visits[visits["purpose"].isin(["index", "live"])]
    known = sorted(answering["assistant"].unique())
    by_page = answering.groupby("page_id")["assistant"].agg(set)
    rows = []
    for page, url in zip(own["page_id"], own["url"], strict=True):
        fetched = by_page.get(page, set())
        numbers = counts.loc[page] if page in counts.index else {}
        rows.append(
            {
                "page": page,
                "url": url,
                **{
                    f"n_{name}": int(numbers.get(name, 0)) for name in ("live", "index", "training")
                },
                "assistants": ", ".join(sorted(fetched)),
                "never": ", ".join(name for name in known if name not in fetched),
                "last_day": answering.loc[answering["page_id"] == page, "day"].max(),
            }
        )
    return pd.DataFrame(rows).sort_values(
        ["n_live", "n_index", "page"], ascending=[False, False, True], ignore_index=True
    )


def describe_absent(analysis: Analysis) -> pd.DataFrame:
    """Return the pages that were asked for and are not there, with the URL of the nearest one."""
    urls = analysis.pages.drop_duplicates("page_id").set_index("page_id")["url"]
    table = analysis.absent_pages
    return table.assign(url=table["nearest_page_id"].map(urls))


def describe_start(analysis: Analysis) -> list[str]:
    """Return from when the answers of each engine count as after the change, in sentences."""
    sentences = []
    for engine, day in analysis.about.seen_at.items():
        name = name_engine(engine)
        sentences.append(
            f"{name} had fetched most of the changed pages again by {pd.Timestamp(day):%-d %B %Y}. "
            "Its answers count as “after” from that day on."
            if day
            else f"{name} has fetched other pages since the change, and not most of the changed "
            "ones. For it, “after” has not begun."
        )
    return sentences


def summarize_fetches(analysis: Analysis) -> str:
    """Return what the access logs show in two sentences; empty without any."""
    files = analysis.fetch_files
    if files.empty:
        return ""
    fetches = analysis.fetches
    n = fetches.groupby("verdict")["n_fetches"].sum().reindex(VERDICTS, fill_value=0)
    visits = list_visits(analysis)
    live = int(visits.loc[visits["purpose"] == "live", "n_fetches"].sum())
    days = pd.concat([files["first_day"], files["last_day"]]).dropna()
    span = f" from {days.min():%-d %B} to {days.max():%-d %B %Y}" if len(days) else ""
    return (
        f"Your access logs{span} hold {int(fetches['n_fetches'].sum()):,} requests in the name of "
        f"AI assistants. {int(n['verified']):,} are verified by the addresses that their makers "
        f"publish, {int(n['spoofed']):,} are spoofed and count nowhere, and of "
        f"{int(n['unverifiable']):,} it cannot be said. Your pages were fetched {live:,} times for "
        "somebody who waited for an answer."
    )
