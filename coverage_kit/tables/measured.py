"""Tables that measure writes: visibility, changes, visitors, the brand, audits and judges."""

from typing import Annotated

import pandas as pd

from coverage_kit.tables.columns import (
    ANSWER_ID,
    CLUSTER_ID,
    ENGINE,
    HIGH_95,
    LOW_95,
    PAGE_ID,
    QUERY_ID,
    SITE,
    SURFACE,
    optional,
    text,
)
from coverage_kit.tables.schema import Column, Schema

VISIBILITY = Schema(
    "visibility",
    "one measure of one site on one engine and surface, in one part of the answers",
    ("measure", "site", "engine", "surface", "split_by", "segment"),
    (
        text(
            "measure",
            "citation_rate, citation_share, mention_rate, share_of_voice, and so on "
            "(docs/method.md, visibility)",
        ),
        SITE,
        ENGINE,
        SURFACE,
        text(
            "split_by",
            "what parts the answers: all, branded, cluster, week or market; branded prompts are "
            "left out but in 'branded'",
        ),
        text(
            "segment",
            "the part: a cluster_id, the week's Monday, a market, 'branded'; 'all' where nothing "
            "parts them",
        ),
        optional(
            "value",
            "number",
            "numerator / denominator; missing where the denominator is 0",
        ),
        LOW_95,
        HIGH_95,
        Column("numerator", "number", "what is counted of the site"),
        Column("denominator", "number", "what it is a share of"),
        Column(
            "n_prompts",
            "integer",
            "distinct queries behind the figure: what the interval draws from",
        ),
        Column(
            "n_answers",
            "integer",
            "answers behind the figure, failed ones left out",
        ),
        Column(
            "is_low_n",
            "flag",
            "whether there are too few prompts, or too few that count, to rely on the figure",
        ),
    ),
)

HOLDERS = Schema(
    "holders",
    "one kind of site that holds citations of one cluster",
    ("cluster_id", "holder"),
    (
        CLUSTER_ID,
        text("holder", "own, competitor, third-party or community"),
        Column(
            "n_citations",
            "integer",
            "its citations in the answers to the cluster's queries",
        ),
        optional(
            "citation_share",
            "number",
            "its citations / all citations of the cluster",
        ),
        LOW_95,
        HIGH_95,
        optional("top_site", "text", "its most cited site"),
        Column("n_answers", "integer", "answers to the cluster's queries"),
        Column("n_prompts", "integer", "the cluster's queries that were answered"),
        Column(
            "is_contested",
            "flag",
            "whether companies' sites get cited there at all; gaps.is_closable says whether an "
            "edit can close the gap",
        ),
        text("reason", "the figures behind is_contested, in words"),
    ),
)

COMPETITORS = Schema(
    "competitors",
    "one other site that the log's answers cite",
    ("site",),
    (
        SITE,
        text(
            "kind",
            "tracked (in the settings), competitor (proposed by the log), community or third-party",
        ),
        Column("n_answers", "integer", "answers that cite it"),
        Column("n_prompts", "integer", "queries whose answers cite it"),
        Column(
            "citation_share",
            "number",
            "its citations / all citations of the log",
        ),
        optional(
            "share_of_overlap",
            "number",
            "of the queries for which your site is cited, those for which it is cited too",
        ),
        Column(
            "named_rate",
            "number",
            "answers that cite it and say its name / answers that cite it",
        ),
        Column("rank", "integer", "order as a competitor to track, from 1"),
    ),
)

VERDICTS = Schema(
    "verdicts",
    "one measure of one site on one engine and surface in one group of queries, before and after "
    "a change",
    ("measure", "site", "engine", "surface", "group"),
    (
        text("measure", "citation_rate or mention_rate"),
        SITE,
        ENGINE,
        SURFACE,
        text(
            "group",
            "a cluster_id, or 'treated' or 'untreated' for all such clusters together",
        ),
        Column("is_treated", "flag", "whether the group's pages were changed"),
        Column("n_prompts", "integer", "questions asked both before and after"),
        Column("n_before", "integer", "their answers before"),
        Column("n_after", "integer", "their answers after"),
        optional(
            "before",
            "number",
            "the measure before, each query weighing the same",
        ),
        optional("after", "number", "the measure after"),
        optional("difference", "number", "mean of after - before over the queries"),
        optional(
            "drift",
            "number",
            "the same of the untreated clusters; missing without any, and for them",
        ),
        optional(
            "effect",
            "number",
            "difference - drift; the difference itself where no drift is known",
        ),
        LOW_95,
        HIGH_95,
        optional(
            "p",
            "number",
            "probability of so large an effect where nothing changed: by permuting clusters, or "
            "by sign flips and a t test",
        ),
        optional(
            "p_holm",
            "number",
            "p corrected (Holm) over what is read together: pooled rows of all engines and "
            "measures, or clusters of one",
        ),
        optional(
            "noise_floor",
            "number",
            "effect that 95% of splits of the time before stay within, where nothing was changed "
            "(A/A)",
        ),
        optional(
            "smallest_effect",
            "number",
            "smallest effect that this log would show in 80% of cases",
        ),
        text("verdict", "up, down or no clear change"),
        text("reason", "why, in words"),
    ),
)

DRIFTS = Schema(
    "drifts",
    "one way in which one engine itself answers otherwise than before",
    ("engine", "surface", "sign"),
    (
        ENGINE,
        SURFACE,
        text(
            "sign",
            "own_citation_rate of untreated queries, searched_rate, citations_per_answer, "
            "share_of_new_sites, or model",
        ),
        optional("before", "number", "its value before"),
        optional("after", "number", "its value after"),
        optional("low", "number", "lower end of the 95% interval of after - before"),
        optional("high", "number", "upper end of that interval"),
        optional(
            "p",
            "number",
            "share of sign flips of the queries' changes at least as extreme",
        ),
        Column("n_prompts", "integer", "questions asked both before and after"),
        text(
            "verdict",
            "up, down or no clear change; for the model: changed, the same, or no clear change "
            "where none is logged",
        ),
        text("reason", "why, in words"),
    ),
)

SESSIONS = Schema(
    "sessions",
    "one row of a web analytics export: visits from one source to one page",
    ("file", "line", "place"),
    (
        text("file", "the export's file"),
        Column("line", "integer", "line or row, from 1"),
        optional(
            "place",
            "integer",
            "in a cross table, the number of the value above the columns, from 0",
        ),
        optional("day", "time", "the day, where the export has it"),
        text("source", "where visitors came from, such as chatgpt.com"),
        optional("medium", "text", "how, such as referral or ai-assistant"),
        optional("channel", "text", "default channel group"),
        optional("landing_page", "text", "path or URL at which visits began"),
        Column("n_sessions", "number", "visits"),
        optional("n_engaged", "number", "engaged visits"),
        optional("n_key_events", "number", "key events (conversions)"),
        optional("revenue", "number", "total revenue, in the export's currency"),
    ),
)

SEARCH_DEMAND = Schema(
    "search_demand",
    "one row of a search console export",
    ("file", "line"),
    (
        text("file", "the export's file"),
        Column("line", "integer", "line or row, from 1"),
        optional("day", "time", "the day, where the export has it"),
        optional(
            "query",
            "text",
            "what was searched; missing where the export has none, or it is anonymised",
        ),
        optional("page", "text", "URL that was shown"),
        optional("page_id", "text", "id of the page"),
        optional("country", "text", "country, as exported"),
        optional("n_clicks", "number", "clicks"),
        optional("n_impressions", "number", "times shown in web search"),
        optional(
            "n_ai_impressions",
            "number",
            "times shown in AI answers, by the Generative AI report; never part of n_impressions",
        ),
        optional("position", "number", "average place among the results, from 1"),
        optional("origin", "text", "person, or machine for a search that a program made"),
    ),
)

REFERRALS = Schema(
    "referrals",
    "one AI assistant's visits to one landing page",
    ("assistant", "page_id"),
    (
        text("assistant", "name of the assistant, by the table of AI sources"),
        text(
            "page_id",
            "id of the landing page; 'unknown' where the export has none",
        ),
        Column("n_sessions", "number", "visits that the assistant sent"),
        optional("n_engaged", "number", "engaged visits among them"),
        optional("n_key_events", "number", "key events among them"),
        optional(
            "share_of_sessions",
            "number",
            "its visits / all visits to the page in the export",
        ),
        optional("first_at", "time", "first day with a visit"),
        optional("last_at", "time", "last day with a visit"),
        Column("n_citations", "integer", "answers of the log that cite the page"),
        optional(
            "cluster_id",
            "text",
            "cluster of queries for which the page is cited, or nearest, most",
        ),
        Column("n_edits", "integer", "chosen edits of the page"),
    ),
)

ASSOCIATIONS = Schema(
    "associations",
    "how AI visibility in one week goes with demand some weeks later: an association, no cause",
    ("signal", "demand", "lag_weeks"),
    (
        text(
            "signal",
            "what comes first: mentions of the brand in AI answers, or visits from assistants",
        ),
        text(
            "demand",
            "what may follow: branded impressions, branded clicks, or homepage clicks or visits",
        ),
        Column("lag_weeks", "integer", "weeks from the signal to the demand"),
        Column("n_weeks", "integer", "pairs of weeks"),
        optional(
            "correlation",
            "number",
            "Spearman's rank correlation of their changes from week to week",
        ),
        LOW_95,
        HIGH_95,
        optional(
            "p",
            "number",
            "share of shifted or reordered series at least as correlated at any lag, times the "
            "number of pairs of series",
        ),
        text("reading", "the figure in words"),
    ),
)

STATEMENTS = Schema(
    "statements",
    "one thing that is said of the brand in one place",
    ("source", "place", "property", "value"),
    (
        text("source", "page (its words), structured data, settings or answer"),
        text("place", "page_id or answer_id; 'settings'"),
        text(
            "property",
            "name, url, sameAs, telephone, email, address, founded, and so on; of a branch "
            "'telephone (Leeds)'",
        ),
        text("value", "what is said"),
        text("compared_as", "the form in which it is compared"),
        Column(
            "names_brand",
            "flag",
            "whether it is said of the brand by name: else it can support, and contradicts nothing",
        ),
    ),
)

DISAGREEMENTS = Schema(
    "disagreements",
    "one property of the brand that is stated in more than one way",
    ("property", "compared_as"),
    (
        text("property", "schema.org's name of it"),
        text("compared_as", "the form in which it is compared"),
        text("value", "one form of it, as most often spelled"),
        text(
            "kind",
            "name variant, conflicting fact, missing or odd sameAs, or unsupported by the site",
        ),
        Column(
            "n_pages",
            "integer",
            "pages of your site that say so, in words or structured data",
        ),
        Column("n_answers", "integer", "answers that say so"),
        text("example", "page_id or answer_id where it is said"),
        text("other_value", "the form that most of your pages have"),
        text("what_to_do", "cure, in words"),
    ),
)

OUTLINES = Schema(
    "outlines",
    "one thing that a page's markup shows beside its words: headings and links in reading order, "
    "then the rest",
    ("page_id", "position"),
    (
        PAGE_ID,
        Column("position", "integer", "order on the page, from 0"),
        text(
            "kind",
            "heading, outbound link, linked words (how many), page heading (any h1), bold line "
            "(a line of its own in bold), "
            "visible (or machine) modified (or published) date, author, "
            "organisation, structured type, "
            "scripted text (what only scripts show), form, player",
        ),
        optional("level", "integer", "level of a heading, 1-6"),
        text(
            "value",
            "what it is: the heading's words, the link's URL, the date (ISO), the name, the "
            "hidden words",
        ),
        optional(
            "detail",
            "text",
            "the link's words, the date's words, where a name or date is, what a text waits for",
        ),
        optional(
            "place",
            "text",
            "title and headings of the place, joined by ' > '; missing without a heading",
        ),
    ),
)

AUDITS = Schema(
    "audits",
    "one check of one page",
    ("page_id", "check"),
    (
        PAGE_ID,
        text(
            "pillar",
            "relevance, authority, clarity or freshness (docs/method.md, the four pillars)",
        ),
        text("check", "name of the check"),
        text(
            "outcome",
            "passed, failed, not applicable, or not assessed (a language or page that the check "
            "cannot read)",
        ),
        Column("n_examined", "integer", "places of the page that were examined"),
        Column("n_failed", "integer", "places that failed"),
    ),
)

FINDINGS = Schema(
    "findings",
    "one place of one page that failed one check",
    ("finding_id",),
    (
        text(
            "finding_id",
            "id of the finding: its page's id, the check, a number",
        ),
        PAGE_ID,
        optional(
            "passage_id",
            "text",
            "passage that holds it, where one does",
        ),
        text("pillar", "relevance, authority, clarity or freshness"),
        text("check", "name of the check"),
        text(
            "place",
            "headings above it, joined by ' > '; 'page head' or 'whole page' where it is in no "
            "passage",
        ),
        text("evidence", "the words or figures that failed, as they stand there"),
        text("reason", "why that is a weakness, in plain words"),
        text("remedy", "what to do, in plain words"),
        text(
            "operation",
            "reword_heading where `before` and `after` are a heading's words; rewrite where "
            "`before` are "
            "exact words of the "
            "passage that `after` would replace; by_hand where there are no such words, as in the "
            "page head",
        ),
        optional(
            "before",
            "text",
            "the words there now, where the remedy rewrites some; of a passage its exact words",
        ),
        optional(
            "after",
            "text",
            "the words proposed, with [FACT NEEDED: ...] or [SOURCE NEEDED: ...] slots",
        ),
        Column("n_words", "integer", "words to add or change"),
        Column("n_claims", "integer", "claims that need a source or a check"),
    ),
)

CHECKS = Schema(
    "checks",
    "one check over all your pages: how often it fails, and whether such pages are cited less",
    ("check",),
    (
        text("pillar", "relevance, authority, clarity or freshness"),
        text("check", "name of the check"),
        text("title", "what is checked, in words"),
        text(
            "weight",
            "strong, moderate or weak: how far it moves being cited, by research (docs/method.md)",
        ),
        Column(
            "n_pages",
            "integer",
            "pages to which the check applies and that it could read",
        ),
        Column("n_failed", "integer", "pages that fail"),
        Column(
            "n_not_assessed",
            "integer",
            "pages that it could not read, such as in another language",
        ),
        optional(
            "cited_passed",
            "number",
            "mean citation rate of the pages that pass, over the answers near them",
        ),
        optional("cited_failed", "number", "the same of the pages that fail"),
        optional(
            "difference",
            "number",
            "cited_failed - cited_passed, coverage held equal",
        ),
        LOW_95,
        HIGH_95,
        optional(
            "p",
            "number",
            "chance of a difference as large if pages are shuffled, corrected over the checks "
            "(Holm)",
        ),
        text(
            "reading",
            "the association in words; says so where it shows nothing, or cannot be assessed",
        ),
    ),
)

JUDGEMENTS = Schema(
    "judgements",
    "one grade that one judge gave one item by one rubric",
    ("judge", "rubric", "item_id", "repeat", "is_swapped"),
    (
        text("judge", "name of the judge: a model, or a deterministic one"),
        text(
            "rubric",
            "name, version and digest of the rubric, such as answers-query@1.33f15a",
        ),
        text("item_id", "id of what was judged"),
        Column("repeat", "integer", "number of the repeat, from 0"),
        Column(
            "is_swapped",
            "flag",
            "whether the parts were shown in the other order",
        ),
        optional(
            "grade",
            "number",
            "the grade on the rubric's scale; missing where the judge gave none",
        ),
        optional("error", "text", "why there is none"),
        Column(
            "is_weighted",
            "flag",
            "whether it is weighted by the probabilities of the grades (logprobs)",
        ),
        Column(
            "n_samples",
            "integer",
            "replies of which it is the mean; 1 where it is weighted",
        ),
        optional("n_unreadable", "integer", "further replies that held no grade"),
        Column(
            "n_input_tokens",
            "integer",
            "tokens read, 0 where an earlier reply was reused",
        ),
        Column(
            "n_output_tokens",
            "integer",
            "tokens written, 0 where an earlier reply was reused",
        ),
    ),
)

RELIABILITY = Schema(
    "reliability",
    "one measure of how far one judge can be trusted with one rubric",
    ("judge", "rubric", "measure"),
    (
        text("judge", "name of the judge"),
        text("rubric", "name, version and digest of the rubric"),
        text(
            "measure",
            "graded_rate, test_retest, exact_repeat_rate, krippendorff_alpha, human_agreement, "
            "human_alpha, position_bias, "
            "flip_rate, injection_resistance or injection_rise",
        ),
        optional(
            "value",
            "number",
            "the measure; missing where it was not, or cannot be, measured",
        ),
        LOW_95,
        HIGH_95,
        optional("pass_mark", "number", "what the rubric demands of it"),
        Column(
            "is_passed",
            "flag",
            "whether it is met: a judge that misses one is not used",
        ),
        Column("n_items", "integer", "items behind the figure"),
        text("reading", "the figure in words"),
    ),
)

BRAND_CLAIMS = Schema(
    "brand_claims",
    "one thing that one answer claims of the brand, compared with your pages",
    ("claim_id",),
    (
        text("claim_id", "id of the claim"),
        ANSWER_ID,
        QUERY_ID,
        ENGINE,
        SURFACE,
        optional("asked_at", "time", "when it was asked"),
        text("text", "the sentence"),
        text("verdict", "supported, unsupported, contradicted, or not assessed"),
        optional(
            "passage_id",
            "text",
            "passage of yours that supports or contradicts it, or is nearest",
        ),
        optional("own_words", "text", "the sentence of your site that it was compared with"),
        text("reason", "what was compared, in words"),
        text("judge", "who judged: a model, or deterministic"),
    ),
)

CLAIM_RATES = Schema(
    "claim_rates",
    "one verdict on what one engine claims of the brand, in one part of its answers",
    ("engine", "surface", "split_by", "segment", "verdict"),
    (
        ENGINE,
        SURFACE,
        text(
            "split_by",
            "what parts the answers: all, half (of the log's time) or week",
        ),
        text("segment", "the part: all, first or second, the week's Monday"),
        text("verdict", "unsupported or contradicted"),
        optional(
            "value",
            "number",
            "claims with this verdict / claims on which there is a verdict",
        ),
        LOW_95,
        HIGH_95,
        Column("n_claims", "integer", "claims on which there is a verdict"),
        Column(
            "n_prompts",
            "integer",
            "distinct queries behind them: what the interval draws from",
        ),
        text("reading", "of the second half: whether it changed; else empty"),
        optional(
            "judge",
            "text",
            "whose verdicts are counted: those of one judge alone",
        ),
    ),
)

Visibility = Annotated[pd.DataFrame, VISIBILITY]
Holders = Annotated[pd.DataFrame, HOLDERS]
Competitors = Annotated[pd.DataFrame, COMPETITORS]
Verdicts = Annotated[pd.DataFrame, VERDICTS]
Drifts = Annotated[pd.DataFrame, DRIFTS]
Sessions = Annotated[pd.DataFrame, SESSIONS]
SearchDemand = Annotated[pd.DataFrame, SEARCH_DEMAND]
Referrals = Annotated[pd.DataFrame, REFERRALS]
Associations = Annotated[pd.DataFrame, ASSOCIATIONS]
Statements = Annotated[pd.DataFrame, STATEMENTS]
Disagreements = Annotated[pd.DataFrame, DISAGREEMENTS]
Outlines = Annotated[pd.DataFrame, OUTLINES]
Audits = Annotated[pd.DataFrame, AUDITS]
Findings = Annotated[pd.DataFrame, FINDINGS]
Checks = Annotated[pd.DataFrame, CHECKS]
Judgements = Annotated[pd.DataFrame, JUDGEMENTS]
Reliability = Annotated[pd.DataFrame, RELIABILITY]
BrandClaims = Annotated[pd.DataFrame, BRAND_CLAIMS]
ClaimRates = Annotated[pd.DataFrame, CLAIM_RATES]
