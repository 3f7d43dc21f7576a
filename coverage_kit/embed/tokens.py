"""How many tokens an encoder reads of a text: passages are cut so that none is longer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from coverage_kit.contracts import TokenCounter
from coverage_kit.embed.encoders import SentenceTransformerEncoder
from coverage_kit.embed.openvino import OpenVinoEncoder
from coverage_kit.vectors import Encoder

# What is assumed of an encoder that cannot say what it reads: the limit of the bundled one.
_MAX_TOKENS = 254
# Texts that are counted together, which bounds memory (assumed).
_BLOCK_TEXTS = 4096


class TokenLimit(NamedTuple):
    """What counts an encoder's tokens, None where it cannot, and how many it reads of a text."""

    count_tokens: TokenCounter | None
    max_tokens: int


def read_token_limit(encoder: Encoder) -> TokenLimit:
    """Return how an encoder counts tokens, and how many of a passage it reads.

    Tokens that open and close each text, and the words that the encoder puts before a passage, are
    taken off the limit. An encoder of another kind than those of this toolkit has no counter.
    Raises EncoderError where the model cannot be loaded.
    """
    while not isinstance(encoder, SentenceTransformerEncoder | OpenVinoEncoder):
        inner = getattr(encoder, "encoder", None)
        if inner is None:
            return TokenLimit(None, _MAX_TOKENS)
        encoder = inner
    source = encoder.tokenizer_source
    if source is None:
        return TokenLimit(None, encoder.max_tokens)
    tokenizer = _Tokenizer(source)
    n_others = tokenizer.n_special + sum(tokenizer.count([encoder.passage_prompt]))
    return TokenLimit(tokenizer.count, max(1, encoder.max_tokens - n_others))


class _Tokenizer:
    """A tokenizer of the library tokenizers, without the cut and the padding of its model."""

    def __init__(self, source: Path | str) -> None:
        from tokenizers import Tokenizer  # noqa: PLC0415 (a tenth of a second to import)

        is_file = isinstance(source, Path)
        self._tokenizer: Any = (Tokenizer.from_file if is_file else Tokenizer.from_str)(str(source))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    @property
    def n_special(self) -> int:
        """Tokens that open and close a text."""
        return int(self._tokenizer.num_special_tokens_to_add(is_pair=False))

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has."""
        counts: list[int] = []
        for start in range(0, len(texts), _BLOCK_TEXTS):
            block = [_encodable(text) for text in texts[start : start + _BLOCK_TEXTS]]
            encodings = self._tokenizer.encode_batch_fast(block, add_special_tokens=False)
            counts += [len(encoding) for encoding in encodings]
        return counts


def _encodable(text: str) -> str:
    """Return a text without lone surrogates, which are no text to a tokenizer."""
    return text if text.isascii() else text.encode(errors="replace").decode()
