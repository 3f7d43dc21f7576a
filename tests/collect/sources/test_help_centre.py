"""Articles in JSON are recognised by their shape; what is no public article has a status."""

import json
import time
from datetime import UTC, datetime

import pytest

from coverage_kit.collect.sources import find_reader
from coverage_kit.errors import SiteError
from tests.collect.sources.reading import read, statuses, texts

ZENDESK = {
    "id": 1,
    "url": "https://tea.zendesk.com/api/v2/help_center/en-us/articles/1.json",
    "html_url": "https://help.tea.example/hc/en-us/articles/1-Prices",
    "draft": False,
    "section_id": 9,
    "user_segment_id": None,
    "locale": "en-us",
    "name": "Prices",
    "title": "Prices",
    "body": "<h2>Cups</h2><p>A cup costs <b>3</b> euros.</p>",
    "created_at": "2024-03-05T10:20:30Z",
    "updated_at": "2025-05-05T00:00:00Z",
    "edited_at": "2025-01-02T03:04:05Z",
}
INTERCOM = {
    "id": "68",
    "type": "article",
    "workspace_id": "w",
    "title": "Prices",
    "body": "<p>A cup costs 3 euros.</p>",
    "author_id": 1,
    "state": "published",
    "created_at": 1709634030,
    "updated_at": 1735787045,
    "url": "https://help.tea.example/en/articles/68-prices",
    "default_locale": "en",
    "translated_content": {
        "type": "article_translated_content",
        "en": {"title": "Prices", "body": "<p>A cup costs 3 euros.</p>", "state": "published"},
        "de": {
            "type": "article_content",
            "title": "Preise",
            "body": "<p>Eine Tasse kostet 3 Euro.</p>",
            "state": "published",
            "url": "https://help.tea.example/de/articles/68-preise",
        },
        "fr": None,
    },
}
HELP_SCOUT = {
    "id": "5",
    "number": 1,
    "collectionId": "7",
    "status": "published",
    "name": "Prices &amp; sizes",
    "text": "<p>A cup costs 3 euros.</p>",
    "publicUrl": "https://docs.tea.example/article/1-prices",
    "createdAt": "2024-03-05T10:20:30Z",
    "updatedAt": "2025-01-02T03:04:05Z",
}
FRESHDESK = {
    "id": 4,
    "title": "Prices",
    "description": "<p>A cup costs 3 euros.</p>",
    "description_text": "A cup costs 3 euros.",
    "status": 2,
    "folder_id": 3,
    "category_id": 2,
    "created_at": "2024-03-05T10:20:30Z",
    "updated_at": "2025-01-02T03:04:05Z",
}
WORDPRESS = {
    "id": 3,
    "date_gmt": "2024-03-05T10:20:30",
    "modified_gmt": "2025-01-02T03:04:05",
    "status": "publish",
    "link": "https://tea.example/prices/",
    "title": {"rendered": "Prices &#8211; cups"},
    "content": {"rendered": "<p>A cup costs 3 euros.</p>", "protected": False},
}
CREATED = datetime(2024, 3, 5, 10, 20, 30, tzinfo=UTC)
MODIFIED = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


def written(tmp_path, value, name="articles.json"):
    path = tmp_path / name
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("article", "url", "title"),
    [
        (ZENDESK, "https://help.tea.example/hc/en-us/articles/1-Prices", "Prices"),
        (INTERCOM, "https://help.tea.example/en/articles/68-prices", "Prices"),
        (HELP_SCOUT, "https://docs.tea.example/article/1-prices", "Prices & sizes"),
        (FRESHDESK, "https://tea.example/support/solutions/articles/4", "Prices"),
        (WORDPRESS, "https://tea.example/prices/", "Prices – cups"),  # noqa: RUF001
    ],
)
@pytest.mark.parametrize("is_wrapped", [True, False])
def test_each_known_shape_gives_address_title_text_and_dates(
    tmp_path, article, url, title, is_wrapped
):
    value = {"articles": [article], "count": 1} if is_wrapped else [article]
    pages, unread = read(written(tmp_path, value), "https://tea.example/")
    assert pages[0].url == url
    assert pages[0].status == "ok"
    assert pages[0].extract.title == title
    assert pages[0].extract.text.endswith("costs 3 euros.")
    assert (pages[0].extract.published_at, pages[0].extract.modified_at) == (CREATED, MODIFIED)
    assert unread == {}


def test_several_pages_of_a_list_and_lines_of_articles_are_one_site(tmp_path):
    second = ZENDESK | {"html_url": "https://help.tea.example/2", "title": "Opening hours"}
    for text in (
        json.dumps([{"articles": [ZENDESK]}, {"articles": [second]}]),
        "\n".join(json.dumps(article) for article in (ZENDESK, second)),
        "\n".join(json.dumps({"articles": [article]}) for article in (ZENDESK, second)),
    ):
        path = tmp_path / "articles.jsonl"
        path.write_text(text, encoding="utf-8")
        pages, _ = read(path)
        assert [page.extract.title for page in pages] == ["Prices", "Opening hours"]


def test_drafts_and_articles_for_members_are_rejected(tmp_path):
    articles = [
        ZENDESK,
        ZENDESK | {"html_url": "https://help.tea.example/2", "draft": True},
        ZENDESK | {"html_url": "https://help.tea.example/3", "user_segment_id": 12},
        ZENDESK | {"html_url": "https://help.tea.example/4", "body": None},
    ]
    pages, _ = read(written(tmp_path, {"articles": articles}))
    assert [page.status for page in pages] == ["ok", "draft", "private", "no text"]
    for article, key, value in (
        (INTERCOM, "state", "draft"),
        (FRESHDESK, "status", 1),
        (HELP_SCOUT, "status", "notpublished"),
        (WORDPRESS, "status", "draft"),
    ):
        pages, _ = read(written(tmp_path, [article | {key: value}]))
        assert pages[0].status == "draft"


def test_translations_of_intercom_are_pages_of_their_language(tmp_path):
    pages, _ = read(written(tmp_path, {"type": "list", "data": [INTERCOM]}))
    assert [(page.url, page.extract.language) for page in pages] == [
        ("https://help.tea.example/en/articles/68-prices", "en"),
        ("https://help.tea.example/de/articles/68-preise", "de"),
    ]


def test_a_list_of_help_scout_without_texts_says_so(tmp_path):
    listed = {key: value for key, value in HELP_SCOUT.items() if key != "text"}
    value = {"articles": {"page": 1, "count": 1, "items": [listed | {"description": "x"}]}}
    path = written(tmp_path, value)
    pages, _ = find_reader(path)(path, "", None), None
    assert [page.status for page in pages] == ["listed without its text"]


def test_any_list_with_title_text_and_address_is_read(tmp_path):
    rows = [
        {"title": "Prices", "content": "A cup costs 3 euros.\n\nA pot 8.", "url": "/prices"},
        {"title": "Hours", "content": "<p>From 9 to 5.</p>", "url": "/hours", "status": "hidden"},
    ]
    pages, _ = read(written(tmp_path, rows), "https://tea.example")
    assert texts(pages) == {
        "https://tea.example/prices": "# Prices\n\nA cup costs 3 euros.\n\nA pot 8."
    }
    assert statuses(pages)["https://tea.example/hours"] == "hidden"


def test_other_objects_are_refused_with_their_fields(tmp_path):
    rows = [{"title": "Prices", "content": "x", "url": ""}, {"sku": 1, "name": "Cup"}]
    with pytest.raises(SiteError, match="sku"):
        read(written(tmp_path, rows))


def test_few_objects_of_another_shape_are_counted(tmp_path):
    urls = [f"https://help.tea.example/{number}" for number in range(20)]
    articles = [ZENDESK | {"html_url": url} for url in urls]
    pages, unread = read(written(tmp_path, {"articles": [*articles, {"id": 5}, 7]}))
    assert len(pages) == 20
    assert unread == {"objects in JSON without the fields of an article": (2, True)}


def test_a_broken_line_costs_no_other(tmp_path):
    path = tmp_path / "articles.jsonl"
    line = json.dumps(ZENDESK)
    path.write_text(f"{line}\n{line[:40]}\n\n{line}\n", encoding="utf-8")
    pages, unread = read(path)
    assert len(pages) == 2
    assert unread == {"lines that are no JSON": (1, True)}


def test_other_json_has_no_reader(tmp_path):
    for value in (
        {"name": "site", "version": "1.0.0", "scripts": {"build": "x"}},
        {"name": "cups", "homepage": "https://x.example", "description": "x"},
        [1, 2],
        [],
    ):
        path = written(tmp_path, value, "package.json")
        assert find_reader(path) is None


@pytest.mark.parametrize(
    "text",
    [
        '{"title": "a", "body": "x", "html_url": ',
        '{"title": "a", "body": "x", "html_url": "b", "c": ' + "[" * 100_000,
        '{"title": "a", "body": "\\ud800", "html_url": "b"}\n{"broken',
    ],
)
def test_broken_json_is_refused(tmp_path, text):
    path = tmp_path / "articles.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SiteError):
        read(path)


def test_values_of_other_types_raise_nothing(tmp_path):
    odd = [[], {}, 7, True, None, "x" * 100_000, 1e308, "\ud800"]
    articles = [
        ZENDESK | {"title": value, "body": value, "html_url": value, "created_at": value}
        for value in odd[:-1]
    ]
    pages, _ = read(written(tmp_path, [*articles, INTERCOM | {"translated_content": "x"}] * 2))
    assert pages


def test_a_long_line_takes_time_in_proportion(tmp_path):
    body = "<p>" + "a" * 7_000_000
    start = time.perf_counter()
    pages, _ = read(written(tmp_path, [ZENDESK | {"body": body}, ZENDESK | {"body": 2 * body}]))
    assert [page.status for page in pages][1] == "too large"
    assert time.perf_counter() - start < 20
