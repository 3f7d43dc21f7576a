"""What a drafter is told of an edit, from a run's tables: the task, the questions, the site's own words, marked extracts."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from coverage_kit.analysis import Analysis

DRAFTED = ("extend_passage", "add_question_and_answer", "add_page")
EXTRACT_MARK = "[EXTRACT TO CHECK]"
_OWN_WORDS = 1500
_QUESTIONS = 6
_EXTRACT = re.compile(r"^> \[EXTRACT TO CHECK\] “(.*?)”[ \t]*$", re.M | re.S)
_HEADING = re.compile(r"^#{1,6} .*\S", re.M)


class Brief(NamedTuple):
    """What a drafter may know of one edit. All of it but the operation is data from the site, its log and its answers.

    `headings` are the outline's, as Markdown lines, the draft's own first; none where a passage is
    extended. `own_words` is what the site says there and nearest to the questions: the only source
    of facts. `extracts` of logged answers bear their mark. `before` are the words that are there
    now and stay in front of what is drafted.
    """

    edit_id: str
    operation: str
    headings: tuple[str, ...]
    questions: tuple[str, ...]
    own_words: str
    extracts: tuple[str, ...]
    before: str = ""


def list_briefs(analysis: Analysis, edit_ids: Sequence[str]) -> list[Brief]:
    """Return a brief for each of these edits that adds new words, in their order.

    The others have none: what they propose is the site's own words moved, one heading, or slots for
    the editor.
    """
    rows: list[dict[Any, Any]] = analysis.edits[analysis.edits["operation"].isin(DRAFTED)].to_dict(
        "records"
    )
    edits = {str(row["edit_id"]): row for row in rows}
    return [_brief_of(analysis, one, edits[one]) for one in edit_ids if one in edits]


def _brief_of(analysis: Analysis, edit_id: str, edit: Mapping[Any, Any]) -> Brief:
    after = str(edit["after"]) if isinstance(edit["after"], str) else ""
    before = str(edit["before"]) if isinstance(edit["before"], str) else ""
    asked = _asked(analysis, edit_id, str(edit["cluster_id"]))
    return Brief(
        edit_id,
        str(edit["operation"]),
        () if before else tuple(_HEADING.findall(after)),
        tuple(asked["text"].head(_QUESTIONS)),
        _own_words(analysis, edit_id, str(edit["page_id"]), asked["query_id"]),
        tuple(
            f"{EXTRACT_MARK} “{' '.join(claim.split())}”"
            for claim in _EXTRACT.findall(after.removeprefix(before))
        ),
        before,
    )


def _asked(analysis: Analysis, edit_id: str, cluster_id: str) -> pd.DataFrame:
    """Return the queries from which the edit was drafted, those asked most first; those of its gap where none is known."""
    effects = analysis.effects
    clusters = analysis.clusters
    ids = effects.loc[(effects["edit_id"] == edit_id) & effects["is_drafted_from"], "query_id"]
    ids = ids if len(ids) else clusters.loc[clusters["cluster_id"] == cluster_id, "query_id"]
    asked = analysis.queries[analysis.queries["query_id"].isin(list(ids))]
    return asked.sort_values(["demand", "query_id"], ascending=[False, True])


def _own_words(analysis: Analysis, edit_id: str, page_id: str, query_ids: "pd.Series[str]") -> str:
    """Return the brand, the passages at the place, those of its page and those nearest to the questions, up to a length."""
    own = analysis.passages[analysis.passages["site"] == analysis.about["own_site"]].sort_values(
        ["page_id", "position"]
    )
    here = analysis.changes.loc[analysis.changes["edit_id"] == edit_id, "passage_id"].dropna()
    near = analysis.coverage.loc[
        analysis.coverage["query_id"].isin(list(query_ids)), "own_passage_id"
    ].dropna()
    order = dict.fromkeys([*here, *own.loc[own["page_id"] == page_id, "passage_id"], *near])
    brand = analysis.about.get("settings", {}).get("site", {}).get("brand", ())
    told = [f"Our name: {', '.join(brand)}"] if brand else []
    n_words = 0
    rows = own.set_index("passage_id")
    for row in rows.loc[[one for one in order if one in rows.index]].to_dict("records"):
        n_words += int(row["n_words"])
        if n_words > _OWN_WORDS and len(told) > 1:
            break
        told.append(f"{row['heading_path']}\n{row['text']}")
    return "\n\n".join(told)
