"""How far a run can be trusted, in sentences.

They describe the self-test, what every prediction depends on, which pages were not read, and how a
long log was sampled.
"""

import pandas as pd

from coverage_kit.analysis import About
from coverage_kit.report.wording import count, percent
from coverage_kit.vocabulary import DUPLICATE_OF

# The self-test's AUC under which coverage is not assessed (docs/method.md, "Self-test"). Assumed.
MIN_AUC = 0.70
# The cosine under which queries that were grouped as near-duplicates differ too much. Assumed.
_MIN_GROUP_SIMILARITY = 0.6
# What a reader is advised after a failed self-test, and without a self-test.
_UNRELIABLE = (
    "Coverage cannot be told well on this site with encoder {model}: read the ranking as a list of "
    "things to look at, not as findings. What to do, in coverage.toml: switch on a cross-encoder "
    "that reads each question with its nearest passages ([match] cross_encoder, for example "
    "cross-encoder/ms-marco-MiniLM-L6-v2), or name a stronger encoder ([match] encoder, for "
    "example BAAI/bge-base-en-v1.5); log answers with their citations; or let somebody read the "
    "nearest passages beside the queries before anything is written."
)
# What is added to a passed self-test whose interval reaches below MIN_AUC.
_NEAR_MIN_AUC = (
    f" The interval reaches below {MIN_AUC:.2f}, under which coverage cannot be told: read a gap's "
    "nearest passages before anything is written."
)


def model_name(about: About) -> str:
    """Return the name of the encoder with which the run was made."""
    name = about.encoder or about.setting("match", "encoder")
    return str(name or "of unknown name")


def predicted_under(about: About) -> str:
    """Return the words that accompany every prediction.

    >>> predicted_under(About(encoder="minilm", self_test={"auc": 0.812}))
    'predicted under model minilm, self-test AUC 0.81'
    """
    test = about.self_test
    figure = f"self-test AUC {test['auc']:.2f}" if test else "without a self-test"
    return f"predicted under model {model_name(about)}, {figure}"


def is_coverage_reliable(about: About) -> bool:
    """Return whether the self-test was made and reached MIN_AUC."""
    test = about.self_test
    return test is not None and float(test["auc"]) >= MIN_AUC


def describe_self_test(about: About) -> str:
    """Return the self-test in words, what coverage assumes, and what to do after a failed test."""
    test = about.self_test
    unreliable = _UNRELIABLE.format(model=model_name(about))
    assumption = _describe_assumption(about)
    if not test:
        reason = (
            "No self-test could be made: too little of the site could be hidden and asked for. "
        )
        return f"{reason}{unreliable}{assumption}"
    has_interval = {"low", "high"} <= test.keys()
    has_error = test.get("ece") is not None
    interval = f" (90% interval {test['low']:.2f} to {test['high']:.2f})" if has_interval else ""
    error = f", with a calibration error of {test['ece']:.2f}" if has_error else ""
    auc_pages = test.get("auc_pages", test["auc"])
    # Without citations in the log the test hides single passages, and `auc_pages` is the AUC for
    # whole pages. With citations it hides topics, and both figures are the same.
    hidden = "topics" if auc_pages == test["auc"] else "single passages"
    result = (
        f"Self-test: with {hidden} of the own site hidden, questions that only they answered were "
        f"told from the rest with AUC {test['auc']:.2f}{interval}{error}. "
        "0.5 is guessing, 1 is perfect; real gaps can be harder."
    )
    if hidden != "topics" and not pd.isna(auc_pages):
        result += (
            f" With whole pages hidden it was {auc_pages:.2f}: "
            "a missing page shows better than a missing paragraph."
        )
    if not is_coverage_reliable(about):
        return f"{result} {unreliable}{assumption}"
    is_near = test.get("low", MIN_AUC) < MIN_AUC
    return f"{result}{_NEAR_MIN_AUC if is_near else ''}{assumption}"


def _describe_assumption(about: About) -> str:
    """Return which share of questions without an answer coverage assumes; empty for older runs."""
    share = about.unanswered_share
    if share is None:
        return ""
    if about.setting("match", "unanswered_share"):
        return (
            " Coverage rests on the share of questions without an answer here that was given: "
            f"{percent(share)}."
        )
    return (
        f" Coverage rests on an estimate that {percent(share)} of questions have no answer here; "
        "settle it with match.unanswered_share if you know better (docs/howto/not_assessed.md)."
    )


def describe_stability(about: About) -> str:
    """Return how far the gaps depend on the seed; empty where that was not measured.

    >>> describe_stability(About(clustering={"pairs_kept": 0.83, "seed_agreement": 0.85}))
    'With another seed, 8 of 10 pairs of questions of one gap stay together (adjusted Rand 0.85).'
    """
    kept = about.clustering.get("pairs_kept")
    if kept is None:
        return ""
    return (
        f"With another seed, {10 * kept:.0f} of 10 pairs of questions of one gap stay together "
        f"(adjusted Rand {about.clustering['seed_agreement']:.2f})."
    )


def describe_same(about: About) -> str:
    """Return which earlier run gave the same figures as this run; empty where the figures are new.

    >>> describe_same(About(same_as="2026-11-29T18:02:33+00:00"))
    'This run found the same as the run of 2026-11-29 18:02'
    """
    at = str(about.same_as or "")[:16].replace("T", " ")
    return f"This run found the same as the run of {at}" if at else ""


def describe_sampling(about: About, groups: pd.DataFrame) -> list[str]:
    """Return what a very long log was cut down to, one sentence each; mostly none.

    Queries are grouped where there are too many, and answers are sampled.
    """
    lines = []
    if len(groups):
        is_joined = groups["query_id"] != groups["group_id"]
        min_similarity = groups.loc[is_joined, "similarity"].min()
        warning = (
            " Under .6 unlike queries are joined: raise match.max_queries."
            if min_similarity < _MIN_GROUP_SIMILARITY
            else ""
        )
        lines.append(
            f"{len(groups):,} distinct queries in {groups['group_id'].nunique():,} groups; those "
            f"joined have a cosine of {min_similarity:.2f} or more with the one that is read."
            f"{warning}"
        )
    share = about.share_of_answers_kept
    if share < 1:
        lines.append(
            f"Of {about.n_answers_read:,} answers a sample of {share:.1%} is kept; all are counted."
        )
    return lines


def describe_pages_left_out(pages: pd.DataFrame) -> list[str]:
    """Return how many pages repeat others and how many were not read for which reasons.

    >>> describe_pages_left_out(pd.DataFrame({"status": ["ok", "http 404", "duplicate of /a"]}))
    ['1 page repeats the text of another page and is not counted again.', \
'1 page was not read: 1 x http 404.']
    """
    status = pages["status"].astype("str")
    is_copy = status.str.startswith(DUPLICATE_OF)
    lines = []
    if n_copies := int(is_copy.sum()):
        verbs = ("repeats", "is") if n_copies == 1 else ("repeat", "are")
        lines.append(
            f"{count(n_copies, 'page')} {verbs[0]} the text of another page and {verbs[1]} not "
            "counted again."
        )
    reasons = status[(status != "ok") & ~is_copy].value_counts()
    if len(reasons):
        # Reasons of one count are sorted, so that their order is always the same.
        ordered = sorted(reasons.items(), key=lambda reason: (-reason[1], str(reason[0])))
        listed = ", ".join(f"{n:,} x {reason}" for reason, n in ordered)
        n_rejected = int(reasons.sum())
        verb = "was" if n_rejected == 1 else "were"
        lines.append(f"{count(n_rejected, 'page')} {verb} not read: {listed}.")
    return lines
