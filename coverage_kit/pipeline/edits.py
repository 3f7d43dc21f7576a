"""From gaps to a plan of edits: proposed, simulated, corrected by the track record, ranked."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.match.model import SiteModel
from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.pipeline.audit import AuditTables, audit_site
from coverage_kit.pipeline.citations import CitationGain, CitationInputs, predict_citations
from coverage_kit.pipeline.coverage import RunCoverage
from coverage_kit.pipeline.gaps import RunGaps
from coverage_kit.pipeline.inputs import Inputs
from coverage_kit.pipeline.run import Run
from coverage_kit.rank.candidates import Candidate, EditedSite
from coverage_kit.rank.drafts import DraftSources
from coverage_kit.rank.edits import explain_no_edits, propose_edits
from coverage_kit.rank.gaps import best_pages
from coverage_kit.rank.plan import least_gain_of, make_plan
from coverage_kit.rank.select import Limits
from coverage_kit.rank.simulate import (
    Simulation,
    edit_table,
    join_simulations,
    simulate_edits,
)
from coverage_kit.rank.track import TrackRecord, read_track
from coverage_kit.tables import FACTS, Changes, Edits, Effects, Facts, Frontier, Gaps, Passages

# The file in the cache to which `coverage-kit compare` adds, and from which this run learns.
RECORD = "predictions.parquet"
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
        gaps: the gaps, with the plan for each.
        n_small: edits that are not listed, as they add too little.
        audit: what an audit of your pages and the answers shows.
        n_candidates: candidate edits that were simulated.
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
    n_small: int
    audit: AuditTables
    n_candidates: int
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
    drafted = _propose(run, inputs, fitted, ranked)
    repairs = list(audit.repairs)
    candidates = [*drafted, *repairs]
    record = Path(run.settings.cache) / RECORD
    track = read_track(record, inputs.own_site, run.encoder.name)
    simulation = _simulate(run, inputs, fitted, model, drafted, repairs)
    simulation = correct(simulation, track, run.seed)
    logged = CitationInputs(inputs.log, inputs.passages, fitted.vectors.passages, fitted.clusters)
    # Shown beside the coverage gain; it does not rank.
    citations = predict_citations(logged, model, candidates, simulation.effects, run.seed)
    gains = np.nan if citations.gains is None else citations.gains
    proposed = edit_table(candidates, simulation).assign(citation_gain=gains)
    limits = Limits(
        run.settings.rank.budget_minutes,
        run.settings.rank.budget_words,
        run.settings.rank.edits_per_page,
        run.settings.rank.locked_pages,
    )
    plan = make_plan(
        candidates,
        proposed,
        simulation,
        ranked.gaps,
        limits,
        least_gain_of(inputs.log.queries),
        explain_no_edits(ranked.gaps),
    )
    run.clock.finish("rank")
    return EditPlan(
        edits=plan.edits,
        changes=plan.changes,
        effects=plan.effects,
        facts=FACTS.empty(),
        frontier=plan.frontier,
        gaps=plan.gaps,
        n_small=plan.n_small,
        audit=audit.tables,
        n_candidates=len(candidates),
        share_of_bound=best_share(plan.edits, plan.frontier),
        track_record=track,
        citations=citations,
    )


def _propose(run: Run, inputs: Inputs, fitted: RunCoverage, ranked: RunGaps) -> list[Candidate]:
    """Return the candidate edits of the gaps, drafted from the log and from your own words."""
    gaps = ranked.gaps
    queries = inputs.log.queries
    own = inputs.own_passages
    site = EditedSite(own, find_twins(own, fitted.scorer.passage_vectors), inputs.last_year)
    passage_text = inputs.passages.set_index("passage_id")["text"]
    competitor_texts = gaps["best_other_passage_id"].map(passage_text)
    sources = DraftSources(
        book=ranked.claim_book,
        anchors=best_pages(fitted.matches, queries, fitted.clusters, inputs.own_site),
        other_site_texts={
            name: text
            for name, text in zip(gaps["cluster_id"], competitor_texts, strict=True)
            if isinstance(text, str)
        },
        holdout=run.holdout,
        missing={
            str(query_id): tuple(items)
            for query_id, items in inputs.missing_items.groupby("query_id")["item"]
        },
    )
    return propose_edits(
        gaps,
        queries,
        ranked.coverage,
        fitted.clusters,
        site,
        sources,
        run.settings.rank,
    )


def _simulate(  # noqa: PLR0913 (the two lists of candidates are simulated separately)
    run: Run,
    inputs: Inputs,
    fitted: RunCoverage,
    model: SiteModel,
    drafted: list[Candidate],
    repairs: list[Candidate],
) -> Simulation:
    """Return what each candidate gains and harms.

    Repairs are simulated separately: words that a page has already must not compete with the
    words of a proposed text.
    """
    queries = inputs.log.queries
    simulation = simulate_edits(drafted, model, queries, fitted.clusters, run.seed)
    if not repairs:
        return simulation
    first = len(drafted)
    mended = simulate_edits(repairs, model, queries, fitted.clusters, run.seed, first)
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
