"""A log of very many queries made small enough for the analysis: near-duplicates as one. Glue between stages."""

import logging

from coverage_kit.embed.static import StaticEncoder
from coverage_kit.errors import EncoderError
from coverage_kit.match.groups import group_queries, merge_groups
from coverage_kit.settings import Settings
from coverage_kit.tables import GROUPS, Groups, LogTables
from coverage_kit.vectors import Encoder, embed_texts

_WORTH_DISTILLING = (
    2  # static vectors cost their distillation first, which fewer queries to spare do not repay
)

logger = logging.getLogger(__name__)


def group_log(
    settings: Settings,
    log: LogTables,
    encoder: Encoder,
    is_own_encoder: bool = False,
) -> tuple[LogTables, Groups]:
    """Return the log with near-duplicate queries as one, and who is in which group; as it is where it has few queries.

    Of more than twice as many queries as stay, groups are told by static vectors, where these can
    be had, which spares the encoder all but one query of each.

    Args:
        settings: `match.max_queries` is how many queries stay.
        log: the log's tables.
        encoder: the run's encoder.
        is_own_encoder: whether it is the caller's own instead of the one that the settings name.
    """
    if len(log.queries) <= settings.match.max_queries:
        return log, GROUPS.empty()
    teller = encoder
    if not is_own_encoder and len(log.queries) > _WORTH_DISTILLING * settings.match.max_queries:
        try:
            teller = StaticEncoder(settings.match.encoder)
        except EncoderError as error:
            logger.warning("the encoder reads all %d queries: %s", len(log.queries), error)
    vectors = embed_texts(log.queries["query_id"], log.queries["text"], teller, "query")
    groups = group_queries(log.queries, vectors, settings.match.max_queries, settings.seed)
    return merge_groups(log, groups), groups
