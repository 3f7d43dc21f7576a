"""Tables of access logs: what the robots of AI assistants asked your site for."""

from typing import Annotated

import pandas as pd

from coverage_kit.tables.columns import HIGH_95, LOW_95, PAGE_ID, optional, text
from coverage_kit.tables.schema import Column, Schema

_ASSISTANT = text("assistant", "the assistant that it fetches for, such as ChatGPT")
_PURPOSE = text(
    "purpose",
    "training, index (for later answers), live (for a user who waits) or unknown (without a user "
    "agent)",
)

FETCHES = Schema(
    "fetches",
    "what one robot of an assistant asked of one page in one day, with one verdict and status",
    ("bot", "verdict", "reason", "page_id", "status", "day"),
    (
        text("bot", "the name in the user agent, such as ChatGPT-User"),
        _ASSISTANT,
        _PURPOSE,
        text(
            "verdict",
            "verified (its address is in the vendor's published ranges), spoofed (it is not), or "
            "unverifiable",
        ),
        text("reason", "why: what its address was compared with"),
        text(
            "page_id", "id of the page; '(probes)' for all probes, '(further pages)' for the rest"
        ),
        text(
            "kind",
            "page, file (pictures, styles, feeds), robots (robots.txt, sitemaps) or probe (what "
            "attackers look for); only pages are visits",
        ),
        Column("status", "integer", "HTTP status of the answer; 0 where the log has none"),
        optional("day", "time", "day in UTC"),
        Column("n_fetches", "integer", "requests"),
    ),
)

FETCH_FILES = Schema(
    "fetch_files",
    "what became of the lines of one access log: n_lines = n_fetches + n_other + n_rejects",
    ("file",),
    (
        text("file", "the log"),
        text("format", "combined, common, JSON or CSV"),
        Column("n_lines", "integer", "lines, or rows of a table"),
        Column("n_fetches", "integer", "lines that name a robot of an assistant"),
        Column("n_other", "integer", "lines of all others: people and other robots"),
        Column("n_rejects", "integer", "lines that cannot be read"),
        optional("first_day", "time", "first day with a fetch"),
        optional("last_day", "time", "last day with a fetch"),
    ),
)

ABSENT_PAGES = Schema(
    "absent_pages",
    "one page that assistants asked for while a user waited, and that your site does not have",
    ("page_id",),
    (
        PAGE_ID,
        Column("n_fetches", "integer", "requests that were not found (404 or 410), not spoofed"),
        Column("n_verified", "integer", "those from addresses that the vendor publishes"),
        text("assistants", "who asked, most requests first, joined by ', '"),
        optional("first_day", "time", "first day"),
        optional("last_day", "time", "last day"),
        optional(
            "nearest_page_id", "text", "the page of yours whose address and title is most alike"
        ),
        text("what_to_do", "cure, in words"),
    ),
)

PAGE_EFFECTS = Schema(
    "page_effects",
    "how much one count of the changed pages moved beyond that of the untouched pages",
    ("measure", "assistant"),
    (
        text("measure", "fetches for the index, live fetches, or visits"),
        text("assistant", "the assistant; 'all' for all together"),
        Column("n_changed", "integer", "changed pages with a count before or after"),
        Column("n_untouched", "integer", "untouched pages with one"),
        Column("before", "number", "counts a day of the changed pages before"),
        Column("after", "number", "the same after"),
        optional("effect", "number", "growth beyond that of the untouched pages: 0.5 is 50% more"),
        LOW_95,
        HIGH_95,
        optional("p", "number", "share of other choices of changed pages at least as extreme"),
        optional(
            "placebo_share",
            "number",
            "share of earlier dates, on which nothing was changed, with an effect as large",
        ),
        Column("n_placebos", "integer", "such dates"),
        text("verdict", "up, down or no clear change"),
        text("reading", "the figure in words"),
    ),
)

Fetches = Annotated[pd.DataFrame, FETCHES]
FetchFiles = Annotated[pd.DataFrame, FETCH_FILES]
AbsentPages = Annotated[pd.DataFrame, ABSENT_PAGES]
PageEffects = Annotated[pd.DataFrame, PAGE_EFFECTS]
