import numpy as np
import pytest

from coverage_kit.match.labels import label_clusters
from coverage_kit.tables import CLUSTERS, QUERIES
from coverage_kit.vectors import Embeddings

# Questions of a hall for climbing, by cluster: a topic each. c4 has none in common.
GROUPS = {
    "c0": {
        "can i bring my dog": 5.0,
        "are dogs allowed in the hall": 5.0,
        "where do i leave the dog while climbing": 5.0,
    },
    "c1": {
        "how much is a day ticket uk 2026": 30.0,
        "day ticket for students": 8.0,
        "is the day ticket valid in the evening": 7.0,
    },
    "c2": {"my shoes were stolen last week. who pays for stolen shoes? thanks": 3.0},
    "c3": {"what age can kids start climbing": 6.0, "climbing for kids under five": 4.0},
}


def tables(groups):
    rows = [
        (f"q{number}", cluster_id, text, demand)
        for number, (cluster_id, text, demand) in enumerate(
            (cluster_id, text, demand)
            for cluster_id, members in groups.items()
            for text, demand in members.items()
        )
    ]
    queries = QUERIES.table(
        [{"query_id": row[0], "text": row[2], "demand": row[3]} for row in rows]
    )
    clusters = CLUSTERS.table(
        [{"query_id": row[0], "cluster_id": row[1], "membership": 1.0} for row in rows]
    )
    vectors = np.eye(len(rows), dtype=np.float32)
    return queries, clusters, Embeddings(tuple(row[0] for row in rows), vectors, "e")


def names_of(groups, **options):
    return label_clusters(*tables(groups), **options).set_index("cluster_id")["label"].to_dict()


def test_a_cluster_is_named_by_the_phrase_that_its_questions_share_or_by_a_clean_question():
    names = names_of(GROUPS)
    assert names["c0"] == "Dogs"
    assert names["c1"] == "Day ticket"
    assert names["c2"] == "Who pays for stolen shoes?"
    assert names["c3"].startswith("Climbing for kids")


def test_a_title_that_the_questions_bear_out_is_preferred_without_site_price_and_brand():
    queries, clusters, vectors = tables(GROUPS)
    title = "Bring your dog to Boulder Barn - Boulder Barn"
    of_dogs = {name: ["Dogs in the hall | Boulder Barn, £5", title] for name in ("q0", "q1", "q2")}
    labels = label_clusters(queries, clusters, vectors, titles=of_dogs, brands=["Boulder Barn"])
    assert labels["label"][0] == "Dogs in the hall"


def test_a_title_whose_words_nobody_asks_with_names_nothing():
    titles = {name: ["Reader survey results"] for name in ("q0", "q1", "q2")}
    assert names_of(GROUPS, titles=titles)["c0"] == "Dogs"


def test_no_name_is_cut_off_too_long_or_given_twice():
    long = "could you please tell me as a beginner whether the ropes of the big wall " * 3
    groups = {
        "c0": {long: 1.0},
        "c1": {"opening times": 5.0},
        "c2": {"Opening times": 4.0},
        "c3": {"opening times!": 3.0},
    }
    names = list(names_of(groups).values())
    assert max(map(len, names)) <= 60
    assert len({name.lower() for name in names}) == 4
    assert not any("…" in name or "," in name for name in names)


def test_a_brand_alone_is_no_name_but_a_comparison_is():
    groups = {
        "c0": {"larkmoor": 3.0},
        "c1": {"larkmoor vs haulwright": 5.0, "haulwright vs larkmoor?": 2.0},
        "c2": {"battery fires": 1.0},
    }
    names = names_of(groups, brands=["Larkmoor", "Haulwright"])
    assert names["c0"] == "About Larkmoor"
    assert names["c1"] == "Larkmoor vs Haulwright"


def test_markup_and_hidden_characters_reach_no_name():
    groups = {
        "c0": {"<b>can i</b> bring `a dog`\u202e\u200b? https://a.example/x": 2.0},
        "c1": {"<script>alert(1)</script> opening times": 1.0},
    }
    names = names_of(groups)
    assert names["c0"] == "Can I bring a dog?"
    assert not any(set(name) & set("<>`\u202e\u200b") for name in names.values())


@pytest.mark.parametrize(
    ("language", "texts", "name"),
    [
        (
            "zh",
            ["电池可以在家里充电吗\uff1f", "家里充电安全吗\uff1f", "在家充电"],
            "电池可以在家里充电吗\uff1f",
        ),
        (
            "ar",
            ["هل يمكن شحن البطارية في المنزل؟", "شحن البطارية"],
            "هل يمكن شحن البطارية في المنزل؟",
        ),
        (
            "de",
            ["wie lange hält der Akku im Winter?", "hält der Akku"],
            "Wie lange hält der Akku im Winter?",
        ),
        (
            "es",
            ["¿cuánto dura la batería en invierno?", "la batería"],
            "¿Cuánto dura la batería en invierno?",
        ),
    ],
)
def test_other_languages_are_named_by_their_most_asked_short_question(language, texts, name):
    """No English rule touches it: no stop words, no question mark of another script."""
    members = {text: float(100 - 40 * number) for number, text in enumerate(texts)}
    others = {
        "zh": {"如何更换轮胎和刹车片？": 1.0},  # noqa: RUF001
        "ar": {"كيف أغير الإطارات والفرامل في الدراجة؟": 1.0},
        "de": {"Wie wechselt man die Reifen und die Bremsen von dem Rad?": 1.0},
        "es": {"¿Cómo se cambian los frenos y las ruedas de la bicicleta?": 1.0},
    }
    assert names_of({"c0": members, "c1": others[language]})["c0"] == name


def test_the_encoder_decides_between_names_whose_words_are_equally_good():
    class Toy:
        name = "toy"
        dimensions = 3

        def encode(self, texts, role="passage"):
            near = [[1, "boots" in text.lower(), "lace" in text.lower()] for text in texts]
            vectors = np.array(near, np.float32)
            return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    groups = {
        "c0": {"boots and laces": 2.0, "laces for boots": 2.0, "boots hurt": 2.0},
        "c1": {"opening times": 1.0},
        "c2": {"day tickets": 1.0},
    }
    assert "oots" in names_of(groups, encoder=Toy())["c0"]


def test_the_medoid_is_nearest_to_the_mean_and_the_first_of_equals():
    """The mean of (1, 0), (.8, .6), (0, 1) is (.6, .533): cosines go as .6, .8 and .533."""
    queries, clusters, _ = tables({"c0": dict.fromkeys(("a b", "c d", "e f"), 1.0)})
    vectors = np.array([(1, 0), (0.8, 0.6), (0, 1)], np.float32)
    labels = label_clusters(queries, clusters, Embeddings(("q0", "q1", "q2"), vectors, "e"))
    assert labels["medoid_query_id"].tolist() == ["q1"]


def test_the_order_of_the_queries_decides_nothing():
    queries, clusters, vectors = tables(GROUPS)
    backwards = label_clusters(queries[::-1].reset_index(drop=True), clusters[::-1], vectors)
    forwards = label_clusters(queries, clusters, vectors)
    assert backwards["label"].tolist() == forwards["label"].tolist()


def test_an_empty_log_has_no_names():
    vectors = Embeddings((), np.zeros((0, 2), np.float32), "e")
    assert label_clusters(QUERIES.empty(), CLUSTERS.empty(), vectors).empty


# Commands, in which a single question says more than most of its cluster do.
COMMANDS = {
    "c0": {
        "Clone a local repository": 1.0,
        "Clone an existing repository into a new directory": 1.0,
        "Clone a remote repository from the internet": 1.0,
        "Fork and clone a repository by its URL": 1.0,
    },
    "c1": {
        "Abort a rebase": 1.0,
        "Abort a rebase that was interrupted": 1.0,
        "Continue a rebase after a pause": 1.0,
        "Continue a rebase": 1.0,
    },
    "c2": {
        "Delete a remote branch": 1.0,
        "Delete a local branch": 1.0,
        "Delete one or more local and remote branches": 1.0,
        "Remove merged branches": 1.0,
    },
    "c3": {"List all tags": 1.0, "List the tags of a commit": 1.0, "List tags by date": 1.0},
}


@pytest.mark.parametrize(
    ("cluster_id", "name"),
    [
        ("c0", "Cloning a repository"),
        ("c1", "Aborting or continuing a rebase"),
        ("c2", "Deleting a branch"),
        ("c3", "Listing tags"),
    ],
)
def test_a_name_holds_what_most_members_share_and_no_qualifier_of_few(cluster_id, name):
    assert names_of(COMMANDS)[cluster_id] == name


def test_names_hold_what_most_members_ask_for_alike_and_are_no_question_of_another_cluster():
    wanted = {"laptop": 1500, "drone": 3000, "projector": 2500}
    groups = {
        f"c{number}": {
            f"what is the best {name} under {price} dollars{ending}?": 1.0
            for ending in ("", " with good reviews", " with a long warranty")
        }
        | {f"what is the best {name}?": 1.0}
        for number, (name, price) in enumerate(wanted.items())
    }
    groups["c3"] = {
        "best phone under 1000 dollars with a good camera": 1.0,
        "best phone under 1000 dollars with a good camera and a long battery life": 1.0,
    }
    groups["c4"] = {"what is the best phone under 1000 dollars?": 1.0, "best phone?": 1.0}
    names = names_of(groups)
    assert names["c0"] == "Best laptop under 1500 dollars"
    assert names["c1"] == "Best drone under 3000 dollars"
    assert names["c2"] == "Best projector under 2500 dollars"
    assert "camera" in names["c3"]
    assert "camera" not in names["c4"]
