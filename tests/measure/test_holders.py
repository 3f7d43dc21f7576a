import pytest

from coverage_kit.measure.holders import measure_holders
from coverage_kit.measure.visibility import TrackedBrands
from coverage_kit.tables import ANSWERS, CITATIONS, HOLDERS


def holders(*cited, searched=True, n_queries=3, **options):
    """Return the holders of a cluster whose answers cite these sites, each answer as words.

    The answers are to the queries in turn.
    """
    rows = [
        {
            "answer_id": f"a{n}",
            "query_id": f"q{n % n_queries}",
            "engine": f"e{n % 2}",
            "text": "",
            "has_searched": searched,
        }
        for n in range(len(cited))
    ]
    pages = [
        {
            "answer_id": f"a{n}",
            "position": place,
            "url": f"https://{site}/{place}",
            "site": site,
            "kind": "cited",
        }
        for n, sites in enumerate(cited)
        for place, site in enumerate(sites.split())
    ]
    panel = TrackedBrands(
        {"Us": "us.com", "Them": "them.com"},
        options.pop("branded", ()),
        {f"q{n}": "c" for n in range(n_queries)},
    )
    return measure_holders(ANSWERS.table(rows), CITATIONS.table(pages), panel, **options)


def shares(table):
    return table.set_index("holder")["citation_share"].to_dict()


def test_every_kind_of_holder_by_hand():
    table = holders(
        "us.com them.com",
        "reddit.com mag.com",
        "mag.com",
        "them.com other.com",
        "them.com mag.com",
        "us.com",
    )
    assert table["holder"].tolist() == ["own", "competitor", "third-party", "community"]
    assert table["n_citations"].tolist() == [2, 3, 4, 1]
    assert shares(table) == pytest.approx(
        {"own": 0.2, "competitor": 0.3, "third-party": 0.4, "community": 0.1}
    )
    assert table["top_site"].tolist() == ["us.com", "them.com", "mag.com", "reddit.com"]
    assert (table["n_answers"] == 6).all()
    assert (table["n_prompts"] == 3).all()
    assert (
        (table["low"] <= table["citation_share"]) & (table["citation_share"] <= table["high"])
    ).all()


def test_a_cluster_is_winnable_from_40_percent_of_the_citations_on():
    table = holders(
        "us.com mag.com",
        "them.com mag.com",
        "mag.com",
        "mag.com",
        "us.com mag.com",
        "them.com mag.com",
    )
    assert table["is_contested"].all()
    assert set(table["reason"]) == {
        "your site and competitors hold 4 of 10 citations (40%), at least 40%"
    }


def test_a_cluster_ceded_to_others_is_not_winnable():
    table = holders(
        "us.com mag.com", "mag.com reddit.com", "mag.com", "mag.com", "wikipedia.org", "mag.com"
    )
    assert not table["is_contested"].any()
    reason = (
        "your site and competitors hold 1 of 8 citations (12%), under 40%: the rest goes to "
        "third parties and communities"
    )
    assert set(table["reason"]) == {reason}
    assert table["top_site"].isna().tolist() == [False, True, False, False]


def test_proposed_competitors_and_further_communities_count_as_such():
    table = holders(
        "shop.com",
        "shop.com",
        "shop.com",
        "club.org",
        "club.org",
        proposed=["shop.com"],
        community=["club.org"],
    )
    assert shares(table) == {"own": 0, "competitor": 0.6, "third-party": 0, "community": 0.4}
    assert table["is_contested"].all()


def test_a_cluster_that_no_answer_searched_for_is_not_winnable():
    table = holders(*[""] * 6, searched=False)
    assert not table["is_contested"].any()
    assert set(table["reason"]) == {"none of 6 answers searched the web or cites a page"}
    assert table["citation_share"].isna().all()


@pytest.mark.parametrize(
    ("cited", "reason"),
    [
        (["mag.com"], "1 answer: not enough to tell"),
        (["mag.com"] * 4, "4 answers: not enough to tell"),
        (["mag.com", *[""] * 9], "1 of 10 answers cite a page: not enough to tell"),
    ],
)
def test_too_few_answers_leave_a_cluster_winnable(cited, reason):
    table = holders(*cited)
    assert table["is_contested"].all()
    assert set(table["reason"]) == {reason}


def test_the_interval_is_missing_with_one_query():
    assert holders(*["us.com mag.com"] * 6, n_queries=1)["low"].isna().all()


def test_branded_queries_and_queries_without_cluster_are_left_out():
    table = holders("us.com", "mag.com", "mag.com", "us.com", "mag.com", "mag.com", branded=["q0"])
    assert shares(table)["third-party"] == 1
    assert (table["n_prompts"] == 2).all()
    assert holders("us.com", branded=["q0"]).equals(HOLDERS.empty())
