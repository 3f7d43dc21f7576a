"""Fine-tuning the encoder on pairs of a query and the passage that answers it; knows sentence-transformers and torch.

The other passages of a batch are the wrong answers (multiple negatives ranking, Henderson et al.
2017, arXiv 1705.00652), each passage is asked for its query as well. All weights but the words' own
vectors learn, for few steps and slowly; nothing is drawn by chance but the order of the pairs, as
dropout stays off.
"""

import math
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from tqdm.auto import tqdm

from coverage_kit.embed.encoders import (
    as_encoder_error,
    find_model,
    has_native_bf16,
)
from coverage_kit.errors import EncoderError

FEWEST_PAIRS = 32
_SHARPNESS = 20.0  # what cosines are multiplied by, as in sentence-transformers
_WARM_UP = 0.1
_LARGEST_GRADIENT = 1.0
_FEW_LOSSES = 5

Rows = npt.NDArray[np.int64]


class TextPair(NamedTuple):
    """A query and a passage that should be near; `place` says where the passage stands, such as its page's id."""

    query: str
    passage: str
    place: str


@dataclass(frozen=True)
class Recipe:
    """How the encoder is trained: passes over the pairs, pairs in a batch, learning rate at its highest, tokens read, seed."""

    epochs: int = 2
    batch_size: int = 32
    learning_rate: float = 5e-5
    max_tokens: int = 128
    seed: int = 0


@dataclass(frozen=True)
class TunedModel:
    """A trained model, still in memory, and what it took: pairs, steps, texts and tokens read, seconds.

    `losses` are those of the first and of the last few batches, in nats a pair and direction.
    """

    model: Any
    n_pairs: int
    n_steps: int
    n_texts: int
    n_tokens: int
    seconds: float
    losses: tuple[float, float]

    def save(self, folder: Path) -> Path:
        """Write the model as sentence-transformers reads it; return its folder."""
        self.model.save(str(folder), create_model_card=False)
        return folder


def train_encoder(
    model: str, pairs: Sequence[TextPair], recipe: Recipe | None = None
) -> TunedModel:
    """Return the model fine-tuned on the pairs; the same pairs, recipe and machine give the same weights on a CPU.

    Within a batch nothing counts as wrong for a query that some pair calls right for it: no passage
    of such a place.

    Args:
        model: 'minilm' (bundled), a model folder, or a name on the model hub, as in
            `match.encoder`.
        pairs: what should be near.
        recipe: how to train.

    Raises EncoderError for fewer than FEWEST_PAIRS distinct pairs, a model that cannot be loaded,
    or a training that diverges.
    """
    recipe = recipe or Recipe()
    pairs = list(dict.fromkeys(pairs))
    if len(pairs) < FEWEST_PAIRS:
        cure = "Take a longer log, or one whose answers cite the site more often."
        raise EncoderError(
            "train_encoder",
            f"at least {FEWEST_PAIRS} distinct pairs",
            str(len(pairs)),
            cure,
        )
    start = time.perf_counter()
    trainer = _Trainer(_load(model), pairs, recipe)
    batches = list(draw_batches(len(pairs), recipe))
    losses = [
        trainer.step(rows, _pace(step, len(batches))) for step, rows in enumerate(_told(batches))
    ]
    if not all(map(math.isfinite, losses)):
        raise EncoderError(
            model,
            "a loss that is a number",
            "training diverged",
            "Set a lower tune.learning_rate.",
        )
    ends = (
        float(np.mean(losses[:_FEW_LOSSES])),
        float(np.mean(losses[-_FEW_LOSSES:])),
    )
    n_texts = 2 * len(pairs) * recipe.epochs
    seconds = time.perf_counter() - start
    return TunedModel(
        trainer.finish(),
        len(pairs),
        len(batches),
        n_texts,
        trainer.n_tokens,
        seconds,
        ends,
    )


def draw_batches(n_pairs: int, recipe: Recipe) -> Iterator[Rows]:
    """Yield the rows of each batch: all pairs once an epoch, in an order drawn by chance, in batches of about one size."""
    rng = np.random.default_rng(recipe.seed)
    for _ in range(recipe.epochs):
        yield from np.array_split(
            rng.permutation(n_pairs), max(1, round(n_pairs / recipe.batch_size))
        )


def right_places(pairs: Sequence[TextPair]) -> dict[str, frozenset[str]]:
    """Return the places that are right for each query, by its text."""
    found: dict[str, set[str]] = {}
    for pair in pairs:
        found.setdefault(pair.query, set()).add(pair.place)
    return {query: frozenset(places) for query, places in found.items()}


def _told(batches: list[Rows]) -> Iterator[Rows]:
    yield from tqdm(
        batches,
        desc="tuning",
        unit="batch",
        file=sys.stderr,
        leave=False,
        disable=None,
    )


def _pace(step: int, n_steps: int) -> float:
    """Return the share of the highest learning rate: up over the first tenth of the steps, then down to nothing."""
    warm_up = max(1.0, _WARM_UP * n_steps)
    return min(
        (step + 1) / warm_up,
        (n_steps - step) / max(1.0, n_steps - warm_up),
        1.0,
    )


def _load(model: str) -> Any:
    from sentence_transformers import SentenceTransformer

    with as_encoder_error(model, "a model that sentence-transformers can load"):
        return SentenceTransformer(
            str(find_model(model) or model), model_kwargs={"dtype": "float32"}
        )


class _Trainer:
    """A model on its way: one `step` a batch, then `finish`."""

    def __init__(self, model: Any, pairs: list[TextPair], recipe: Recipe) -> None:
        self.model = model.eval()
        self.pairs = pairs
        self.n_tokens = 0
        self._right = right_places(pairs)
        self._recipe = recipe
        self._max_tokens = model.max_seq_length
        model.max_seq_length = min(self._max_tokens or recipe.max_tokens, recipe.max_tokens)
        for part in model.modules():
            if isinstance(part, self._torch.nn.Embedding):
                part.requires_grad_(
                    False
                )  # words that no pair has would stay behind those that some have

    def step(self, rows: Rows, pace: float) -> float:
        """Learn from one batch; return its loss."""
        batch = [self.pairs[row] for row in rows]
        with self._cheap_arithmetic():
            asked = self._vectors([pair.query for pair in batch], "query")
            told = self._vectors([pair.passage for pair in batch], "document")
        similarity = (_SHARPNESS * asked @ told.T).masked_fill(self._not_wrong(batch), -1e4)
        aim = self._torch.arange(len(batch), device=similarity.device)
        cross_entropy = self._torch.nn.functional.cross_entropy
        loss = (cross_entropy(similarity, aim) + cross_entropy(similarity.T, aim)) / 2
        self._optimizer.zero_grad()
        loss.backward()
        self._torch.nn.utils.clip_grad_norm_(self._weights, _LARGEST_GRADIENT)
        for group in self._optimizer.param_groups:
            group["lr"] = self._recipe.learning_rate * pace
        self._optimizer.step()
        return float(loss.detach())

    def finish(self) -> Any:
        """Return the model as it is to be used."""
        self.model.max_seq_length = self._max_tokens
        self.model.requires_grad_(False)
        return self.model

    def _vectors(self, texts: list[str], task: str) -> Any:
        names = ("query",) if task == "query" else ("document", "passage", "corpus")
        name = next(
            (name for name in names if name in self.model.prompts),
            self.model.default_prompt_name,
        )
        features = self.model.preprocess(
            texts, prompt=self.model.prompts.get(name) or None, task=task
        )
        self.n_tokens += int(features["attention_mask"].sum())
        on_device = {
            key: value.to(self.model.device) if hasattr(value, "to") else value
            for key, value in features.items()
        }
        vectors = self.model(on_device, task=task)["sentence_embedding"]
        return self._torch.nn.functional.normalize(vectors.float(), dim=1)

    def _not_wrong(self, batch: list[TextPair]) -> Any:
        """Return which passages (columns) must not count as wrong for which query (rows), nor as what is sought."""
        rows = [[one.place in self._right[pair.query] for one in batch] for pair in batch]
        return self._torch.tensor(rows, device=self.model.device).fill_diagonal_(False)

    @contextmanager
    def _cheap_arithmetic(self) -> Iterator[None]:
        kind = self.model.device.type
        is_cheap = kind == "cuda" or (kind == "cpu" and has_native_bf16())
        cast: AbstractContextManager[Any] = self._torch.autocast(
            kind, dtype=self._torch.bfloat16, enabled=is_cheap
        )
        with cast:
            yield

    @cached_property
    def _weights(self) -> list[Any]:
        return [weight for weight in self.model.parameters() if weight.requires_grad]

    @cached_property
    def _optimizer(self) -> Any:
        return self._torch.optim.AdamW(self._weights, self._recipe.learning_rate, weight_decay=0.01)

    @cached_property
    def _torch(self) -> Any:
        import torch

        return torch
