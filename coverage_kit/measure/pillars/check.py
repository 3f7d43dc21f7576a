"""What a check is: what it looks at, how much research says it matters, what it found on a page."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from coverage_kit.measure.pillars.site import PageView, SiteView

Pillar = Literal["relevance", "authority", "clarity", "freshness"]
Weight = Literal["strong", "moderate", "weak"]
_QUOTED = re.compile(r"\"[^\"]{1,400}\"|\u201c[^\u201d]{1,400}\u201d")
HEAD = "page head"
WHOLE = "whole page"
SITE = "whole site"


class Fault(NamedTuple):
    """One place that failed: where, the words or figures as they stand there, why that is weak, and what to do.

    `before` are exact words of the place that `after` would replace, those of its heading where
    `is_of_heading` says so; `n_words` are words to add or change, `n_claims` claims that need a
    source or a check.
    """

    place: str
    evidence: str
    reason: str
    remedy: str
    before: str | None = None
    after: str | None = None
    n_words: int = 0
    n_claims: int = 0
    passage_id: str | None = None
    is_of_heading: bool = False


class Checked(NamedTuple):
    """What a check saw of a page: how many places it examined, and those that failed."""

    n_examined: int
    faults: tuple[Fault, ...] = ()


class NotAssessed(NamedTuple):
    """Why a check cannot be told of a page: another language, no log, no stored source."""

    why: str


Outcome = (
    Checked | NotAssessed | None
)  # None: there is nothing on the page for the check to look at


@dataclass(frozen=True)
class Check:
    """One check.

    `weight` says how far research finds that what it checks moves being cited; `languages` those
    that it can read (none named: any). A check of the site is made once, and stands at its home
    page. One that is told by citations cannot be compared with them.
    """

    name: str
    pillar: Pillar
    title: str
    weight: Weight
    look: Callable[[PageView, SiteView], Outcome]
    languages: tuple[str, ...] = ()
    is_of_site: bool = False
    is_told_by_citations: bool = False


def quote(words: str, most: int = 160) -> str:
    """Return words on one line, cut at a word's end where they are many.

    >>> quote("One two  three", 9)
    'One two …'
    """
    line = " ".join(words.split())
    return line if len(line) <= most else f"{line[:most].rsplit(' ', 1)[0]} …"


def unquoted(sentence: str) -> str:
    """Return a sentence without what it quotes: that is said by others.

    >>> unquoted('They call it "the best" there.')
    'They call it  there.'
    """
    return _QUOTED.sub("", sentence)
