"""Which edits of a run stand on the site that a later run read: what each page has now and had not, and the other way round."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Annotated, Any

import pandas as pd

from coverage_kit.errors import RunError
from coverage_kit.tables import Changes, Column, Passages, Schema, checked
from coverage_kit.tasks.diffs import (
    PageDiff,
    SiteDiff,
    alike,
    content_words,
    plain,
)

# An editor who keeps a draft's facts keeps half of its words or more; sections of one page of the
# sample site share 9% on average, and one pair in 170 shares this much.
LEAST_WORDS = 0.4
# A draft of a few words is met by chance: under twelve words the share above is not enough.
FEWEST_WORDS = 5
# Dice overlap of content words from which one heading stands for another: two of three words in
# common.
LEAST_HEADING = 0.6
# A section's words may come back elsewhere on its page, so not all of them need be gone.
LEAST_GONE = 0.6
# An edit of several changes counts when those that hold this share of its words were made.
LEAST_CHANGES = 0.5

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
            "share of the proposed words found among the page's new words (of words to take away, among the gone), 0-1",
        ),
        Column("is_published", "flag", "whether it counts as published"),
        Column("how", "text", "what was found, or what is missing, in words"),
    ),
)
Published = Annotated[pd.DataFrame, PUBLISHED]

_INSERTS = ("insert_section", "replace_passage", "add_page")
_HEADINGS = ("replace_heading", "replace_title")
_HEADING_LINE = re.compile(r"^#{1,6}\s+(.*?)[\s#]*$", re.M)

Place = tuple[tuple[str, str], ...]


@checked
def find_published(
    changes: Changes,
    before: Passages,
    after: Passages,
    named: Collection[str] = (),
) -> Published:
    """Return one row for each edit that has changes, in their order: whether it was published, and how that shows.

    A page is compared by its passages' words. Words that it has now and had not are credited to an
    edit once: on each page the change that is found with most words beyond the least takes them
    first, so that the short and the full variant of one edit are not both called published. Words
    are asked for under one heading, a new page's on any page that is new. A heading or title counts
    when one like it is new and the old one is gone; a section's removal when its words are.

    Args:
        changes: changes of the edits of the run before.
        before: passages of the own site in the run before.
        after: the same in the later run; a page that moved to another address is known by its
            words.
        named: ids of the edits that were published; then nothing else counts.

    Raises RunError when an edit is named that has no change.
    """
    _check_named(named, changes)
    wanted = [
        _PublishedChange(place, **_fields(row))
        for place, row in enumerate(changes.to_dict("records"))
    ]
    site = SiteDiff(before, after)
    groups: defaultdict[str | None, list[_PublishedChange]] = defaultdict(list)
    for change in wanted:
        groups[None if change.action == "add_page" else change.page_id].append(change)
    findings: dict[int, _Evidence] = {}
    for page_id, group in groups.items():
        findings |= _find_on(site.new_pages() if page_id is None else site.page(page_id), group)
    edits: dict[str, list[tuple[_PublishedChange, _Evidence]]] = {}
    for change in wanted:
        edits.setdefault(change.edit_id, []).append((change, findings[change.number]))
    return PUBLISHED.table([_edit_row(edit_id, found, named) for edit_id, found in edits.items()])


def _check_named(named: Collection[str], changes: Changes) -> None:
    known = set(changes["edit_id"])
    strange = sorted(set(named) - known)
    if strange:
        some = ", ".join(sorted(known)[:3]) or "none"
        raise RunError(
            "published",
            f"edits of the run before that change something, such as {some}",
            strange[0],
            "See its edits.",
        )


def _fields(row: Mapping[Any, Any]) -> dict[str, str]:
    names = ("edit_id", "action", "page_id", "heading_path", "before", "after")
    return {name: value if isinstance(value := row[name], str) else "" for name in names}


@dataclass(frozen=True)
class _PublishedChange:
    """One change that an edit makes."""

    number: int
    edit_id: str
    action: str
    page_id: str
    heading_path: str
    before: str
    after: str

    @cached_property
    def words(self) -> Counter[str]:
        """Words that the change adds; that it takes away, where it adds none."""
        if self.action in _HEADINGS:
            return content_words(self.after)
        return content_words(self.after) - content_words(self.before) if self.adds else self.taken

    @cached_property
    def taken(self) -> Counter[str]:
        return content_words(self.before) - content_words(self.after)

    @cached_property
    def adds(self) -> bool:
        return self.action in _INSERTS and bool(
            content_words(self.after) - content_words(self.before) or not self.taken
        )

    @cached_property
    def headings(self) -> list[str]:
        """Headings in the proposed Markdown; of a page without one its title."""
        found: list[str] = _HEADING_LINE.findall(self.after)
        return found or ([self.heading_path] if self.action == "add_page" else [])

    @property
    def needed(self) -> float:
        return max(LEAST_WORDS * self.words.total(), FEWEST_WORDS)


@dataclass(frozen=True)
class _Evidence:
    """What was found of one change."""

    page_id: str
    n_found: int
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

    def places(self, change: _PublishedChange) -> list[Place]:
        """Return where a change could stand: each section, or all of a page where it has several headings."""
        if change.action != "add_page" and len(change.headings) < 2:
            return [(section,) for section in self.left]
        return [
            tuple(section for section in self.left if section[0] == page_id)
            for page_id in self.pages
        ]

    def overlap(self, change: _PublishedChange, place: Place) -> int:
        return (self._words(place) & change.words).total()

    def credit(self, change: _PublishedChange, place: Place) -> int:
        """Take the change's words out of the place; return how many there were."""
        wanted = self._words(place) & change.words
        n_found = wanted.total()
        for section in place:
            taken = self.left[section] & wanted
            self.left[section], wanted = (
                self.left[section] - taken,
                wanted - taken,
            )
            if taken:
                self.owners.setdefault(section, change.edit_id)
        return n_found

    def nearest(self, change: _PublishedChange) -> tuple[int, Place]:
        """Return how many of the change's words its best place held before anything was credited, and the place."""
        return max(
            ((self._held(change, place), place) for place in self.places(change)),
            default=(0, ()),
        )

    def headed(self, change: _PublishedChange) -> Place:
        """Return a section under a new heading like the change's own (of a page its title) that is nobody else's, if any."""
        step = 0 if change.action == "add_page" else -1
        for section in self.left:
            heading = section[1].split(" > ")[step]
            is_free = (
                section not in self.owners and plain(heading) in self.pages[section[0]].new_headings
            )
            if is_free and any(alike(own, heading) >= LEAST_HEADING for own in change.headings[:1]):
                return (section,)
        return ()

    def _held(self, change: _PublishedChange, place: Place) -> int:
        held = sum(
            (self.pages[page_id].sections[path] for page_id, path in place),
            Counter[str](),
        )
        return (held & change.words).total()

    def _words(self, place: Place) -> Counter[str]:
        return sum((self.left[section] for section in place), Counter[str]())


def _find_on(
    pages: Sequence[PageDiff], changes: Sequence[_PublishedChange]
) -> dict[int, _Evidence]:
    """Return by number what was found of the changes meant for one page, or of new pages on any page that is new."""
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
    rest = [change for change in changes if not change.adds and change.action not in _HEADINGS]
    found = _find_words(inserts, _EvidenceLedger(pages)) | _find_headings(headings, pages[0])
    return found | {change.number: _find_gone(change, pages[0]) for change in rest}


def _target(change: _PublishedChange) -> str:
    return "a new page" if change.action == "add_page" else "its page"


def _find_words(
    changes: Sequence[_PublishedChange], ledger: _EvidenceLedger
) -> dict[int, _Evidence]:
    found: dict[int, _Evidence] = {}
    waiting = list(changes)
    while waiting:
        pairs = [
            (ledger.overlap(one, place) - one.needed, -at, place)
            for at, one in enumerate(waiting)
            for place in ledger.places(one)
        ]
        excess, at, place = max(pairs, key=lambda pair: pair[:2], default=(-1.0, 0, ()))
        if excess < 0:
            break
        change = waiting.pop(-at)
        found[change.number] = _by_words(change, place, ledger.credit(change, place))
    for change in sorted(
        waiting,
        key=lambda one: ledger.nearest(one)[0] - one.needed,
        reverse=True,
    ):
        found[change.number] = _by_heading(change, ledger)
    return found


def _by_words(change: _PublishedChange, place: Place, n_found: int) -> _Evidence:
    return _Evidence(
        place[0][0],
        n_found,
        True,
        f"{n_found} of {change.words.total()} proposed words are new on the page",
    )


def _by_heading(change: _PublishedChange, ledger: _EvidenceLedger) -> _Evidence:
    """Return a section that was written anew under the proposed heading, else what comes nearest."""
    headed, (n_found, place) = ledger.headed(change), ledger.nearest(change)
    if headed:
        ledger.owners[headed[0]] = change.edit_id
        return _Evidence(
            headed[0][0],
            n_found,
            True,
            "its heading is new on the page, over other words",
        )
    owner = next(
        (ledger.owners[section] for section in place if section in ledger.owners),
        "",
    )
    if owner and n_found >= change.needed:
        return _Evidence(change.page_id, n_found, False, f"the new words fit {owner} better")
    how = f"{n_found} of {change.words.total()} proposed words are new on {_target(change)}"
    return _Evidence(
        change.page_id,
        n_found,
        False,
        f"{how}; it takes {ceil(change.needed)}, or the heading",
    )


def _find_headings(changes: Sequence[_PublishedChange], page: PageDiff) -> dict[int, _Evidence]:
    """Return what was found of headings and titles; each new one goes to the change whose words are most alike."""
    titles = {page.after.title} if plain(page.after.title) != plain(page.before.title) else set()
    pairs = sorted(
        (
            (alike(one.after, heading), -one.number, heading, one)
            for one in changes
            for heading in _candidates(one, page, titles)
        ),
        key=lambda pair: pair[:3],
        reverse=True,
    )
    found: dict[int, _Evidence] = {}
    taken: set[tuple[str, str]] = set()
    for overlap, _, heading, change in pairs:
        if (
            overlap >= LEAST_HEADING
            and change.number not in found
            and (change.action, heading) not in taken
        ):
            taken.add((change.action, heading))
            n_found = (content_words(heading) & change.words).total()
            found[change.number] = _Evidence(
                page.page_id,
                n_found,
                True,
                f"“{heading}” stands in place of the old heading",
            )
    missing = (change for change in changes if change.number not in found)
    return found | {change.number: _no_heading(change, page) for change in missing}


def _candidates(change: _PublishedChange, page: PageDiff, titles: set[str]) -> set[str]:
    if change.action == "replace_title":
        return titles
    return (
        page.new_headings
        if not change.before or plain(change.before) in page.gone_headings
        else set()
    )


def _no_heading(change: _PublishedChange, page: PageDiff) -> _Evidence:
    is_kept = change.action == "replace_heading" and plain(change.before) in page.after.headings
    return _Evidence(
        page.page_id,
        0,
        False,
        "the old heading is still there" if is_kept else "no new heading like it",
    )


def _find_gone(change: _PublishedChange, page: PageDiff) -> _Evidence:
    n_words = change.taken.total()
    n_gone = (page.gone & change.taken).total()
    is_there = n_words > 0 and n_gone >= LEAST_GONE * n_words
    return _Evidence(
        page.page_id,
        n_gone,
        is_there,
        f"{n_gone} of {n_words} words to take away are gone",
    )


def _edit_row(
    edit_id: str,
    found: list[tuple[_PublishedChange, _Evidence]],
    named: Collection[str],
) -> dict[str, object]:
    n_words = sum(change.words.total() for change, _ in found)
    weights = [max(change.words.total(), 1) for change, _ in found]
    made = sum(
        weight for weight, (_, finding) in zip(weights, found, strict=True) if finding.is_there
    )
    hows = dict.fromkeys(finding.how for _, finding in found)
    is_published = edit_id in named if named else made >= LEAST_CHANGES * sum(weights)
    return {
        "edit_id": edit_id,
        "page_id": next(
            (finding.page_id for _, finding in found if finding.is_there),
            found[0][0].page_id,
        ),
        "word_overlap": min(1.0, sum(finding.n_found for _, finding in found) / max(n_words, 1)),
        "is_published": is_published,
        "how": "; ".join(
            [
                *(
                    ["named by the caller" if is_published else "not named by the caller"]
                    if named
                    else []
                ),
                *hows,
            ]
        ),
    }
