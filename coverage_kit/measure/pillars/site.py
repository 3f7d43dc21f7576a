"""A site and its pages as checks see them: sections, paragraphs, what the markup tells, and what the log asks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

import pandas as pd

from coverage_kit.sections import Section, read_sections
from coverage_kit.sentences import split_sentences
from coverage_kit.tables import (
    ANSWERS,
    CITATIONS,
    CLUSTERS,
    COVERAGE,
    DISAGREEMENTS,
    GAPS,
    MENTIONS,
    QUERIES,
    STATEMENTS,
    Answers,
    Citations,
    Clusters,
    Coverage,
    Disagreements,
    Gaps,
    Mentions,
    Outlines,
    Pages,
    Passages,
    Queries,
    Statements,
)

_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s")
_ENGLISH = frozenset(
    {"the", "of", "and", "to", "a", "in", "is", "for", "that", "with", "on", "it", "as", "are", "be", "at", "this"}
    | {"by", "you", "or", "from", "an", "not", "your", "we", "our", "if", "can", "which", "its", "has", "have", "will"}
    | {"when"}
)
_ENGLISH_SHARE, _FEWEST_WORDS = 0.18, 25
_UNSPACED = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\u0e00-\u0e7f]")

Kind = Literal["text", "lead", "list", "table", "code"]


class Paragraph(NamedTuple):
    """One paragraph of a section: its kind and words."""

    kind: Kind
    text: str


class Part(NamedTuple):
    """One section: its headings, level and paragraphs in order; level 0 for words before the first heading."""

    path: str
    heading: str
    level: int
    paragraphs: tuple[Paragraph, ...]

    @property
    def n_words(self) -> int:
        """Words of all its paragraphs but code."""
        return sum(len(one.text.split()) for one in self.paragraphs if one.kind != "code")

    @property
    def sentences(self) -> list[str]:
        """The sentences of its running text."""
        return [one for paragraph in self.paragraphs if paragraph.kind == "text" for one in split_sentences(paragraph.text)]


@dataclass(frozen=True)
class SiteTables:
    """What an audit reads: the own site's tables, and those of a log where there is one.

    Args:
        own_site: the own site's name.
        pages: pages of the own site, and of others, which are passed over.
        passages: their passages.
        outlines: what their markup tells (`outline_pages`).
        names: the brand's names.
        this_year: year of the log's last question; 0 where it is not known, so that no year is stale.
        statements, disagreements: what is told of the brand, and in more than one way.
        gaps, queries, coverage, clusters: what is asked, and how far it is covered.
        answers, citations, mentions: the logged answers.
    """

    own_site: str
    pages: Pages
    passages: Passages
    outlines: Outlines
    names: tuple[str, ...] = ()
    this_year: int = 0
    statements: Statements = field(default_factory=STATEMENTS.empty)
    disagreements: Disagreements = field(default_factory=DISAGREEMENTS.empty)
    gaps: Gaps = field(default_factory=GAPS.empty)
    queries: Queries = field(default_factory=QUERIES.empty)
    coverage: Coverage = field(default_factory=COVERAGE.empty)
    clusters: Clusters = field(default_factory=CLUSTERS.empty)
    answers: Answers = field(default_factory=ANSWERS.empty)
    citations: Citations = field(default_factory=CITATIONS.empty)
    mentions: Mentions = field(default_factory=MENTIONS.empty)


@dataclass(frozen=True)
class PageView:
    """One page as checks see it."""

    page_id: str
    url: str
    status: str
    title: str
    language: str
    text: str
    has_source: bool
    outline: pd.DataFrame
    passages: pd.DataFrame

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The page's sections in order, those without words too."""
        return tuple(_part(section) for section in read_sections(self.text, self.title))

    @cached_property
    def n_words(self) -> int:
        """Words of the main content, headings and code left out."""
        return sum(part.n_words for part in self.parts)

    @cached_property
    def is_spaced(self) -> bool:
        """Whether its script puts spaces between words, so that they can be counted."""
        return len(_UNSPACED.findall(self.text)) < 0.1 * max(1, len(self.text))

    @cached_property
    def read_as(self) -> str:
        """Its language: 'en' where it says so, or says nothing, and its words are English; else what it says."""
        said = self.language[:2].lower()
        words = re.findall(r"[^\W\d_]+", self.text.lower())
        share = sum(word in _ENGLISH for word in words) / max(1, len(words))
        is_english = share >= _ENGLISH_SHARE or (said == "en" and len(words) < _FEWEST_WORDS)
        return "en" if is_english and said in ("", "en") else said if said != "en" else ""

    def told(self, *kinds: str) -> pd.DataFrame:
        """Return the rows of the outline of these kinds."""
        return self.outline[self.outline["kind"].isin(kinds)]

    def values(self, *kinds: str) -> list[str]:
        """Return what the outline tells of these kinds."""
        return [str(value) for value in self.told(*kinds)["value"]]

    def texts(self) -> Iterator[tuple[Part, Paragraph]]:
        """Yield each paragraph of running text with its section."""
        for part in self.parts:
            yield from ((part, one) for one in part.paragraphs if one.kind == "text")

    def passage_of(self, words: str, path: str = "") -> str | None:
        """Return the passage that holds these words, one under this heading path before others; None where none does."""
        holds = [words in str(text) for text in self.passages["text"]]
        found = self.passages[holds]
        under = found[found["heading_path"] == path]
        best = under if len(under) else found
        return str(best["passage_id"].iloc[0]) if len(best) else None

    def first_passage(self, path: str) -> str | None:
        """Return the first passage under a heading path, None where there is none."""
        found = self.passages[self.passages["heading_path"] == path]
        return str(found["passage_id"].iloc[0]) if len(found) else None


@dataclass(frozen=True, eq=False)
class SiteView:
    """The site as checks see it: its tables and pages. One is equal to itself alone, so that findings on it can be kept."""

    tables: SiteTables
    pages: tuple[PageView, ...]

    @cached_property
    def home(self) -> str:
        """Id of the page at which findings of the whole site stand: the one nearest to its root."""
        return min((page.page_id for page in self.pages), key=lambda name: (name.count("/"), len(name), name), default="")

    @cached_property
    def has_log(self) -> bool:
        """Whether coverage is known."""
        return len(self.tables.coverage) > 0


def view_site(site: SiteTables) -> SiteView:
    """Return the own site as checks see it: its readable pages, and those without text whose source is stored."""
    own = site.pages[(site.pages["site"] == site.own_site) & site.pages["status"].isin(["ok", "no text"])]
    outlines = {str(name): rows for name, rows in site.outlines.groupby("page_id")}
    passages = {str(name): rows for name, rows in site.passages.groupby("page_id")}
    nothing = site.outlines.iloc[:0], site.passages.iloc[:0]
    views = [_view(page, outlines, passages, nothing) for page in own.to_dict("records")]
    return SiteView(site, tuple(views))


def _view(
    page: Mapping[Any, Any],
    outlines: Mapping[str, pd.DataFrame],
    passages: Mapping[str, pd.DataFrame],
    nothing: tuple[pd.DataFrame, pd.DataFrame],
) -> PageView:
    name = str(page["page_id"])
    texts = {key: page[key] if isinstance(page[key], str) else "" for key in ("title", "language", "text", "html_path")}
    return PageView(
        *(name, str(page["url"]), str(page["status"]), texts["title"], texts["language"], texts["text"]),
        has_source=bool(texts["html_path"]),
        outline=outlines.get(name, nothing[0]),
        passages=passages.get(name, nothing[1]),
    )


def _part(section: Section) -> Part:
    found = [one for text, is_code in section.paragraphs if text.strip() for one in _paragraphs(text, is_code)]
    return Part(section.path, section.heading, section.level, tuple(found))


def _paragraphs(text: str, is_code: bool) -> Iterator[Paragraph]:
    """Yield what one run of lines is: code, a list, a table, or text with the terms or captions that lead to it."""
    lines = [line for line in text.split("\n") if line.strip()]
    if is_code:
        yield Paragraph("code", text)
    elif all(map(_ITEM.match, lines)):
        yield Paragraph("list", text)
    elif all(" | " in line for line in lines) and (len(lines) > 1 or text.count(" | ") > 1):
        yield Paragraph("table", text)
    else:
        yield from (Paragraph("lead", line) for line in lines[:-1])
        last = lines[-1]
        yield Paragraph("list" if _ITEM.match(last) else "table" if " | " in last and len(lines) > 1 else "text", last)
