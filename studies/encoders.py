"""Encoders against SentenceTransformer.encode with defaults: texts a second, same neighbours.

Each round runs every encoder once over the same texts; figures are medians over rounds. Where other
work shares the machine, read the figures a CPU-second: they count the time of this process alone.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from sentence_transformers import SentenceTransformer

from coverage_kit.embed.choose import choose_encoder
from coverage_kit.embed.encoders import BUNDLED, find_model, has_native_bf16
from coverage_kit.vectors import Role, Vectors

PLAIN = "plain fp32"
_ROLES: tuple[Role, Role] = ("passage", "query")

Encode = Callable[[Sequence[str], Role], Vectors]


def measure_encoders(
    passages: Sequence[str],
    queries: Sequence[str],
    n_rounds: int = 3,
    cache: str | Path | None = None,
) -> dict[str, Any]:
    """Return speed and fidelity of each encoder of the bundled model.

    Fidelity is to 'plain fp32', SentenceTransformer.encode with its defaults. The figures are
    `passages_a_second`, `queries_a_second` and both `…_a_cpu_second`; `passages_speedup` and
    `queries_speedup` (against plain, round by round); `least_cosine` of a text's two vectors; and
    over the queries `top1_agreement` (share with the same nearest passage) and `top10_overlap`
    (share of the ten nearest passages that are the same).
    """
    engines = _engines(cache)
    texts = dict(zip(_ROLES, (list(passages), list(queries)), strict=True))
    for encode in engines.values():  # models are loaded, converted and warmed up outside the clock
        encode(texts["passage"][:8], "passage")
    spent: dict[tuple[str, Role], list[tuple[float, float]]] = {
        (name, role): [] for name in engines for role in _ROLES
    }
    vectors: dict[tuple[str, Role], Vectors] = {}
    for _ in range(n_rounds):
        for (name, role), times in spent.items():
            started = time.perf_counter(), time.process_time()
            vectors[name, role] = engines[name](texts[role], role)
            times.append(
                (
                    time.perf_counter() - started[0],
                    time.process_time() - started[1],
                )
            )
    return {name: _speed(spent, name, texts) | _fidelity(vectors, name) for name in engines}


def _engines(cache: str | Path | None) -> dict[str, Encode]:
    plain = SentenceTransformer(str(find_model(BUNDLED)), device="cpu")
    engines: dict[str, Encode] = {
        PLAIN: lambda texts, _: np.asarray(plain.encode(list(texts), show_progress_bar=False))
    }
    for runtime in ("torch", "openvino"):
        for precision in ("fp32", "bf16") if has_native_bf16() else ("fp32",):
            engines[f"{runtime} {precision}"] = choose_encoder(
                BUNDLED, runtime, precision, cache
            ).encode
    return engines


def _speed(
    spent: dict[tuple[str, Role], list[tuple[float, float]]],
    name: str,
    texts: dict[Role, list[str]],
) -> dict[str, float]:
    figures = {}
    for role, label in zip(_ROLES, ("passages", "queries"), strict=True):
        own = np.array(spent[name, role])
        plain = np.array(spent[PLAIN, role])
        seconds, cpu_seconds = np.median(own, axis=0)
        figures[f"{label}_a_second"] = len(texts[role]) / float(seconds)
        figures[f"{label}_a_cpu_second"] = len(texts[role]) / float(cpu_seconds)
        figures[f"{label}_speedup"] = median((plain / own)[:, 0].tolist())
        figures[f"{label}_cpu_speedup"] = median((plain / own)[:, 1].tolist())
    return figures


def _fidelity(vectors: dict[tuple[str, Role], Vectors], name: str) -> dict[str, float]:
    least = min(
        float((vectors[name, role] * vectors[PLAIN, role]).sum(axis=1).min()) for role in _ROLES
    )
    own, plain = (
        _nearest(vectors[encoder, "query"], vectors[encoder, "passage"])
        for encoder in (name, PLAIN)
    )
    overlap = [
        len(set(own_rows) & set(plain_rows)) / own.shape[1]
        for own_rows, plain_rows in zip(own.tolist(), plain.tolist(), strict=True)
    ]
    return {
        "least_cosine": least,
        "top1_agreement": float((own[:, 0] == plain[:, 0]).mean()),
        "top10_overlap": float(np.mean(overlap)),
    }


def _nearest(queries: Vectors, passages: Vectors) -> Any:
    return np.argsort(-(queries @ passages.T), axis=1, kind="stable")[:, :10]
