"""Parts without workers: one part after the other, in this process."""

import logging
from collections.abc import Sequence

from coverage_kit.parallel.parts import PartJob, TablePart, do_part

logger = logging.getLogger(__name__)


class LocalExecutor:
    """Does one part after the other. As with workers, finished parts are not repeated."""

    def run(self, job: PartJob, parts: Sequence[TablePart]) -> None:
        """Do every part. Raises whatever the job raises."""
        for number, part in enumerate(parts, 1):
            do_part(job, part)
            logger.info("%s: %d of %d parts done", job.kind, number, len(parts))
