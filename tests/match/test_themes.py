import pandas as pd

from coverage_kit.match.themes import describe_themes, form_themes
from coverage_kit.tables import CLUSTERS, GAPS, LABELS, QUERIES

# Topics of a hall for climbing by name: their group, and their questions. All but the last are
# asked 10 times a question.
TOPICS = {
    "Renting climbing shoes": ("g0", ["can i rent shoes", "renting shoes for a day"]),
    "Shoe sizes": ("g0", ["which size of shoes do i need", "are the shoes small"]),
    "Do they smell?": (
        "g0",
        ["do rented shoes smell", "who cleans the shoes", "shoes with fungus"],
    ),
    "Bringing a dog": ("g0", ["can i bring a dog", "dogs in the hall", "where do dogs wait"]),
    "Steep walls": ("g1", ["how steep are the walls", "steep walls for kids"]),
    "Steep prices": ("g1", ["why are the prices steep", "prices this steep"]),
    "Opening at easter": ("g1", ["open at easter?"]),
    "Vouchers": ("g2", ["vouchers as a gift", "buying vouchers"]),
    "Birthday parties": ("g3", ["party for ten kids", "birthday parties"]),
    "Parking": ("g4", ["where can i park", "parking for vans"]),
}


def tables(topics=TOPICS):
    rows = [
        {"query_id": f"q{n}", "text": text, "cluster_id": name, "theme_id": group, "demand": 10.0}
        for n, (name, group, text) in enumerate(
            (name, group, text) for name, (group, texts) in topics.items() for text in texts
        )
    ]
    frame = pd.DataFrame(rows)
    queries = QUERIES.table(frame[["query_id", "text", "demand"]].to_dict("records"))
    clusters = frame[["query_id", "cluster_id", "theme_id"]].assign(membership=1.0)
    labels = [{"cluster_id": name, "label": name, "medoid_query_id": "q0"} for name in topics]
    return queries, CLUSTERS.table(clusters.to_dict("records")), LABELS.table(labels)


def themes_of(topics=TOPICS, **options):
    """Return the theme's name of each topic, None where it has none."""
    clusters, names = form_themes(*tables(topics), **options)
    theme_of = clusters.drop_duplicates("cluster_id").set_index("cluster_id")["theme_id"]
    assert set(theme_of.dropna()) == set(names)
    return {topic: names.get(theme) for topic, theme in theme_of.items()}


def test_topics_with_a_noun_in_common_are_a_theme_with_its_name():
    themes = themes_of()
    assert themes["Renting climbing shoes"] == themes["Shoe sizes"] == "Shoes"


def test_a_topic_joins_by_its_questions_where_its_name_lacks_the_noun():
    assert themes_of()["Do they smell?"] == "Shoes"


def test_a_topic_without_a_noun_in_common_is_a_theme_by_itself_or_none():
    themes = themes_of()
    assert themes["Bringing a dog"] == "Bringing a dog"
    # a single question is no theme
    assert themes["Opening at easter"] is None


def test_a_word_that_only_describes_other_nouns_is_no_theme():
    assert themes_of()["Steep walls"] is None


def test_a_topic_that_is_hardly_asked_has_no_theme():
    queries, clusters, labels = tables()
    is_of_dogs = queries["text"].str.contains("dog")
    queries["demand"] = queries["demand"].where(~is_of_dogs, 0.1)
    clusters, names = form_themes(queries, clusters, labels)
    assert "Bringing a dog" not in names.values()


def test_the_noun_of_a_brand_names_no_theme():
    assert "Shoes" not in themes_of(brands=["Shoe"]).values()


def test_there_are_twenty_five_themes_at_most_the_most_asked():
    nouns = (
        "ant bee cat dog elk fox gnu hen ibis jay koi lark mole newt owl pig quail ram seal toad"
    )
    words = [f"{noun}{ending}" for noun in nouns.split() for ending in ("let", "ville")]
    topics = {
        f"{word.capitalize()} riding": (f"g{n}", [f"riding a {word} {end}" for end in "abc"])
        for n, word in enumerate(words)
    }
    queries, clusters, labels = tables(topics)
    queries["demand"] = [float(n) for n in range(len(queries), 0, -1)]
    _, names = form_themes(queries, clusters, labels)
    assert list(names.values()) == list(topics)[:25]


def test_clusters_without_groups_have_no_themes():
    queries, clusters, labels = tables()
    clusters, names = form_themes(queries, clusters.assign(theme_id=None), labels)
    assert names == {}
    assert clusters["theme_id"].isna().all()


def test_themes_are_counted_by_clusters_queries_demand_and_gaps_to_close():
    clusters = CLUSTERS.table(
        [
            {"query_id": query_id, "cluster_id": cluster_id, "theme_id": theme_id, "membership": 1}
            for query_id, cluster_id, theme_id in (
                ("q0", "c0", "t0"),
                ("q1", "c0", "t0"),
                ("q2", "c1", "t0"),
                ("q3", "c2", "t1"),
            )
        ]
    )
    queries = QUERIES.table(
        [{"query_id": f"q{number}", "text": "x", "demand": 2.0 + number} for number in range(4)]
    )
    names = {"t0": "Batteries", "t1": "Dogs"}
    gaps = pd.DataFrame(
        {"cluster_id": ["c0", "c1", "c2"], "listing": ["to close", "covered", "to close"]}
    )
    themes = describe_themes.__wrapped__(clusters, queries, names, gaps)
    assert themes.to_dict("records") == [
        {"theme_id": "t0", "label": "Batteries", "n_clusters": 2, "n_gaps": 1,
         "n_queries": 3, "demand": 9.0},
        {"theme_id": "t1", "label": "Dogs", "n_clusters": 1, "n_gaps": 1, "n_queries": 1,
         "demand": 5.0},
    ]  # fmt: skip
    without = CLUSTERS.table([{"query_id": "q0", "cluster_id": "c0", "membership": 1.0}])
    assert describe_themes(without, queries, names, GAPS.empty()).empty
