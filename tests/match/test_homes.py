"""Homes: the nearest page where the topic belongs, none where no page does."""

import json

import numpy as np
import pytest

from coverage_kit.embed.choose import choose_encoder
from coverage_kit.match.hidden_homes import hide_homes
from coverage_kit.match.home_features import (
    PAGE_FEATURES,
    AskedQuestions,
    SitePages,
    compare_topics,
)
from coverage_kit.match.homes import (
    DEFAULT_HOMES,
    find_homes,
    fit_page_weights,
    home_probabilities,
    load_home_model,
)
from coverage_kit.match.new_pages import find_folders, place_page
from coverage_kit.match.whitening import fit_space
from coverage_kit.tables import PASSAGES
from coverage_kit.vectors import Embeddings

# page: title, and sections with their heading, text and questions
SITE = {
    "shop.example/care/brakes.html": (
        "Brakes and brake pads",
        {
            "Changing pads": (
                "Brake pads wear down. Change them when the lining is thinner than a coin.",
                ["when do I change brake pads", "how thin may a brake pad get"],
            ),
            "Squealing": (
                "Brakes squeal when the disc is dirty. Clean the disc with alcohol.",
                ["why do my brakes squeal", "noisy disc brakes"],
            ),
            "Bleeding a lever": (
                "A soft brake lever means air in the hydraulic hose. Bleed it at the caliper.",
                ["brake lever feels soft", "how to bleed hydraulic brakes"],
            ),
        },
    ),
    "shop.example/care/tyres.html": (
        "Tyres and punctures",
        {
            "Pressure": (
                "Pump the tyres to four bar. Heavy loads need half a bar more.",
                ["what tyre pressure", "how hard should I pump my tyres"],
            ),
            "Punctures": (
                "Find the hole in the inner tube under water and glue a patch on it.",
                ["how do I mend a puncture", "flat tyre repair"],
            ),
            "Worn tread": (
                "Replace a tyre when its tread is gone or the casing shows.",
                ["when is a tyre worn out", "tyre tread is gone"],
            ),
        },
    ),
    "shop.example/power/battery.html": (
        "Batteries and charging",
        {
            "Charging": (
                "An empty battery charges in six hours at a wall socket.",
                ["how long does the battery charge", "battery charging time"],
            ),
            "In winter": (
                "A cold battery loses a fifth of its range. Keep the battery indoors.",
                ["battery range in winter", "does cold hurt the battery"],
            ),
            "Life": (
                "A battery lasts eight hundred charges before it holds less.",
                ["how many years does a battery last", "battery lifespan"],
            ),
        },
    ),
    "shop.example/buying/delivery.html": (
        "Delivery and assembly",
        {
            "Delivery time": (
                "The van brings your order within ten days.",
                ["how long does delivery take", "when will my order arrive"],
            ),
            "Islands": (
                "Delivery to islands costs forty pounds for the ferry.",
                ["delivery to the Isle of Skye", "do you deliver to islands"],
            ),
            "Assembly": (
                "The driver assembles the bike at your door and takes the box away.",
                ["is the bike assembled on delivery", "who takes the box away"],
            ),
        },
    ),
    "shop.example/buying/finance.html": (
        "Finance and monthly payments",
        {
            "Rates": (
                "Pay monthly over three years at nine per cent interest.",
                ["can I pay monthly", "what interest rate is the finance"],
            ),
            "Who can apply": (
                "You must be eighteen and have a bank account to get credit.",
                ["who can get finance", "credit check for a payment plan"],
            ),
            "Paying early": (
                "Settle the loan early without a fee.",
                ["can I pay off the loan early", "early repayment fee"],
            ),
        },
    ),
    "shop.example/buying/returns.html": (
        "Returns and refunds",
        {
            "Thirty days": (
                "Send the bike back within thirty days for a full refund.",
                ["how do I return a bike", "refund within thirty days"],
            ),
            "Collection": (
                "We collect returns for free from your home.",
                ["do you collect returned bikes", "return postage"],
            ),
            "Damaged goods": (
                "Send photographs of damage and we replace the part.",
                ["my bike arrived damaged", "refund for a damaged part"],
            ),
        },
    ),
}


@pytest.fixture(scope="module")
def real_encoder():
    return choose_encoder(precision="fp32")


def describe(encoder, gone=(), with_answers=False, turned=False):
    """The site without these sections or pages, its log, and rows of what asks for each of them.

    `gone` holds page ids, and (page id, heading) pairs.
    """
    rows, questions, answers, topics = [], [], [], {}
    for page, (title, sections) in SITE.items():
        for heading, (text, asked) in sections.items():
            name = next((unit for unit in gone if unit in (page, (page, heading))), None)
            if name is None:
                path = f"{title} > {heading}"
                rows.append([page, path, text])
            if name is not None:
                topics.setdefault(name, []).extend(range(len(questions), len(questions) + 2))
            if with_answers:
                answers += [(len(questions), s) for s in text.split(". ")]
            questions += asked
    order = np.arange(len(rows))[::-1] if turned else np.arange(len(rows))
    passages = PASSAGES.table(
        [
            {
                "passage_id": f"{rows[row][0]}#{rows[row][1]}",
                "page_id": rows[row][0],
                "site": "shop.example",
                "position": row,
                "heading_path": rows[row][1],
                "text": rows[row][2],
                "n_words": len(rows[row][2].split()),
            }
            for row in order
        ]
    )
    texts = [
        f"{path}. {text}"
        for path, text in zip(passages["heading_path"], passages["text"], strict=True)
    ]
    raw = Embeddings(tuple(passages["passage_id"]), encoder.encode(texts), encoder.name)
    asked = Embeddings(
        tuple(map(str, range(len(questions)))), encoder.encode(questions), encoder.name
    )
    space = fit_space(raw, asked)
    last = [path.split(" > ")[-1] for path in passages["heading_path"]]
    site = SitePages.describe(
        passages,
        {page: title for page, (title, _) in SITE.items()},
        space.of_passages(raw).vectors,
        space.move_passages(encoder.encode(last)),
        lambda titles: space.move_passages(encoder.encode(titles)),
    )
    said = [text for _, text in answers]
    log = AskedQuestions(
        texts=tuple(questions),
        vectors=space.of_queries(asked).vectors,
        weights=np.ones(len(questions)),
        answer_rows=np.array([row for row, _ in answers], np.int64),
        answer_texts=tuple(said),
        answers=space.move_passages(encoder.encode(said))
        if said
        else np.zeros((0, raw.vectors.shape[1]), np.float32),
    )
    return site, log, {str(name): rows for name, rows in topics.items()}


def sections():
    return [(page, heading) for page, (_, parts) in SITE.items() for heading in parts]


@pytest.mark.parametrize("with_answers", [False, True])
def test_removed_sections_go_home_and_removed_pages_have_none(real_encoder, with_answers):
    """Each section and each page is removed in turn."""
    is_home, with_home, without_home = [], [], []
    for gone in sections():
        site, log, topics = describe(real_encoder, [gone], with_answers)
        homes = find_homes(site, log, topics, load_home_model())
        is_home.append(homes.by_topic[str(gone)][0].page_id == gone[0])
        with_home.append(homes.none[str(gone)])
    for page in SITE:
        site, log, topics = describe(real_encoder, [page], with_answers)
        without_home.append(find_homes(site, log, topics, load_home_model()).none[page])
    assert np.mean(is_home) >= 0.85
    assert np.mean(without_home) > np.mean(with_home) + 0.2


def test_probabilities_add_up_and_passages_are_of_their_page(real_encoder):
    gone = [("shop.example/care/tyres.html", "Pressure"), "shop.example/buying/finance.html"]
    site, log, topics = describe(real_encoder, gone)
    topic_of = np.full(len(log.texts), -1)
    for number, rows in enumerate(topics.values()):
        topic_of[rows] = number
    none, pages = home_probabilities(site, log, topic_of, len(topics), load_home_model())
    np.testing.assert_allclose(none + pages.sum(axis=1), 1)
    homes = find_homes(site, log, topics, load_home_model())
    for found in homes.by_topic.values():
        assert len(found) == 5
        assert sorted((home.probability for home in found), reverse=True) == [
            home.probability for home in found
        ]
        assert all(home.passage_id.startswith(home.page_id + "#") for home in found)


def test_order_of_passages_does_not_matter(real_encoder):
    gone = [("shop.example/care/tyres.html", "Pressure"), "shop.example/buying/finance.html"]
    found, turned = (
        find_homes(*describe(real_encoder, gone, turned=turned), load_home_model())
        for turned in (False, True)
    )
    for name in found.none:
        assert found.none[name] == pytest.approx(turned.none[name], abs=1e-4)
        assert [home.page_id for home in found.by_topic[name]] == [
            home.page_id for home in turned.by_topic[name]
        ]
    assert found.new_pages == turned.new_pages


def test_a_barred_page_is_no_home(real_encoder):
    gone = ("shop.example/care/tyres.html", "Pressure")
    site, log, topics = describe(real_encoder, [gone])
    homes = find_homes(site, log, topics, load_home_model(), barred={gone[0]})
    pages = [home.page_id for home in homes.by_topic[str(gone)]]
    assert gone[0] not in pages
    assert len(pages) == len(SITE) - 1
    everything = find_homes(site, log, topics, load_home_model(), barred=set(SITE))
    assert everything.none[str(gone)] == 1
    assert everything.by_topic[str(gone)] == ()


def test_a_site_of_one_page_works(real_encoder):
    gone = [("shop.example/care/tyres.html", "Pressure"), *list(SITE)[:1], *list(SITE)[2:]]
    site, log, topics = describe(real_encoder, gone)
    homes = find_homes(site, log, topics, load_home_model())
    assert all(0 < none < 1 for none in homes.none.values())
    assert all(len(found) == 1 for found in homes.by_topic.values())


def test_hidden_homes_are_pages_that_are_left(real_encoder):
    site, log, _ = describe(real_encoder)
    rounds = hide_homes(site, log, np.ones(len(log.texts), bool), 20)
    assert rounds
    hidden_sections = {True: 0, False: 0}
    for each in rounds:
        assert len(each.site.passages) < len(site.passages)
        assert sorted(np.unique(each.topics[each.topics >= 0])) == list(range(len(each.homes)))
        for home in each.homes:
            hidden_sections[home >= 0] += 1
        assert (each.homes < len(each.site.page_ids)).all()
    assert min(hidden_sections.values()) > 0
    again = hide_homes(site, log, np.ones(len(log.texts), bool), 20)
    assert [each.homes.tolist() for each in rounds] == [each.homes.tolist() for each in again]


def test_features_without_answers_are_zero(real_encoder):
    gone = [("shop.example/care/tyres.html", "Pressure")]
    site, log, topics = describe(real_encoder, gone)
    topic_of = np.full(len(log.texts), -1)
    topic_of[topics[str(gone[0])]] = 0
    features = compare_topics(site, log, topic_of, 1)
    assert features.pages.shape == (1, len(SITE), len(PAGE_FEATURES))
    is_of_answers = [name.startswith("answers_") for name in PAGE_FEATURES]
    assert (features.pages[:, :, is_of_answers] == 0).all()
    assert not features.has_answers.any()


def test_the_fit_finds_the_feature_that_tells():
    """Homes are drawn by the first feature alone."""
    rng = np.random.default_rng(0)
    pages = rng.normal(size=(400, 12, 3))
    homes = (3 * pages[:, :, 0] + rng.gumbel(size=(400, 12))).argmax(axis=1)
    weights = fit_page_weights([(pages, homes, 400.0)], ridge=0.01)
    assert weights[0] == pytest.approx(3, abs=0.5)
    assert abs(weights[1:]).max() < 0.4


def test_a_new_page_belongs_to_the_folder_of_its_siblings():
    pages = [
        "a.example",
        "a.example/guides",
        "a.example/guides/hills.html",
        "a.example/guides/rain.html",
        "a.example/shop/bags",
    ]
    assert find_folders(pages) == ["a.example/", *["a.example/guides/"] * 3, "a.example/shop/"]
    placed = place_page(
        pages, np.array([0.1, 0.2, 0.3, 0.1, 0.35]), [False, False, True, True, True]
    )
    assert placed.folder == "a.example/guides/"
    assert placed.suffix == ".html"
    assert placed.links_from == (
        "a.example/shop/bags",
        "a.example/guides/hills.html",
        "a.example/guides/rain.html",
    )
    assert place_page(pages, np.array([0, 0, 0, 0, 1.0]), [False] * 5).suffix == ""


def test_stored_weights_fit_the_features():
    stored = json.loads(DEFAULT_HOMES.read_text())
    assert tuple(stored["names"]) == PAGE_FEATURES
    assert set(stored["without"]) == set(stored["sets"])
    for fit in [stored["all"], *stored["without"].values()]:
        assert len(fit["page_weights"]) == len(PAGE_FEATURES)
        assert fit["none_weights"][1] < 0 < fit["none_weights"][2]  # near one page: a home
    assert (
        load_home_model("doc2dial_val").page_weights.tolist()
        == (stored["without"]["doc2dial_val"]["page_weights"])
    )
    assert load_home_model().page_weights.tolist() == stored["all"]["page_weights"]


def test_a_page_that_lists_others_or_is_nearly_empty_is_no_home(real_encoder):
    site, _, _ = describe(real_encoder)
    assert not site.are_unfit.any()
    titles = [title for title, _ in SITE.values()]
    rows = [
        ("shop.example/list", f"All guides > {title}", "A long teaser of this guide " * 3)
        for title in titles
    ]
    rows += [("shop.example/thin", "Dogs", "Soon."), ("shop.example/full", "Dogs", "word " * 40)]
    rows += [(f"shop.example/{number}", title, "word " * 40) for number, title in enumerate(titles)]
    passages = PASSAGES.table(
        [
            {
                "passage_id": f"p{row}",
                "page_id": page,
                "site": "shop.example",
                "position": row,
                "heading_path": path,
                "text": text,
                "n_words": len(text.split()),
            }
            for row, (page, path, text) in enumerate(rows)
        ]
    )
    vectors = np.eye(len(rows), dtype=np.float32)
    site = SitePages.describe(passages, {}, vectors, vectors, lambda texts: vectors[: len(texts)])
    unfit = [page for page, is_unfit in zip(site.page_ids, site.are_unfit, strict=True) if is_unfit]
    assert unfit == ["shop.example/list", "shop.example/thin"]
