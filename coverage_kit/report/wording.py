"""What the reports say: causes and operations in plain words, and the sentences about how far the figures can be trusted."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

LEAST_AUC = 0.70
_LEAST_ALIKE = 0.6

CANNOT_TELL = (
    "Coverage cannot be told well on this site with encoder {model}: read the ranking as a list of things to look at, not as "
    "findings. What to do, in coverage.toml: switch on a cross-encoder that reads each question with its nearest passages "
    "([match] cross_encoder, for example cross-encoder/ms-marco-MiniLM-L6-v2), or name a stronger encoder ([match] encoder, "
    "for example BAAI/bge-base-en-v1.5); log answers with their citations; or let somebody read the nearest passages beside "
    "the queries before anything is written."
)

_NEAR_LEAST = (
    f" The interval reaches below {LEAST_AUC:.2f}, under which coverage cannot be told: read a gap's nearest passages before "
    "anything is written."
)


@dataclass(frozen=True)
class Wording:
    """A title for a reader, and what to do."""

    title: str
    what_to_do: str


CAUSES = {
    "missing": Wording(
        "Not answered on the site",
        "No passage answers these questions. Write the answer: a section on the nearest page, or a page of its own.",
    ),
    "mis-worded": Wording(
        "Answered, in other words",
        "A passage seems to hold the answer, but not in the words of those who ask. Reword its heading and first sentence.",
    ),
    "not retrieved": Wording(
        "Answered, but not found",
        "The site answers, but the engines' searches do not bring it up. See that engines may read the page, and that its "
        "title and headings name the question.",
    ),
    "retrieved but not cited": Wording(
        "Found, but not cited",
        "Engines read the page and cite others. Put the answer first, complete and with its evidence.",
    ),
    "not cited": Wording(
        "Answered, but not cited",
        "The site answers, but answers cite others; the log does not say whether it was found. Log retrieved pages too, and "
        "compare with what the cited pages say first.",
    ),
    "cited but not mentioned": Wording(
        "Cited, but not named",
        "Answers link to the site without naming the brand. Name it in the sentence that holds the answer.",
    ),
    "unwinnable": Wording(
        "Out of an edit's reach",
        "Most answers do not search the web, or cite third parties only. An edit of the own site cannot change that.",
    ),
    "out of scope": Wording(
        "Off the site's subject",
        "Nothing near these questions stands on any site that was read. Leave them, or decide on a new subject.",
    ),
    "covered": Wording("Covered", "Nothing to do."),
}

OPERATIONS = {
    "retitle_page": "Retitle a page",
    "reword_heading": "Reword a heading",
    "answer_first": "Put the answer first",
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

ACTIONS = {
    "replace_title": "Replace the title",
    "replace_heading": "Replace the heading",
    "replace_passage": "Replace the passage",
    "insert_section": "Insert a section",
    "remove_section": "Remove the passage",
    "add_page": "Add the page",
    "by_hand": "Do by hand",
}


@dataclass(frozen=True)
class Measure:
    """A measure's name, its formula as numerator / denominator, and what a log needs to hold for it."""

    title: str
    formula: str
    needs: str = "Name a log of answers under [log] files."


MEASURES = {
    "citation_rate": Measure("citation rate", "answers that cite the site / answers"),
    "citation_share": Measure("citation share", "citations of the site / all citations"),
    "mention_rate": Measure(
        "mention rate",
        "answers that name the brand / answers whose words are logged",
        "Log the words of the answers, and list the brand's names under [site] brand.",
    ),
    "share_of_voice": Measure(
        "share of voice",
        "answers that name the brand / mentions of all tracked brands",
        "Log the words of the answers, and list the brands' names under [site] brand and [[competitors]] brand.",
    ),
    "position_adjusted_word_count": Measure(
        "position-adjusted word count",
        "words that rest on the site's pages / words that rest on any cited page, early ones weighing more",
        "Log for each citation which stretch of the answer it stands for.",
    ),
    "retrieved_not_cited_rate": Measure(
        "found but not cited",
        "answers that found the site and do not cite it / answers that found or cite it",
        "Log the pages that the engine found, cited or not.",
    ),
}
PARTS = {"all": "all", "branded": "prompts that name the brand", "cluster": "gap", "week": "week of", "market": "market"}
LOW_N = "low n: too few prompts, or too few that count, to rely on it"
GROUPS = {"treated": "changed pages", "untreated": "unchanged pages"}
SIGNS = {
    "own_citation_rate": "citation rate of the site, for questions whose pages were not changed",
    "searched_rate": "share of answers that searched the web",
    "citations_per_answer": "citations per answer",
    "share_of_new_sites": "share of citations that go to sites not cited before",
    "model": "model that answers",
}
NO_CHANGE = "no clear change"
UNMOVED = (NO_CHANGE, "the same")

DRAFT = "draft: facts to be filled and extracts to be checked by an editor"

METHOD = (
    "Coverage of a query is the calibrated probability that the own site answers it. It is told from the similarity of the "
    "query and of its logged answers to the site's passages, from the words they share, and from what other sites offer. The "
    "link from this evidence to a probability is fitted by hiding sections of the own site and asking what only they answered.",
    "Queries are pooled into clusters. Severity of a gap is the demand-weighted mean of 1 - coverage, shrunk for small "
    "clusters, with a 90% interval. Demand stands beside it and is never multiplied into it.",
    "Each edit is simulated: the changed passages are encoded again and every query's coverage is predicted anew. Gain is the "
    "rise of demand-weighted coverage, in queries asked, after harm to other queries is counted twice. Edits are taken by gain "
    "per minute, given those above them. This is about the model, not about any answer engine.",
    "Citation rate = answers that cite the site / answers. Share of voice = answers that name the brand / mentions of all "
    "tracked brands. Engines and surfaces (api, scrape, app) are kept apart; questions that name the brand count apart. 95% "
    "intervals draw from prompts, as repeats of one prompt are alike. Answers vary from run to run: small differences are no "
    "change.",
    "Before and after: the effect is the change of the changed pages' questions less that of the unchanged ones (the drift), "
    "each question weighing the same. p comes from permutations and is corrected for the groups tested together; where a log "
    "is too small to tell, the verdict is 'no clear change'.",
)


def describe_cause(cause: str) -> Wording:
    """Return a cause's title and remedy; a cause that is not known stands for itself."""
    return CAUSES.get(cause, Wording(cause, ""))


def describe_operation(operation: str) -> str:
    """Return an operation's title; one that is not known stands for itself."""
    return OPERATIONS.get(operation, operation)


def describe_action(action: str) -> str:
    """Return an action's title; one that is not known stands for itself."""
    return ACTIONS.get(action, action)


def describe_measure(measure: str) -> Measure:
    """Return a measure's name, formula and needs; one that is not known stands for itself."""
    return MEASURES.get(measure, Measure(measure, ""))


def describe_series(engine: str, surface: str) -> str:
    """Return the name of an engine on a surface.

    >>> describe_series("chatgpt", "api"), describe_series("chatgpt", "unknown")
    ('chatgpt (api)', 'chatgpt')
    """
    return engine if surface == "unknown" else f"{engine} ({surface})"


def in_points(rate: float) -> str:
    """Return a difference of rates in percentage points, or 'unknown' where it is missing.

    >>> in_points(0.246), in_points(-0.09), in_points(float("nan"))
    ('+25 points', '-9 points', 'unknown')
    """
    return f"{100 * rate:+.0f} points" if rate == rate else "unknown"  # noqa: PLR0124 (NaN is unequal to itself)


def interval(low: float, high: float) -> str:
    """Return a 95% interval of a rate in words.

    >>> interval(0.2, 0.4), interval(float("nan"), float("nan"))
    ('95% interval 20% to 40%', 'no interval: too few prompts')
    """
    known = low == low and high == high  # noqa: PLR0124 (NaN)
    return f"95% interval {percent(low)} to {percent(high)}" if known else "no interval: too few prompts"


def model_name(about: dict[str, Any]) -> str:
    """Return the name of the encoder with which the run was made."""
    named = about.get("encoder") or about.get("settings", {}).get("match", {}).get("encoder")
    return str(named or "of unknown name")


def predicted_under(about: dict[str, Any]) -> str:
    """Return the words that stand beside every prediction.

    >>> predicted_under({"encoder": "minilm", "self_test": {"auc": 0.812}})
    'predicted under model minilm, self-test AUC 0.81'
    """
    test = about.get("self_test")
    figure = f"self-test AUC {test['auc']:.2f}" if test else "without a self-test"
    return f"predicted under model {model_name(about)}, {figure}"


def can_tell_coverage(about: dict[str, Any]) -> bool:
    """Return whether the self-test was made and reached the least AUC at which coverage is worth reading."""
    test = about.get("self_test")
    return test is not None and float(test["auc"]) >= LEAST_AUC


def describe_self_test(about: dict[str, Any]) -> str:
    """Return the self-test in words, what coverage assumes, and what to do where the test was not passed."""
    test = about.get("self_test")
    if not test:
        reason = "No self-test could be made: too little of the site could be hidden and asked for. "
        return f"{reason}{CANNOT_TELL.format(model=model_name(about))}{_describe_assumed(about)}"
    interval = f" (90% interval {test['low']:.2f} to {test['high']:.2f})" if {"low", "high"} <= test.keys() else ""
    error = f", with a calibration error of {test['ece']:.2f}" if test.get("ece") is not None else ""
    pages = test.get("auc_pages", test["auc"])
    hidden = "topics" if pages == test["auc"] else "single passages"
    told = (
        f"Self-test: with {hidden} of the own site hidden, questions that only they answered were told from the rest with AUC "
        f"{test['auc']:.2f}{interval}{error}. 0.5 is guessing, 1 is perfect; real gaps can be harder."
    )
    if hidden != "topics" and pages == pages:  # noqa: PLR0124 (NaN where no page could be hidden)
        told += f" With whole pages hidden it was {pages:.2f}: a missing page shows better than a missing paragraph."
    if not can_tell_coverage(about):
        return f"{told} {CANNOT_TELL.format(model=model_name(about))}{_describe_assumed(about)}"
    is_near = test.get("low", LEAST_AUC) < LEAST_AUC
    return f"{told}{_NEAR_LEAST if is_near else ''}{_describe_assumed(about)}"


def _describe_assumed(about: dict[str, Any]) -> str:
    """Return which share of questions without an answer coverage rests on; nothing where the run does not tell."""
    if (share := about.get("share_of_gaps")) is None:
        return ""
    if about.get("settings", {}).get("match", {}).get("share_of_gaps"):
        return f" Coverage rests on the share of questions without an answer here that was given: {percent(share)}."
    return (
        f" Coverage rests on an estimate that {percent(share)} of questions have no answer here; settle it with "
        "match.share_of_gaps if you know better (docs/howto/not_told.md)."
    )


def describe_same(about: dict[str, Any]) -> str:
    """Return with which earlier run this one agrees in all that it found; nothing where it found something else.

    >>> describe_same({"same_as": "2026-11-29T18:02:33+00:00"})
    'This run found the same as the run of 2026-11-29 18:02'
    """
    at = str(about.get("same_as") or "")[:16].replace("T", " ")
    return f"This run found the same as the run of {at}" if at else ""


def describe_sampling(about: dict[str, Any], groups: pd.DataFrame) -> list[str]:
    """Return what a very long log was cut down to, a sentence each: groups of queries, a sample of answers; mostly none."""
    lines = []
    if len(groups):
        least = groups.loc[groups["query_id"] != groups["group_id"], "similarity"].min()
        told = f"{len(groups):,} distinct queries in {groups['group_id'].nunique():,} groups; those joined have a cosine of "
        warning = " Under .6 unlike queries are joined: raise match.most_queries." if least < _LEAST_ALIKE else ""
        lines.append(f"{told}{least:.2f} or more with the one that is read.{warning}")
    if (share := about.get("share_of_answers_kept", 1.0)) < 1:
        lines.append(f"Of {about['n_answers_read']:,} answers a sample of {share:.1%} is kept; all are counted.")
    return lines


def percent(value: float) -> str:
    """Return a share as whole percent, or 'unknown' where it is missing.

    >>> percent(0.236), percent(float("nan"))
    ('24%', 'unknown')
    """
    return f"{value:.0%}" if value == value else "unknown"  # noqa: PLR0124 (NaN is unequal to itself)


def times(value: float) -> str:
    """Return how often something was asked, in words.

    >>> times(1.0), times(12.0)
    ('once', '12 times')
    """
    return "once" if value == 1 else f"{amount(value)} times"


def count(n: int, name: str) -> str:
    """Return a number of things in words.

    >>> count(1, "page"), count(1200, "page")
    ('1 page', '1,200 pages')
    """
    return f"{n:,} {name}{'' if n == 1 else 's'}"


def amount(value: float) -> str:
    """Return a number with three figures at most below a thousand, and thousands separators above.

    >>> amount(1234.4), amount(7.25), amount(0.314), amount(12.0)
    ('1,234', '7.2', '0.31', '12')
    """
    if value != value:  # noqa: PLR0124 (NaN is unequal to itself)
        return "unknown"
    digits = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 1 else 2
    return f"{value:,.{digits}f}"
