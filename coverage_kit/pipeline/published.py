"""Detect which edits of a run were published: what the site's pages gained and lost since."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Annotated, Any

import pandas as pd

from coverage_kit.errors import RunError
from coverage_kit.pipeline.page_diffs import (
    PageDiff,
    SiteDiff,
    content_words,
    heading_similarity,
    plain,
)
from coverage_kit.tables import Changes, Column, Passages, Schema, checked

# An editor who keeps a draft's facts keeps half of its words or more. Sections of a page of the
# sample site share 9% on average, and one pair in 170 shares this much (measured).
MIN_WORD_SHARE = 0.4
# A draft of a few words is matched by chance: under twelve words the share above is not enough.
MIN_WORDS = 5
# Dice overlap of content words from which a heading stands for another heading: two of three words
# in common (assumed).
MIN_HEADING_SIMILARITY = 0.6
# A section's words may come back in another section of its page, so not all of them need be gone
# (assumed).
MIN_GONE = 0.6
# An edit of several changes counts when changes that hold this share of its words were made
# (assumed).
MIN_CHANGES = 0.5

PUBLISHED = Schema(
    "published",
    "one edit of a run, and whether a later run found it on the site",
    ("edit_id",),
    (
        Column("edit_id", "text", "id of the edit"),
        Column(
            "page_id",
            "text",
            "page on which it was found, else the page it was meant for",
        ),
        Column(
            "word_overlap",
            "number",
            "share of the proposed words found among the page's new words "
            "(of words to take away, among the gone), 0-1",
        ),
        Column("is_published", "flag", "whether it counts as published"),
        Column("how", "text", "what was found, or what is missing, in words"),
    ),
)
Published = Annotated[pd.DataFrame, PUBLISHED]

# Actions that add words.
_INSERTS = ("insert_section", "replace_passage", "add_page")
# Actions that replace a heading or the title.
_HEADINGS = ("replace_heading", "replace_title")
# A Markdown heading, without closing marks: "## How far does it go? ##".
_HEADING_LINE = re.compile(r"^#{1,6}\s+(.*?)[\s#]*$", re.M)

# Sections of pages, each a page_id and a heading path, in which a change may be.
Sections = tuple[tuple[str, str], ...]


@checked
def find_published(
    changes: Changes,
    before: Passages,
    after: Passages,
    published_ids: Collection[str] = (),
) -> Published:
    """Return a row for each edit that has changes: whether it was published, and how that shows.

    A page is compared by its passages' words. Words that are new on it are credited to an edit
    once: on each page, the change with the most words beyond its minimum takes them first, so that
    the short and the full variant of an edit do not both count as published. The words must be
    under one heading; those of a new page may be on any page that is new. A heading or title counts
    when a similar heading is new and the old heading is gone, a removal when its words are gone.

    Args:
        changes: changes of the edits of the run before.
        before: passages of the site in the run before.
        after: the same in the later run; a page that moved to another address is matched by its
            words.
        published_ids: ids of the edits that were published; then nothing else counts.

    Raises RunError when a published edit has no change.
    """
    _check_ids(published_ids, changes)
    proposed = [
        _PublishedChange(number, **_fields(row))
        for number, row in enumerate(changes.to_dict("records"))
    ]
    site = SiteDiff(before, after)
    groups: defaultdict[str | None, list[_PublishedChange]] = defaultdict(list)
    for change in proposed:
        groups[None if change.action == "add_page" else change.page_id].append(change)
    findings: dict[int, _Evidence] = {}
    for page_id, group in groups.items():
        findings |= _find_on(site.new_pages() if page_id is None else site.page(page_id), group)
    edits: dict[str, list[tuple[_PublishedChange, _Evidence]]] = {}
    for change in proposed:
        edits.setdefault(change.edit_id, []).append((change, findings[change.number]))
    return PUBLISHED.table(
        [_edit_row(edit_id, evidence, published_ids) for edit_id, evidence in edits.items()]
    )


def _check_ids(published_ids: Collection[str], changes: Changes) -> None:
    edit_ids = set(changes["edit_id"])
    unknown = sorted(set(published_ids) - edit_ids)
    if unknown:
        examples = ", ".join(sorted(edit_ids)[:3]) or "none"
        raise RunError(
            "published",
            f"edits of the run before that change something, such as {examples}",
            unknown[0],
            "See its edits.",
        )


def _fields(row: Mapping[Any, Any]) -> dict[str, str]:
    names = ("edit_id", "action", "page_id", "heading_path", "before", "after")
    return {name: value if isinstance(value := row[name], str) else "" for name in names}


@dataclass(frozen=True)
class _PublishedChange:
    """A change that an edit makes."""

    number: int
    edit_id: str
    action: str
    page_id: str
    heading_path: str
    before: str
    after: str

    @cached_property
    def words(self) -> Counter[str]:
        """Words that the change adds; words that it removes, where it adds none."""
        if self.action in _HEADINGS:
            return content_words(self.after)
        return content_words(self.after) - content_words(self.before) if self.adds else self.removed

    @cached_property
    def removed(self) -> Counter[str]:
        return content_words(self.before) - content_words(self.after)

    @cached_property
    def adds(self) -> bool:
        return self.action in _INSERTS and bool(
            content_words(self.after) - content_words(self.before) or not self.removed
        )

    @cached_property
    def headings(self) -> list[str]:
        """Headings in the proposed Markdown; of a page without one its title."""
        headings: list[str] = _HEADING_LINE.findall(self.after)
        return headings or ([self.heading_path] if self.action == "add_page" else [])

    @property
    def min_words(self) -> float:
        return max(MIN_WORD_SHARE * self.words.total(), MIN_WORDS)


@dataclass(frozen=True)
class _Evidence:
    """What a page shows of a change: how many of its words, and whether it was made."""

    page_id: str
    n_words: int
    is_there: bool
    how: str


class _EvidenceLedger:
    """New words of pages, each credited to one change once."""

    def __init__(self, pages: Sequence[PageDiff]) -> None:
        self.pages = {page.page_id: page for page in pages}
        self.left = {
            (page.page_id, path): words.copy()
            for page in pages
            for path, words in page.sections.items()
        }
        self.owners: dict[tuple[str, str], str] = {}

    def places(self, change: _PublishedChange) -> list[Sections]:
        """Return where a change could be: each section, or a complete page for several headings."""
        if change.action != "add_page" and len(change.headings) < 2:
            return [(section,) for section in self.left]
        return [
            tuple(section for section in self.left if section[0] == page_id)
            for page_id in self.pages
        ]

    def overlap(self, change: _PublishedChange, sections: Sections) -> int:
        return (self._words(sections) & change.words).total()

    def credit(self, change: _PublishedChange, sections: Sections) -> int:
        """Take the change's words out of the sections; return how many there were."""
        words = self._words(sections) & change.words
        n_words = words.total()
        for section in sections:
            credited = self.left[section] & words
            self.left[section] = self.left[section] - credited
            words = words - credited
            if credited:
                self.owners.setdefault(section, change.edit_id)
        return n_words

    def nearest(self, change: _PublishedChange) -> tuple[int, Sections]:
        """Return the sections with most of the change's words, and how many, before any credit."""
        return max(
            ((self._n_new(change, sections), sections) for sections in self.places(change)),
            default=(0, ()),
        )

    def headed(self, change: _PublishedChange) -> Sections:
        """Return a section under a new heading like the change's own, if any.

        For a page, its title counts. The section must not belong to another edit.
        """
        step = 0 if change.action == "add_page" else -1
        for section in self.left:
            heading = section[1].split(" > ")[step]
            is_free = (
                section not in self.owners and plain(heading) in self.pages[section[0]].new_headings
            )
            if is_free and any(
                heading_similarity(own, heading) >= MIN_HEADING_SIMILARITY
                for own in change.headings[:1]
            ):
                return (section,)
        return ()

    def _n_new(self, change: _PublishedChange, sections: Sections) -> int:
        new_words = sum(
            (self.pages[page_id].sections[path] for page_id, path in sections),
            Counter[str](),
        )
        return (new_words & change.words).total()

    def _words(self, sections: Sections) -> Counter[str]:
        return sum((self.left[section] for section in sections), Counter[str]())


def _find_on(
    pages: Sequence[PageDiff], changes: Sequence[_PublishedChange]
) -> dict[int, _Evidence]:
    """Return by number the evidence of changes to a page, or of new pages on any new page."""
    if not pages:
        return {
            change.number: _Evidence(
                change.page_id,
                0,
                False,
                f"{_target(change)} is not in the later run",
            )
            for change in changes
        }
    inserts = [change for change in changes if change.adds]
    headings = [change for change in changes if change.action in _HEADINGS]
    removals = [change for change in changes if not change.adds and change.action not in _HEADINGS]
    evidence = _find_words(inserts, _EvidenceLedger(pages)) | _find_headings(headings, pages[0])
    return evidence | {change.number: _find_gone(change, pages[0]) for change in removals}


def _target(change: _PublishedChange) -> str:
    return "a new page" if change.action == "add_page" else "its page"


def _find_words(
    changes: Sequence[_PublishedChange], ledger: _EvidenceLedger
) -> dict[int, _Evidence]:
    """Return the evidence of changes that add words: the clearest match is credited first."""
    evidence: dict[int, _Evidence] = {}
    waiting = list(changes)
    while waiting:
        # of changes with the same excess the first wins, hence the negative index
        matches = [
            (ledger.overlap(change, sections) - change.min_words, -index, sections)
            for index, change in enumerate(waiting)
            for sections in ledger.places(change)
        ]
        excess, negative_index, sections = max(
            matches, key=lambda match: match[:2], default=(-1.0, 0, ())
        )
        if excess < 0:
            break
        change = waiting.pop(-negative_index)
        evidence[change.number] = _by_words(change, sections, ledger.credit(change, sections))
    for change in sorted(
        waiting,
        key=lambda change: ledger.nearest(change)[0] - change.min_words,
        reverse=True,
    ):
        evidence[change.number] = _by_heading(change, ledger)
    return evidence


def _by_words(change: _PublishedChange, sections: Sections, n_words: int) -> _Evidence:
    return _Evidence(
        sections[0][0],
        n_words,
        True,
        f"{n_words} of {change.words.total()} proposed words are new on the page",
    )


def _by_heading(change: _PublishedChange, ledger: _EvidenceLedger) -> _Evidence:
    """Return the evidence of a section under the proposed heading, else of the nearest section."""
    headed = ledger.headed(change)
    n_words, nearest = ledger.nearest(change)
    if headed:
        ledger.owners[headed[0]] = change.edit_id
        return _Evidence(
            headed[0][0],
            n_words,
            True,
            "its heading is new on the page, over other words",
        )
    owner = next(
        (ledger.owners[section] for section in nearest if section in ledger.owners),
        "",
    )
    if owner and n_words >= change.min_words:
        return _Evidence(change.page_id, n_words, False, f"the new words fit {owner} better")
    how = f"{n_words} of {change.words.total()} proposed words are new on {_target(change)}"
    return _Evidence(
        change.page_id,
        n_words,
        False,
        f"{how}; it takes {ceil(change.min_words)}, or the heading",
    )


def _find_headings(changes: Sequence[_PublishedChange], page: PageDiff) -> dict[int, _Evidence]:
    """Return the evidence of headings and titles: a new heading goes to the most similar change."""
    titles = {page.after.title} if plain(page.after.title) != plain(page.before.title) else set()
    matches = sorted(
        (
            (heading_similarity(change.after, heading), -change.number, heading, change)
            for change in changes
            for heading in _candidates(change, page, titles)
        ),
        key=lambda match: match[:3],
        reverse=True,
    )
    evidence: dict[int, _Evidence] = {}
    credited: set[tuple[str, str]] = set()
    for similarity, _, heading, change in matches:
        if (
            similarity >= MIN_HEADING_SIMILARITY
            and change.number not in evidence
            and (change.action, heading) not in credited
        ):
            credited.add((change.action, heading))
            n_words = (content_words(heading) & change.words).total()
            evidence[change.number] = _Evidence(
                page.page_id,
                n_words,
                True,
                f"“{heading}” is in place of the old heading",
            )
    missing = (change for change in changes if change.number not in evidence)
    return evidence | {change.number: _no_heading(change, page) for change in missing}


def _candidates(change: _PublishedChange, page: PageDiff, titles: set[str]) -> set[str]:
    if change.action == "replace_title":
        return titles
    return (
        page.new_headings
        if not change.before or plain(change.before) in page.gone_headings
        else set()
    )


def _no_heading(change: _PublishedChange, page: PageDiff) -> _Evidence:
    is_unchanged = (
        change.action == "replace_heading" and plain(change.before) in page.after.headings
    )
    return _Evidence(
        page.page_id,
        0,
        False,
        "the old heading is still there" if is_unchanged else "no new heading like it",
    )


def _find_gone(change: _PublishedChange, page: PageDiff) -> _Evidence:
    n_words = change.removed.total()
    n_gone = (page.gone & change.removed).total()
    is_there = n_words > 0 and n_gone >= MIN_GONE * n_words
    return _Evidence(
        page.page_id,
        n_gone,
        is_there,
        f"{n_gone} of {n_words} words to take away are gone",
    )


def _edit_row(
    edit_id: str,
    findings: list[tuple[_PublishedChange, _Evidence]],
    published_ids: Collection[str],
) -> dict[str, object]:
    n_words = sum(change.words.total() for change, _ in findings)
    n_new_words = sum(evidence.n_words for _, evidence in findings)
    weights = [max(change.words.total(), 1) for change, _ in findings]
    made = sum(
        weight for weight, (_, evidence) in zip(weights, findings, strict=True) if evidence.is_there
    )
    hows = list(dict.fromkeys(evidence.how for _, evidence in findings))
    if published_ids:
        is_published = edit_id in published_ids
        hows.insert(0, "named by the caller" if is_published else "not named by the caller")
    else:
        is_published = made >= MIN_CHANGES * sum(weights)
    return {
        "edit_id": edit_id,
        "page_id": next(
            (evidence.page_id for _, evidence in findings if evidence.is_there),
            findings[0][0].page_id,
        ),
        "word_overlap": min(1.0, n_new_words / max(n_words, 1)),
        "is_published": is_published,
        "how": "; ".join(hows),
    }
