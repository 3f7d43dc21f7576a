"""From gaps to a plan of edits: proposed, simulated, corrected by the track record, ranked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.match.home_features import AskedQuestions, SitePages
from coverage_kit.match.homes import Homes, find_homes, load_home_model
from coverage_kit.match.model import SiteModel
from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.pipeline.audit import AuditTables, audit_site
from coverage_kit.pipeline.citations import CitationGain, CitationInputs, predict_citations
from coverage_kit.pipeline.coverage import RunCoverage
from coverage_kit.pipeline.gaps import RunGaps
from coverage_kit.pipeline.inputs import Inputs
from coverage_kit.pipeline.run import Run
from coverage_kit.rank.briefs import Brief, Slot
from coverage_kit.rank.candidates import Candidate, EditedSite
from coverage_kit.rank.causes import demand_weights
from coverage_kit.rank.drafts import DraftSources
from coverage_kit.rank.edits import (
    explain_no_edits,
    list_facts,
    open_questions,
    propose_edits,
)
from coverage_kit.rank.facts import BriefMaterial, Topic, write_briefs
from coverage_kit.rank.parts import subtract_facts
from coverage_kit.rank.plan import least_gain_of, make_plan, months_of
from coverage_kit.rank.select import Limits
from coverage_kit.rank.simulate import (
    Simulation,
    edit_table,
    join_simulations,
    simulate_edits,
)
from coverage_kit.rank.track import TrackRecord, read_track
from coverage_kit.tables import Changes, Edits, Effects, Evidence, Facts, Frontier, Gaps, Passages
from coverage_kit.vocabulary import LIKELY

# The file in the cache to which `coverage-kit compare` adds, and from which this run learns.
RECORD = "predictions.parquet"
# Your passages that an editor should read before writing about a topic: their least similarity to a
# question, and how many (assumed).
_NEAR = 0.45
_MAX_NEAR = 3
# Two passages of your site this similar say the same (assumed; shown to editors, who decide).
_TWIN_SIMILARITY = 0.9
# Neighbours searched for each passage: itself and the two nearest others.
_TWIN_NEIGHBORS = 3


@dataclass(frozen=True)
class EditPlan:
    """Edits by rank, and what they rest on.

    Attributes:
        edits: the edits, those within the budget marked.
        changes: the changes of pages that each edit makes.
        effects: the queries that each edit helps or harms.
        facts: what the text of each edit should contain.
        frontier: what the list costs and gains, down to each edit.
        gaps: the gaps, with what the plan does about each.
        audit: what an audit of your pages and the answers shows.
        n_candidates: candidate edits that were simulated.
        n_small: those that are not listed.
        least_gain: the least that a listed edit adds, in questions asked.
        log_months: months over which the questions were asked; None where the log has no dates.
        share_of_bound: gain of the chosen edits as a share of what no set of their cost can exceed.
        track_record: how past predictions came true.
        citations: the model of who is cited.
    """

    edits: Edits
    changes: Changes
    effects: Effects
    facts: Facts
    frontier: Frontier
    gaps: Gaps
    audit: AuditTables
    n_candidates: int
    n_small: int
    least_gain: float
    log_months: float | None
    share_of_bound: float
    track_record: TrackRecord
    citations: CitationGain


def plan_edits(run: Run, inputs: Inputs, fitted: RunCoverage, ranked: RunGaps) -> EditPlan:
    """Return the plan of edits for these gaps, within the settings' budget and constraints.

    Edits are ranked by their coverage gain; their `citation_gain` is shown beside it
    (`predict_citations`).
    """
    model = fitted.site_model(run, inputs)
    audit = audit_site(run, inputs, fitted, ranked, model)
    drafted, locked_gaps = _propose(run, inputs, fitted, ranked)
    repairs = list(audit.repairs)
    candidates = [*drafted, *repairs]
    record = Path(run.settings.cache) / RECORD
    track = read_track(record, inputs.own_site, run.encoder.name)
    simulation = _simulate(run, inputs, model, drafted, repairs)
    simulation = correct(simulation, track, run.seed)
    logged = CitationInputs(inputs.log, inputs.passages, fitted.vectors.passages, fitted.clusters)
    # Shown beside the coverage gain; it does not rank.
    citations = predict_citations(logged, model, candidates, simulation.effects, run.seed)
    queries = inputs.log.queries
    least_gain = least_gain_of(queries)
    plan = make_plan(
        candidates,
        edit_table(candidates, simulation).assign(**citations.columns(len(candidates))),
        simulation,
        ranked.gaps,
        Limits(
            run.settings.rank.budget_minutes,
            run.settings.rank.budget_words,
            run.settings.rank.edits_per_page,
            run.settings.rank.locked_pages,
        ),
        least_gain,
        explain_no_edits(ranked.gaps),
        locked_gaps,
    )
    facts = list_facts(candidates)
    facts = facts[facts["edit_id"].isin(plan.edits["edit_id"])]
    run.clock.finish("rank")
    return EditPlan(
        edits=plan.edits,
        changes=plan.changes,
        effects=plan.effects,
        facts=subtract_facts(facts, plan.first_parts),
        frontier=plan.frontier,
        gaps=plan.gaps,
        audit=audit.tables,
        n_candidates=len(candidates),
        n_small=plan.n_small,
        least_gain=least_gain,
        log_months=months_of(queries),
        share_of_bound=best_share(plan.edits, plan.frontier),
        track_record=track,
        citations=citations,
    )


def _propose(
    run: Run, inputs: Inputs, fitted: RunCoverage, ranked: RunGaps
) -> tuple[list[Candidate], set[str]]:
    """Return the candidate edits of the gaps, and the gaps that have edits of locked pages only."""
    gaps = ranked.gaps
    queries = inputs.log.queries
    own = inputs.own_passages
    site = EditedSite(own, find_twins(own, fitted.scorer.passage_vectors), inputs.last_year)
    questions = open_questions(gaps, queries, ranked.coverage, fitted.clusters)
    homes = _find_homes(run, inputs, fitted, questions)
    sources = DraftSources(
        briefs=_write_briefs(inputs, fitted, gaps, questions),
        homes=homes.by_topic,
        new_pages=homes.new_pages,
        no_home=homes.none,
        near=_near_passages(ranked.evidence, gaps, questions),
        holdout=run.holdout,
    )
    effort = run.settings.rank
    allowed = propose_edits(gaps, questions, site, sources, effort)
    if not effort.locked_pages:
        return allowed, set()
    unlocked = effort.model_copy(update={"locked_pages": ()})
    known = propose_edits(gaps, questions, site, sources, unlocked)
    served = {candidate.cluster_id for candidate in allowed}
    return allowed, {candidate.cluster_id for candidate in known} - served


def _near_passages(
    evidence: Evidence, gaps: Gaps, questions: Mapping[str, pd.DataFrame]
) -> dict[str, tuple[str, ...]]:
    """Return by cluster_id your passages that are near to its questions, the nearest first.

    Of a gap that is only possible they are the nearest, however far: one may answer it.
    """
    ordered = evidence.dropna(subset=["own_passage_id"]).sort_values("own_best", ascending=False)
    likely = set(gaps.loc[gaps["likelihood"] == LIKELY, "cluster_id"])
    near = {}
    for name, members in questions.items():
        rows = ordered[ordered["query_id"].isin(members["query_id"])]
        if name in likely:
            rows = rows[rows["own_best"] >= _NEAR]
        near[name] = tuple(rows["own_passage_id"].unique()[:_MAX_NEAR])
    return near


def _find_homes(
    run: Run, inputs: Inputs, fitted: RunCoverage, questions: Mapping[str, pd.DataFrame]
) -> Homes:
    """Return on which page of your site each topic belongs, by its open questions.

    No page is a home where the encoder cannot read the texts: nearness then says nothing.
    """
    pages = inputs.own_pages
    site = SitePages.describe(
        inputs.own_passages,
        dict(zip(pages["page_id"], pages["title"].fillna(""), strict=True)),
        fitted.scorer.passage_vectors,
        fitted.vectors.headings.vectors,
        lambda texts: fitted.space.move_passages(run.encoder.encode(texts)),
    )
    queries = inputs.log.queries
    row_of = pd.Index(queries["query_id"])
    asked = AskedQuestions(
        texts=tuple(queries["text"]),
        vectors=fitted.vectors.queries.vectors,
        weights=np.asarray(demand_weights(queries), dtype=np.float64),
        answer_rows=row_of.get_indexer(pd.Index(inputs.claims["query_id"])),
        answer_texts=tuple(inputs.claims["text"]),
        answers=fitted.vectors.claims.vectors,
    )
    topics = {
        name: row_of.get_indexer(pd.Index(members["query_id"]))
        for name, members in questions.items()
    }
    barred = () if fitted.scorer.reliability.meaning else site.page_ids
    return find_homes(site, asked, topics, load_home_model(), barred)


def _write_briefs(
    inputs: Inputs, fitted: RunCoverage, gaps: Gaps, questions: Mapping[str, pd.DataFrame]
) -> dict[str, Brief]:
    """Return by cluster_id what a text about each topic has to say.

    What a judge misses of complete answers comes before the other slots.
    """
    log = inputs.log
    rivals = set(inputs.sites.brand_sites.values()) - {inputs.own_site}
    is_rival = inputs.passages["site"].isin(rivals)
    material = BriefMaterial(
        queries=log.queries,
        clusters=fitted.clusters,
        answers=log.answers,
        claims=inputs.claims,
        citations=log.citations,
        own_passages=inputs.own_passages,
        other_passages=inputs.passages[is_rival],
        claim_vectors=fitted.vectors.claims.vectors,
        query_vectors=fitted.vectors.queries.vectors,
        passage_vectors=fitted.scorer.passage_vectors,
        other_vectors=fitted.vectors.passages.vectors[is_rival.to_numpy()],
        brand_names=inputs.brand_names,
    )
    labels = gaps.set_index("cluster_id")["label"]
    topics = [
        Topic(name, str(labels[name]), tuple(members["query_id"]))
        for name, members in questions.items()
    ]
    missing = {
        str(query_id): tuple(Slot(str(item), str(query_id)) for item in items)
        for query_id, items in inputs.missing_items.groupby("query_id")["item"]
    }
    briefs = write_briefs(topics, material)
    return {
        name: brief._replace(
            slots=(
                *(slot for q in brief.questions for slot in missing.get(q.query_id, ())),
                *brief.slots,
            )
        )
        for name, brief in briefs.items()
    }


def _simulate(
    run: Run,
    inputs: Inputs,
    model: SiteModel,
    drafted: list[Candidate],
    repairs: list[Candidate],
) -> Simulation:
    """Return what each candidate gains and harms.

    Repairs are simulated separately: words that a page has already must not compete with the
    words of a proposed text.
    """
    queries = inputs.log.queries
    simulation = simulate_edits(drafted, model, queries, run.seed)
    if not repairs:
        return simulation
    first = len(drafted)
    mended = simulate_edits(repairs, model, queries, run.seed, first)
    return join_simulations(simulation, mended)


def correct(simulation: Simulation, track: TrackRecord, seed: int) -> Simulation:
    """Return the simulation corrected by how past predictions came true.

    Gains are multiplied by the ratio of realised to predicted gains; intervals widen by its spread.
    """
    # Without a comparison of past predictions there is nothing to correct by.
    if not track.n:
        return simulation
    chances = tuple(
        # A chance is a probability, and the ratio may be above 1.
        replace(chance, chance=np.clip(chance.chance * track.ratio, 0, 1))
        for chance in simulation.chances
    )
    return replace(
        simulation,
        chances=chances,
        gain=track.adjust(simulation.gain, seed),
        harm=simulation.harm * track.ratio,
        effects=simulation.effects.assign(gain=simulation.effects["gain"] * track.ratio),
    )


def find_twins(passages: Passages, vectors: npt.NDArray[np.float32]) -> pd.DataFrame:
    """Return pairs of your passages that say nearly the same: passage_id, other_passage_id."""
    similarities, neighbor_rows = nearest_rows(vectors, vectors, _TWIN_NEIGHBORS)
    ids = passages["passage_id"].to_numpy()
    pairs: list[dict[str, Any]] = []
    for row, passage_id in enumerate(ids):
        for similarity, other in zip(similarities[row], neighbor_rows[row], strict=True):
            # The nearest neighbour of a passage is mostly the passage itself.
            if other != row and similarity >= _TWIN_SIMILARITY:
                pairs.append({"passage_id": passage_id, "other_passage_id": ids[other]})
    return pd.DataFrame(pairs, columns=["passage_id", "other_passage_id"])


def best_share(edits: Edits, frontier: Frontier) -> float:
    """Return the chosen edits' gain as a share of its upper bound; 1 where nothing is chosen.

    The bound is a gain that no set of edits of the same cost can exceed.
    """
    is_chosen = frontier["edit_id"].isin(edits.loc[edits["is_chosen"], "edit_id"])
    chosen = frontier[is_chosen]
    if chosen.empty:
        return 1.0
    last = chosen.iloc[-1]
    return float(last["gain"] / last["bound"])
