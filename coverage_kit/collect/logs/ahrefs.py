"""Ahrefs' Brand Radar: one record an answer that its crawlers got, with the volume that Ahrefs estimates for the question."""

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
    note="demand is Ahrefs' estimate; links are read as cited, though some may only have been found; "
    "fan-out searches are told of chatgpt and perplexity alone",
)
