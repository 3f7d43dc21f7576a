"""A candidate edit, the changes that it makes, and what it is written from."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from coverage_kit.contracts import PassageText
from coverage_kit.settings import RankSettings
from coverage_kit.tables import Passages


class PageChange(NamedTuple):
    """One place of one page that an edit changes (table `changes`)."""

    action: str
    page_id: str
    passage_id: str | None
    heading_path: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Candidate:
    """One edit before its gain is known; `added` are passages as the simulation reads them, `removed` their ids.

    `after` are the words proposed, with slots and marked extracts. `part` is the share of the
    fullest variant's words; `is_assumed` says that nothing tells what the answer is, so that the
    questions stand for it.
    """

    cluster_id: str
    operation: str
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
    part: float = 1.0
    is_assumed: bool = False


@dataclass(frozen=True)
class Site:
    """The own site as edits see it: its passages, as a table and by id; twins are pairs of near-duplicate passages.

    `twins` has columns passage_id and other_passage_id; `this_year` is the year of the log's last
    question.
    """

    passages: Passages
    twins: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame({"passage_id": [], "other_passage_id": []})
    )
    this_year: int = 0
    by_id: pd.DataFrame = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", self.passages.set_index("passage_id"))

    def section(self, passage_id: str) -> pd.DataFrame:
        """Return the passages under the same heading of the same page, in order, indexed by id."""
        place = self.by_id.loc[passage_id]
        page = self.by_id[self.by_id["page_id"] == place["page_id"]]
        return page[page["heading_path"] == place["heading_path"]]


@dataclass(frozen=True)
class Gap:
    """What the candidates of one gap are written from.

    `nearest` is the own passage nearest to each of the questions; `places` are the anchors on the
    pages that fit best, the best first; `elsewhere` is what the best other site's passage says,
    which stands for the answer in the simulation where the log has no answers, and is shown to
    nobody.
    """

    cluster_id: str
    label: str
    cause: str
    questions: tuple[str, ...]
    drafted_from: tuple[str, ...]
    short: tuple[str, ...]
    full: tuple[str, ...]
    passage_id: str
    heading_question: str | None
    nearest: tuple[str, ...]
    places: tuple[str, ...]
    elsewhere: str = ""

    def share_near(self, passage_ids: Collection[str]) -> float:
        """Return the share of the questions whose nearest own passage is one of these."""
        return sum(one in passage_ids for one in self.nearest) / len(self.nearest)


Maker = Callable[[Gap, Site, RankSettings], list[Candidate]]
