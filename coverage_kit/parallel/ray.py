"""The backend on Ray: Ray Data gives the parts to workers and replaces workers that die.

This is the only module that knows Ray.
"""

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

# Ray gives its first process 30 s to start, which a machine whose cores are all busy may exceed.
# Four times as long is assumed to be enough.
_START_SECONDS = 120
# Ray gives its second process 30 s, and no setting raises that. By the next try all files of Ray
# have been read from the disk, which is most of the wait (assumed).
_MAX_STARTS = 3

logger = logging.getLogger(__name__)


class RayExecutor:
    """Spreads parts over workers, each a process that loads a job once and does part after part.

    Ray is started, or a cluster joined, for the first job, and left when this process ends. Where
    the caller has started Ray already, that is used.

    Args:
        workers: number of workers at a time.
        address: a cluster's address, 'auto' on one of its machines; '' starts Ray on this machine.

    Raises RunError when Ray is not installed.
    """

    def __init__(self, workers: int, address: str = "") -> None:
        self.workers = workers
        self.address = address
        _import_ray()

    def run(self, job: PartJob, parts: Sequence[TablePart]) -> None:
        """Do every part; the part of a worker that dies is done again.

        Raises RunError when a part cannot be done.
        """
        if not parts:
            return
        ray = _import_ray()
        step = f"backend 'ray', {job.kind}"
        cure = "Correct that and run again: finished parts are not repeated."
        try:
            if not ray.is_initialized():
                _start(ray, self.workers, self.address)
            for number, outcome in enumerate(self._spread(ray, job, parts), 1):
                if outcome["error"]:
                    raise RunError(step, "every part done", outcome["error"].rstrip("."), cure)
                logger.info("%s: %d of %d parts done", job.kind, number, len(parts))
        except (ray.exceptions.RayError, ConnectionError) as error:
            raise RunError(
                step,
                "every part done",
                str(error).strip(". \n").splitlines()[-1],
                cure,
            ) from error

    def _spread(self, ray: Any, job: PartJob, parts: Sequence[TablePart]) -> Iterator[Any]:
        nodes = [
            node["Resources"]
            for node in ray.nodes()
            # A machine without cores, or one that is gone, cannot hold a worker.
            if node["Alive"] and node["Resources"].get("CPU")
        ]
        n_gpus = int(sum(node.get("GPU", 0) for node in nodes)) if job.can_use_gpu else 0
        max_workers = min(self.workers, len(parts), n_gpus or len(parts))
        n_workers, n_cpus = share_cpus([int(node["CPU"]) for node in nodes], max_workers)
        logger.info(
            "%s: %d parts over %d workers of %d cores on %d machines",
            job.kind,
            len(parts),
            n_workers,
            n_cpus,
            len(nodes),
        )
        # Without the limit of tasks in flight, the first worker would get all parts.
        outcomes = ray.data.from_items(
            [asdict(part) for part in parts], override_num_blocks=len(parts)
        ).map_batches(
            _Worker,
            batch_size=1,
            fn_constructor_args=(job,),
            compute=ray.data.ActorPoolStrategy(size=n_workers, max_tasks_in_flight_per_actor=1),
            num_cpus=n_cpus,
            num_gpus=1 if n_gpus else None,
        )
        yield from outcomes.iter_rows()


class _Worker:
    """The object that Ray holds in a worker's process."""

    def __init__(self, job: PartJob) -> None:
        self.job = job

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Do the single part of a batch; return the text of an error, or an empty text.

        Not every error can be pickled, so the caller gets a text.
        """
        try:
            fields = {name: str(values[0]) for name, values in batch.items()}
            do_part(self.job, TablePart(**fields))
        except CoverageKitError as error:
            return {"error": [str(error)]}
        except Exception as error:
            return {"error": [f"{type(error).__name__}: {error}"]}
        return {"error": [""]}


def share_cpus(node_cpus: Sequence[int], workers: int) -> tuple[int, int]:
    """Return how many workers fit on machines with these numbers of cores, and the cores of each.

    At least one core stays free, because Ray Data waits for ever when its workers hold all cores
    (https://github.com/ray-project/ray/issues/44687). Raises RunError where there are fewer than
    two cores.
    """
    if sum(node_cpus) < 2:
        raise RunError(
            "parallel.address",
            "a cluster with two cores or more",
            f"{sum(node_cpus)} cores",
            "Start Ray on more machines.",
        )
    workers_per_node = -(-workers // len(node_cpus))
    n_usable = sum(node_cpus) - 1
    # All workers get equally many cores, so a worker has to fit on the smallest machine.
    n_cpus = max(1, min(node_cpus) // workers_per_node)
    if n_cpus > 1 and workers * n_cpus > n_usable:
        n_cpus -= 1
    return max(1, min(workers, n_usable // n_cpus)), n_cpus


def _start(ray: Any, workers: int, address: str) -> None:
    """Join the cluster at this address, or start Ray on this machine, until this process ends."""
    quiet = {"logging_level": logging.WARNING, "log_to_driver": False}
    if address:
        ray.init(address=address, **quiet)
        return
    os.environ.setdefault("RAY_gcs_server_port_wait_time_s", str(_START_SECONDS))
    # Without a token in the environment, Ray writes a token into the home folder.
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    # One core more, which share_cpus leaves free. Ray only counts cores, it does not reserve them.
    n_cpus = max(os.cpu_count() or 1, workers) + 1
    for n_starts in range(1, _MAX_STARTS + 1):
        try:
            _start_here(ray, num_cpus=n_cpus, **quiet)
        except Exception as error:  # Ray raises no narrower one for a process that is late
            ray.shutdown()
            if n_starts == _MAX_STARTS:
                found = str(error).strip(". \n").splitlines()[-1] if str(error) else repr(error)
                cure = (
                    "Run again when the machine is less busy: finished parts are not repeated. "
                    'Or set [parallel] backend = "local".'
                )
                raise RunError("backend 'ray'", "Ray started", found, cure) from error
            logger.warning("Ray did not start in time (%s): it is started again", error)
        else:
            return


def _start_here(ray: Any, **options: Any) -> None:
    """Start Ray on this machine, in a folder that is removed when this process ends."""
    # Ray puts sockets into the folder, and the paths of sockets must be short.
    parent = "/tmp" if os.name == "posix" else None  # noqa: S108 (mkdtemp adds a random name)
    folder = tempfile.mkdtemp(prefix="ray-", dir=parent)
    # The function that is registered last is called first.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(ray.shutdown)
    ray.init(
        address="local",
        include_dashboard=False,
        _temp_dir=folder,
        **options,
    )


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray reports every pool of workers as an error (ray#53727).
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray.data  # noqa: PLC0415 (optional, and takes seconds to import)
    except ImportError:
        raise RunError(
            "parallel.backend",
            "the package ray",
            "no such package",
            'pip install "coverage_kit[ray]"',
        ) from None
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    return ray
