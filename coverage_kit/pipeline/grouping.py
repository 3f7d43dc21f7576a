"""A very long log made small enough for the analysis: near-duplicate queries count as one."""

import logging

from coverage_kit.embed.static import StaticEncoder
from coverage_kit.errors import EncoderError
from coverage_kit.match.groups import group_queries, merge_groups
from coverage_kit.pipeline.run import Run
from coverage_kit.tables import GROUPS, Groups, LogTables
from coverage_kit.vectors import Encoder, embed_texts

# Static vectors must be distilled first (about half a minute). That only pays for a log of more
# than twice as many queries as stay (measured: a log of 20,200 queries lost 37 s to spare 200).
_MIN_RATIO_TO_DISTIL = 2

logger = logging.getLogger(__name__)


def group_log(run: Run, log: LogTables) -> tuple[LogTables, Groups]:
    """Return the log with near-duplicate queries as one, and which query is in which group.

    A log of at most `match.max_queries` queries stays as it is. A log of more than twice as many is
    grouped by static vectors where these can be had: then the encoder reads only one query of each
    group.
    """
    settings = run.settings
    if len(log.queries) <= settings.match.max_queries:
        return log, GROUPS.empty()
    encoder = _choose_encoder(run, len(log.queries))
    vectors = embed_texts(log.queries["query_id"], log.queries["text"], encoder, "query")
    groups = group_queries(log.queries, vectors, settings.match.max_queries, run.seed)
    return merge_groups(log, groups), groups


def _choose_encoder(run: Run, n_queries: int) -> Encoder:
    """Return the encoder that compares queries: static vectors for a very long log."""
    match = run.settings.match
    if run.has_custom_encoder or n_queries <= _MIN_RATIO_TO_DISTIL * match.max_queries:
        return run.encoder
    try:
        return StaticEncoder(match.encoder)
    except EncoderError as error:
        logger.warning("the encoder reads all %d queries: %s", n_queries, error)
        return run.encoder
