"""Ahrefs' Brand Radar: one record for each answer that its crawlers got.

`volume` is the demand that Ahrefs estimates for the question.
"""

from coverage_kit.collect.logs.table_format import TableFormat

FORMAT = TableFormat(
    name="Ahrefs Brand Radar",
    needs=("question", "response", "data_source"),
    fields={
        "query": "question",
        "answer": "response",
        "engine": "data_source",
        "asked_at": "last_updated",
        "demand": "volume",
        "market": "country",
        "citations": "links",
        "searches": "search_queries",
    },
    surface="scrape",
    note="demand is Ahrefs' estimate; links are read as citations, though some pages may only have "
    "been retrieved; fan-out searches are reported for chatgpt and perplexity only",
)
