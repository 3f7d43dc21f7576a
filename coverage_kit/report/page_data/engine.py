"""How the run worked inside: retrieval, index and stages, as plain values for the page."""

from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.page_data import Context
from coverage_kit.report.texts import clean_text, is_missing, shorten


def retrieval_context(analysis: Analysis) -> Context:
    """Return how often a passage of the site is the nearest, and how exact each site's index is.

    `nearer_share` is a share of the demand of all questions for which both the site and other
    sites have passages: that of the questions whose nearest passage of the site has a higher cosine
    than any passage of the others. It is None where no other site was read.
    """
    nearest = analysis.matches[analysis.matches["rank"] == 1]
    is_own = nearest["site"] == analysis.about.own_site
    own = nearest[is_own].set_index("query_id")["similarity"]
    # Each site has its own nearest passage; the best of all other sites is compared with yours.
    other = nearest[~is_own].groupby("query_id")["similarity"].max()
    demand = analysis.queries.set_index("query_id")["demand"]
    # Only queries with passages of the site and of another site can be compared.
    compared = pd.DataFrame({"own": own, "other": other, "demand": demand}).dropna()
    is_nearer = compared["own"] > compared["other"]
    total = float(compared["demand"].sum())
    return {
        "n": len(compared),
        "nearer_share": float(compared.loc[is_nearer, "demand"].sum()) / total if total else None,
        "index": [
            _index_context(site, index) for site, index in sorted(analysis.about.index.items())
        ],
    }


def _index_context(site: str, index: dict[str, Any]) -> Context:
    return {
        "site": shorten(site, 80),
        "kind": clean_text(index["kind"]),
        **{name: index[name] for name in ("n_vectors", "recall_at_10", "is_reused")},
    }


def stages_context(analysis: Analysis) -> Context:
    """Return each stage's seconds, memory and texts embedded and reused, and their sums."""
    stages = analysis.stages
    return {
        "rows": [
            {
                **row,
                "reused": "" if is_missing(row.get("reused")) else shorten(row["reused"], 160),
            }
            for row in stages.astype(object).to_dict("records")
        ],
        "seconds": float(stages["seconds"].sum()),
        "megabytes": float(stages["peak_megabytes"].max()) if len(stages) else 0.0,
        **{name: int(stages[name].sum()) for name in ("n_embedded", "n_reused")},
    }
