"""From gaps to a plan of edits: proposed, simulated, corrected by how past predictions held, ranked. Glue between stages."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from coverage_kit.collect.panel import read_panel
from coverage_kit.match.model import SiteModel
from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.pipeline.citations import predict_citations
from coverage_kit.rank.candidates import Candidate, Site
from coverage_kit.rank.drafts import ClaimBook
from coverage_kit.rank.edits import (
    explain_no_edits,
    list_changes,
    propose_edits,
)
from coverage_kit.rank.gaps import best_places
from coverage_kit.rank.select import Limits, rank_edits
from coverage_kit.rank.simulate import (
    Simulation,
    edit_table,
    join_simulations,
    simulate_edits,
)
from coverage_kit.rank.track import TrackRecord, read_track
from coverage_kit.settings import Settings
from coverage_kit.tables import (
    Changes,
    Clusters,
    Coverage,
    Edits,
    Effects,
    Frontier,
    Gaps,
    LogTables,
    Matches,
    Passages,
)
from coverage_kit.vectors import Embeddings

RECORD = "predictions.parquet"
_TWINS = 0.9


@dataclass(frozen=True)
class ExtraCandidates:
    """Candidates beside those of the gaps, such as those that mend what an audit found; queries from which none is drafted."""

    repairs: tuple[Candidate, ...] = ()
    holdout: frozenset[str] = frozenset()


@dataclass(frozen=True)
class EditPlan:
    """Edits by rank, what they change, whom they help, and what the list costs and brings; `about` says on what it rests."""

    edits: Edits
    changes: Changes
    effects: Effects
    frontier: Frontier
    about: dict[str, Any]


def plan_edits(
    settings: Settings,
    log: LogTables,
    gaps: Gaps,
    coverage: Coverage,
    clusters: Clusters,
    matches: Matches,
    passages: Passages,
    model: SiteModel,
    book: ClaimBook,
    content: Embeddings,
    further: ExtraCandidates | None = None,
) -> EditPlan:
    """Return the plan of edits for these gaps within the settings' budget and constraints.

    Edits are ranked by their coverage gain; their `citation_gain` stands beside it
    (`predict_citations`). `content` are the embeddings of `passages`, in their order.
    """
    own = model.scorer.passages
    own_site = str(own["site"].iloc[0])
    site = Site(own, find_twins(own, model.scorer.content), year_of(log))
    places = best_places(matches, log.queries, clusters, own_site)
    elsewhere = dict(
        zip(
            gaps["cluster_id"],
            gaps["best_other_passage_id"].map(passages.set_index("passage_id")["text"]),
            strict=True,
        )
    )
    said = {name: text for name, text in elsewhere.items() if isinstance(text, str)}
    further = further or ExtraCandidates()
    asked = (gaps, log.queries, coverage, clusters)
    candidates = propose_edits(*asked, site, book, settings.rank, places, said, further.holdout)
    track = read_track(Path(settings.cache) / RECORD, own_site, model.encoder.name)
    simulation = simulate_edits(candidates, model, log.queries, clusters, settings.seed)
    if (
        further.repairs
    ):  # apart, so that words which are there already stand in no proposed text's way
        mended = simulate_edits(
            list(further.repairs),
            model,
            log.queries,
            clusters,
            settings.seed,
            len(candidates),
        )
        candidates = [*candidates, *further.repairs]
        simulation = join_simulations(simulation, mended)
    simulation = correct(simulation, track, settings.seed)
    limits = Limits(
        settings.rank.budget_minutes,
        settings.rank.budget_words,
        settings.rank.edits_per_page,
        settings.rank.locked_pages,
    )
    cited, citing = predict_citations(
        log,
        passages,
        content,
        model,
        clusters,
        candidates,
        simulation.effects,
        settings.seed,
    )
    proposed = edit_table(candidates, simulation).assign(
        citation_gain=np.nan if cited is None else cited
    )
    edits, frontier = rank_edits(proposed, simulation, limits, explain_no_edits(gaps))
    certificate = best_share(edits, frontier)
    about = {
        "track_record": asdict(track),
        "n_candidates": len(candidates),
        "share_of_bound": certificate,
        **citing,
    }
    return EditPlan(edits, list_changes(candidates), simulation.effects, frontier, about)


def read_holdout(settings: Settings) -> frozenset[str]:
    """Return the queries that the settings' panel keeps out of drafting, so that they can judge the edits; none without one."""
    if not Path(settings.ask.panel).is_file():
        return frozenset()
    panel = read_panel(settings.ask.panel)
    return frozenset(panel.loc[panel["is_holdout"].astype(bool), "query_id"])


def correct(simulation: Simulation, track: TrackRecord, seed: int) -> Simulation:
    """Return the simulation with gains as past predictions held: all by their ratio, intervals by its spread as well."""
    if not track.n:
        return simulation
    chances = tuple(
        replace(one, chance=np.clip(one.chance * track.ratio, 0, 1)) for one in simulation.chances
    )
    gain = track.adjust(simulation.gain, seed)
    return replace(
        simulation,
        chances=chances,
        gain=gain,
        harm=simulation.harm * track.ratio,
    )


def find_twins(passages: Passages, vectors: np.ndarray[Any, np.dtype[np.float32]]) -> pd.DataFrame:
    """Return pairs of own passages that say nearly the same (similarity .9 or more): passage_id, other_passage_id."""
    similarity, rows = nearest_rows(vectors, vectors, 3)
    ids = passages["passage_id"].to_numpy()
    pairs = [
        {"passage_id": ids[row], "other_passage_id": ids[other]}
        for row, (near, others) in enumerate(zip(similarity, rows, strict=True))
        for cosine, other in zip(near, others, strict=True)
        if other != row and cosine >= _TWINS
    ]
    return pd.DataFrame(pairs, columns=["passage_id", "other_passage_id"])


def year_of(log: LogTables) -> int:
    """Return the year in which the log's last answer was asked for; 0 where the log has no times."""
    last = log.answers["asked_at"].max()
    return 0 if pd.isna(last) else int(last.year)


def best_share(edits: Edits, frontier: Frontier) -> float:
    """Return the chosen edits' gain as a share of what no set of the same cost can exceed; 1 where nothing is chosen."""
    chosen = frontier[frontier["edit_id"].isin(edits.loc[edits["is_chosen"], "edit_id"])]
    if chosen.empty:
        return 1.0
    last = chosen.iloc[-1]
    return float(last["gain"] / last["bound"])
