"""The middle between found and cited: what assistants fetch of your site, and what they miss."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
import pandas as pd

from coverage_kit.tables import (
    ABSENT_PAGES,
    AbsentPages,
    Answers,
    Citations,
    Fetches,
    Pages,
    checked,
)

# Which assistant's robots fetch for an engine of the log, by parts of the engine's name. An engine
# that none fits, such as Grok, has no robots that are known.
_ENGINES = {
    "ChatGPT": ("chatgpt", "openai", "gpt"),
    "Claude": ("claude", "anthropic"),
    "Perplexity": ("perplexity", "sonar"),
    "Gemini": ("gemini", "google", "overview", "ai mode", "aimode", "ai_mode"),
    "Copilot": ("copilot", "bing"),
    "Mistral": ("mistral",),
    "Meta AI": ("meta",),
    "Amazon": ("amazon", "rufus", "alexa"),
    "DuckDuckGo": ("duck",),
}
# What assistants answer from: fetches for training show nothing of today's answers.
ANSWERING = ("index", "live")
# A page that is not there.
NOT_FOUND = (404, 410)
# An engine whose robots fetched fewer pages of the site, or in fewer days, shows nothing by what
# they did not fetch: the log may not hold them (assumed).
_MIN_PAGES = 5
_MIN_DAYS = 14
# A page is like an address that has more than this share of its words (assumed, read on the
# sample: half would send second-hand to second-battery).
_MIN_ALIKE = 0.5
_WORDS = re.compile(r"[a-z0-9]+")
_NO_WORDS = frozenset({"html", "htm", "php", "index", "www", "en", "the", "a", "of", "and", "for"})


@dataclass(frozen=True)
class OwnPages:
    """Your site's pages, and the hosts on which they are.

    Attributes:
        table: the pages.
        hosts: hosts of the site: its own and those of its further domains, without www.
    """

    table: Pages
    hosts: Collection[str]

    @property
    def readable(self) -> Pages:
        """The pages that can be read."""
        return self.table[self.table["status"] == "ok"]


def assistant_of(engine: str) -> str:
    """Return the assistant whose robots fetch for an engine of the log, empty for an unknown one.

    >>> assistant_of("chatgpt"), assistant_of("google ai mode"), assistant_of("our bot")
    ('ChatGPT', 'Gemini', '')
    """
    name = engine.casefold()
    return next(
        (assistant for assistant, parts in _ENGINES.items() if any(part in name for part in parts)),
        "",
    )


def honest_visits(fetches: Fetches) -> Fetches:
    """Return the fetches of pages that are not spoofed: no probes, files, or robots.txt."""
    return fetches[(fetches["kind"] == "page") & (fetches["verdict"] != "spoofed")]


@checked
def find_absent_pages(fetches: Fetches, own: OwnPages) -> AbsentPages:
    """Return the pages that assistants asked for while a user waited, and that are not there.

    They are demand without a page: an assistant believed in the page, and a person got no answer
    from it. Only live fetches count, for the site's own hosts, that were answered by 404 or 410;
    spoofed ones do not. A page of the site that is there now is left out. The page is named whose
    address and title have most words of the address's last part, where they have more than half.
    """
    visits = honest_visits(fetches)
    hosts = visits["page_id"].str.split("/", n=1).str[0].str.split(":", n=1).str[0]
    is_absent = (
        (visits["purpose"] == "live")
        & visits["status"].isin(NOT_FOUND)
        & hosts.isin(list(own.hosts))
        & ~visits["page_id"].isin(own.readable["page_id"])
    )
    absent = visits[is_absent]
    if absent.empty:
        return ABSENT_PAGES.empty()
    words = [
        (str(page), _words(f"{page.partition('/')[2]} {title or ''}"))
        for page, title in zip(own.readable["page_id"], own.readable["title"], strict=True)
    ]
    rows = []
    for page, group in absent.groupby("page_id"):
        by_assistant = group.groupby("assistant")["n_fetches"].sum()
        nearest = _nearest(str(page), words)
        rows.append(
            {
                "page_id": page,
                "n_fetches": int(group["n_fetches"].sum()),
                "n_verified": int(group.loc[group["verdict"] == "verified", "n_fetches"].sum()),
                "assistants": ", ".join(by_assistant.sort_values(ascending=False).index),
                "first_day": group["day"].min(),
                "last_day": group["day"].max(),
                "nearest_page_id": nearest,
                "what_to_do": (
                    f"Redirect it to {nearest} if that answers the same; otherwise write it."
                    if nearest
                    else "Write the page, or redirect its address to where the answer is."
                ),
            }
        )
    rows.sort(key=lambda row: (-int(row["n_fetches"]), str(row["page_id"])))
    return ABSENT_PAGES.table(rows)


def find_fetched(fetches: Fetches) -> dict[str, frozenset[str]]:
    """Return the pages that each assistant fetched to answer from, by assistant.

    An assistant is left out that the logs show too little of: fewer than five pages, or in fewer
    than 14 days. What it did not fetch then says nothing. A page counts that was there.
    """
    visits = honest_visits(fetches)
    visits = visits[visits["purpose"].isin(ANSWERING) & (visits["status"] < 400)]
    fetched = {}
    for assistant, group in visits.groupby("assistant"):
        days = group["day"].dropna()
        n_days = (days.max() - days.min()).days + 1 if len(days) else 0
        if group["page_id"].nunique() >= _MIN_PAGES and n_days >= _MIN_DAYS:
            fetched[str(assistant)] = frozenset(map(str, group["page_id"]))
    return fetched


def rate_unfetched(
    answers: Answers,
    citations: Citations,
    page_of: "pd.Series[str]",
    fetched: Mapping[str, Collection[str]],
    own_site: str,
) -> "pd.Series[float]":
    """Return by query the share of answers whose engine cites others and never fetched your page.

    It is missing for a query without such an answer: of an engine whose robots the access logs
    show, that cites sites and none of your own.

    Args:
        answers: the log's answers.
        citations: their citations, with `site` by owner.
        page_of: your page that is nearest to each query, by query_id.
        fetched: what each assistant fetched (`find_fetched`).
        own_site: name of your site.
    """
    cited = citations[citations["kind"] == "cited"]
    cites_own = set(cited.loc[cited["site"] == own_site, "answer_id"])
    is_rivals = answers["answer_id"].isin(cited["answer_id"]) & ~answers["answer_id"].isin(
        cites_own
    )
    rivals = answers.loc[is_rivals, ["query_id", "engine"]]
    assistants = rivals["engine"].map(assistant_of)
    pages = rivals["query_id"].map(page_of)
    is_known = assistants.isin(list(fetched)) & pages.notna()
    is_unfetched = [
        float(page not in fetched[assistant])
        for assistant, page in zip(assistants[is_known], pages[is_known], strict=True)
    ]
    shares = pd.Series(is_unfetched, dtype=np.float64).groupby(
        rivals.loc[is_known, "query_id"].to_numpy()
    )
    return shares.mean()


def find_refetch(
    fetches: Fetches, changed_pages: Collection[str], changed_at: pd.Timestamp
) -> dict[str, "pd.Timestamp | None"]:
    """Return the day on which each assistant had fetched most of the changed pages again.

    It is None for an assistant that came since the change and has not fetched half of them; one
    that the logs do not show since the change is left out. Fetches for training do not count.
    """
    visits = honest_visits(fetches)
    is_since = visits["day"] >= changed_at.normalize()
    visits = visits[visits["purpose"].isin(ANSWERING) & (visits["status"] < 400) & is_since]
    n_needed = (len(set(changed_pages)) + 1) // 2
    days: dict[str, pd.Timestamp | None] = {}
    for assistant, group in visits.groupby("assistant"):
        first = group[group["page_id"].isin(changed_pages)].groupby("page_id")["day"].min()
        seen = first.sort_values()
        days[str(assistant)] = seen.iloc[n_needed - 1] if len(seen) >= n_needed > 0 else None
    return days


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORDS.findall(text.casefold())) - _NO_WORDS


def _nearest(page: str, pages: list[tuple[str, frozenset[str]]]) -> str | None:
    """Return the page whose words are most like those of an address; None where none is."""
    words = frozenset(word for word in _words(page.rpartition("/")[2]) if not word.isdecimal())
    if not words:
        return None

    def likeness(entry: tuple[str, frozenset[str]]) -> tuple[float, float]:
        other, other_words = entry
        shared = sum(any(_is_alike(word, of) for of in other_words) for word in words)
        return shared / len(words), SequenceMatcher(None, page, other).ratio()

    best = max(pages, key=likeness, default=None)
    return best[0] if best is not None and likeness(best)[0] > _MIN_ALIKE else None


def _is_alike(word: str, other: str) -> bool:
    """Return whether two words are the same but for their ending."""
    if word.rstrip("s") == other.rstrip("s"):
        return True
    return min(len(word), len(other)) >= 4 and word[:-1] == other[: len(word) - 1]
