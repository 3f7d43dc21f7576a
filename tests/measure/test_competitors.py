import time

import pandas as pd
import pytest

from coverage_kit.measure.competitors import find_competitors
from coverage_kit.measure.sites import main_label, site_kind, site_owner
from coverage_kit.measure.visibility import TrackedBrands
from coverage_kit.tables import ANSWERS, CITATIONS, COMPETITORS


def find(*log, tracked=("us.com",), **options):
    """Return the competitors of a log of (query, text, sites as words)."""
    rows = [
        {"answer_id": f"a{n}", "query_id": query, "engine": "e", "text": text, "has_searched": True}
        for n, (query, text, _) in enumerate(log)
    ]
    pages = [
        {
            "answer_id": f"a{n}",
            "position": place,
            "url": f"https://{site}/{place}",
            "site": site,
            "kind": "cited",
        }
        for n, (_, _, sites) in enumerate(log)
        for place, site in enumerate(sites.split())
    ]
    panel = TrackedBrands({site: site for site in tracked}, options.pop("branded", ()))
    return find_competitors(ANSWERS.table(rows), CITATIONS.table(pages), panel, **options)


SHARED = [
    (f"q{n}", "Acme Bikes makes a good one.", "us.com acme-bikes.com mag.com") for n in range(6)
]
APART = [
    (f"p{n}", "Zenith is an idea, as others say.", "zenith.com mag.com mag2.com") for n in range(6)
]
LOG = [*SHARED, *APART, ("q0", "Somebody asks.", "reddit.com us.com")]


def test_figures_by_hand():
    row = find(*LOG).set_index("site").loc["acme-bikes.com"]
    assert row.to_dict() == {
        **{
            "kind": "competitor",
            "n_answers": 6,
            "n_prompts": 6,
            "citation_share": pytest.approx(6 / 38),
        },
        **{"share_of_overlap": 1, "named_rate": 1, "rank": 1},
    }


def test_sites_cited_where_ours_is_and_named_come_first():
    table = find(*LOG)
    assert table["site"].tolist()[:2] == ["acme-bikes.com", "zenith.com"]
    assert table["kind"].tolist() == [
        "competitor",
        "competitor",
        "third-party",
        "third-party",
        "community",
    ]
    assert table["rank"].tolist() == [1, 2, 3, 4, 5]
    assert "us.com" not in table["site"].tolist()


def test_being_cited_where_ours_is_outweighs_being_named_a_little_more():
    shared = [(f"q{n}", "Acme." if n else "It.", "us.com acme.com") for n in range(6)]
    apart = [(f"p{n}", "Zenith.", "zenith.com") for n in range(6)]
    table = find(*shared, *apart)
    assert table["named_rate"].tolist() == [pytest.approx(5 / 6), 1]
    assert table["site"].tolist() == ["acme.com", "zenith.com"]


def test_being_named_outweighs_being_cited_where_ours_is_a_little_more():
    first = ("q0", "Zenith.", "us.com zenith.com")
    others = [
        (f"q{n}", "Acme, Zenith." if n < 6 else "Acme.", "us.com acme.com zenith.com")
        for n in range(1, 9)
    ]
    table = find(first, *others)
    assert table["share_of_overlap"].tolist() == [pytest.approx(8 / 9), 1]
    assert table["site"].tolist() == ["acme.com", "zenith.com"]
    assert (table["kind"] == "competitor").all()


def test_more_citations_alone_do_not_make_a_competitor():
    table = find(*LOG).set_index("site")
    assert table.loc["mag.com", "n_answers"] == 12
    assert table.loc["mag.com", "kind"] == "third-party"


def test_a_community_is_never_proposed_though_it_is_named():
    log = [(f"q{n}", "As Reddit and Club say.", "us.com reddit.com club.org") for n in range(9)]
    table = find(*log, community=["club.org"])
    assert table["kind"].tolist() == ["community", "community"]


def test_a_tracked_site_is_marked_as_such():
    assert (
        find(*LOG, tracked=("us.com", "zenith.com")).set_index("site").loc["zenith.com", "kind"]
        == "tracked"
    )


def test_where_the_own_site_is_never_cited_the_number_of_queries_decides():
    log = [(f"q{n}", "Acme or Zenith.", "acme.com" if n < 3 else "zenith.com") for n in range(8)]
    table = find(*log)
    assert table["site"].tolist() == ["zenith.com", "acme.com"]
    assert table["share_of_overlap"].isna().all()
    assert (table["kind"] == "competitor").all()


def test_where_every_site_is_named_those_named_a_little_less_are_proposed_too():
    log = [
        (f"q{n}", "Acme and Zenith." if n else "Zenith.", "acme.com zenith.com") for n in range(9)
    ]
    assert set(find(*log)["kind"]) == {"competitor"}


def test_where_hardly_a_site_is_named_being_named_once_is_not_enough():
    log = [(f"q{n}", "" if n else "Acme.", "acme.com zenith.com") for n in range(9)]
    assert set(find(*log)["kind"]) == {"third-party"}


def test_one_query_is_too_little_to_propose_a_site():
    assert find(*[("q", "Acme.", "acme.com")] * 9)["kind"].tolist() == ["third-party"]


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("ACME BIKES is good", True),
        ("the Acme-Bikes longtail", True),
        ("acmebikes", True),
        ("Acmebikester, Tacme Bikes", False),
        ("see https://www.acme-bikes.com/about", False),
        ("[acme-bikes.com](https://acme-bikes.com) says", False),
        ("more...acme-bikes.com, -acme-bikes.com and a.b.c.d.e.f.g.h.i.acme-bikes.com", False),
        ("", False),
    ],
)
def test_the_name_is_found_in_words_without_regard_to_case_and_spaces(text, is_named):
    assert find(("q", text, "shop.acme-bikes.com"))["named_rate"].tolist() == [float(is_named)]


def test_branded_queries_and_logs_without_citations_count_nothing():
    assert find(*SHARED, branded=[f"q{n}" for n in range(6)]).equals(COMPETITORS.empty())
    assert find(("q", "text", "us.com")).equals(COMPETITORS.empty())
    assert find().equals(COMPETITORS.empty())


@pytest.mark.parametrize(
    ("host", "owner"),
    [
        ("ours.com", "Ours"),
        ("www.help.ours.com", "Ours"),
        ("shop.ours.com", "Shop"),
        ("eu.shop.ours.com", "Shop"),
        ("notours.com", "notours.com"),
        ("ours.com.evil.net", "ours.com.evil.net"),
        ("com", "com"),
    ],
)
def test_the_longest_domain_owns_a_host(host, owner):
    hosts = pd.Series([host, "ours.com"], index=[7, 3])
    owned = site_owner(hosts, {"www.ours.com": "Ours", "SHOP.ours.com": "Shop"})
    assert owned.to_dict() == {7: owner, 3: "Ours"}


def test_hosts_without_owners_and_no_hosts_stay_as_they_are():
    assert site_owner(pd.Series(["a.com"]), {}).tolist() == ["a.com"]
    assert site_owner(pd.Series([], dtype="str"), {"a.com": "A"}).empty


@pytest.mark.parametrize(
    ("site", "kind"),
    [
        *[
            ("reddit.com", "forum"),
            ("old.reddit.com", "forum"),
            ("notreddit.com", ""),
            ("en.wikipedia.org", "encyclopedia"),
        ],
        *[
            ("answers.microsoft.com", "questions"),
            ("microsoft.com", ""),
            ("forum.ours.com", "community"),
            ("ours.com", ""),
        ],
    ],
)
def test_communities_are_known_by_domain(site, kind):
    assert site_kind(site, ["forum.ours.com"]) == kind


@pytest.mark.parametrize(
    ("host", "label"),
    [
        ("logitech.com", "logitech"),
        ("www.shop.acme.co.uk", "acme"),
        ("bbc.co.uk", "bbc"),
        ("a.vodafone.de", "vodafone"),
        ("localhost", "localhost"),
    ],
)
def test_the_main_label_is_without_suffix_and_subdomains(host, label):
    assert main_label(host) == label


def test_a_domain_with_an_asterisk_stands_for_all_below_it_and_itself():
    hosts = pd.Series(["acme.com", "shop.acme.com", "notacme.com"])
    assert site_owner(hosts, {"*.acme.com": "Acme"}).tolist() == ["Acme", "Acme", "notacme.com"]
    assert site_kind("forum.acme.com", ["*.acme.com"]) == "community"


def test_without_tracked_sites_all_count_as_if_the_own_were_never_cited():
    table = find(("q0", "Acme.", "acme.com"), ("q1", "Acme.", "acme.com"), tracked=())
    assert table[["site", "kind", "n_answers"]].to_numpy().tolist() == [
        ["acme.com", "competitor", 2]
    ]
    assert table["share_of_overlap"].isna().all()


@pytest.mark.parametrize("piece", ["a.", "a-", "a", "http://", "a.aa", "-."])
def test_names_in_hostile_texts_are_found_in_time(piece):
    started = time.perf_counter()
    assert find(("q", f"Acme {piece * 20_000}", "acme.com"))["named_rate"].tolist() == [1]
    assert time.perf_counter() - started < 1
