"""Access logs of web servers, read as what the robots of AI assistants asked for."""

from coverage_kit.collect.access_logs.ranges import (
    MAX_AGE_DAYS as MAX_AGE_DAYS,
    BotRanges as BotRanges,
    read_ranges as read_ranges,
)
from coverage_kit.collect.access_logs.read import (
    FetchLog as FetchLog,
    read_fetches as read_fetches,
)
