"""How the run worked inside, for whoever runs it: retrieval, index, stages, as plain values for the page's template."""

from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.texts import clean_text, is_missing, shorten

Story = dict[str, Any]


def tell_retrieval(analysis: Analysis) -> Story:
    """Return how often an own passage is the nearest of all, and how exactly each site's index searches.

    `nearer_share` is the demand of the questions whose nearest own passage has a higher cosine than
    any other site's, of the demand of all questions with passages of both; None where no other site
    was read.
    """
    best = analysis.matches[analysis.matches["rank"] == 1]
    is_own = best["site"] == analysis.about.get("own_site")
    own = best[is_own].set_index("query_id")["similarity"]
    other = best[~is_own].groupby("query_id")["similarity"].max()
    demand = analysis.queries.set_index("query_id")["demand"]
    both = pd.DataFrame({"own": own, "other": other, "demand": demand}).dropna()
    total = float(both["demand"].sum())
    return {
        "n": len(both),
        "nearer_share": float(both.loc[both["own"] > both["other"], "demand"].sum()) / total
        if total
        else None,
        "index": [
            {
                "site": shorten(site, 80),
                "kind": clean_text(facts["kind"]),
                **{name: facts[name] for name in ("n_vectors", "recall_at_10", "is_reused")},
            }
            for site, facts in sorted(analysis.about.get("index", {}).items())
        ],
    }


def tell_stages(analysis: Analysis) -> Story:
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
