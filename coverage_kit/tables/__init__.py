"""START HERE: every table that passes between stages, its columns and its key.

A function that takes or returns a table names it in its types (`def split_pages(pages: Pages) ->
Passages`) and is marked `@checked`, which verifies columns, kinds and keys when it is called.
Further columns are welcome and kept.

There is a module for each stage: collected, matched, ranked, measured; of_runs for the run itself,
and fetched for access logs. Import tables from here. docs/tables.md lists them all.
"""

from coverage_kit.tables import collected, fetched, matched, measured, of_runs, ranked
from coverage_kit.tables.collected import (
    ANSWERS as ANSWERS,
    CITATIONS as CITATIONS,
    CLAIMS as CLAIMS,
    FAILURES as FAILURES,
    MENTIONS as MENTIONS,
    PAGES as PAGES,
    PASSAGES as PASSAGES,
    QUERIES as QUERIES,
    QUESTION_CHECKS as QUESTION_CHECKS,
    REJECTS as REJECTS,
    SEARCHES as SEARCHES,
    SOURCES as SOURCES,
    SPANS as SPANS,
    UNREAD as UNREAD,
    Answers as Answers,
    Citations as Citations,
    Claims as Claims,
    Failures as Failures,
    LogTables as LogTables,
    Mentions as Mentions,
    Pages as Pages,
    Passages as Passages,
    Queries as Queries,
    QuestionChecks as QuestionChecks,
    Rejects as Rejects,
    Searches as Searches,
    Sources as Sources,
    Spans as Spans,
    Unread as Unread,
)
from coverage_kit.tables.fetched import (
    ABSENT_PAGES as ABSENT_PAGES,
    FETCH_FILES as FETCH_FILES,
    FETCHES as FETCHES,
    PAGE_EFFECTS as PAGE_EFFECTS,
    AbsentPages as AbsentPages,
    Fetches as Fetches,
    FetchFiles as FetchFiles,
    PageEffects as PageEffects,
)
from coverage_kit.tables.matched import (
    CLUSTERS as CLUSTERS,
    COVERAGE as COVERAGE,
    EVIDENCE as EVIDENCE,
    GROUPS as GROUPS,
    LABELS as LABELS,
    MATCHES as MATCHES,
    MISSING_ITEMS as MISSING_ITEMS,
    QRELS as QRELS,
    THEMES as THEMES,
    Clusters as Clusters,
    Coverage as Coverage,
    Evidence as Evidence,
    Groups as Groups,
    Labels as Labels,
    Matches as Matches,
    MissingItems as MissingItems,
    Qrels as Qrels,
    Themes as Themes,
)
from coverage_kit.tables.measured import (
    ASSOCIATIONS as ASSOCIATIONS,
    AUDITS as AUDITS,
    BRAND_CLAIMS as BRAND_CLAIMS,
    CHECKS as CHECKS,
    CLAIM_RATES as CLAIM_RATES,
    COMPETITORS as COMPETITORS,
    DISAGREEMENTS as DISAGREEMENTS,
    DRIFTS as DRIFTS,
    FINDINGS as FINDINGS,
    HOLDERS as HOLDERS,
    JUDGEMENTS as JUDGEMENTS,
    OUTLINES as OUTLINES,
    REFERRALS as REFERRALS,
    RELIABILITY as RELIABILITY,
    SEARCH_DEMAND as SEARCH_DEMAND,
    SESSIONS as SESSIONS,
    STATEMENTS as STATEMENTS,
    VERDICTS as VERDICTS,
    VISIBILITY as VISIBILITY,
    Associations as Associations,
    Audits as Audits,
    BrandClaims as BrandClaims,
    Checks as Checks,
    ClaimRates as ClaimRates,
    Competitors as Competitors,
    Disagreements as Disagreements,
    Drifts as Drifts,
    Findings as Findings,
    Holders as Holders,
    Judgements as Judgements,
    Outlines as Outlines,
    Referrals as Referrals,
    Reliability as Reliability,
    SearchDemand as SearchDemand,
    Sessions as Sessions,
    Statements as Statements,
    Verdicts as Verdicts,
    Visibility as Visibility,
)
from coverage_kit.tables.of_runs import (
    COSTS as COSTS,
    HISTORY as HISTORY,
    PANELS as PANELS,
    POINTS as POINTS,
    PREVIOUS as PREVIOUS,
    STAGES as STAGES,
    Costs as Costs,
    History as History,
    Panels as Panels,
    Points as Points,
    Previous as Previous,
    Stages as Stages,
)
from coverage_kit.tables.ranked import (
    CHANGES as CHANGES,
    EDITS as EDITS,
    EFFECTS as EFFECTS,
    FACTS as FACTS,
    FRONTIER as FRONTIER,
    GAPS as GAPS,
    PREDICTIONS as PREDICTIONS,
    Changes as Changes,
    Edits as Edits,
    Effects as Effects,
    Facts as Facts,
    Frontier as Frontier,
    Gaps as Gaps,
    Predictions as Predictions,
)
from coverage_kit.tables.schema import (
    Column as Column,
    Kind as Kind,
    Schema as Schema,
    checked as checked,
)

# Found in the modules, so that a new table needs no entry here.
SCHEMAS: tuple[Schema, ...] = tuple(
    value
    for module in (collected, matched, ranked, of_runs, measured, fetched)
    for value in vars(module).values()
    if isinstance(value, Schema)
)
