"""The words that stages share as values of tables.

Each word is written only here, so that mypy finds misspelt words. report/wording.py has a title and
a sentence for each word; tests check that none is missing.
"""

import re
from typing import Literal, get_args

Cause = Literal[
    "missing",
    "mis-worded",
    "not fetched",
    "not retrieved",
    "retrieved but not cited",
    "not cited",
    "cited but not mentioned",
    "unwinnable",
    "out of scope",
    "not logged",
    "covered",
]
COVERED: Cause = "covered"
MISSING: Cause = "missing"
MIS_WORDED: Cause = "mis-worded"
# The site answers, and the log holds no citations that could say whether answers use it.
NOT_LOGGED: Cause = "not logged"
# The words of your pages are missing or do not match: new words can close the gap.
CONTENT_CAUSES: tuple[Cause, ...] = (MISSING, MIS_WORDED)
# The answer is on the site, but engines do not find, cite or name it.
VISIBILITY_CAUSES: tuple[Cause, ...] = (
    "not fetched",
    "not retrieved",
    "retrieved but not cited",
    "not cited",
    "cited but not mentioned",
)
# No edit of your own pages can close the gap.
LOST_CAUSES: tuple[Cause, ...] = ("unwinnable", "out of scope")

# The list in which a reader sees a topic.
Listing = Literal["to close", "unseen", "covered", "out of reach", "dismissed"]
TO_CLOSE: Listing = "to close"
UNSEEN: Listing = "unseen"
ANSWERED: Listing = "covered"
OUT_OF_REACH: Listing = "out of reach"
DISMISSED: Listing = "dismissed"
# What table `gaps` says of a gap that a planned edit serves; of others it says why not.
PLANNED = "planned"
# The list of a topic by its cause, where nobody dismissed it.
LISTING_OF_CAUSE: dict[str, Listing] = {
    **dict.fromkeys(CONTENT_CAUSES, TO_CLOSE),
    **dict.fromkeys(VISIBILITY_CAUSES, UNSEEN),
    **dict.fromkeys((COVERED, NOT_LOGGED), ANSWERED),
    **dict.fromkeys(LOST_CAUSES, OUT_OF_REACH),
}
# Whether your site lacks the answer, by the interval of a gap's severity.
Likelihood = Literal["likely", "possible", "unlikely"]
LIKELY: Likelihood = "likely"
# What became of a gap since the run before.
GapStatus = Literal["new", "open", "shrinking", "closed", "reopened", "dismissed"]

Operation = Literal[
    "retitle_page",
    "reword_heading",
    "answer_first",
    "reword_passage",
    "split_section",
    "merge_sections",
    "extend_passage",
    "add_question_and_answer",
    "add_page",
    "refresh_fact",
    "add_source",
    "repair",
    "state_fact",
    "no_edit",
]
REPAIR: Operation = "repair"
STATE_FACT: Operation = "state_fact"
NO_EDIT: Operation = "no_edit"

Action = Literal[
    "replace_title",
    "replace_heading",
    "replace_passage",
    "insert_section",
    "remove_section",
    "add_page",
    "by_hand",
]

Measure = Literal[
    "citation_rate",
    "citation_share",
    "mention_rate",
    "share_of_voice",
    "position_adjusted_word_count",
    "retrieved_not_cited_rate",
]
# The order in which measures are listed.
MEASURES: tuple[Measure, ...] = get_args(Measure)
# Measures that count the names of brands in the words of answers.
NAME_MEASURES: tuple[Measure, ...] = ("mention_rate", "share_of_voice")

# What a text says of a claim; "not assessed" where words alone cannot decide.
Verdict = Literal["supported", "unsupported", "contradicted", "not assessed"]
WRONG_VERDICTS: tuple[Verdict, ...] = ("unsupported", "contradicted")
NOT_ASSESSED: Verdict = "not assessed"

# Where an answer was read; logs may name further surfaces. Surfaces are never pooled.
Surface = Literal["api", "scrape", "app", "unknown"]
UNKNOWN_SURFACE: Surface = "unknown"

# Who put a question: a person to an engine or a search box, a person to a bot of yours, a software
# agent, an engine that rewrote a person's question as a search, a program such as a rank tracker,
# or a model that made it up. The order is that in which the origins of one question count.
Origin = Literal["person", "own bot", "agent", "rewrite", "machine", "generated"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)
# Whether the times asked were counted, or somebody estimated them.
DemandKind = Literal["measured", "estimated"]
MEASURED: DemandKind = "measured"
ESTIMATED: DemandKind = "estimated"

# Opens the status of a page that repeats another one; the other's URL follows.
DUPLICATE_OF = "duplicate of "
# What a site's source may hold besides its pages, each with its plural.
UNREAD_KINDS = {
    "file": "files",
    "folder": "folders",
    "address": "addresses",
    "sitemap": "sitemaps",
    "host": "hosts",
    "item": "items",
    "part": "parts of pages",
}

# What an editor fills in: these open a slot in a draft. Facts and sources come from others; words
# are the writer's own, such as a heading.
FACT_SLOT = "[FACT NEEDED:"
SOURCE_SLOT = "[SOURCE NEEDED:"
WORDS_SLOT = "[WORDS NEEDED:"


def name_series(engine: str, surface: str) -> str:
    """Return the name of an engine on a surface.

    >>> name_series("chatgpt", "api"), name_series("chatgpt", "unknown")
    ('chatgpt (api)', 'chatgpt')
    """
    return engine if surface == UNKNOWN_SURFACE else f"{engine} ({surface})"


Choice = Literal["answered", "partly", "not answered", "not our subject"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
# How far the site answers a question that somebody checked, 0-1.
CHOICE_VALUES: dict[Choice, float] = {
    "answered": 1.0,
    "partly": 0.5,
    "not answered": 0.0,
    "not our subject": 0.0,
}
# Who checked, where it was no model.
PERSON = "person"
# What separates the words of a choice, however they are written.
_NO_WORD = re.compile(r"[\W_]+")


def parse_choice(text: str) -> Choice | None:
    """Return the choice that a cell holds; None for an empty cell. Raises ValueError for others.

    >>> parse_choice(" Not_answered "), parse_choice("4"), parse_choice("")
    ('not answered', 'not our subject', None)
    """
    words = _NO_WORD.sub(" ", text.casefold()).strip()
    if not words:
        return None
    # A spreadsheet may turn 1 into 1.0 or 1,0.
    number = words.removesuffix(" 0")
    by_text: dict[str, Choice] = {choice: choice for choice in CHOICES}
    by_text |= {str(number): choice for number, choice in enumerate(CHOICES, 1)}
    if number not in by_text:
        raise ValueError(text)
    return by_text[number]
