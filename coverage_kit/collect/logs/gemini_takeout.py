"""Gemini's activity from Google Takeout (My Activity, Gemini Apps, as JSON).

A record is one question: its `title` is the question after a word such as "Prompted", and the
answer is HTML in `safeHtmlItem`. Records of other kinds and of other products are set aside. The
names and words are those of the account's language; the shape is the same in all.
"""

import re
from collections.abc import Mapping
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.decode import readable
from coverage_kit.collect.logs.api_format import dicts_of
from coverage_kit.collect.logs.html_words import html_links, html_words
from coverage_kit.collect.logs.record import Aside, LogRecord, Outcome, Reject
from coverage_kit.collect.logs.table_format import TableFormat

# The words before a question, in the English export, which has no other words before it.
_ASKED = re.compile(r"(?:Prompted(?: with:)?|Asked(?: Gemini:| Bard:)?|Said|Branched|Answered):? ")
# The words by which other activities start.
_DONE = re.compile(
    r"(?:Created|Used|Added|Gave|Selected|Shared|Deleted|Viewed|Visited|Searched|Edited|Pinned|"
    r"Renamed|Exported|Updated|Removed|Turned|Watched)\b"
)
# What follows a question with files.
_ATTACHED = re.compile(r"\s*Attached \d+ files?\.?\s*$")
_CONVERSATION = re.compile(r"gemini\.google\.com/app/(\w+)")
# The names of the product, which no language translates.
_PRODUCT = re.compile(r"gemini|bard", re.IGNORECASE)


def _read(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[Outcome]:
    products = [text_of(values.get("header")), text_of(values.get("products"))]
    if any(products) and not any(_PRODUCT.search(product) for product in products):
        return [Aside("an activity in another product")]
    title = text_of(values.get("title"))
    answers = [html for item in dicts_of(values.get("safeHtmlItem")) if (html := _html(item))]
    asked = _ASKED.match(title)
    if not asked and (_DONE.match(title) or not answers):
        return [Aside("an activity that is no question")]
    query = _ATTACHED.sub("", title[asked.end() :] if asked else title).strip()
    if not query:
        return [Reject("no query: an activity without words")]
    links = [link.get("url") for link in dicts_of(values.get("details"))]
    conversation = _CONVERSATION.search(" ".join(map(text_of, links)))
    citations = tuple(page for html in answers for page in html_links(html))
    return [
        LogRecord(
            query=query,
            answer="\n\n".join(map(html_words, answers)) if answers else None,
            engine="gemini",
            surface="app",
            run_id=conversation[1] if conversation else None,
            asked_at=values.get("time"),
            citations=citations,
            has_searched=bool(citations),
        )
    ]


def _html(item: Mapping[str, Any]) -> str:
    html = item.get("html")
    return readable(html) if isinstance(html, str) else ""


FORMAT = TableFormat(
    name="Gemini activity (Takeout)",
    needs=("header", "title", "time", "products"),
    fields={
        "query": "title",
        "answer": "safeHtmlItem",
        "run_id": "details",
        "asked_at": "time",
        "citations": "safeHtmlItem",
    },
    read=_read,
    note="in other languages than English a question keeps the word that the export puts before it",
)
