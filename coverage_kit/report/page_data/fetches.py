"""What assistants fetch, as plain values for the page."""

from coverage_kit.analysis import Analysis
from coverage_kit.report.fetch_joined import (
    describe_absent,
    describe_bots,
    describe_fetched_pages,
    describe_start,
    summarize_fetches,
)
from coverage_kit.report.page_data import Context
from coverage_kit.report.texts import is_missing, name_file, safe_url, shorten
from coverage_kit.report.wording import percent

# Rows that the page lists of a table; the workbook has all. Assumed.
_MAX_ROWS = 20


def fetches_context(analysis: Analysis) -> Context:
    """Return what the access logs show: summary, robots, absent pages, pages not fetched, effects.

    `summary` is empty where no access log was read.
    """
    absent = describe_absent(analysis)
    pages = describe_fetched_pages(analysis)
    unfetched = pages[pages["never"].astype("str") != ""] if len(pages) else pages
    return {
        "summary": summarize_fetches(analysis),
        "bots": [
            {
                **{name: shorten(row[name], 60) for name in ("bot", "assistant", "purpose_title")},
                **{name: int(row[name]) for name in ("verified", "unverifiable", "spoofed")},
                "n_pages": int(row["n_pages"]),
                "not_found": (
                    "" if is_missing(row["not_found_share"]) else percent(row["not_found_share"])
                ),
            }
            for row in describe_bots(analysis).to_dict("records")
        ],
        "absent": [
            {
                "page": shorten(row["page_id"], 160),
                "n_fetches": int(row["n_fetches"]),
                "assistants": shorten(row["assistants"], 80),
                "what_to_do": shorten(row["what_to_do"], 240),
                "url": safe_url(row["url"]),
            }
            for row in absent.head(_MAX_ROWS).to_dict("records")
        ],
        "n_more": max(0, len(absent) - _MAX_ROWS),
        "n_absent": int(absent["n_fetches"].sum()),
        "unfetched": [
            {
                "page": shorten(row["page"], 160),
                "url": safe_url(row["url"]),
                "never": shorten(row["never"], 120),
            }
            for row in unfetched.head(_MAX_ROWS).to_dict("records")
        ],
        "n_more_unfetched": max(0, len(unfetched) - _MAX_ROWS),
        "files": [
            {
                "file": shorten(name_file(row["file"]), 200),
                "format": shorten(row["format"], 200),
                **{
                    name: int(row[name])
                    for name in ("n_lines", "n_fetches", "n_other", "n_rejects")
                },
            }
            for row in analysis.fetch_files.to_dict("records")
        ],
        "effects": [
            {
                **{name: shorten(row[name], 240) for name in ("measure", "assistant", "reading")},
                "verdict": shorten(row["verdict"], 40) or "not enough pages",
                "before": float(row["before"]),
                "after": float(row["after"]),
            }
            for row in analysis.page_effects.to_dict("records")
        ],
        "starts": [shorten(sentence, 240) for sentence in describe_start(analysis)],
    }
