"""Names polished by a language model, where `match.polish_names` asks for it.

What a model writes is data: a name in which a word is not the cluster's own is dropped, and the
rules' name stays.
"""

import logging
import re
from pathlib import Path

import pandas as pd

from coverage_kit.errors import CoverageKitError
from coverage_kit.llm.costs import Budget
from coverage_kit.llm.endpoint import RETRIES, Endpoint, Prompt
from coverage_kit.llm.untrusted_text import fence_parts
from coverage_kit.measure.judge.asking import Asking
from coverage_kit.measure.judge.cache import CACHE, ReplyCache
from coverage_kit.pipeline.run import Run
from coverage_kit.settings import JudgeSettings, Settings
from coverage_kit.tables import LABELS, Clusters, Labels, Queries
from coverage_kit.text.english import English
from coverage_kit.text.phrases import content_stems
from coverage_kit.text.questions import MAX_LENGTH, plain_text

# Questions that a model sees of a cluster, the most asked. Assumed: more cost tokens only.
_N_QUESTIONS = 12
_MAX_TOKENS = 40
_RULES = (
    "You name groups of questions. Reply with one name alone: a short noun phrase of their common "
    f"topic, at most {MAX_LENGTH} characters, in the language of the questions, in sentence case, "
    "made of their own words. No list, no quotation marks, no full stop. "
    "Reply with NAME itself where it is good."
)

logger = logging.getLogger(__name__)


def polish_names(run: Run, labels: Labels, clusters: Clusters, queries: Queries) -> Labels:
    """Return the labels with names that the model of [judge], else of [draft], made of them.

    Each cluster is asked about once; replies are reused from the cache. Where the model fails or
    the budget of [judge] ends, the other names stay, with a warning. Without the setting or a
    model, the labels are returned as they are.
    """
    settings = _model_settings(run.settings)
    if not run.settings.match.polish_names or settings is None:
        return labels
    texts = _member_texts(clusters, queries)
    taken = {str(name).lower() for name in labels["label"]}
    names: dict[str, str] = {}
    budget = Budget(run.ledger.prices, settings.max_tokens, settings.max_money)
    cache = ReplyCache(Path(run.settings.cache) / CACHE)
    try:
        budget.check_price(settings.model)
        asking = Asking(Endpoint(settings, "judge", retries=0), budget, RETRIES)
        for cluster_id, label in zip(labels["cluster_id"], labels["label"], strict=True):
            reply = _ask(asking, cache, settings, str(label), texts[cluster_id])
            name = check_name(reply, [str(label), *texts[cluster_id]])
            if name and name.lower() not in taken:
                names[cluster_id] = name
                taken.add(name.lower())
    except CoverageKitError as error:
        logger.warning("names are not polished further: %s", error)
    finally:
        cache.close()
        for model, spent in budget.spent.items():
            run.ledger.add(run.settings.out, "names", model, spent)
    pairs = zip(labels["cluster_id"], labels["label"], strict=True)
    return LABELS.typed(labels.assign(label=[names.get(key, label) for key, label in pairs]))


def check_name(reply: str, texts: list[str]) -> str:
    """Return a model's name in plain text; '' where it is none or has words of its own.

    >>> check_name("Dogs on bikes", ["can I carry dogs", "which bikes carry a dog"])
    'Dogs on bikes'
    >>> check_name("Dogs on award-winning bikes", ["can I carry dogs on bikes"])
    ''
    """
    name = plain_text(reply)
    english = English()
    known = {stem for text in texts for stem in content_stems(english.tokens(text))}
    stems = content_stems(english.tokens(name))
    is_name = name == reply.strip() and 0 < len(name) <= MAX_LENGTH
    is_list = name.count(",") > 1 or re.search(r"[.;:|…]", name) is not None
    return name if is_name and not is_list and stems and stems <= known else ""


def _ask(
    asking: Asking, cache: ReplyCache, settings: JudgeSettings, label: str, texts: list[str]
) -> str:
    """Return the model's reply about a cluster, new or from the cache."""
    questions = "\n".join(f"- {' '.join(text.split())}" for text in texts[:_N_QUESTIONS])
    fenced = fence_parts({"NAME": label, "QUESTIONS": questions})
    prompt = Prompt(f"{_RULES}\n\n{fenced.rule}", fenced.text, max_tokens=_MAX_TOKENS)
    request = (settings.model, settings.base_url, "name", prompt.system, prompt.user)
    replies = cache.find(request)
    if replies is None:
        replies = list(asking.ask(prompt))
        cache.store(request, replies)
    return replies[0].text if replies else ""


def _model_settings(settings: Settings) -> JudgeSettings | None:
    """Return the model to ask with the caps of [judge]; None where none is named."""
    if settings.judge.model:
        return settings.judge
    if not settings.draft.model:
        return None
    return settings.judge.model_copy(update=settings.draft.model_dump())


def _member_texts(clusters: Clusters, queries: Queries) -> dict[str, list[str]]:
    joined = clusters.merge(queries[["query_id", "text", "demand"]], on="query_id")
    ordered: pd.DataFrame = joined.sort_values(
        ["demand", "query_id"], ascending=[False, True], kind="stable"
    )
    return {
        str(cluster_id): texts.tolist()
        for cluster_id, texts in ordered.groupby("cluster_id")["text"]
    }
