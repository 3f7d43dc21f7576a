"""What the reports say: causes, operations and measures in plain words, and how figures are made.

The keys are the words of coverage_kit/vocabulary.py.
"""

import math
from dataclasses import dataclass

from coverage_kit.contracts import ANSWERED_SHARE


@dataclass(frozen=True)
class Wording:
    """A title for a reader, and what to do."""

    title: str
    what_to_do: str


# Titles and remedies by the words of vocabulary.Cause.
CAUSES = {
    "missing": Wording(
        "Not answered on the site",
        "No passage answers these questions. Write the answer: a section on the nearest page, or a "
        "page of its own.",
    ),
    "mis-worded": Wording(
        "Said in other words",
        "A passage says what the answers say, but not in the words of those who ask, who find no "
        "answer. Put their words into its heading and its first sentence.",
    ),
    "not fetched": Wording(
        "Answered, but never fetched",
        "The site answers, but the robots of the engines that cite others have never fetched the "
        "page: your access logs show it. See that robots.txt lets them in, that the sitemap lists "
        "the page, and that other pages link to it.",
    ),
    "not retrieved": Wording(
        "Answered, but not found",
        "The site answers, but the engines' searches do not bring it up. See that engines may read "
        "the page, and that its title and headings name the question.",
    ),
    "retrieved but not cited": Wording(
        "Found, but not cited",
        "Engines read the page and cite others. Put the answer first, complete and with its "
        "evidence.",
    ),
    "not cited": Wording(
        "Answered, but not cited",
        "The site answers, but answers cite others; the log does not say whether it was found. Log "
        "retrieved pages too, and compare with what the cited pages say first.",
    ),
    "cited but not mentioned": Wording(
        "Cited, but not named",
        "Answers link to the site without naming the brand. Name it in the sentence that holds the "
        "answer.",
    ),
    "unwinnable": Wording(
        "Out of an edit's reach",
        "Most answers do not search the web, or they cite third parties only and never find your "
        "site. An edit of your site cannot change that.",
    ),
    "out of scope": Wording(
        "Off the site's subject",
        "These questions name neither your brand nor what your pages are about. Leave them, or "
        "decide on a new subject.",
    ),
    "not logged": Wording(
        "Answered; citations not logged",
        "Your site answers. The log holds no citations, so it does not show whether answers use "
        "your site. Log the cited pages too.",
    ),
    "covered": Wording("Covered", "Nothing to do."),
}

# The lists of topics: titles and remedies by the words of vocabulary.Listing.
LISTINGS = {
    "to close": Wording(
        "Gaps to close",
        "Your site may lack these answers, and an edit can give them. Write what is missing, or "
        "say it in the words of those who ask.",
    ),
    "unseen": Wording(
        "Answered, but not seen",
        "Your site answers these questions. Answers do not find it, do not cite it or do not name "
        "it. New text is not the remedy: see each topic's cause.",
    ),
    "covered": Wording("Covered", "Your site answers these questions, and answers use it."),
    "out of reach": Wording("Out of reach", "No edit of your site can win these questions."),
    "dismissed": Wording("Dismissed", "Somebody took these topics out of the list."),
}
# What a gap's likelihood says, by the words of vocabulary.Likelihood.
LIKELIHOODS = {
    "likely": "your site likely lacks the answer, or the words of those who ask",
    "possible": "your site possibly lacks the answer, or the words of those who ask",
    "unlikely": "your site is unlikely to lack the answer",
}
# Whether times asked were measured, by the words of vocabulary.DemandKind.
DEMAND_KINDS = {"measured": "measured", "estimated": "estimated"}
# Who asks, by the words of vocabulary.Origin: beside times asked, and what that means.
ORIGINS = {
    "person": Wording("by a person", "a person asked an engine or searched"),
    "own bot": Wording("of your bot", "people asked a bot of yours"),
    "agent": Wording("by an agent", "a software agent asked, for a person or by itself"),
    "rewrite": Wording("as a rewrite", "an engine searched so; people used other words"),
    "machine": Wording(
        "by a program", "a program searched so, such as a rank tracker or an engine"
    ),
    "generated": Wording("made up", "a model made the question up; nobody is known to ask it"),
}
# The rule by which rank/gaps.py orders the list; readers can check it.
GAP_ORDER = (
    "Order: first likely, then possible, then unlikely gaps; within each by how often the "
    "questions were asked."
)

# The rule by which rank/plan.py and rank/serve.py order the edits; readers can check it.
EDIT_ORDER = (
    "Order: first the plan, then the other edits. Within each, those that answer most for a minute "
    "of work come first."
)

# Titles by the words of vocabulary.Operation.
OPERATIONS = {
    "retitle_page": "Retitle a page",
    "reword_heading": "Reword a heading",
    "answer_first": "Put the answer first",
    "reword_passage": "Say it in people's words",
    "split_section": "Split a section",
    "merge_sections": "Merge sections",
    "extend_passage": "Extend a passage",
    "add_question_and_answer": "Add a question and its answer",
    "add_page": "Add a page",
    "refresh_fact": "Bring a fact up to date",
    "add_source": "Add a source",
    "repair": "Mend what the audit found",
    "state_fact": "State a fact that answers get wrong",
    "no_edit": "No edit, and why",
}

# What an edit does, by the words of vocabulary.Operation; the topic follows. {place} is the heading
# or page that is changed, {section} is where a new section is put.
EDIT_NAMES = {
    "retitle_page": "New title for {place}",
    "reword_heading": "New heading for {place}",
    "answer_first": "Answer first in {place}",
    "reword_passage": "Plain words in {place}",
    "split_section": "Split of {place}",
    "merge_sections": "Merge with {place}",
    "extend_passage": "More in {place}",
    "add_question_and_answer": "New section on {section}",
    "add_page": "New page",
    "refresh_fact": "Fact to bring up to date in {place}",
    "add_source": "Source for {place}",
    "repair": "Repair of {place}",
    "state_fact": "Fact to state in {place}",
    "no_edit": "No edit",
}
# How the rows of an edit's table come to its gain.
HOW_COUNTED = (
    f"Of those who ask a question that a text is written for, and get no answer today, "
    f"{ANSWERED_SHARE:.0%} get one. Other questions count with what the model reads from the "
    "changed words. A question that loses coverage counts twice."
)

# The same in a sentence, for those who read the plan.
HOW_COUNTED_SHORT = (
    f"It assumes that a new text answers {ANSWERED_SHARE:.0%} of those who get no answer today, as "
    "measured on other sites."
)

# Titles by the words of vocabulary.Action.
ACTIONS = {
    "replace_title": "Replace the title",
    "replace_heading": "Replace the heading",
    "replace_passage": "Replace the passage",
    "insert_section": "Insert a section after",
    "remove_section": "Remove the passage",
    "add_page": "Add the page",
    "by_hand": "Do by hand",
}


@dataclass(frozen=True)
class MeasureWording:
    """A measure's name, its formula (numerator / denominator), and what a log needs for it."""

    title: str
    formula: str
    needs: str = "Name a log of answers under [log] files."


# By the words of vocabulary.Measure; a formula is numerator / denominator.
MEASURE_WORDINGS = {
    "citation_rate": MeasureWording("citation rate", "answers that cite the site / answers"),
    "citation_share": MeasureWording("citation share", "citations of the site / all citations"),
    "mention_rate": MeasureWording(
        "mention rate",
        "answers that name the brand / answers whose words are logged",
        "Log the words of the answers, and list the brand's names under [site] brand.",
    ),
    "share_of_voice": MeasureWording(
        "share of voice",
        "answers that name the brand / mentions of all tracked brands",
        "Log the words of the answers, and list the brands' names under [site] brand and "
        "[[competitors]] brand.",
    ),
    "position_adjusted_word_count": MeasureWording(
        "position-adjusted word count",
        "words that rest on the site's pages / words that rest on any cited page, early ones "
        "weighing more",
        "Log for each citation which words of the answer rest on it.",
    ),
    "retrieved_not_cited_rate": MeasureWording(
        "found but not cited",
        "answers that found the site and do not cite it / answers that found or cite it",
        "Log the pages that the engine found, cited or not.",
    ),
}
# What answers are split by, as a title of the segments.
SPLITS = {
    "all": "all",
    "branded": "prompts that name the brand",
    "cluster": "gap",
    "week": "week of",
    "market": "market",
}
# Figures of too few prompts (docs/method.md, "low n").
LOW_N = "Few prompts: too few, or too few that count, to rely on the rate"
# The groups of a comparison before and after a change.
GROUPS = {"treated": "changed pages", "untreated": "unchanged pages"}
# What each choice of a check means, by the words of vocabulary.Choice.
CHOICE_MEANINGS = {
    "answered": "Your site gives the whole answer.",
    "partly": "Your site gives a part of the answer.",
    "not answered": "Your site should answer it, and does not.",
    "not our subject": "No page of yours should answer it.",
}
# The signs by which an engine shows that it has changed by itself.
SIGNS = {
    "own_citation_rate": "citation rate of the site, for questions whose pages were not changed",
    "searched_rate": "share of answers that searched the web",
    "citations_per_answer": "citations per answer",
    "share_of_new_sites": "share of citations that go to sites not cited before",
    "model": "model that answers",
}
# The verdict on a change that is not clear, as the tables of measure/ hold it.
NO_CHANGE = "no clear change"
# Verdicts on a sign that did not move.
UNMOVED = (NO_CHANGE, "the same")

# The status of a drafted text, which no editor has checked yet.
DRAFT = "draft: facts to be filled and extracts to be checked by an editor"

# How figures are made, a paragraph each, for readers of the page and of the workbook.
METHOD = (
    "Coverage of a question is the calibrated probability that your site answers it. The evidence "
    "is the similarity of the question and of its logged answers to your passages, the words that "
    "they share, and what other sites offer. Evidence becomes a probability by a fit: sections of "
    "your site are hidden, and questions are asked that only they answer.",
    "Questions are grouped into topics, and topics into themes. Severity of a gap is the share of "
    "what is asked that is unanswered: the demand-weighted mean of 1 - coverage, shrunk for small "
    "topics, with a 90% interval. Demand is shown beside it and is never multiplied into it.",
    "Each edit is simulated: the changed passages are encoded again and each question's coverage "
    "is predicted anew. Gain is the rise of coverage, counted in times asked. "
    f"{HOW_COUNTED} Edits are taken by gain per minute, given those above them. "
    "This is about the model, not about any answer engine.",
    "Citation rate = answers that cite the site / answers. Share of voice = answers that name the "
    "brand / mentions of all tracked brands. Engines and surfaces (api, scrape, app) are "
    "never mixed, and questions that name the brand are counted separately. 95% intervals draw "
    "from prompts, as repeats of one prompt are alike. Answers vary from run to run: small "
    "differences are no change.",
    "Before and after: the effect is the change of the changed pages' questions less that of the "
    "unchanged ones (the drift), each question weighing the same. p comes from permutations and is "
    "corrected for the groups tested together. Where a log is too small to show a change, the "
    "verdict is 'no clear change'.",
)


def describe_cause(cause: str) -> Wording:
    """Return a cause's title and remedy; an unknown cause is its own title."""
    return CAUSES.get(cause, Wording(cause, ""))


def describe_listing(listing: str) -> Wording:
    """Return the title and remedy of a list of topics; an unknown list is its own title."""
    return LISTINGS.get(listing, Wording(listing, ""))


def describe_open(n_open: int, n_queries: int) -> str:
    """Return how many of a topic's questions are unanswered, in words.

    >>> describe_open(5, 7), describe_open(1, 1)
    ('5 of 7 questions unanswered', '1 of 1 question unanswered')
    """
    return f"{n_open:,} of {count(n_queries, 'question')} unanswered"


def describe_operation(operation: str) -> str:
    """Return an operation's title; an unknown operation is its own title."""
    return OPERATIONS.get(operation, operation)


def describe_action(action: str) -> str:
    """Return an action's title; an unknown action is its own title."""
    return ACTIONS.get(action, action)


def describe_measure(measure: str) -> MeasureWording:
    """Return a measure's name, formula and needs; an unknown measure is its own name."""
    return MEASURE_WORDINGS.get(measure, MeasureWording(measure, ""))


def in_points(rate: float) -> str:
    """Return a difference of rates in percentage points, or 'unknown' where it is missing.

    >>> in_points(0.246), in_points(-0.09), in_points(float("nan"))
    ('+25 points', '-9 points', 'unknown')
    """
    return f"{100 * rate:+.0f} points" if not math.isnan(rate) else "unknown"


def interval(low: float, high: float) -> str:
    """Return a 95% interval of a rate in words.

    >>> interval(0.2, 0.4), interval(float("nan"), float("nan"))
    ('95% interval 20% to 40%', 'no interval: too few prompts')
    """
    is_known = not (math.isnan(low) or math.isnan(high))
    return (
        f"95% interval {percent(low)} to {percent(high)}"
        if is_known
        else "no interval: too few prompts"
    )


def percent(value: float) -> str:
    """Return a share as whole percent, or 'unknown' where it is missing.

    >>> percent(0.236), percent(float("nan"))
    ('24%', 'unknown')
    """
    return f"{value:.0%}" if not math.isnan(value) else "unknown"


def times(value: float) -> str:
    """Return how often something was asked, in words.

    >>> times(1.0), times(12.0)
    ('once', '12 times')
    """
    return "once" if value == 1 else f"{amount(value)} times"


def minutes(value: float) -> str:
    """Return minutes of an editor as a whole number.

    >>> minutes(71.8), minutes(float("nan"))
    ('72', 'unknown')
    """
    return "unknown" if math.isnan(value) else f"{value:,.0f}"


def count(n: int, noun: str) -> str:
    """Return a number and a noun, which is in the plural unless the number is 1.

    >>> count(1, "page"), count(1200, "page")
    ('1 page', '1,200 pages')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def amount(value: float) -> str:
    """Return a number with two digits below ten, and whole above.

    >>> amount(1234.4), amount(47.25), amount(7.25), amount(0.314), amount(12.0)
    ('1,234', '47', '7.2', '0.31', '12')
    """
    if math.isnan(value):
        return "unknown"
    # From 9.95 on, one decimal would round to a third digit.
    if abs(value) >= 9.95 or value == int(value):
        return f"{value:,.0f}"
    # What is less than half a hundredth is nothing to a reader, and has no sign.
    if abs(value) < 0.005:
        return "0"
    return f"{value:,.1f}" if abs(value) >= 1 else f"{value:,.2f}"
