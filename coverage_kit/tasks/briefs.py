"""The brief of an edit for a drafter: task, questions, the site's own words, marked extracts."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.rank.drafts import as_question
from coverage_kit.tables.asked import most_asked_first
from coverage_kit.tasks.own_statements import word_key

# Operations that add new words; no other operation needs a draft.
DRAFTED = ("extend_passage", "add_question_and_answer", "add_page")
# The mark of words that come from logged answers, which an editor has to check.
EXTRACT_MARK = "[EXTRACT TO CHECK]"
# Words of the site that a drafter sees (assumed): enough for a page, and cheap to read.
_OWN_WORDS = 1500
# Questions that a drafter sees (assumed), those asked most first.
_QUESTIONS = 6
# A Markdown heading: "## How far does it go?".
_HEADING = re.compile(r"^#{1,6} .*\S", re.M)


class Brief(NamedTuple):
    """What a drafter may know of an edit. All but the operation is data of site, log and answers.

    `headings` are the outline's, as Markdown lines, the draft's own first; none where a passage is
    extended. `own_words` is what the site says there and nearest to the questions: the only source
    of facts. `extracts` of logged answers bear their mark. `missing` is what complete answers need
    and a model did not find on the site. `before` are the present words, which
    stay in front of the draft.
    """

    edit_id: str
    operation: str
    headings: tuple[str, ...]
    questions: tuple[str, ...]
    own_words: str
    extracts: tuple[str, ...]
    before: str = ""
    missing: tuple[str, ...] = ()


def list_briefs(analysis: Analysis, edit_ids: Sequence[str]) -> list[Brief]:
    """Return a brief for each of these edits that adds new words, in their order.

    Other edits have no brief: they move the site's own words, change a heading, or have slots for
    the editor.
    """
    rows: list[dict[Any, Any]] = analysis.edits[analysis.edits["operation"].isin(DRAFTED)].to_dict(
        "records"
    )
    edits = {str(row["edit_id"]): row for row in rows}
    return [_brief_of(analysis, name, edits[name]) for name in edit_ids if name in edits]


def _brief_of(analysis: Analysis, edit_id: str, edit: Mapping[Any, Any]) -> Brief:
    after = str(edit["after"]) if isinstance(edit["after"], str) else ""
    before = str(edit["before"]) if isinstance(edit["before"], str) else ""
    queries = _queries_of(analysis, edit_id, str(edit["cluster_id"]))
    missing = analysis.missing_items
    missing = missing[missing["query_id"].isin(queries["query_id"].head(_QUESTIONS))]
    return Brief(
        edit_id,
        str(edit["operation"]),
        () if before else tuple(_HEADING.findall(after)),
        tuple(queries["text"].head(_QUESTIONS)),
        _own_words(analysis, edit_id, str(edit["page_id"]), queries["query_id"]),
        _extracts_of(analysis, edit_id),
        before,
        tuple(dict.fromkeys(missing["item"])),
    )


def _extracts_of(analysis: Analysis, edit_id: str) -> tuple[str, ...]:
    """Return what logged answers say and your site does not, with the mark that it is theirs."""
    facts = analysis.facts[analysis.facts["edit_id"] == edit_id].sort_values("position")
    is_theirs = ~facts["is_known"] & facts["slot"].isna() & facts["text"].notna()
    texts = facts.loc[is_theirs, "text"]
    return tuple(f"{EXTRACT_MARK} “{' '.join(text.split())}”" for text in texts)


def _queries_of(analysis: Analysis, edit_id: str, cluster_id: str) -> pd.DataFrame:
    """Return the queries from which the edit was drafted, those with most demand first.

    Where there is none, return the queries of its gap.
    """
    effects = analysis.effects
    clusters = analysis.clusters
    ids = effects.loc[(effects["edit_id"] == edit_id) & effects["is_drafted_from"], "query_id"]
    ids = ids if len(ids) else clusters.loc[clusters["cluster_id"] == cluster_id, "query_id"]
    queries = analysis.queries[analysis.queries["query_id"].isin(list(ids))]
    return most_asked_first(queries, "query_id")


def _own_words(analysis: Analysis, edit_id: str, page_id: str, query_ids: "pd.Series[str]") -> str:
    """Return the site's words for an edit, up to a length.

    In order: the brand, the passages that the edit changes, those of its page, and those nearest to
    the questions.
    """
    own = analysis.passages[analysis.passages["site"] == analysis.about.own_site].sort_values(
        ["page_id", "position"]
    )
    changed = analysis.changes.loc[analysis.changes["edit_id"] == edit_id, "passage_id"].dropna()
    nearest = analysis.coverage.loc[
        analysis.coverage["query_id"].isin(list(query_ids)), "own_passage_id"
    ].dropna()
    order = dict.fromkeys([*changed, *own.loc[own["page_id"] == page_id, "passage_id"], *nearest])
    brand = analysis.about.setting("site", "brand", ())
    texts = [f"Our name: {', '.join(brand)}"] if brand else []
    n_words = 0
    rows = own.set_index("passage_id")
    queries = analysis.queries["text"]
    asked = {word_key(text) for query in queries for text in (query, as_question(query))}
    known_ids = [passage_id for passage_id in order if passage_id in rows.index]
    for row in rows.loc[known_ids].to_dict("records"):
        n_words += int(row["n_words"])
        if n_words > _OWN_WORDS and len(texts) > 1:
            break
        texts.append(f"{_mark_asked(str(row['heading_path']), asked)}\n{row['text']}")
    return "\n\n".join(texts)


def _mark_asked(heading_path: str, asked: Collection[tuple[str, ...]]) -> str:
    """Return a heading path in which headings with the words of a logged question ask.

    An edit may have put them there, and they state nothing (`own_statements`).
    """
    steps = (
        f"{step.rstrip('?')}?" if word_key(step.rpartition(": ")[2]) in asked else step
        for step in heading_path.split(" > ")
    )
    return " > ".join(steps)
