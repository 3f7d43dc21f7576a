"""A candidate edit, its page changes, and the gap and site that it is written from."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from coverage_kit.contracts import Home, NewPage, PassageText
from coverage_kit.rank.briefs import Brief, BriefQuestion, Fact, Slot
from coverage_kit.settings import RankSettings
from coverage_kit.tables import Passages
from coverage_kit.text.length import count_words
from coverage_kit.vocabulary import Action, Operation

# A product has at most this many pages of its own (assumed).
_MAX_NAMED = 2
# A section with fewer words is no place behind which another one belongs (assumed).
_LONG_SECTION = 25
# Words of the page that show where a text is inserted (assumed).
_WORDS_AROUND = 12


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

    Attributes:
        cluster_id: the gap that it is for.
        operation: what is done.
        page_id: the page, or the id of a new page.
        heading_path: the headings at which it is done.
        brief: what an editor has to do, as text.
        cost_minutes: editor minutes.
        drafted_from: ids of the questions that it is to answer.
        questions: these questions in clean words.
        added: passages as the simulation reads them.
        removed: ids of the passages that they replace.
        is_answer: whether it adds text that is written to answer `drafted_from`; otherwise it
            rewords or moves what is there.
        holds_answer: whether the passages that it rewords are known to hold the answer.
        own_words: ids of questions whose own words it puts on the page.
        before: the words that are there now.
        after: the proposed text, with slots and marked extracts.
        n_words: words that are added or changed.
        changes: the changes of pages.
        text_share: share of the fullest variant's words that this variant has.
        home_share: probability that the page is the right one for the text, against no page being
            it; 1 for a page of its own, and where the edit is at the answer itself.
        title: the heading that is to be there then.
        opening: a first sentence in the form of an answer.
        words_before: last words of the page in front of the edit.
        words_after: first words of the page behind the edit.
        links_from: ids of pages that should link to the new text.
        home_probability: probability that the page is the right one; of a new page, that no page
            is; None where that is not asked.
        facts: what the text should contain.
        n_answers: logged answers to its questions.
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
    is_answer: bool = False
    holds_answer: bool = False
    own_words: tuple[str, ...] = ()
    before: str | None = None
    after: str | None = None
    n_words: int = 0
    changes: tuple[PageChange, ...] = ()
    questions: tuple[BriefQuestion, ...] = ()
    text_share: float = 1.0
    home_share: float = 1.0
    title: str = ""
    opening: str = ""
    words_before: str = ""
    words_after: str = ""
    links_from: tuple[str, ...] = ()
    home_probability: float | None = None
    facts: tuple[Fact | Slot, ...] = ()
    n_answers: int = 0


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

    def pages_of(self, names: Collection[str]) -> list[str]:
        """Return the pages whose titles begin with one of these names, such as a product's.

        A name in the titles of many pages, such as a company's, is no page's own.
        """
        titles = self.by_id.groupby("page_id", sort=False)["heading_path"].first()
        first = titles.str.split(" > ").str[0].str.casefold()
        of_name = {name: titles.index[first.str.startswith(name)].tolist() for name in names}
        return [page for pages in of_name.values() if len(pages) <= _MAX_NAMED for page in pages]

    def last_section(self, passage_id: str) -> str:
        """Return the passage that opens the last section of the page that a passage is on.

        It is a section right below the page's first headings, behind which a new section splits
        nothing. Short sections at the end, such as links to other pages, are passed over.
        """
        page = self.by_id[self.by_id["page_id"] == self.by_id.loc[passage_id, "page_id"]]
        paths = {str(name): str(path).split(" > ") for name, path in page["heading_path"].items()}
        depths = sorted({len(path) for path in paths.values()})
        depth = depths[min(1, len(depths) - 1)]
        sections: dict[tuple[str, ...], list[str]] = {}
        for name, path in paths.items():
            if len(path) >= depth:
                sections.setdefault(tuple(path[:depth]), []).append(name)
        words = {str(name): count_words(str(text)) for name, text in page["text"].items()}
        long = [
            key
            for key, names in sections.items()
            if sum(words[name] for name in names) >= _LONG_SECTION
        ]
        key = long[-1] if long else next(reversed(sections))
        opening = [name for name in sections[key] if tuple(paths[name]) == key]
        return (opening or sections[key])[0]

    def words_around(self, passage_id: str) -> tuple[str, str]:
        """Return the last words of a passage's section, and the first words behind it.

        Sections below it belong to it. The second are the next heading of the page; empty at the
        end of a page.
        """
        passage = self.by_id.loc[passage_id]
        page = self.by_id[self.by_id["page_id"] == passage["page_id"]]
        path = str(passage["heading_path"])
        is_inside = (page["heading_path"] == path) | page["heading_path"].str.startswith(
            f"{path} > "
        )
        last = page[is_inside].iloc[-1]
        behind = page[page["position"] > last["position"]]
        before = " ".join(str(last["text"]).split()[-_WORDS_AROUND:])
        if behind.empty:
            return before, ""
        heading = str(behind["heading_path"].iloc[0]).rsplit(" > ", maxsplit=1)[-1]
        return before, heading or " ".join(str(behind["text"].iloc[0]).split()[:_WORDS_AROUND])

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

    Attributes:
        cluster_id: the gap.
        label: its name.
        cause: its cause.
        brief: what its text has to say.
        query_ids: its questions, the most asked first.
        passage_id: your passage that answers it, or else the one nearest to it.
        is_answered: whether that passage says what the logged answers say.
        share_nearest: share of its questions whose nearest passage of your site is in the same
            section as `passage_id`, or that this passage answers.
        homes: pages that may be its home, the most probable first.
        no_home: probability that none of your pages is.
        new_page: where a page of its own would be.
        near: your passages that an editor should read first, nearest to its questions.
        is_likely: whether the gap is likely, not only possible.
    """

    cluster_id: str
    label: str
    cause: str
    brief: Brief
    query_ids: tuple[str, ...]
    passage_id: str
    is_answered: bool
    share_nearest: float
    homes: tuple[Home, ...]
    no_home: float
    new_page: NewPage
    near: tuple[str, ...] = ()
    is_likely: bool = True


# An operation's maker: it returns no candidate where the operation does not fit the gap.
Maker = Callable[[Gap, EditedSite, RankSettings], list[Candidate]]
