"""Candidate edits for each gap that can be won: operation, place, brief, cost, and the passages they would change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from coverage_kit.passage import PassageText
from coverage_kit.rank.causes import CONTENT_CAUSES, COVERED
from coverage_kit.rank.drafts import ClaimBook, as_question, write_brief
from coverage_kit.settings import RankSettings
from coverage_kit.tables import Clusters, Coverage, Gaps, Passages, Queries

SHORT, FULL = 2, 5
_PAGE_SECTIONS = 4


@dataclass(frozen=True)
class Candidate:
    """One edit before its gain is known; `added` are passages, `removed` their ids."""

    cluster_id: str
    operation: str
    page_id: str
    anchor: str
    text: str
    cost_minutes: float
    drafted_from: tuple[str, ...]
    added: tuple[PassageText, ...]
    removed: tuple[str, ...] = ()
    before: str | None = None


@dataclass(frozen=True)
class Site:
    """The own site as edits see it: its passages, as a table and by id."""

    passages: Passages
    by_id: pd.DataFrame = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", self.passages.set_index("passage_id"))


@dataclass(frozen=True)
class Gap:
    """What the candidates of one gap are written from."""

    cluster_id: str
    label: str
    cause: str
    questions: tuple[str, ...]
    drafted_from: tuple[str, ...]
    short: tuple[str, ...]
    full: tuple[str, ...]
    passage_id: str
    heading_question: str | None


def propose_edits(  # noqa: PLR0913 (one table for each thing an edit is made of)
    gaps: Gaps,
    queries: Queries,
    coverage: Coverage,
    clusters: Clusters,
    site: Site,
    book: ClaimBook,
    costs: RankSettings,
) -> list[Candidate]:
    """Return the candidate edits of every winnable gap, at most `costs.edits_per_gap` a gap, in the gaps' order.

    Each is drafted from half of the gap's queries (every other one by demand), so that the other half can score it.
    """
    asked = clusters.merge(queries, on="query_id").merge(coverage[["query_id", "own_passage_id", "cause"]], on="query_id")
    asked = asked.sort_values(["demand", "query_id"], ascending=[False, True])
    members = {str(name): group for name, group in asked.groupby("cluster_id")}
    candidates: list[Candidate] = []
    for row in gaps.to_dict("records"):
        if not row["winnable"] or row["cause"] == COVERED or not isinstance(row["own_passage_id"], str):
            continue
        gap = _gap_of(row, members[row["cluster_id"]], book)
        made = [candidate for make in _MAKERS for candidate in make(gap, site, costs)]
        candidates += made[: costs.edits_per_gap]
    return candidates


def _gap_of(row: Mapping[Any, Any], asked: pd.DataFrame, book: ClaimBook) -> Gap:
    half = asked.iloc[::2]
    drafted_from = tuple(half["query_id"])
    claims = book.lacking(list(drafted_from), FULL)
    return Gap(
        str(row["cluster_id"]),
        str(row["label"]),
        str(row["cause"]),
        tuple(half["text"]),
        drafted_from,
        tuple(claims[:SHORT]),
        tuple(claims),
        str(row["own_passage_id"]),
        next(iter(half.loc[(half["own_passage_id"] == row["own_passage_id"]) & (half["cause"] == row["cause"]), "text"]), None),
    )


def _add_section(gap: Gap, site: Site, costs: RankSettings) -> list[Candidate]:
    """Question and answer on the page that fits best, short and full."""
    place = site.by_id.loc[gap.passage_id]
    page_title = str(place["heading_path"]).split(" > ")[0]
    made = []
    for claims, questions in ((gap.short, gap.questions[:1]), (gap.full, gap.questions[:3])):
        heading = as_question(questions[0])
        body = " ".join([*map(as_question, questions[1:]), *claims])
        task = f"Add a section headed “{heading}” that answers in its first sentence."
        text = write_brief(task, list(questions), list(claims), gap.label)
        made.append(
            Candidate(
                *(gap.cluster_id, "add_question_and_answer", str(place["page_id"]), str(place["heading_path"]), text),
                cost_minutes=_cost(costs, costs.section_minutes, added=f"{heading} {body}", n_claims=len(claims)),
                drafted_from=gap.drafted_from,
                added=(PassageText(f"{page_title} > {heading}", body),),
            )
        )
    return made if gap.full != gap.short or len(gap.questions) > 1 else made[:1]


def _extend_passage(gap: Gap, site: Site, costs: RankSettings) -> list[Candidate]:
    """The nearest passage with the claims it lacks."""
    if not gap.full:
        return []
    place = site.by_id.loc[gap.passage_id]
    made = []
    for claims in dict.fromkeys((gap.short, gap.full)):
        added = " ".join(claims)
        task = f"Extend the passage under “{place['heading_path']}”."
        made.append(
            Candidate(
                *(gap.cluster_id, "extend_passage", str(place["page_id"]), str(place["heading_path"])),
                text=write_brief(task, list(gap.questions[:2]), list(claims), gap.label),
                cost_minutes=_cost(costs, costs.extend_minutes, added=added, n_claims=len(claims)),
                drafted_from=gap.drafted_from,
                added=(PassageText(str(place["heading_path"]), f"{place['text']} {added}"),),
                removed=(gap.passage_id,),
                before=str(place["text"]),
            )
        )
    return made


def _reword_heading(gap: Gap, site: Site, costs: RankSettings) -> list[Candidate]:
    """The nearest passage under a heading in the words of those who ask; only where it has the answer and is not found."""
    if gap.cause not in ("mis-worded", "not retrieved", "not cited") or gap.heading_question is None:
        return []
    place = site.by_id.loc[gap.passage_id]
    parts = str(place["heading_path"]).split(" > ")
    heading = as_question(gap.heading_question)
    path = " > ".join([*parts[:-1], heading]) if len(parts) > 1 else heading
    changed = site.passages[
        (site.passages["page_id"] == place["page_id"]) & (site.passages["heading_path"] == place["heading_path"])
    ]
    task = f"Reword the heading “{parts[-1]}” the way people ask: “{heading}”."
    return [
        Candidate(
            *(gap.cluster_id, "reword_heading", str(place["page_id"]), str(place["heading_path"]), task),
            cost_minutes=_cost(costs, costs.heading_minutes, n_changed=len(heading.split())),
            drafted_from=gap.drafted_from,
            added=tuple(PassageText(path, text) for text in changed["text"]),
            removed=tuple(changed["passage_id"]),
            before=parts[-1],
        )
    ]


def _add_page(gap: Gap, site: Site, costs: RankSettings) -> list[Candidate]:
    """A page of its own, a section for each of the first questions; only where the content is missing."""
    if gap.cause not in CONTENT_CAUSES or len(gap.questions) < 2:
        return []
    title = as_question(gap.questions[0])
    questions = gap.questions[:_PAGE_SECTIONS]
    share = max(1, -(-len(gap.full) // len(questions)))
    sections = [
        (as_question(question), " ".join(gap.full[number * share : (number + 1) * share]))
        for number, question in enumerate(questions)
    ]
    home = str(site.by_id.loc[gap.passage_id, "page_id"]).split("/")[0]
    words = "-".join(gap.label.replace(",", "").split()[:5]).lower()
    words_added = " ".join(f"{heading} {body}" for heading, body in sections)
    return [
        Candidate(
            *(gap.cluster_id, "add_page", f"{home}/{words}", ""),
            text=write_brief(f"Add a page titled “{title}”.", list(questions), list(gap.full), gap.label),
            cost_minutes=_cost(costs, costs.page_minutes, added=words_added, n_claims=len(gap.full)),
            drafted_from=gap.drafted_from,
            added=tuple(PassageText(f"{title} > {heading}", body) for heading, body in sections),
        )
    ]


_MAKERS = (_reword_heading, _add_section, _extend_passage, _add_page)


def _cost(costs: RankSettings, base: float, added: str = "", n_changed: int = 0, n_claims: int = 0) -> float:
    """Return editor minutes: the operation, its words and the claims that need a source (docs/method.md, cost)."""
    words = costs.added_word_minutes * len(added.split()) + costs.changed_word_minutes * n_changed
    return round(base + words + costs.claim_minutes * n_claims, 1)
