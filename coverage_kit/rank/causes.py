"""Why there is a gap: the same rules for a query and for a cluster (docs/method.md, Causes)."""

import numpy as np
import pandas as pd

from coverage_kit.rank.outcomes import OUTCOMES
from coverage_kit.tables import Coverage, Evidence, Queries, checked
from coverage_kit.tables.answered import gap_limit, is_unanswered
from coverage_kit.vocabulary import COVERED, NOT_LOGGED, Cause

# The thresholds of this module are plain choices (assumed; docs/method.md, Causes).
# From this share of citations on, answers cite third parties: neither the site nor a competitor.
MIN_THIRD_PARTY_SHARE = 0.8
# Where others get more than this share of all citations of the log, too few competitors are known
# for a third party to be told from a competitor.
_MAX_THIRD_PARTY_SHARE = 0.6
# A site is seldom cited, and a brand seldom named, under this share of the answers.
SELDOM_RATE = 0.25
# A site is never found under this share of the answers: one in twenty may be a slip of the engine.
_NEVER_RATE = 0.05
# Fewer answers of a topic do not show whom engines cite.
_MIN_ANSWERS = 3
# Fewer answers do not show that a site is seldom cited, or a brand seldom named: where a quarter of
# the answers cite it, none of eight does one time in ten.
_MANY_ANSWERS = 8
# Answers of its topic that count beside a query's own when its outcomes are read.
_TOPIC_ANSWERS = 3
# Competitors are named, and not by chance, from this share of the answers on, and clearly more than
# you if they are named this many times as often.
_MIN_RIVAL_RATE = 0.1
_RIVAL_LEAD = 2.0
# Not to name the subject says something where this share of the covered queries names it.
_MIN_NAMING_SHARE = 2 / 3
# One query is no pattern of whom engines cite.
_MIN_QUERIES = 2
# With less coverage no passage answers, in whatever words (assumed).
_LEAST_COVERAGE = 0.05
# A coverage under this is in doubt where engines do not cite the site: the answers then decide
# whether a passage of the site says what they say.
_SURE_COVERAGE = 0.75
# Most of a query's answers, or of a cluster's queries.
_HALF = 0.5
# The demand of a query that the log gives no demand: it still counts with a trace (assumed).
_MIN_DEMAND = 1e-3
# 95% of the covered queries are taken to be on topic (docs/method.md, Causes), if there are at
# least 20 of them: with fewer, a 5th percentile means little (assumed).
_OFF_TOPIC_QUANTILE = 0.05
_MIN_COVERED_QUERIES = 20
# No cosine is under this, so nothing is off topic.
_NO_LIMIT = -1.0
# Queries with answers from which on the nearest others to a passage mean something (assumed).
_MIN_ANSWERED_QUERIES = 20
# A gap of whose pairs of queries fewer stay together without a fifth of the log says so (assumed).
_MIN_PAIRS_KEPT = 0.5

# What is added up over a topic.
_COUNTS = ("n_queries", "n_answers", "n_with_citations")
# Outcomes that a query shares with its topic.
_RATES = tuple(outcome for outcome in OUTCOMES if outcome != "logs_citations")


def gather_facts(
    evidence: Evidence,
    coverage: Coverage,
    rates: pd.DataFrame,
    names_subject: "pd.Series[bool]",
) -> pd.DataFrame:
    """Return one row for each query with the facts that its cause depends on.

    `naming_tells` is 1 where most covered queries name the subject, so that a query that does not
    may be off it. `parties_tell` is 1 where your site and the known competitors get a good part of
    all citations, so that a topic in which only others are cited is another kind of topic.

    Args:
        evidence: how near your pages are to the query, and one of them to what its answers say.
        coverage: coverage of the queries.
        rates: outcomes of their answers (`outcome_rates`), and `unfetched`, the share of answers
            that cite only others whose engine never fetched your page; missing where no access log
            shows it.
        names_subject: by query_id, whether it names your brand, products or subject.
    """
    facts = evidence.set_index("query_id")[
        ["own_best", "on_subject", "margin", "answer_lead"]
    ].copy()
    facts["is_reached"] = _reaches_answer(evidence.set_index("query_id"))
    facts["coverage"] = coverage.set_index("query_id")["coverage"]
    facts["limit"] = gap_limit(facts["coverage"])
    facts["even_coverage"] = coverage.set_index("query_id")["even_coverage"]
    facts["is_far"] = (facts["on_subject"] < _on_topic_limit(facts)).astype(float)
    facts["n_queries"] = 1
    facts["names_subject"] = names_subject.reindex(facts.index).astype(float)
    facts = facts.join(rates)
    # What is the same for the whole log: whether these facts say anything on it.
    facts["naming_tells"] = float(_naming_tells(facts))
    facts["parties_tell"] = float(facts["third_party"].mean() <= _MAX_THIRD_PARTY_SHARE)
    return facts


def demand_weights(queries: Queries) -> "pd.Series[float]":
    """Return the weight of each query (by query_id): its demand, or a trace where it has none."""
    return queries.set_index("query_id")["demand"].clip(lower=_MIN_DEMAND)


def pool_facts(facts: pd.DataFrame, queries: Queries, cluster_of: "pd.Series[str]") -> pd.DataFrame:
    """Return the facts of clusters: demand-weighted means over their queries.

    Missing values are left out of a mean. Numbers of queries and answers are added up, and the
    share of queries that name the subject does not weigh them by demand: often asked queries are
    short.
    """
    demand = demand_weights(queries).reindex(facts.index)
    keys = cluster_of.reindex(facts.index)
    numeric = facts.astype(float)
    weights = numeric.notna().mul(demand, axis=0)
    total = numeric.mul(demand, axis=0).groupby(keys).sum()
    pooled = total / weights.groupby(keys).sum().replace(0.0, np.nan)
    counts = list(_COUNTS)
    pooled[counts] = numeric[counts].groupby(keys).sum(min_count=1)
    pooled["names_subject"] = numeric["names_subject"].groupby(keys).mean()
    # that of the topic: queries whose own answers are unlike its passage have less
    lead = numeric["answer_lead"].groupby(keys).max()
    # where coverage is next to nothing, the passage nearest to the answers says something else
    is_hopeless = (pooled["coverage"] < _LEAST_COVERAGE) & (lead >= 0)
    pooled["answer_lead"] = lead.mask(is_hopeless, -_LEAST_COVERAGE)
    return pooled


def lean_on_topics(
    facts: pd.DataFrame, pooled: pd.DataFrame, cluster_of: "pd.Series[str]"
) -> pd.DataFrame:
    """Return the facts of queries, each read together with those of its topic.

    One or two answers show little of whom engines cite: three answers of the topic count beside a
    query's own. A query is far from the subject only as far as its topic is, and names the subject
    where its topic does.

    Args:
        facts: facts of the queries (`gather_facts`).
        pooled: facts of their clusters (`pool_facts`).
        cluster_of: the cluster of each query, by query_id.
    """
    topics = pooled.reindex(cluster_of.reindex(facts.index)).set_axis(facts.index)
    leant = facts.copy()
    own_weight = facts["n_answers"].fillna(0)
    for name in _RATES:
        weight = own_weight.where(facts[name].notna(), 0.0)
        own = facts[name].fillna(0.0) * weight
        leant[name] = (own + _TOPIC_ANSWERS * topics[name]) / (weight + _TOPIC_ANSWERS)
    for name in _COUNTS:
        leant[name] = topics[name]
    leant["is_reached"] = topics["is_reached"]
    leant["unfetched"] = topics["unfetched"]
    leant["is_far"] = np.minimum(facts["is_far"], topics["is_far"])
    leant["names_subject"] = np.maximum(facts["names_subject"], topics["names_subject"])
    return leant


def name_causes(facts: pd.DataFrame) -> "pd.Series[str]":
    """Return the cause for each row of facts, of queries (`lean_on_topics`) or of pooled clusters.

    The cause is 'covered' where there is no gap. The order of the rules matters: what cannot be won
    comes before what could be written, and content before visibility.
    """
    # Comparisons with a missing value are False, so a rule does not apply where the log lacks it.
    is_answered = facts["n_answers"].fillna(0) > 0
    knows_citations = facts["n_with_citations"].fillna(0) >= _MIN_ANSWERS
    is_known_well = facts["n_with_citations"].fillna(0) >= _MANY_ANSWERS
    is_seldom_cited = is_known_well & (facts["cited"] < SELDOM_RATE)
    is_retrieved = facts["retrieved"] >= _HALF
    is_third_party = (
        knows_citations
        & (facts["third_party"] >= MIN_THIRD_PARTY_SHARE)
        & (facts["parties_tell"] > 0)
    )
    # Engines find nobody of the trade for it: neither your site nor a competitor's.
    is_pattern = facts["n_queries"] >= _MIN_QUERIES
    is_nobodys = is_third_party & is_pattern & (facts["tracked"] < _NEVER_RATE)
    is_gap = is_unanswered(facts)
    is_doubtful = is_gap | (is_seldom_cited & (facts["coverage"] < _SURE_COVERAGE))
    is_far = facts["is_far"] >= _HALF
    is_unnamed = (facts["names_subject"] < _HALF) & (facts["naming_tells"] > 0)
    # Competitors answer it, so it is on the subject, wherever your own pages are.
    is_first_party = facts["tracked"] >= SELDOM_RATE
    is_cited = knows_citations & (facts["cited"] >= SELDOM_RATE)
    # A passage of the site says what the answers say.
    is_like = facts["answer_lead"] >= 0
    # Most questions of the topic come upon other pages first.
    is_missed = facts["is_reached"] < _HALF
    # The answers agree with no passage, so it is not sure that the site has the answer at all.
    is_unlike = facts["answer_lead"] < 0
    is_unseen = is_seldom_cited & ~is_unlike
    # Engines that cite others have not read the page at all, as access logs show.
    is_unfetched = facts["unfetched"] >= _HALF
    rules: list[tuple[Cause, pd.Series[bool]]] = [
        ("out of scope", is_unnamed & is_far & (is_gap | is_nobodys) & ~is_first_party),
        ("unwinnable", is_answered & (facts["searched"] < _HALF)),
        ("out of scope", is_unnamed & is_nobodys & ~is_like),
        # Engines find the passage and cite it, whatever words the question uses.
        (COVERED, is_gap & is_like & is_cited),
        ("mis-worded", is_gap & is_like),
        ("mis-worded", is_doubtful & is_like & is_missed),
        (
            "unwinnable",
            is_seldom_cited & is_third_party & is_pattern & (facts["retrieved"] < _NEVER_RATE),
        ),
        ("missing", is_gap | (is_doubtful & is_unlike)),
        ("not fetched", is_unseen & is_unfetched & ~is_retrieved),
        ("retrieved but not cited", is_unseen & is_retrieved),
        ("not retrieved", is_unseen & (facts["has_retrieved"] > 0)),
        # The log does not say what was retrieved.
        ("not cited", is_unseen),
        (
            "cited but not mentioned",
            is_known_well
            & (facts["cited"] >= _HALF)
            & (facts["mentioned"] < SELDOM_RATE)
            & (facts["rival_mentioned"] >= _MIN_RIVAL_RATE)
            & (facts["rival_mentioned"] >= _RIVAL_LEAD * facts["mentioned"]),
        ),
        (NOT_LOGGED, is_answered & facts["cited"].isna()),
    ]
    causes = np.select(
        [np.asarray(applies, dtype=bool) for _, applies in rules],
        [cause for cause, _ in rules],
        default=COVERED,
    )
    return pd.Series(causes, index=facts.index, dtype="str")


@checked
def explain_coverage(coverage: Coverage, facts: pd.DataFrame) -> Coverage:
    """Return the coverage table with the cause of each query's gap."""
    causes = name_causes(facts).reindex(coverage["query_id"])
    return coverage.assign(cause=causes.to_numpy()).astype({"cause": "str"})


def name_cluster_causes(pooled: pd.DataFrame, severity: "pd.Series[float]") -> "pd.Series[str]":
    """Return the cause of each cluster, by its pooled facts and its severity, by cluster_id."""
    facts = pooled.reindex(severity.index)
    return name_causes(facts.assign(coverage=1 - severity))


def give_reason(facts: "pd.Series[float]", cause: str) -> str:
    """Return the figures behind the cause of a cluster, from its pooled facts."""
    clauses = [
        f"coverage {facts['coverage']:.0%}",
        f"nearest passage of your site at similarity {facts['own_best']:.2f}",
    ]
    if pd.notna(facts["margin"]):
        side = "ahead of" if facts["margin"] >= 0 else "behind"
        clauses.append(f"{abs(facts['margin']):.2f} {side} the nearest other site")
    if cause == "mis-worded":
        clauses.append(
            "a passage of your site says what the answers say, nearer than it is to other answers"
        )
    if cause == "not fetched":
        clauses.append(
            f"{facts['unfetched']:.0%} of the answers that cite only others come from engines "
            "whose robots never fetched that page"
        )
    if cause == "out of scope":
        clauses.append("its questions name neither your brand nor what your pages are about")
    if facts.get("n_answers", 0) > 0:
        clauses.append(_describe_answers(facts))
    # Not below the limit where the share is missing.
    if facts.get("pairs_kept", 1.0) < _MIN_PAIRS_KEPT:
        clauses.append(
            f"without a fifth of the log, {10 * facts['pairs_kept']:.0f} of 10 pairs of its "
            "questions stay together"
        )
    return "; ".join(clauses)


def _describe_answers(facts: "pd.Series[float]") -> str:
    """Return what the answers of a cluster do, as far as the log says so."""
    parts = []
    if pd.notna(facts["searched"]):
        parts.append(f"{facts['searched']:.0%} of answers searched")
    if pd.notna(facts["cited"]):
        of_answers = "" if parts else " of answers"
        parts.append(f"{facts['cited']:.0%}{of_answers} cite your site")
    else:
        parts.append("citations are not logged")
    if pd.notna(facts["third_party"]):
        parts.append(
            f"{facts['third_party']:.0%} of citations go to neither your site nor a known "
            "competitor"
        )
    return ", ".join(parts)


def causes_not_assessed(facts: pd.DataFrame) -> dict[str, str]:
    """Return the causes that this log cannot show, each with the reason in sentences.

    Args:
        facts: facts of the queries (`gather_facts`).
    """
    n_answers = int(facts["n_answers"].fillna(0).sum())
    n_answered = int((facts["n_answers"].fillna(0) > 0).sum())
    n_covered = int((facts["coverage"] >= _SURE_COVERAGE).sum())
    has_citations = bool(facts["cited"].notna().any())
    reasons: dict[str, str] = {}
    if not facts["answer_lead"].notna().any() or n_answered < _MIN_ANSWERED_QUERIES:
        reasons["mis-worded"] = (
            f"It needs the words of answers to at least {_MIN_ANSWERED_QUERIES} questions in "
            f"several topics; the log has them for {n_answered}."
            if n_answers
            else "The log holds no answers, whose words would show which passage says the same."
        )
    if not has_citations:
        missing = "The log holds no citations." if n_answers else "The log holds no answers."
        for cause in ("not fetched", "not retrieved", "retrieved but not cited", "not cited"):
            reasons[cause] = missing
        reasons["cited but not mentioned"] = missing
    else:
        if not (facts["has_retrieved"] > 0).any():
            no_pages = "The log does not hold the pages that engines found and did not cite."
            reasons["not retrieved"] = reasons["retrieved but not cited"] = no_pages
        if not facts["mentioned"].notna().any():
            reasons["cited but not mentioned"] = (
                "It needs the words of the answers and the names of your brand ([site] brand)."
            )
        elif not (facts["rival_mentioned"] > 0).any():
            reasons["cited but not mentioned"] = (
                "No answer names a tracked competitor ([[competitors]] brand)."
            )
    if not n_answers:
        reasons["unwinnable"] = "The log holds no answers."
    elif facts["searched"].isna().all() and not has_citations:
        reasons["unwinnable"] = (
            "The log does not say which answers searched the web, and holds no citations."
        )
    elif facts["searched"].isna().all() and not (facts["parties_tell"] > 0).any():
        reasons["unwinnable"] = (
            "The log does not say which answers searched the web, and your site and the known "
            "competitors get too few citations to know who else holds a topic ([[competitors]])."
        )
    if n_covered < _MIN_COVERED_QUERIES:
        reasons["out of scope"] = (
            f"It needs at least {_MIN_COVERED_QUERIES} clearly covered questions, to know what "
            f"questions on your subject name; there are {n_covered}."
        )
    elif not (facts["naming_tells"] > 0).any():
        reasons["out of scope"] = (
            "The titles of your pages share no words that most covered questions name, so nothing "
            "shows what is off your subject."
        )
    return reasons


def _reaches_answer(evidence: pd.DataFrame) -> "pd.Series[float]":
    """Return whether a query's nearest page is that which its answers lead to; missing without."""
    # A passage's id is that of its page, "#" and its number.
    nearest, source = (
        evidence[name].astype("object").str.rsplit("#", n=1).str[0]
        for name in ("own_passage_id", "answer_passage_id")
    )
    return (nearest == source).astype(float).where(source.notna())


def _naming_tells(facts: pd.DataFrame) -> bool:
    """Return whether enough covered queries name the subject."""
    covered = facts.loc[facts["coverage"] >= _SURE_COVERAGE, "names_subject"]
    return len(covered) >= _MIN_COVERED_QUERIES and covered.mean() >= _MIN_NAMING_SHARE


def _on_topic_limit(facts: pd.DataFrame) -> float:
    """Return the nearness to the site's subject under which a query is off topic.

    95% of the covered queries reach it.
    """
    covered = facts.loc[facts["coverage"] >= _HALF, "on_subject"]
    if len(covered) < _MIN_COVERED_QUERIES:
        return _NO_LIMIT
    return float(covered.quantile(_OFF_TOPIC_QUANTILE))
