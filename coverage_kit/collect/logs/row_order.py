"""The order of the rows of a log's tables: it comes from their content, not from how it was read.

Later steps visit queries in this order, draw from them with a seed and keep the first of equals. So
the same records give the same result in whatever order their files and lines come.
"""

import pandas as pd

# The columns after the answer by which the rows that belong to answers are sorted.
_KEYS_WITHIN_ANSWER = {
    "citations": ["position"],
    "spans": ["start", "end", "position"],
    "mentions": ["position"],
    "searches": ["position"],
}


def order_rows(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables with their rows sorted.

    Queries are sorted by their words; answers and failures by query, time and engine; what belongs
    to an answer by the answer and its place there.

    Args:
        tables: queries, answers, failures, citations, spans, mentions and searches by name.
    """
    queries = tables["queries"].sort_values(["text", "query_id"], ignore_index=True)
    ordered = {"queries": queries} | {
        name: _sort_by(tables[name], "query_id", queries, ["asked_at", "engine", "answer_id"])
        for name in ("answers", "failures")
    }
    return ordered | {
        name: _sort_by(tables[name], "answer_id", ordered["answers"], keys)
        for name, keys in _KEYS_WITHIN_ANSWER.items()
    }


def _sort_by(table: pd.DataFrame, name: str, owners: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the rows in the order of their owners, by id `name`; then by the keys."""
    rank = pd.Series(range(len(owners)), index=pd.Index(owners[name]))
    ranked = table.assign(owner_rank=table[name].map(rank))
    ordered = ranked.sort_values(["owner_rank", *keys], kind="stable", ignore_index=True)
    return ordered.drop(columns="owner_rank")
