"""A deterministic encoder for tests.

It hashes each word to a fixed direction and sums the directions of a text, so that texts that share
words have similar vectors.
"""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from coverage_kit.vectors import Role, Vectors


class WordEncoder:
    name = "words@1"
    dimensions = 64

    def __init__(self):
        self.n_encoded = 0

    def encode(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        self.n_encoded += len(texts)
        vectors = [self._vector(text) for text in texts]
        return np.stack(vectors) if vectors else np.zeros((0, self.dimensions), np.float32)

    def _vector(self, text):
        words = re.findall(r"\w+", text.lower()) or ["nothing"]
        total = sum(_direction(word, self.dimensions) for word in words)
        return (total / np.linalg.norm(total)).astype(np.float32)


def _direction(word: str, dimensions: int):
    seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
    return np.random.default_rng(seed).normal(size=dimensions)
