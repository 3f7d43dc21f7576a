"""Fine-tune the encoder on pairs of a query and the passage that answers it.

For each query, the passages of the other pairs in its batch are the wrong answers (multiple
negatives ranking, Henderson et al. 2017, arXiv 1705.00652), and for each passage the other queries.
All weights except the vectors of the words learn, in few and small steps. Only the order of the
pairs is random, because dropout stays off. This module uses sentence-transformers and torch.
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

# With fewer pairs there is no full batch of wrong answers (assumed).
MIN_PAIRS = 32
# Cosines are multiplied by this number before the softmax, as in sentence-transformers.
_SHARPNESS = 20.0
# The share of the steps in which the learning rate grows (assumed, a common choice).
_WARM_UP = 0.1
# The norm at which gradients are clipped (assumed, a common choice).
_MAX_GRADIENT = 1.0
# How many batches the first and the last reported loss average (assumed).
_N_AVERAGED_LOSSES = 5

Rows = npt.NDArray[np.int64]


class TextPair(NamedTuple):
    """A query and a passage whose vectors should be similar, and the id of the passage's page."""

    query: str
    passage: str
    page_id: str


@dataclass(frozen=True)
class Recipe:
    """How the encoder is trained.

    `epochs` are passes over the pairs; `batch_size` counts pairs; `learning_rate` is the highest
    rate; texts are cut after `max_tokens`; `seed` decides the order of the pairs.
    """

    epochs: int = 2
    batch_size: int = 32
    learning_rate: float = 5e-5
    max_tokens: int = 128
    seed: int = 0


@dataclass(frozen=True)
class TunedModel:
    """A trained model, still in memory, and what the training took.

    `n_texts` and `n_tokens` are those read, in all epochs. `losses` are the mean losses of the
    first and of the last few batches, in nats a pair and direction.
    """

    model: Any
    n_pairs: int
    n_steps: int
    n_texts: int
    n_tokens: int
    seconds: float
    losses: tuple[float, float]

    def save(self, folder: Path) -> Path:
        """Write the model in the format of sentence-transformers and return its folder."""
        self.model.save(str(folder), create_model_card=False)
        return folder


def train_encoder(
    model: str, pairs: Sequence[TextPair], recipe: Recipe | None = None
) -> TunedModel:
    """Return the model fine-tuned on the pairs.

    On a CPU, the same pairs, recipe and machine give the same weights. Within a batch, a passage is
    no wrong answer to a query if another pair has that query with a passage of the same page.

    Args:
        model: 'minilm' (bundled), a model folder, or a name on the model hub, as in
            `match.encoder`.
        pairs: queries and passages whose vectors should be similar.
        recipe: how to train.

    Raises EncoderError for fewer than MIN_PAIRS distinct pairs, a model that cannot be loaded, or a
    training that diverges.
    """
    recipe = recipe or Recipe()
    pairs = list(dict.fromkeys(pairs))
    if len(pairs) < MIN_PAIRS:
        cure = "Use a longer log, or a log whose answers cite your site more often."
        raise EncoderError(
            "train_encoder",
            f"at least {MIN_PAIRS} distinct pairs",
            str(len(pairs)),
            cure,
        )
    start = time.perf_counter()
    trainer = _Trainer(_load(model), pairs, recipe)
    batches = list(draw_batches(len(pairs), recipe))
    losses = [
        trainer.step(rows, _pace(step, len(batches)))
        for step, rows in enumerate(_with_progress(batches))
    ]
    if not all(map(math.isfinite, losses)):
        raise EncoderError(
            model,
            "a loss that is a number",
            "training diverged",
            "Set a lower tune.learning_rate.",
        )
    first_loss = float(np.mean(losses[:_N_AVERAGED_LOSSES]))
    last_loss = float(np.mean(losses[-_N_AVERAGED_LOSSES:]))
    seconds = time.perf_counter() - start
    return TunedModel(
        trainer.finish(),
        n_pairs=len(pairs),
        n_steps=len(batches),
        n_texts=2 * len(pairs) * recipe.epochs,
        n_tokens=trainer.n_tokens,
        seconds=seconds,
        losses=(first_loss, last_loss),
    )


def draw_batches(n_pairs: int, recipe: Recipe) -> Iterator[Rows]:
    """Yield the row numbers of each batch.

    All pairs occur once an epoch, in a random order, in batches of about the same size.
    """
    rng = np.random.default_rng(recipe.seed)
    for _ in range(recipe.epochs):
        yield from np.array_split(
            rng.permutation(n_pairs), max(1, round(n_pairs / recipe.batch_size))
        )


def right_pages(pairs: Sequence[TextPair]) -> dict[str, frozenset[str]]:
    """Return the ids of the pages that are right for each query, by its text."""
    page_ids: dict[str, set[str]] = {}
    for pair in pairs:
        page_ids.setdefault(pair.query, set()).add(pair.page_id)
    return {query: frozenset(ids) for query, ids in page_ids.items()}


def _with_progress(batches: list[Rows]) -> Iterator[Rows]:
    yield from tqdm(
        batches,
        desc="tuning",
        unit="batch",
        file=sys.stderr,
        leave=False,
        disable=None,
    )


def _pace(step: int, n_steps: int) -> float:
    """Return the share of the highest learning rate at a step.

    It rises over the first tenth of the steps and then falls to zero.
    """
    warm_up = max(1.0, _WARM_UP * n_steps)
    rise = (step + 1) / warm_up
    fall = (n_steps - step) / max(1.0, n_steps - warm_up)
    return min(rise, fall, 1.0)


def _load(model: str) -> Any:
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 (seconds to import)

    with as_encoder_error(model, "a model that sentence-transformers can load"):
        return SentenceTransformer(
            str(find_model(model) or model), model_kwargs={"dtype": "float32"}
        )


class _Trainer:
    """A model in training: call `step` for each batch, then `finish`."""

    def __init__(self, model: Any, pairs: list[TextPair], recipe: Recipe) -> None:
        self.model = model.eval()
        self.pairs = pairs
        self.n_tokens = 0
        self._right = right_pages(pairs)
        self._recipe = recipe
        self._max_tokens = model.max_seq_length
        model.max_seq_length = min(self._max_tokens or recipe.max_tokens, recipe.max_tokens)
        for module in model.modules():
            # Vectors of words do not learn: those that no pair has would stay behind the others.
            if isinstance(module, self._torch.nn.Embedding):
                module.requires_grad_(False)

    def step(self, rows: Rows, pace: float) -> float:
        """Learn from one batch and return its loss."""
        batch = [self.pairs[row] for row in rows]
        with self._cheap_arithmetic():
            query_vectors = self._vectors([pair.query for pair in batch], "query")
            passage_vectors = self._vectors([pair.passage for pair in batch], "document")
        # At -10,000, softmax gives no weight to pairs that must not count as wrong.
        similarity = (_SHARPNESS * query_vectors @ passage_vectors.T).masked_fill(
            self._not_wrong(batch), -1e4
        )
        targets = self._torch.arange(len(batch), device=similarity.device)
        cross_entropy = self._torch.nn.functional.cross_entropy
        loss = (cross_entropy(similarity, targets) + cross_entropy(similarity.T, targets)) / 2
        self._optimizer.zero_grad()
        loss.backward()
        self._torch.nn.utils.clip_grad_norm_(self._weights, _MAX_GRADIENT)
        for group in self._optimizer.param_groups:
            group["lr"] = self._recipe.learning_rate * pace
        self._optimizer.step()
        return float(loss.detach())

    def finish(self) -> Any:
        """Return the model in the state in which it is used."""
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
        """Return which passages (columns) must not count as wrong for which queries (rows).

        The diagonal is False, because it holds the right answers.
        """
        page_ids = [pair.page_id for pair in batch]
        right = [self._right[pair.query] for pair in batch]
        rows = [[page_id in right_of_query for page_id in page_ids] for right_of_query in right]
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
        import torch  # noqa: PLC0415 (seconds to import)

        return torch
