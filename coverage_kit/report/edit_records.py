"""The edits of a run as plain values: where, brief, changes and questions, for every reader."""

import hashlib
import re
from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.edit_texts import (
    describe_citations,
    describe_links,
    describe_place,
    list_brief,
    propose_url,
    split_address,
)
from coverage_kit.report.joined import describe_edits, describe_passages, list_effects
from coverage_kit.report.texts import clean_text, is_missing, safe_url
from coverage_kit.report.wording import DRAFT
from coverage_kit.vocabulary import FACT_SLOT, SOURCE_SLOT, WORDS_SLOT

# A slot that an editor fills in, such as "[FACT NEEDED: range in km]".
_SLOT = re.compile(
    rf"(?P<mark>{'|'.join(map(re.escape, (FACT_SLOT, SOURCE_SLOT, WORDS_SLOT)))})"
    r"\s*(?P<text>[^\]\n]{0,300})\]"
)
_COLUMNS = (
    "edit_id",
    "rank",
    "name",
    "task",
    "subject",
    "part",
    "operation",
    "operation_title",
    "page_id",
    "page_title",
    "url",
    "title",
    "heading_path",
    "is_chosen",
)
_FIGURES = (
    "cost_minutes",
    "n_words",
    "gain",
    "low",
    "high",
    "marginal_gain",
    "harm",
)
_OF_GAP = ("cluster_id", "label", "cause", "cause_title", "reason", "gap_rank")

Record = dict[str, Any]


def list_records(analysis: Analysis) -> list[Record]:
    """Return the edits by rank as plain values.

    `where` is the place; `brief` is what to write (questions, facts, slots, opening, length);
    `queries` are the questions whose coverage the edit changes, with what each adds to its gain.
    """
    changes = list_change_records(analysis)
    effects = _list_effect_records(analysis)
    facts = _list_fact_records(analysis)
    pages = _Pages(analysis)
    records = []
    for values in describe_edits(analysis).to_dict("records"):
        row = {str(key): None if is_missing(value) else value for key, value in values.items()}
        edit_id = str(values["edit_id"])
        edit_changes = changes.get(edit_id, [])
        queries = effects.get(edit_id, [])
        brief = _make_brief(row, facts.get(edit_id, []), queries)
        slots = _list_slots(row, edit_changes)
        needed = {text for mark, text in slots if mark != WORDS_SLOT}
        records.append(
            {
                **{name: row[name] for name in _COLUMNS},
                # A figure that is missing stays a number, which texts call unknown.
                **{str(name): values[name] for name in _FIGURES},
                "citation_gain": row["citation_gain"],
                "citations": describe_citations(row),
                "where": _find_place(row, edit_changes, pages),
                "gap": {name: row[name] for name in _OF_GAP},
                "brief": brief,
                "changes": edit_changes,
                "slots": [text for _, text in slots],
                "n_facts_needed": len(needed | _slots_of(brief)),
                "has_extracts": any(is_extract(fact) for fact in brief["facts"]),
                "queries": queries,
                "status": DRAFT,
            }
        )
    return records


def _list_slots(row: Record, changes: list[Record]) -> list[tuple[str, str]]:
    """Return the mark and the text of each slot of the words that an edit adds.

    An edit without changes has them in its brief.
    """
    added = []
    for change in changes:
        # The slots of a first part are filled before its second part is made.
        before = clean_text(change["before"])
        slots = _SLOT.finditer(clean_text(change["after"]))
        added += [slot for slot in slots if slot[0] not in before]
    found = added if changes else _SLOT.finditer(clean_text(row["brief"]))
    return [(slot["mark"], slot["text"].strip()) for slot in found]


def _slots_of(brief: Record) -> set[str]:
    """Return what a brief asks an editor to find out."""
    facts = {fact["slot"] for fact in brief["facts"] if fact["slot"] and not fact["is_known"]}
    return facts | set(brief["slots"])


def describe_briefs(analysis: Analysis) -> pd.DataFrame:
    """Return where, the brief and citations of each edit as text, by edit_id.

    The columns are `place`, `to_write` and `citations`.
    """
    records = list_records(analysis)
    return pd.DataFrame(
        {
            "place": [
                " ".join(filter(None, (describe_place(where), describe_links(where))))
                for where in (record["where"] for record in records)
            ],
            "to_write": ["\n".join(list_brief(record["brief"])) for record in records],
            "citations": [record["citations"] for record in records],
        },
        index=pd.Index([record["edit_id"] for record in records], name="edit_id", dtype="str"),
        dtype="str",
    )


class _Pages:
    """The pages of a run by id, for the places of edits."""

    def __init__(self, analysis: Analysis) -> None:
        pages = analysis.pages.drop_duplicates("page_id").set_index("page_id")
        self._rows = pages[["title", "url"]].to_dict("index")
        own = pages[pages["site"] == analysis.about.own_site]["url"]
        urls = [url for url in own if safe_url(url)]
        self.own_url = str(urls[0]) if urls else None

    def describe(self, page_id: str) -> Record:
        """Return id, title and URL of a page; title and URL are None for one that was not read."""
        row = self._rows.get(page_id, {})
        values = {name: row.get(name) for name in ("title", "url")}
        return {
            "page_id": page_id,
            **{name: None if is_missing(value) else value for name, value in values.items()},
        }


def _find_place(row: Record, changes: list[Record], pages: _Pages) -> Record:
    """Return where an edit is made.

    With the page, the section, the words around it, and for a new page its folder, slug, proposed
    URL and the pages that should link to it.
    """
    page_id = str(row["page_id"])
    action = changes[0]["action"] if changes else None
    is_new = row["operation"] == "add_page" or action == "add_page"
    folder, slug = split_address(page_id)
    path = clean_text(row["heading_path"])
    links = [line.strip() for line in clean_text(row["links_from"]).split("\n") if line.strip()]
    page = pages.describe(page_id)
    return {
        **page,
        "is_new_page": is_new,
        "url": propose_url(page_id, pages.own_url) if is_new else page["url"],
        "action": action or ("insert_section" if _adds_section(row) else None),
        "section": path.rpartition(" > ")[2],
        "heading_path": path,
        "folder": folder if is_new else None,
        "slug": slug if is_new else None,
        "links_from": [pages.describe(link) for link in links],
        "words_before": row["words_before"],
        "words_after": row["words_after"],
        "home_probability": row["home_probability"],
    }


def _adds_section(row: Record) -> bool:
    return bool(row["operation"] == "add_question_and_answer")


def _make_brief(row: Record, facts: list[Record], queries: list[Record]) -> Record:
    """Return what to write: questions, facts, what else to find out, opening, length, and in words.

    The questions are those that the edit is for, in clean words, the most asked first. Facts have
    the text of a fact; slots are those that have none.
    """
    asked = [query for query in queries if query["is_drafted_from"]]
    asked = sorted(asked, key=lambda query: (-query["demand"], query["text"]))
    questions: dict[str, Record] = {}
    for query in asked:
        # Questions that ask the same have the same clean words.
        text = query["asked_as"] or query["text"]
        question = questions.setdefault(
            text, {"query_id": query["query_id"], "text": text, "demand": 0.0}
        )
        question["demand"] += query["demand"]
    return {
        "questions": list(questions.values()),
        "facts": [fact for fact in facts if fact["text"]],
        "slots": [fact["slot"] for fact in facts if fact["slot"] and not fact["text"]],
        "opening": row["opening"],
        "n_words": int(row["n_words"]),
        "text": row["brief"],
    }


def is_extract(fact: Record) -> bool:
    """Return whether a fact is in words of logged answers alone, which have to be checked."""
    return not fact["is_known"] and not fact["slot"]


def _list_fact_records(analysis: Analysis) -> dict[str, list[Record]]:
    """Return by edit_id the facts of the edit's text, in order, with the URL of your own words."""
    url_of = describe_passages(analysis)["url"]
    records: dict[str, list[Record]] = {}
    for values in analysis.facts.sort_values(["edit_id", "position"]).to_dict("records"):
        row = {str(key): None if is_missing(value) else value for key, value in values.items()}
        record = {
            **{name: row[name] for name in ("text", "n_answers", "n_answers_of_edit")},
            "source": safe_url(row["source"]),
            "is_known": bool(row["is_known"]),
            **{name: row[name] for name in ("passage_id", "own_words", "slot")},
            "own_url": safe_url(url_of.get(row["passage_id"])),
        }
        records.setdefault(str(row["edit_id"]), []).append(record)
    return records


def list_change_records(analysis: Analysis) -> dict[str, list[Record]]:
    """Return by edit_id the edit's changes in order, as plain values.

    Each has the URL of its page, and the sha256 of the words that it replaces.
    """
    urls = analysis.pages.set_index("page_id")["url"]
    columns = (
        "position",
        "action",
        "page_id",
        "heading_path",
        "passage_id",
        "after",
    )
    records: dict[str, list[Record]] = {}
    for row in analysis.changes.sort_values(["edit_id", "position"]).to_dict("records"):
        before = row["before"] if isinstance(row["before"], str) else None
        digest = None
        if before is not None:
            # Text of a site may contain half surrogates, which plain UTF-8 would refuse.
            digest = hashlib.sha256(before.encode("utf-8", "surrogatepass")).hexdigest()
        record = {
            **{name: row[name] for name in columns},
            "before": before,
            "before_sha256": digest,
            "url": urls.get(row["page_id"]),
        }
        records.setdefault(row["edit_id"], []).append(record)
    return records


def _list_effect_records(analysis: Analysis) -> dict[str, list[Record]]:
    """Return by edit_id the queries that the edit affects, as plain values."""
    columns = [
        "query_id",
        "text",
        "demand",
        "coverage_before",
        "coverage_after",
        "gain",
        "is_drafted_from",
        "asked_as",
    ]
    records: dict[str, list[Record]] = {}
    for edit_id, effects in list_effects(analysis).groupby("edit_id", sort=True):
        rows = effects[columns].to_dict("records")
        records[str(edit_id)] = [
            {str(key): None if is_missing(value) else value for key, value in row.items()}
            for row in rows
        ]
    return records
