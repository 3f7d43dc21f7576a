"""analyze(): the whole method on one screen; below it, the glue between stages."""

import logging
import platform
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from coverage_kit.analysis import VECTORS, Analysis
from coverage_kit.collect.claims import split_claims
from coverage_kit.collect.logs import describe_mapping
from coverage_kit.collect.passages import split_pages
from coverage_kit.collect.site import read_site
from coverage_kit.embed.texts import CachedEncoder, headings, passage_texts
from coverage_kit.errors import LogError, SiteError
from coverage_kit.llm.costs import open_ledger
from coverage_kit.match.model import SiteModel
from coverage_kit.parallel import WorkPlan, open_work_plan
from coverage_kit.pipeline.audit import AuditInputs, audit_site
from coverage_kit.pipeline.coverage import (
    Matched,
    RunVectors,
    is_cited,
    match_site,
)
from coverage_kit.pipeline.edits import (
    ExtraCandidates,
    plan_edits,
    read_holdout,
)
from coverage_kit.pipeline.grouping import group_log
from coverage_kit.pipeline.map import draw_map
from coverage_kit.pipeline.visibility import (
    VisibilityInputs,
    assign_owner_sites,
    find_all_mentions,
    track_visibility,
)
from coverage_kit.rank.causes import explain_coverage, gather_facts, pool_facts
from coverage_kit.rank.drafts import ClaimBook, unsupported_claims
from coverage_kit.rank.gaps import nearest_to_clusters, rank_gaps
from coverage_kit.rank.outcomes import LogParties, count_outcomes, outcome_rates
from coverage_kit.settings import Settings
from coverage_kit.storage.cache import ResultCache
from coverage_kit.tables import PAGES, STAGES, LogTables, Pages, Passages
from coverage_kit.usage import Spent
from coverage_kit.vectors import Encoder, embed_texts

_TRACKED = 11
_VERSIONS = (
    "coverage_kit",
    "sentence-transformers",
    "torch",
    "faiss-cpu",
    "scikit-learn",
    "umap-learn",
    "trafilatura",
)

logger = logging.getLogger(__name__)


def analyze(settings: Settings, encoder: Encoder | None = None) -> Analysis:
    """Return the analysis of a site against its log: gaps, edits and every table on the way.

    Args:
        settings: every knob (`read_settings`).
        encoder: instead of the one that the settings name.

    Raises CoverageKitError, with where, what, found and cure, for input that cannot be used.
    """
    kept = ResultCache(Path(settings.cache) / "found")
    ledger = open_ledger(settings)
    holdout = read_holdout(settings)
    stages = StageClock(kept)
    with stages.clock("collect"):
        work_plan = open_work_plan(settings, encoder)
        log = collect_log(settings, work_plan)
        stages.encoder = open_encoder(settings, work_plan)
        is_own_encoder = encoder is not None
        encoder = stages.encoder
        n_queries = len(log.queries)
        log, groups = group_log(settings, log, encoder, is_own_encoder)
        pages, own_site, brand_sites = collect_pages(settings)
        log = assign_owner_sites(log, settings, own_site, brand_sites)
        passages = split_pages(pages, settings.match.passage_words)
        own = own_passages(passages, pages, own_site)
        mentions = find_all_mentions(log, names := brand_names(settings, brand_sites))
        claims = split_claims(log.answers)
    with stages.clock("embed"):
        raw = RunVectors(
            embed_texts(log.queries["query_id"], log.queries["text"], encoder, "query"),
            embed_texts(passages["passage_id"], passage_texts(passages), encoder),
            embed_texts(own["passage_id"], headings(own), encoder),
            embed_texts(claims["claim_id"], claims["text"], encoder),
        )
    with stages.clock("match"):
        known = is_cited(log, pages[(pages["site"] == own_site) & (pages["status"] == "ok")])
        found = match_site(settings, log, claims, passages, own, raw, known, kept, work_plan)
        matches = found.matches
        coverage = found.coverage
        clusters = found.clusters
        scorer = found.scorer
    with stages.clock("rank"):
        cluster_of = clusters.set_index("query_id")["cluster_id"]
        outcomes = count_outcomes(
            log.answers,
            log.citations,
            mentions,
            field_of(settings, pages, own_site, log),
        )
        facts = gather_facts(
            evidence := scorer.table(found.on_subject),
            coverage,
            outcome_rates(outcomes),
        )
        coverage = explain_coverage(coverage, facts)
        pooled = pool_facts(facts, log.queries, cluster_of)
        told = claims.assign(
            own_similarity=scorer.claim_support(),
            other_similarity=found.elsewhere,
        )
        book = ClaimBook(told, found.vectors.said.vectors)
        nearest = nearest_to_clusters(matches, log.queries, clusters, own_site).join(
            unsupported_claims(book, clusters)
        )
        gaps = rank_gaps(
            log.queries,
            coverage,
            found.draws,
            clusters,
            found.labels,
            pooled,
            nearest,
            settings.seed,
        )
        model = SiteModel(scorer, found.calibration, encoder, found.space, known)
        audited = audit_site(
            settings,
            log,
            AuditInputs(pages, gaps, coverage, clusters, mentions, holdout),
            names,
            model,
        )
        content = found.vectors.content
        more = ExtraCandidates(audited.repairs, holdout)
        plan = plan_edits(
            settings,
            log,
            gaps,
            coverage,
            clusters,
            matches,
            passages,
            model,
            book,
            content,
            more,
        )
    with stages.clock("measure"):
        seen = VisibilityInputs(
            own_site,
            brand_sites,
            names,
            pages,
            mentions,
            clusters,
            coverage,
            plan.edits,
        )
        tracked = track_visibility(settings, log, seen)
    with stages.clock("map"):
        points = draw_map(
            found.vectors,
            raw,
            (passages["site"] == own_site).to_numpy(),
            settings,
            kept,
        )
    ledger.add(settings.out, "embed", encoder.name, stages.spent)
    counts = {"n_queries_read": n_queries, "n_holdout": len(holdout)}
    about = {**describe(settings, own_site, encoder, found, log), **counts}
    taken = (
        "queries",
        "answers",
        "citations",
        "spans",
        "searches",
        "failures",
        "sources",
    )
    return Analysis(
        **{name: getattr(log, name) for name in taken},
        **{
            "pages": pages,
            "passages": passages,
            "mentions": mentions,
            "matches": matches,
            "evidence": evidence,
        },
        **{"coverage": coverage, "clusters": clusters, "gaps": gaps},
        **{
            "edits": plan.edits,
            "changes": plan.changes,
            "effects": plan.effects,
            "frontier": plan.frontier,
        },
        **{"points": points, "stages": stages.table(), "groups": groups},
        **{
            one.name: getattr(part, one.name)
            for part in (tracked, audited.tables)
            for one in fields(part)
        },
        about={**about, **plan.about},
        embeddings=dict(zip(VECTORS, (raw.asked, raw.content), strict=True)),
    )


def open_encoder(settings: Settings, work_plan: WorkPlan) -> CachedEncoder:
    """Return the run's encoder, with vectors kept in the settings' cache."""
    return CachedEncoder(
        work_plan.encoder,
        Path(settings.cache) / "vectors.sqlite",
        chunk_texts=work_plan.chunk_texts,
    )


def collect_pages(settings: Settings) -> tuple[Pages, str, dict[str, str]]:
    """Return the pages of all sites, the own site's name, and the site of each tracked brand, the own one first.

    A source is one site, named after most of its readable pages; but a competitor's folder without
    base_url and brand may hold many sites. Brands without a name go by their site's. Raises
    SiteError when two sources have one name.
    """
    own, own_site = _named(read_site(settings.site, settings.crawl, settings.cache))
    parts = [own]
    brand_sites = {settings.site.brand[0] if settings.site.brand else own_site: own_site}
    for other in settings.competitors:
        part = read_site(other, settings.crawl, settings.cache)
        if other.base_url or other.brand:
            part, name = _named(part)
            brand_sites[other.brand[0] if other.brand else name] = name
        taken = set(part["site"]) & {str(site) for read in parts for site in read["site"].unique()}
        if taken:
            cure = "Set its base_url, or leave it out."
            raise SiteError(
                other.source,
                "a site with a name of its own",
                f"{min(taken)!r} twice",
                cure,
            )
        parts.append(part)
    pages = pd.concat(parts, ignore_index=True)
    PAGES.check(pages, "collect_pages() returned")
    by_pages = [
        str(site) for site in pages["site"].value_counts().index if site not in brand_sites.values()
    ]
    return (
        pages,
        own_site,
        {
            **brand_sites,
            **{site: site for site in by_pages[: max(0, _TRACKED - len(brand_sites))]},
        },
    )


def _named(pages: Pages) -> tuple[Pages, str]:
    name = str(pages.loc[pages["status"] == "ok", "site"].mode().iloc[0])
    return pages.assign(site=pd.Series([name] * len(pages), index=pages.index, dtype="str")), name


def collect_log(settings: Settings, work_plan: WorkPlan) -> LogTables:
    """Return the log's tables. Raises LogError when the settings name no log."""
    if not settings.log.files:
        raise LogError(
            "log.files",
            "at least one log of queries",
            "none",
            "Name files or folders in [log] of coverage.toml.",
        )
    log = work_plan.read_log(settings.log)
    logger.info("columns of the log: %s", describe_mapping(log.mapping))
    return log


def own_passages(passages: Passages, pages: Pages, own_site: str) -> Passages:
    """Return the own site's passages. Raises SiteError when it has none."""
    own = passages[passages["site"] == own_site].reset_index(drop=True)
    if own.empty:
        counts = pages.loc[pages["site"] == own_site, "status"].value_counts()
        found = ", ".join(f"{n} x {status}" for status, n in counts.items()) or "no page"
        raise SiteError(
            own_site,
            "at least one page with text",
            found,
            "Check the source of [site].",
        )
    return own


def brand_names(settings: Settings, brand_sites: dict[str, str]) -> list[tuple[str, ...]]:
    """Return the names of each tracked brand, its label first."""
    aliases = {
        site.brand[0]: site.brand for site in (settings.site, *settings.competitors) if site.brand
    }
    return [aliases.get(brand, (brand,)) for brand in brand_sites]


def field_of(settings: Settings, pages: Pages, own_site: str, log: LogTables) -> LogParties:
    """Return who is who in the log."""
    others = frozenset(str(site) for site in pages["site"].unique()) - {own_site}
    is_search_known = "has_searched" in log.mapping or bool(len(log.citations) or len(log.searches))
    return LogParties(
        own_site,
        settings.site.brand[0] if settings.site.brand else "",
        others,
        is_search_known,
    )


def describe(
    settings: Settings,
    own_site: str,
    encoder: Encoder,
    found: Matched,
    log: LogTables,
) -> dict[str, Any]:
    """Return what a reader needs to judge the run: settings, versions, self-test, clustering, mapping of the log."""
    return {
        "own_site": own_site,
        "brand": settings.site.brand[0] if settings.site.brand else own_site,
        "encoder": encoder.name,
        "settings": settings.model_dump(mode="json"),
        "self_test": asdict(found.calibration.self_test) if found.calibration.self_test else None,
        "evidence_used": list(found.calibration.names),
        "unanswered_share": float(found.calibration.unanswered_share[0]),
        "clustering": asdict(found.quality),
        "log_columns": log.mapping,
        "index": found.index,
        "n_answers_read": log.n_answers_read,
        "share_of_answers_kept": log.share_of_answers_kept,
        "seed": settings.seed,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in _VERSIONS},
        },
    }


@dataclass
class StageClock:
    """Clocks the stages of one run, and says what each took over from runs before."""

    kept: ResultCache
    rows: list[dict[str, object]] = field(default_factory=list)
    encoder: CachedEncoder | None = None

    @contextmanager
    def clock(self, stage: str) -> Iterator[None]:
        """Record seconds, memory, vectors made and reused, and findings reused while the block runs."""
        start = time.perf_counter()
        before = self._counts()
        n_kept = len(self.kept.reused)
        yield
        embedded, reused = (now - then for now, then in zip(self._counts(), before, strict=True))
        unit = 2**20 if sys.platform == "darwin" else 2**10
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
        row = {
            "stage": stage,
            "seconds": time.perf_counter() - start,
            "peak_megabytes": peak,
        }
        taken_over = ", ".join(self.kept.reused[n_kept:])
        self.rows.append(
            {
                **row,
                "n_embedded": embedded,
                "n_reused": reused,
                "reused": taken_over or None,
            }
        )
        logger.info(
            "%s: %.1f s%s",
            stage,
            row["seconds"],
            f" (unchanged: {taken_over})" if taken_over else "",
        )

    @property
    def spent(self) -> Spent:
        """Texts embedded and reused so far, and the seconds of the stage that embeds; its model counts no tokens."""
        seconds = sum(float(str(row["seconds"])) for row in self.rows if row["stage"] == "embed")
        return Spent(*self._counts(), seconds=seconds)

    def table(self) -> pd.DataFrame:
        """Return one row a stage."""
        return STAGES.table(self.rows)

    def _counts(self) -> tuple[int, int]:
        return (self.encoder.n_embedded, self.encoder.n_reused) if self.encoder else (0, 0)
