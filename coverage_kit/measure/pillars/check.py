"""What a check is: what it examines, how strongly research supports it, and what it returns."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from coverage_kit.measure.pillars.site import PageView, SiteView

Pillar = Literal["relevance", "authority", "clarity", "freshness"]
# How far research finds that what a check looks at moves being cited (docs/method.md).
Weight = Literal["strong", "moderate", "weak"]
# A quotation in straight or curly quotes, of at most 400 characters.
_QUOTED = re.compile(r"\"[^\"]{1,400}\"|\u201c[^\u201d]{1,400}\u201d")
# Places of a finding that is not in a section.
HEAD = "page head"
WHOLE = "whole page"
SITE = "whole site"


class Fault(NamedTuple):
    """A place that failed: where it is, what is there, why that is weak, and what to do.

    `evidence` holds the words or figures of the place. `before` are exact words of the place that
    `after` would replace; they are words of its heading if `is_of_heading` is set. `n_words` are
    the words to add or change, `n_claims` the claims that need a source or a check.
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
    """The result of a check on a page: how many places it examined, and those that failed."""

    n_examined: int
    faults: tuple[Fault, ...] = ()


class NotAssessed(NamedTuple):
    """Why a page cannot be checked: another language, no log, no stored source."""

    reason: str


# None: there is nothing on the page that the check examines.
Outcome = Checked | NotAssessed | None


@dataclass(frozen=True)
class Check:
    """A check.

    `weight` says how strongly research links what it checks to being cited. `languages` are those
    that it can read; if there are none, it reads any. A check of the whole site is made once, and
    listed under the site's home page. A check that uses citations itself (`is_from_citations`)
    cannot be compared with them.
    """

    name: str
    pillar: Pillar
    title: str
    weight: Weight
    look: Callable[[PageView, SiteView], Outcome]
    languages: tuple[str, ...] = ()
    is_of_site: bool = False
    is_from_citations: bool = False


def quote(words: str, limit: int = 160) -> str:
    """Return words on one line, cut after a word if there are many.

    >>> quote("One two  three", 9)
    'One two …'
    """
    line = " ".join(words.split())
    return line if len(line) <= limit else f"{line[:limit].rsplit(' ', 1)[0]} …"


def unquoted(sentence: str) -> str:
    """Return a sentence without quotations, which are the words of others.

    >>> unquoted('They call it "the best" there.')
    'They call it  there.'
    """
    return _QUOTED.sub("", sentence)
