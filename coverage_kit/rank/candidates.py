"""A candidate edit, its page changes, and the gap and site that it is written from."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from coverage_kit.contracts import PassageText
from coverage_kit.settings import RankSettings
from coverage_kit.tables import Passages
from coverage_kit.vocabulary import Action, Operation


class PageChange(NamedTuple):
    """One change that an edit makes at one position of one page (a row of table `changes`)."""

    action: Action
    page_id: str
    passage_id: str | None
    heading_path: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Candidate:
    """One edit before its gain is known.

    `added` are the passages as the simulation reads them, `removed` the ids of the passages that
    they replace. `after` is the proposed text, with slots and marked extracts. `text_share` is the
    share of the fullest variant's words that this variant has. `is_assumed` says that nothing
    shows what the answer is, so that the questions represent the answer in the simulation.
    """

    cluster_id: str
    operation: Operation
    page_id: str
    heading_path: str
    brief: str
    cost_minutes: float
    drafted_from: tuple[str, ...]
    added: tuple[PassageText, ...]
    removed: tuple[str, ...] = ()
    before: str | None = None
    after: str | None = None
    n_words: int = 0
    changes: tuple[PageChange, ...] = ()
    text_share: float = 1.0
    is_assumed: bool = False


@dataclass(frozen=True)
class EditedSite:
    """The site as edits see it: its passages, as a table and by id, and its near-duplicates.

    `twins` has columns passage_id and other_passage_id: pairs of near-duplicate passages.
    `this_year` is the year of the log's last question.
    """

    passages: Passages
    twins: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame({"passage_id": [], "other_passage_id": []})
    )
    this_year: int = 0
    by_id: pd.DataFrame = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # The class is frozen, so the derived index is set through the base class.
        object.__setattr__(self, "by_id", self.passages.set_index("passage_id"))

    def section(self, passage_id: str) -> pd.DataFrame:
        """Return the passages under the same heading of the same page, in order, indexed by id."""
        passage = self.by_id.loc[passage_id]
        page = self.by_id[self.by_id["page_id"] == passage["page_id"]]
        return page[page["heading_path"] == passage["heading_path"]]

    def replace_passage(self, passage_id: str, new_text: str) -> PageChange:
        """Return the change that replaces the words of a passage."""
        passage = self.by_id.loc[passage_id]
        return PageChange(
            action="replace_passage",
            page_id=str(passage["page_id"]),
            passage_id=passage_id,
            heading_path=str(passage["heading_path"]),
            before=str(passage["text"]),
            after=new_text,
        )


@dataclass(frozen=True)
class Gap:
    """What the candidates of one gap are written from.

    `short_claims` and `full_claims` are the claims that the short and the full variant of an edit
    use. `passage_id` is the site's passage nearest to the gap, `nearest_passage_ids` the site's
    passage nearest to each of the questions. `heading_question` is the question whose words a
    heading can use, None where no question suits. `anchor_passage_ids` are the anchors on the pages
    that fit best, the best page first. `other_site_text` is what the best passage of another site
    says: where the log has no answers, it represents the answer in the simulation; it is shown to
    nobody. `missing` is what complete answers need and a model did not find on the site.
    """

    cluster_id: str
    label: str
    cause: str
    questions: tuple[str, ...]
    drafted_from: tuple[str, ...]
    short_claims: tuple[str, ...]
    full_claims: tuple[str, ...]
    passage_id: str
    heading_question: str | None
    nearest_passage_ids: tuple[str, ...]
    anchor_passage_ids: tuple[str, ...]
    other_site_text: str = ""
    missing: tuple[str, ...] = ()

    def share_nearest_to(self, passage_ids: Collection[str]) -> float:
        """Return the share of the questions whose nearest passage of the site is among these."""
        n_questions = len(self.nearest_passage_ids)
        return sum(nearest in passage_ids for nearest in self.nearest_passage_ids) / n_questions


# An operation's maker: it returns no candidate where the operation does not fit the gap.
Maker = Callable[[Gap, EditedSite, RankSettings], list[Candidate]]
