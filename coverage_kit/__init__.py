"""coverage_kit finds questions to AI search that a site does not answer, and edits that help.

`__all__` lists every public name. A name is loaded when it is first used, so that `import
coverage_kit` is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coverage_kit.analysis import Analysis, load_analysis, save_analysis
    from coverage_kit.collect.claims import split_claims
    from coverage_kit.collect.logs import read_log
    from coverage_kit.collect.mentions import find_mentions
    from coverage_kit.collect.passages import split_pages
    from coverage_kit.collect.site import read_site
    from coverage_kit.embed.encoders import SentenceTransformerEncoder
    from coverage_kit.embed.texts import CachedEncoder
    from coverage_kit.errors import CoverageKitError
    from coverage_kit.match.clusters import cluster_queries, project
    from coverage_kit.match.coverage import fit_calibration, measure_coverage
    from coverage_kit.match.evidence import EvidenceScorer
    from coverage_kit.match.labels import label_clusters
    from coverage_kit.match.model import SiteModel
    from coverage_kit.match.neighbors import nearest_passages
    from coverage_kit.measure.before_after import Treatment, measure_change
    from coverage_kit.measure.visibility import (
        TrackedBrands,
        measure_visibility,
    )
    from coverage_kit.pipeline.analyze import analyze
    from coverage_kit.rank.edits import propose_edits
    from coverage_kit.rank.gaps import rank_gaps
    from coverage_kit.rank.select import rank_edits
    from coverage_kit.rank.simulate import simulate_edits
    from coverage_kit.report.page import write_page
    from coverage_kit.report.site_copy import write_site_copy
    from coverage_kit.report.workbook import write_csv, write_workbook
    from coverage_kit.settings import Settings, make_settings, read_settings
    from coverage_kit.tasks.predictions import compare_predictions
    from coverage_kit.tasks.what_if import what_if
    from coverage_kit.vectors import Embeddings, Encoder, embed_texts

_HOMES = {
    "analysis": ("Analysis", "load_analysis", "save_analysis"),
    "collect.claims": ("split_claims",),
    "collect.logs": ("read_log",),
    "collect.mentions": ("find_mentions",),
    "collect.passages": ("split_pages",),
    "collect.site": ("read_site",),
    "embed.encoders": ("SentenceTransformerEncoder",),
    "embed.texts": ("CachedEncoder",),
    "errors": ("CoverageKitError",),
    "match.clusters": ("cluster_queries", "project"),
    "match.coverage": ("fit_calibration", "measure_coverage"),
    "match.evidence": ("EvidenceScorer",),
    "match.labels": ("label_clusters",),
    "match.model": ("SiteModel",),
    "match.neighbors": ("nearest_passages",),
    "measure.before_after": ("Treatment", "measure_change"),
    "measure.visibility": ("TrackedBrands", "measure_visibility"),
    "pipeline.analyze": ("analyze",),
    "rank.edits": ("propose_edits",),
    "rank.gaps": ("rank_gaps",),
    "rank.select": ("rank_edits",),
    "rank.simulate": ("simulate_edits",),
    "report.page": ("write_page",),
    "report.site_copy": ("write_site_copy",),
    "report.workbook": ("write_csv", "write_workbook"),
    "settings": ("Settings", "make_settings", "read_settings"),
    "tasks.predictions": ("compare_predictions",),
    "tasks.what_if": ("what_if",),
    "vectors": ("Embeddings", "Encoder", "embed_texts"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__version__ = "0.2.0"
__all__ = [  # noqa: PLE0604 (names are loaded lazily below)
    *sorted(_HOME_OF),
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(
            f"coverage_kit has no public name {name!r}; it has {', '.join(sorted(_HOME_OF))}"
        )
    value = getattr(import_module(f"coverage_kit.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
