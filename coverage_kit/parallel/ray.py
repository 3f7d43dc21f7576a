"""The engine on Ray: the one place that knows it. Ray Data hands the parts to workers and replaces those that die."""

import atexit
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from coverage_kit.errors import CoverageKitError, RunError
from coverage_kit.parallel.parts import PartJob, TablePart, do_part

logger = logging.getLogger(__name__)


class RayExecutor:
    """Spreads parts over workers, each a process that loads a job once and does part after part.

    Ray is started, or joined, for the first job and left when this process ends. Where the caller
    has started it, that is used.

    Args:
        workers: workers at work at a time.
        address: a cluster's address, 'auto' on one of its machines; '' starts Ray on this machine.

    Raises RunError when Ray is not installed.
    """

    def __init__(self, workers: int, address: str = "") -> None:
        self.workers = workers
        self.address = address
        _import_ray()

    def run(self, job: PartJob, parts: Sequence[TablePart]) -> None:
        """Do every part; the part of a worker that dies is done again. Raises RunError when one cannot be done."""
        if not parts:
            return
        ray = _import_ray()
        where = f"engine 'ray', {job.kind}"
        cure = "Correct that and run again: the parts that are done are kept."
        try:
            if not ray.is_initialized():
                _start(ray, self.workers, self.address)
            for number, done in enumerate(self._spread(ray, job, parts), 1):
                if done["error"]:
                    raise RunError(
                        where,
                        "every part done",
                        done["error"].rstrip("."),
                        cure,
                    )
                logger.info("%s: %d of %d parts done", job.kind, number, len(parts))
        except (ray.exceptions.RayError, ConnectionError) as error:
            raise RunError(
                where,
                "every part done",
                str(error).strip(". \n").splitlines()[-1],
                cure,
            ) from error

    def _spread(self, ray: Any, job: PartJob, parts: Sequence[TablePart]) -> Iterator[Any]:
        nodes = [
            node["Resources"]
            for node in ray.nodes()
            if node["Alive"] and node["Resources"].get("CPU")
        ]
        n_gpus = int(sum(node.get("GPU", 0) for node in nodes)) if job.can_use_gpu else 0
        wanted = min(self.workers, len(parts), n_gpus or len(parts))
        workers, n_cpus = share_cpus([int(node["CPU"]) for node in nodes], wanted)
        logger.info(
            "%s: %d parts over %d workers of %d cores on %d machines",
            job.kind,
            len(parts),
            workers,
            n_cpus,
            len(nodes),
        )
        done = ray.data.from_items(
            [asdict(part) for part in parts], override_num_blocks=len(parts)
        ).map_batches(
            _Worker,
            batch_size=1,
            fn_constructor_args=(job,),
            compute=ray.data.ActorPoolStrategy(
                size=workers, max_tasks_in_flight_per_actor=1
            ),  # else the first gets all
            num_cpus=n_cpus,
            num_gpus=1 if n_gpus else None,
        )
        yield from done.iter_rows()


class _Worker:
    """What Ray keeps in a worker's process."""

    def __init__(self, job: PartJob) -> None:
        self.job = job

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Do the one part of a batch; return what went wrong, in a form that travels."""
        try:
            do_part(
                self.job,
                TablePart(**{name: str(values[0]) for name, values in batch.items()}),
            )
        except Exception as error:
            return {
                "error": [
                    str(error)
                    if isinstance(error, CoverageKitError)
                    else f"{type(error).__name__}: {error}"
                ]
            }
        return {"error": [""]}


def share_cpus(node_cpus: Sequence[int], workers: int) -> tuple[int, int]:
    """Return how many workers fit on machines with so many cores, and the cores of each.

    At least one core stays free: Ray Data waits for ever when its workers hold all
    (https://github.com/ray-project/ray/issues/44687). Raises RunError where there are not two.
    """
    if sum(node_cpus) < 2:
        found = f"{sum(node_cpus)} cores"
        raise RunError(
            "engine.address",
            "a cluster with two cores or more",
            found,
            "Start Ray on more machines.",
        )
    on_each = -(-workers // len(node_cpus))
    free = sum(node_cpus) - 1
    cores = max(1, min(node_cpus) // on_each)
    if cores > 1 and workers * cores > free:
        cores -= 1
    return max(1, min(workers, free // cores)), cores


def _start(ray: Any, workers: int, address: str) -> None:
    """Join the cluster at this address, or start Ray on this machine; leave it when this process ends."""
    quiet = {"logging_level": logging.WARNING, "log_to_driver": False}
    if address:
        ray.init(address=address, **quiet)
        return
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp" if os.name == "posix" else None)
    os.environ.setdefault(
        "RAY_AUTH_TOKEN", secrets.token_hex(32)
    )  # else Ray writes one into the home folder
    n_cpus = (
        max(os.cpu_count() or 1, workers) + 1
    )  # the one that share_cpus leaves free: Ray counts cores, it binds none
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(ray.shutdown)  # the last registered is the first called
    ray.init(
        address="local",
        num_cpus=n_cpus,
        include_dashboard=False,
        _temp_dir=folder,
        **quiet,
    )


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault(
        "RAY_BACKEND_LOG_LEVEL", "fatal"
    )  # it calls every pool of workers an error (ray#53727)
    try:
        import ray.data
    except ImportError:
        raise RunError(
            "engine.name",
            "the package ray",
            "no such package",
            'pip install "coverage_kit[ray]"',
        ) from None
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    return ray
