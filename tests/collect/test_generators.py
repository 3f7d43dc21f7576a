import json
import logging
import os
from datetime import date

import pytest

from coverage_kit.collect.site import read_source
from coverage_kit.settings import SiteSettings

BASE = "https://docs.gate.example"
GERMAN = "i18n/de/docusaurus-plugin-content"
DOCUSAURUS = """
// @ts-check
const {themes} = require('prism-react-renderer');
const site = 'https://docs.gate.example';
/** @type {import('@docusaurus/types').Config} */
const config = {
  title: "Gate's docs", // the name
  url: site,
  baseUrl: '/',
  trailingSlash: false,
  i18n: {defaultLocale: 'en', locales: ['en', 'de']},
  async headTags(x) { return [{tagName: 'a'}]; },
  presets: [['classic', /** @type {x} */ ({
    docs: {sidebarPath: require.resolve('./sidebars.js'), editUrl: `${site}/edit`},
    blog: {showReadingTime: true},
  })]],
  plugins: [
    ['@docusaurus/plugin-content-docs', {id: 'api', path: 'api', routeBasePath: 'reference'}],
    require.resolve('./plugins/x'),
  ],
};
module.exports = config;
"""


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))


def front(**values):
    lines = "".join(f"{key}: {value}\n" for key, value in values.items())
    return f"---\n{lines}---\n"


def read(folder, files, base_url=BASE, below="", **texts):
    """Return the ids of the pages without their host, and the reasons of what is not read."""
    # Each page has words of its own: pages of equal text are duplicates.
    written = {
        name: text
        if name.endswith((".js", ".yml", ".toml", ".json", ".py", ".ts", ".mjs", ".yaml"))
        or not isinstance(text, str)
        else f"{text}\nThe words of {name} are here.\n"
        for name, text in files.items()
    }
    write(folder, written)
    reading = read_source(SiteSettings(source=str(folder / below), base_url=base_url))
    pages = reading.pages
    assert (pages["status"] == "ok").all(), pages[["page_id", "status"]].to_string()
    ids = {
        str(path).removeprefix(f"{folder}/"): str(identity).partition("/")[2]
        for path, identity in zip(pages["html_path"], pages["page_id"], strict=True)
    }
    unread = reading.unread.set_index("reason")["n_items"].to_dict()
    return ids, unread, reading


def test_docusaurus_docs_blog_pages_and_a_second_instance(tmp_path):
    ids, unread, _ = read(
        tmp_path,
        {
            "docusaurus.config.js": DOCUSAURUS,
            "sidebars.js": "module.exports = {};",
            "README.md": "# The repository",
            "docs/intro.md": front(slug="/"),
            "docs/01-start/_category_.json": {"label": "Start"},
            "docs/01-start/02-install.mdx": "# Install",
            "docs/01-start/index.md": "# Start",
            "docs/01-start/2024-01-02-notes.md": "# Notes",
            "docs/guides/guides.md": "# Guides",
            "docs/guides/named.md": front(id="other-id"),
            "docs/guides/moved.md": front(slug="new-place"),
            "docs/guides/rooted.md": front(slug="/rooted/here"),
            "docs/guides/draft.md": front(draft="true"),
            "docs/guides/_note.mdx": "A note.",
            "docs/_shared/note.md": "Another note.",
            "docs/v1.2 changes.md": "# Changes",
            "api/7.0-auth.md": "# Auth",
            "api/README.md": "# API",
            "blog/2024-03-05-release.md": "# Release",
            "blog/2024-04-01-fools/index.mdx": "# Fools",
            "blog/2023/12/24/eve.md": "# Eve",
            "blog/undated.md": front(slug="hello"),
            "blog/authors.yml": "a: b",
            "src/pages/about.md": "# About",
            "src/pages/index.tsx": "export default x",
            "src/pages/_hidden.md": "Hidden.",
            "src/components/Box.tsx": "export default x",
            "static/legal.html": "<p>Legal text of the gate.</p>",
            "static/raw.md": "Copied.",
            "build/docs/intro.html": "<p>Built.</p>",
            "i18n/de/docusaurus-plugin-content-docs/current/guides/named.md": front(id="other-id"),
            "i18n/de/docusaurus-plugin-content-docs-api/current/README.md": "# API",
            "i18n/de/docusaurus-plugin-content-blog/2024-03-05-release.md": "# Neu",
            "i18n/de/code.json": {},
            "i18n/fr/docusaurus-plugin-content-docs/current/intro.md": "# Accueil",
        },
    )
    assert ids == {
        "docs/intro.md": "docs",
        "docs/01-start/02-install.mdx": "docs/start/install",
        "docs/01-start/index.md": "docs/start",
        "docs/01-start/2024-01-02-notes.md": "docs/start/2024-01-02-notes",
        "docs/guides/guides.md": "docs/guides",
        "docs/guides/named.md": "docs/guides/other-id",
        "docs/guides/moved.md": "docs/guides/new-place",
        "docs/guides/rooted.md": "docs/rooted/here",
        "docs/v1.2 changes.md": "docs/v1.2%20changes",
        "api/7.0-auth.md": "reference/7.0-auth",
        "api/README.md": "reference",
        "blog/2024-03-05-release.md": "blog/2024/03/05/release",
        "blog/2024-04-01-fools/index.mdx": "blog/2024/04/01/fools",
        "blog/2023/12/24/eve.md": "blog/2023/12/24/eve",
        "blog/undated.md": "blog/hello",
        "src/pages/about.md": "about",
        "static/legal.html": "legal.html",
        "i18n/de/docusaurus-plugin-content-docs/current/guides/named.md": "de/docs/guides/other-id",
        "i18n/de/docusaurus-plugin-content-docs-api/current/README.md": "de/reference",
        f"{GERMAN}-blog/2024-03-05-release.md": "de/blog/2024/03/05/release",
    }
    assert unread == {
        "a draft": 1,
        "a file that is copied as it is": 1,
        "a partial, which is no page by itself": 3,
        "a translation that is not published": 1,
        "no page of the generator: outside its folders of pages": 1,
        "pages that are code, with the ending .tsx": 1,
        "scripts and code": 3,
        "settings and data": 3,
        "the output of the generator, whose sources are read": 1,
    }


def test_translations_of_docusaurus_have_their_language(tmp_path):
    _, _, reading = read(
        tmp_path,
        {
            "docusaurus.config.js": DOCUSAURUS,
            "docs/a.md": "# A",
            "docs/b.md": "# B",
            "i18n/de/docusaurus-plugin-content-docs/current/a.md": "# A",
        },
    )
    languages = reading.pages.set_index("page_id")["language"].fillna("")
    assert languages.to_dict() == {
        "docs.gate.example/de/docs/a": "de",
        "docs.gate.example/docs/a": "",
        "docs.gate.example/docs/b": "",
    }


@pytest.mark.parametrize(
    ("file", "config"),
    [
        ("blog/2024-03-05-release.md", {"docusaurus.config.js": DOCUSAURUS}),
        ("blog/2024/03/05/release.md", {"docusaurus.config.js": DOCUSAURUS}),
        ("_posts/2024-03-05-release.md", {"_config.yml": "title: x"}),
        (
            "source/_posts/2024-03-05-release.md",
            {"_config.yml": "new_post_name: :year-:month-:day-:title.md"},
        ),
    ],
)
def test_a_post_without_a_date_has_that_of_its_name(tmp_path, file, config):
    _, _, reading = read(tmp_path, {**config, file: front(title="R")})
    assert [str(day.date()) for day in reading.pages["published_at"]] == ["2024-03-05"]


def test_a_post_of_an_impossible_day_has_no_date(tmp_path):
    files = {"docusaurus.config.js": DOCUSAURUS, "blog/2024-13-45-release.md": "# Release"}
    _, _, reading = read(tmp_path, files)
    assert reading.pages["published_at"].isna().all()


VERSIONED = {
    "docusaurus.config.js": "module.exports = {url: 'https://docs.gate.example', baseUrl: '/',"
    " presets: [['classic', {docs: {routeBasePath: '/'}}]]}",
    "versions.json": ["2.0", "1.0"],
    "docs/use.md": "# Next",
    "versioned_docs/version-2.0/use.md": "# Two",
    "versioned_docs/version-2.0/more.md": "# More",
    "versioned_docs/version-1.0/use.md": "# One",
}


def test_of_docusaurus_versions_the_latest_is_read(tmp_path):
    ids, unread, reading = read(tmp_path, VERSIONED)
    assert ids == {
        "versioned_docs/version-2.0/use.md": "use",
        "versioned_docs/version-2.0/more.md": "more",
    }
    assert unread["an older version (version-1.0)"] == 1
    assert unread["the next version, which is not released"] == 1
    rows = reading.unread.set_index("reason")
    assert "versioned_docs/version-1.0" in rows.loc["an older version (version-1.0)", "cure"]
    assert not rows["may_be_pages"].any()


@pytest.mark.parametrize(
    ("below", "path"), [("docs", "use"), ("versioned_docs/version-1.0", "use")]
)
def test_a_version_that_is_named_as_source_is_read(tmp_path, below, path):
    ids, _, _ = read(tmp_path, VERSIONED, f"{BASE}/old", below)
    assert ids == {f"{below}/use.md": f"old/{path}"}


def test_docusaurus_settings_of_versions_give_their_paths(tmp_path):
    config = (
        "export default {presets: [['classic', {docs: {lastVersion: 'current',"
        " versions: {current: {label: 'v3', path: 'v3'}}}}]]} satisfies Config;"
    )
    files = {**VERSIONED, "docusaurus.config.ts": config}
    del files["docusaurus.config.js"]
    ids, unread, _ = read(tmp_path, files)
    assert ids == {"docs/use.md": "docs/v3/use"}
    assert unread["an older version (version-2.0)"] == 2


def test_a_configuration_of_docusaurus_that_is_mostly_code(tmp_path):
    config = """
import versions from './versions.json';
const baseUrl = process.env.BASE_URL ?? '/';
const themeConfig = {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i: 9, j: 10};
function names(version: string) { return (version.includes('a') || version.includes('{')); }
export default async function createConfig() {
  return {
    tagline: localized('tagline'), baseUrl, url: 'https://docs.gate.example',
    i18n: {defaultLocale: 'en', locales: fast ? ['en'] : ['en', 'fr']},
    webpack: {jsLoader: (isServer) => ({loader: require.resolve('x'), options: {a: [1]}})},
    plugins: [
      ['content-docs', {id: 'people', path: 'people', routeBasePath: '/people',
        editUrl: ({locale, path}) => { if (locale) { return `x/${path}`; } return '}'; },
      } satisfies DocsOptions],
      ...more,
    ],
    presets: [['classic', {docs: {
      lastVersion: isDev ? 'current' : last(),
      onlyIncludeVersions: (() => { if (isDev) { return ['current']; } return undefined; })(),
      versions: {current: {label: `${next()} 🚧`}},
    }, blog: false}]],
    themeConfig,
  } satisfies Config;
}
"""
    files = {**VERSIONED, "docusaurus.config.ts": config, "people/README.md": "# People"}
    del files["docusaurus.config.js"]
    ids, _, _ = read(tmp_path, files, "")
    assert ids == {
        "people/README.md": "people",
        "versioned_docs/version-2.0/use.md": "docs/use",
        "versioned_docs/version-2.0/more.md": "docs/more",
    }


def test_docs_alone_with_a_configuration_above(tmp_path):
    files = {
        "docusaurus.config.js": DOCUSAURUS,
        "docs/01-start/install.md": front(slug="/start/install"),
        "docs/overview.md": "# Overview",
        "docs/_note.mdx": "A note.",
    }
    ids, unread, _ = read(tmp_path, files, f"{BASE}/docs", "docs")
    assert ids == {
        "docs/01-start/install.md": "docs/start/install",
        "docs/overview.md": "docs/overview",
    }
    assert unread == {"a partial, which is no page by itself": 1}


def test_docs_alone_without_a_configuration_are_known_by_their_imports(tmp_path, caplog):
    files = {
        "install.mdx": f"{front(slug='/start/install')}import Tabs from '@theme/Tabs';\n",
        "overview.md": "# Overview",
        "02-guides/README.md": "# Guides",
        "_note.mdx": "A note.",
        "_parts/x.mdx": "A part.",
    }
    with caplog.at_level(logging.WARNING):
        ids, unread, _ = read(tmp_path / "docs", files, f"{BASE}/docs")
    assert ids == {
        "install.mdx": "docs/start/install",
        "overview.md": "docs/overview",
        "02-guides/README.md": "docs/guides",
    }
    assert unread == {"a partial, which is no page by itself": 2}
    assert "looks like pages of Docusaurus" in caplog.text


def test_a_site_of_docusaurus_below_the_folder(tmp_path):
    files = {
        "website/docusaurus.config.js": DOCUSAURUS,
        "website/docs/a.md": "# A",
        "website/blog/2024-01-02-b.md": "# B",
        "README.md": "# The repository",
    }
    ids, unread, _ = read(tmp_path, files)
    assert ids == {
        "website/docs/a.md": "docs/a",
        "website/blog/2024-01-02-b.md": "blog/2024/01/02/b",
    }
    assert unread["outside the site of Docusaurus, which is in website"] == 1


BESIDE = {
    "website/docusaurus.config.js": "module.exports = {url: 'https://docs.gate.example',"
    " baseUrl: '/', presets: [['classic', {docs: {path: '../docs'}, blog: {path: 'blog'}}]]}",
    "website/blog/2024-01-02-b.md": "# B",
    "docs/a.md": "# A",
    "docs/_note.md": "A note.",
    "README.md": "# The repository",
}


def test_docs_of_docusaurus_beside_its_folder(tmp_path):
    ids, unread, _ = read(tmp_path / "whole", BESIDE)
    assert ids == {"docs/a.md": "docs/a", "website/blog/2024-01-02-b.md": "blog/2024/01/02/b"}
    assert unread["outside the site of Docusaurus, which is in website"] == 1
    assert unread["a partial, which is no page by itself"] == 1
    ids, unread, _ = read(tmp_path / "part", BESIDE, f"{BASE}/docs", "docs")
    assert ids == {"docs/a.md": "docs/a"}
    assert unread == {"a partial, which is no page by itself": 1}


def test_the_configured_url_counts_where_base_url_is_missing(tmp_path):
    ids, _, reading = read(tmp_path, {"docusaurus.config.js": DOCUSAURUS, "docs/a.md": "# A"}, "")
    assert ids == {"docs/a.md": "docs/a"}
    assert reading.pages["site"].tolist() == ["docs.gate.example"]


def test_a_base_url_that_the_configuration_contradicts_is_warned_of(tmp_path, caplog):
    files = {"docusaurus.config.js": DOCUSAURUS, "docs/a.md": "# A"}
    with caplog.at_level(logging.WARNING):
        ids, _, _ = read(tmp_path, files, BASE, "docs")
    assert ids == {"docs/a.md": "a"}
    assert "is published at https://docs.gate.example/docs" in caplog.text


MKDOCS = """
site_name: NAS
site_url: https://nas.example/help/
theme:
  icon: !!python/name:materialx.emoji.twemoji
exclude_docs: |
  /internal/
  *.draft.md
plugins:
  - search
  - material/blog:
      blog_dir: news
nav: !ENV [NAV, x]
"""


def test_mkdocs_has_a_folder_a_page(tmp_path):
    ids, unread, _ = read(
        tmp_path,
        {
            "mkdocs.yml": MKDOCS,
            "docs/index.md": "# NAS",
            "docs/setup/README.md": "# Setup",
            "docs/setup/First steps.md": "# Steps",
            "docs/_also.md": "# Also a page",
            "docs/internal/plan.md": "# Plan",
            "docs/x.draft.md": "# X",
            "docs/old.html": "<p>Old page.</p>",
            "docs/news/index.md": "# News",
            "docs/news/posts/disk.md": front(date="2024-05-06", title="Bigger disks: what's new"),
            "site/index.html": "<p>Built.</p>",
            "README.md": "# Repository",
        },
        "https://nas.example/help",
    )
    assert ids == {
        "docs/index.md": "help",
        "docs/setup/README.md": "help/setup",
        "docs/setup/First steps.md": "help/setup/First%20steps",
        "docs/_also.md": "help/_also",
        "docs/old.html": "help/old.html",
        "docs/news/index.md": "help/news",
        "docs/news/posts/disk.md": "help/news/2024/05/06/bigger-disks-whats-new",
    }
    assert unread["excluded by mkdocs.yml"] == 2
    assert unread["the output of the generator, whose sources are read"] == 1


def test_mkdocs_without_directory_urls_and_with_other_folders(tmp_path):
    config = "docs_dir: src\nuse_directory_urls: false\n"
    files = {
        "mkdocs.yml": config,
        "src/index.md": "# A",
        "src/a/b.md": "# B",
        "src/a/index.md": "# C",
    }
    ids, _, _ = read(tmp_path, files, "https://nas.example")
    assert ids == {"src/index.md": "", "src/a/b.md": "a/b.html", "src/a/index.md": "a"}


def test_mkdocs_languages_by_suffix_and_by_folder(tmp_path):
    config = """
plugins:
  - i18n:
      docs_structure: {}
      languages:
        - {{locale: en, default: true, build: true}}
        - {{locale: de, build: true}}
"""
    suffix = {"mkdocs.yml": config.format("suffix"), "docs/a.md": "A", "docs/a.de.md": "A"}
    assert read(tmp_path / "1", suffix)[0] == {"docs/a.md": "a", "docs/a.de.md": "de/a"}
    folder = {"mkdocs.yml": config.format("folder"), "docs/en/a.md": "A", "docs/de/a.md": "A"}
    assert read(tmp_path / "2", folder)[0] == {"docs/en/a.md": "a", "docs/de/a.md": "de/a"}


HUGO = """
baseURL = 'https://pump.example/'
defaultContentLanguage = 'en'
[languages.en]
weight = 1
[languages.de]
weight = 2
[permalinks]
posts = '/:year/:month/:slug/'
"""


def test_hugo_sections_bundles_slugs_languages_and_permalinks(tmp_path):
    ids, unread, _ = read(
        tmp_path,
        {
            "hugo.toml": HUGO,
            "content/_index.md": "# Home",
            "content/docs/_index.md": "# Docs",
            "content/docs/First Steps.md": "# Steps",
            "content/docs/bundle/index.md": "# Bundle",
            "content/docs/bundle/part.md": "A part.",
            "content/docs/_index.de.md": "# Doku",
            "content/docs/clean.de.md": "# Putzen",
            "content/docs/slugged.md": front(slug="other-name"),
            "content/docs/placed.md": front(url="/in/its/place/"),
            "content/docs/draft.md": front(draft="true"),
            "content/posts/winter.md": front(title="Winter storage", date="2024-11-20"),
            "content/posts/spring.md": "+++\ntitle = 'S'\nslug = 'spring-time'\n"
            "date = 2024-03-01\n+++\n",
            "themes/x/README.md": "# Theme",
            "public/docs/index.html": "<p>Built.</p>",
            "static/legal.html": "<p>Legal.</p>",
        },
        "https://pump.example",
    )
    assert ids == {
        "content/_index.md": "",
        "content/docs/_index.md": "docs",
        "content/docs/First Steps.md": "docs/first-steps",
        "content/docs/bundle/index.md": "docs/bundle",
        "content/docs/_index.de.md": "de/docs",
        "content/docs/clean.de.md": "de/docs/clean",
        "content/docs/slugged.md": "docs/other-name",
        "content/docs/placed.md": "in/its/place",
        "content/posts/winter.md": "2024/11/winter-storage",
        "content/posts/spring.md": "2024/03/spring-time",
        "static/legal.html": "legal.html",
    }
    assert unread["a part of the page beside it"] == 1
    assert unread["a draft"] == 1


def test_hugo_with_a_folder_a_language_and_ugly_urls(tmp_path):
    config = (
        "baseURL: https://pump.example/\nuglyURLs: true\ndefaultContentLanguage: de\n"
        "languages:\n  de:\n    contentDir: content/de\n  en:\n    contentDir: content/en\n"
    )
    files = {
        "config.yaml": config,
        "content/de/a.md": "# A",
        "content/en/a.md": "# A",
        "content/en/b/_index.md": "# B",
    }
    ids, _, _ = read(tmp_path, files, "https://pump.example")
    assert ids == {
        "content/de/a.md": "a.html",
        "content/en/a.md": "en/a.html",
        "content/en/b/_index.md": "en/b",
    }


def test_hugo_content_alone_is_known_by_its_sections(tmp_path, caplog):
    files = {"_index.md": "# Home", "Docs/_index.md": "# Docs", "Docs/A b.md": "# A"}
    ids, _, _ = read(tmp_path / "content", files, "https://pump.example")
    assert ids == {"_index.md": "", "Docs/_index.md": "docs", "Docs/A b.md": "docs/a-b"}
    assert "looks like pages of Hugo" in caplog.text


JEKYLL = """
url: https://pump.example
baseurl: ""
collections:
  docs:
    output: true
    permalink: /manual/:path/
  notes:
    output: false
exclude: [internal, "*.draft.md"]
"""


def jekyll_files(config):
    return {
        "_config.yml": config,
        "Gemfile": "gem 'jekyll'",
        "index.md": front(layout="home"),
        "about.md": front(permalink="/about-us/"),
        "help/faq.md": front(title="FAQ"),
        "help/index.html": f"{front(layout='x')}<p>Help.</p>",
        "plain.html": "<p>Copied.</p>",
        "README.md": "# Repository",
        "_posts/2024-11-20-winter.md": front(categories="Pumps care"),
        "news/_posts/2024-01-02-new-pump.md": front(title="New"),
        "_posts/2024-05-06-own.md": front(permalink="/own/:title/"),
        "_posts/undated.md": front(title="No date"),
        "_posts/2024-05-07-hidden.md": front(published="false"),
        "_drafts/idea.md": front(title="Idea"),
        "_includes/box.md": "A box.",
        "_docs/install/linux.md": front(title="Linux"),
        "_docs/bare.md": "No front matter.",
        "_notes/a.md": front(title="A"),
        "internal/plan.md": front(title="Plan"),
        "_site/index.html": "<p>Built.</p>",
    }


def test_jekyll_posts_collections_and_pages(tmp_path):
    ids, unread, reading = read(tmp_path, jekyll_files(JEKYLL), "https://pump.example")
    assert ids == {
        "index.md": "",
        "about.md": "about-us",
        "help/faq.md": "help/faq.html",
        "help/index.html": "help",
        "plain.html": "plain.html",
        "_posts/2024-11-20-winter.md": "pumps/care/2024/11/20/winter.html",
        "news/_posts/2024-01-02-new-pump.md": "news/2024/01/02/new-pump.html",
        "_posts/2024-05-06-own.md": "own/own",
        "_docs/install/linux.md": "manual/install/linux",
    }
    assert unread == {
        "a draft": 2,
        "a partial, which is no page by itself": 1,
        "a post whose name has no date": 1,
        "excluded by _config.yml": 1,
        "no ending": 1,
        "settings and data": 1,
        "the collection notes, which has no output: true": 1,
        "the output of the generator, whose sources are read": 1,
        "without front matter: Jekyll makes no page of it": 2,
    }
    help_page = reading.pages.set_index("page_id").loc["pump.example/help", "text"]
    assert "layout" not in help_page


@pytest.mark.parametrize(
    ("permalink", "post", "faq"),
    [
        ("pretty", "pumps/care/2024/11/20/winter", "help/faq"),
        ("none", "pumps/care/winter.html", "help/faq.html"),
        ("ordinal", "pumps/care/2024/325/winter.html", "help/faq.html"),
        ("/blog/:year-:month/:title", "blog/2024-11/winter", "help/faq"),
        ("/:title/", "winter", "help/faq"),
        ("/:categories/:title:output_ext", "pumps/care/winter.html", "help/faq.html"),
    ],
)
def test_jekyll_permalink_styles(tmp_path, permalink, post, faq):
    config = f"{JEKYLL}permalink: {permalink}\n"
    ids, _, _ = read(tmp_path, jekyll_files(config), "https://pump.example")
    assert ids["_posts/2024-11-20-winter.md"] == post
    assert ids["help/faq.md"] == faq


def test_on_github_pages_front_matter_may_be_missing(tmp_path):
    files = {
        "_config.yml": "title: x",
        "Gemfile": 'gem "github-pages"',
        "README.md": "# Home",
        "guide/use.md": "# Use",
        "LICENSE.md": "Free.",
    }
    ids, _, _ = read(tmp_path, files)
    assert ids == {"README.md": "", "guide/use.md": "guide/use.html"}


def test_jekyll_defaults_give_front_matter(tmp_path):
    config = """
defaults:
  - scope: {path: "", type: posts}
    values: {permalink: "/:year/:title/"}
  - scope: {path: docs}
    values: {permalink: "/handbook/:basename/"}
"""
    files = {
        "_config.yml": config,
        "_posts/2024-11-20-winter.md": front(title="W"),
        "docs/use.md": front(title="U"),
        "c.md": front(title="C"),
    }
    ids, _, _ = read(tmp_path, files)
    assert ids == {
        "_posts/2024-11-20-winter.md": "2024/winter",
        "docs/use.md": "handbook/use",
        "c.md": "c.html",
    }


def test_posts_alone_are_known_by_their_names(tmp_path, caplog):
    files = {"_posts/2024-11-20-winter.md": front(title="W"), "about.md": "# About"}
    ids, _, _ = read(tmp_path / "content", files)
    assert ids == {"_posts/2024-11-20-winter.md": "2024/11/20/winter.html", "about.md": "about"}
    assert "looks like pages of Jekyll" in caplog.text


def test_hexo_posts_and_pages(tmp_path):
    files = {
        "_config.yml": "url: https://pump.example\npermalink: :year/:month/:day/:title/\n",
        "package.json": {"dependencies": {"hexo": "^7.0.0"}},
        "source/_posts/filter.md": front(title="Filter", date="2024/03/05 10:20:30"),
        "source/_posts/deep/pump.md": front(date="2024-03-06 10:00:00"),
        "source/_posts/own.md": front(date="2024-03-07", permalink="an/own/path/"),
        "source/_drafts/idea.md": "# Idea",
        "source/about/index.md": front(title="About"),
        "source/faq.md": front(title="FAQ"),
        "themes/x/README.md": "# Theme",
    }
    ids, unread, _ = read(tmp_path, files, "https://pump.example")
    assert ids == {
        "source/_posts/filter.md": "2024/03/05/filter",
        "source/_posts/deep/pump.md": "2024/03/06/deep/pump",
        "source/_posts/own.md": "an/own/path",
        "source/about/index.md": "about",
        "source/faq.md": "faq.html",
    }
    assert unread["a draft"] == 1


def test_hexo_dates_in_names(tmp_path):
    files = {
        "_config.yml": "permalink: posts/:year-:month/:title.html\n"
        "new_post_name: :year-:month-:day-:title.md\n",
        "source/_posts/2024-11-20-winter.md": front(title="W"),
        "source/_posts/2024-11-21-snow.md": front(title="S"),
        "source/index.md": "# Home",
    }
    ids, _, _ = read(tmp_path, files)
    assert ids == {
        "source/_posts/2024-11-20-winter.md": "posts/2024-11/winter.html",
        "source/_posts/2024-11-21-snow.md": "posts/2024-11/snow.html",
        "source/index.md": "",
    }


def test_gitbook(tmp_path):
    files = {
        "SUMMARY.md": "# Summary\n* [Start](README.md)\n* [Use](guide/use.md)\n",
        "README.md": "# Start",
        "guide/README.md": "# Guide",
        "guide/use.md": "# Use",
    }
    ids, unread, _ = read(tmp_path / "new", files)
    assert ids == {"README.md": "", "guide/README.md": "guide", "guide/use.md": "guide/use"}
    assert unread == {"the table of contents or the glossary": 1}
    rooted = {f"docs/{name}": text for name, text in files.items()}
    ids, _, _ = read(tmp_path / "root", {**rooted, ".gitbook.yaml": "root: ./docs/\n"})
    assert ids["docs/guide/use.md"] == "guide/use"
    ids, unread, _ = read(tmp_path / "old", {**files, "book.json": {"title": "x"}})
    assert ids == {"README.md": "", "guide/use.md": "guide/use.html"}
    assert unread["not in SUMMARY.md, whose pages alone are published"] == 1


@pytest.mark.parametrize(("clean", "ending"), [("true", ""), ("false", ".html")])
def test_vitepress(tmp_path, clean, ending):
    files = {
        "docs/.vitepress/config.mts": "import { defineConfig } from 'vitepress'\n"
        f"export default defineConfig({{\n  title: 'x',\n  cleanUrls: {clean},\n"
        "  srcExclude: ['**/README.md'],\n  themeConfig: { nav: [{ text: 'a', link: '/' }] }\n})\n",
        "docs/index.md": "# Home",
        "docs/guide/use.md": "# Use",
        "docs/guide/index.md": "# Guide",
        "docs/guide/README.md": "# Not a page",
        "docs/public/legal.html": "<p>Legal.</p>",
    }
    ids, unread, _ = read(tmp_path, files, BASE, "docs")
    assert ids == {
        "docs/index.md": "",
        "docs/guide/use.md": f"guide/use{ending}",
        "docs/guide/index.md": "guide",
        "docs/public/legal.html": "legal.html",
    }
    assert unread["excluded by the configuration"] == 1


def test_vitepress_with_a_folder_of_configuration(tmp_path):
    files = {
        ".vitepress/config/index.ts": "export default withPwa(defineConfig({ srcDir: './src' }))",
        "src/index.md": "# Home",
        "src/a.md": "# A",
        "README.md": "# Repository",
    }
    assert read(tmp_path, files)[0] == {"src/index.md": "", "src/a.md": "a.html"}


def test_nuxt_content(tmp_path):
    files = {
        "nuxt.config.ts": "export default defineNuxtConfig({ modules: ['@nuxt/content'] })",
        "content/index.md": "# Home",
        "content/1.start/2.First Steps.md": "# Steps",
        "content/1.start/0.index.md": "# Start",
        "content/_hidden.md": "Hidden.",
    }
    ids, _, _ = read(tmp_path, files)
    assert ids == {
        "content/index.md": "",
        "content/1.start/2.First Steps.md": "start/first-steps",
        "content/1.start/0.index.md": "start",
    }


def test_docsify_and_wikis_have_menus_that_are_no_pages(tmp_path):
    files = {
        "index.html": "<script src='//cdn/docsify.js'></script><p>Loading the docs.</p>",
        "_sidebar.md": "* [Use](use.md)",
        "README.md": "# Home",
        "use.md": "# Use",
    }
    ids, unread, _ = read(tmp_path / "docsify", files)
    assert ids == {"README.md": "", "use.md": "use"}
    assert unread == {"a menu, a cover, or the page that loads the others": 2}
    files = {"Home.md": "# Home", "Use-it.md": "# Use", "_Sidebar.md": "Menu"}
    ids, _, _ = read(tmp_path / "wiki", files, f"{BASE}/x/wiki")
    assert ids == {"Home.md": "x/wiki", "Use-it.md": "x/wiki/Use-it"}


def test_vuepress_and_its_permalinks(tmp_path):
    files = {
        ".vuepress/config.js": "module.exports = {title: 'x'}",
        "README.md": "# Home",
        "guide/README.md": "# Guide",
        "guide/use.md": "# Use",
        "guide/moved.md": front(permalink="/new/place"),
    }
    ids, _, _ = read(tmp_path, files)
    assert ids == {
        "README.md": "",
        "guide/README.md": "guide",
        "guide/use.md": "guide/use.html",
        "guide/moved.md": "new/place",
    }


@pytest.mark.parametrize(("builder", "ending"), [("html", ".html"), ("dirhtml", "")])
def test_sphinx_with_myst(tmp_path, builder, ending):
    files = {
        ".readthedocs.yaml": f"sphinx:\n  builder: {builder}\n",
        "docs/conf.py": "project = 'x'\nextensions = ['myst_parser']\n"
        "exclude_patterns = ['_build', 'drafts/*', '**/includes/*', 'old.rst']\nversion = get()\n",
        "docs/index.md": "# Home",
        "docs/use/a.md": "# A",
        "docs/use/index.md": "# Use",
        "docs/drafts/x.md": "# X",
        "docs/use/includes/y.md": "# Y",
        "docs/api.rst": "API\n===\n\nThe API lists all devices.\n",
        "docs/old.rst": "Old\n===\n\nNo page.\n",
    }
    _, unread, reading = read(tmp_path, files, BASE, "docs")
    pages = reading.pages[reading.pages["status"] == "ok"]
    assert set(pages["url"].str.removeprefix(f"{BASE}").str.strip("/")) == {
        "",
        f"use/a{ending}",
        "use",
        f"api{ending}",
    }
    assert unread["excluded by the configuration"] == 3


def test_mintlify(tmp_path):
    files = {
        "docs.json": {"$schema": "https://mintlify.com/docs.json", "navigation": {}},
        ".mintignore": "drafts/\n",
        "index.mdx": "# Home",
        "start/install.mdx": "# Install",
        "start/index.mdx": "# Start",
        "snippets/note.mdx": "A note.",
        "drafts/x.mdx": "# X",
        "README.md": "# Repository",
    }
    ids, unread, _ = read(tmp_path, files)
    assert ids == {
        "index.mdx": "",
        "start/install.mdx": "start/install",
        "start/index.mdx": "start",
    }
    assert unread["a snippet or a file that Mintlify ignores"] == 3


def test_nextra_pages_and_content(tmp_path):
    config = "const withNextra = require('nextra')({theme: 'x'})\nmodule.exports = withNextra()"
    files = {
        "next.config.js": config,
        "theme.config.jsx": "export default {}",
        "pages/index.mdx": "# Home",
        "pages/docs/start.mdx": "# Start",
        "pages/docs/index.mdx": "# Docs",
        "pages/_app.mdx": "App.",
        "pages/_meta.json": {"index": "x"},
        "components/README.md": "# No page",
    }
    ids, unread, _ = read(tmp_path / "pages", files)
    assert ids == {
        "pages/index.mdx": "",
        "pages/docs/start.mdx": "docs/start",
        "pages/docs/index.mdx": "docs",
    }
    assert unread["a partial, which is no page by itself"] == 1
    files = {
        "next.config.mjs": "import nextra from 'nextra'\n"
        "const withNextra = nextra({ contentDirBasePath: '/docs' })\nexport default withNextra({})",
        "content/index.mdx": "# Home",
        "content/a/b.mdx": "# B",
        "content/a/_meta.js": "export default {}",
        "app/layout.jsx": "export default x",
    }
    ids, _, _ = read(tmp_path / "content", files)
    assert ids == {"content/index.mdx": "docs", "content/a/b.mdx": "docs/a/b"}


@pytest.mark.parametrize(
    "config",
    [
        "module.exports = require('nextra')({theme: 'x', themeConfig: './y'})({I18N})",
        "const withNextra = nextra({theme: 'x'})\nexport default withNextra({I18N})",
        "export default nextra({staticImage: true})({reactStrictMode: true, I18N})",
    ],
)
def test_nextra_with_languages_in_names(tmp_path, config):
    i18n = "i18n: {locales: ['en-US', 'es-ES'], defaultLocale: 'en-US'}"
    config = config.replace("({I18N})", f"({{{i18n}}})").replace("I18N", i18n)
    files = {
        "next.config.mjs": f"import nextra from 'nextra'\n{config}\n",
        "pages/index.en-US.mdx": "# Home",
        "pages/index.es-ES.mdx": "# Inicio",
        "pages/docs/a.en-US.mdx": "# A",
        "pages/docs/a.es-ES.mdx": "# Una",
        "pages/docs/[[...slug]].mdx": "# {title}",
        "pages/404.mdx": "# Not there",
    }
    ids, unread, _ = read(tmp_path / "pages", files)
    assert ids == {
        "pages/index.en-US.mdx": "",
        "pages/index.es-ES.mdx": "es-ES",
        "pages/docs/a.en-US.mdx": "docs/a",
        "pages/docs/a.es-ES.mdx": "es-ES/docs/a",
    }
    assert unread["a page for errors, or for addresses that a program fills in"] == 2


def test_pages_of_mdx_in_the_app_of_next(tmp_path):
    files = {
        "next.config.mjs": "import createMDX from '@next/mdx'\nexport default createMDX()({})",
        "app/page.mdx": "# Home",
        "app/(site)/about/page.mdx": "# About",
        "app/about/notes.mdx": "Not a page.",
    }
    ids, unread, _ = read(tmp_path, files)
    assert ids == {"app/page.mdx": "", "app/(site)/about/page.mdx": "about"}
    assert unread["no page of the generator: outside its folders of pages"] == 1


def test_starlight(tmp_path):
    files = {
        "astro.config.mjs": "import starlight from '@astrojs/starlight';\n"
        "export default defineConfig({\n  site: 'https://docs.gate.example',\n"
        "  integrations: [starlight({ title: 'Docs', sidebar: [{ label: 'a' }] })],\n});\n",
        "src/content/docs/index.mdx": "# Home",
        "src/content/docs/Guides/First Steps.md": "# Steps",
        "src/content/docs/moved.md": front(slug="new/place"),
        "src/content/docs/_part.mdx": "Part.",
        "src/content/docs/draft.md": front(draft="true"),
        "src/content/docs/de/index.mdx": "# Start",
        "src/pages/extra.md": "# Extra",
    }
    ids, unread, _ = read(tmp_path, files, "")
    assert ids == {
        "src/content/docs/index.mdx": "",
        "src/content/docs/Guides/First Steps.md": "guides/first-steps",
        "src/content/docs/moved.md": "new/place",
        "src/content/docs/de/index.mdx": "de",
        "src/pages/extra.md": "extra",
    }
    assert unread["a draft"] == unread["a partial, which is no page by itself"] == 1


def test_collections_of_astro_follow_their_paths_with_a_warning(tmp_path, caplog):
    files = {
        "astro.config.mjs": "export default defineConfig({ site: 'https://docs.gate.example' });",
        "src/content/blog/First post.md": "# First",
        "src/pages/about.md": "# About",
    }
    ids, _, _ = read(tmp_path, files)
    assert ids == {
        "src/content/blog/First post.md": "blog/first-post",
        "src/pages/about.md": "about",
    }
    assert "check some of them" in caplog.text


def test_fumadocs(tmp_path):
    files = {
        "source.config.ts": "export const docs = defineDocs({ dir: 'content/docs' });",
        "lib/source.ts": "export const source = loader({ baseUrl: '/handbook', source: x });",
        "content/docs/index.mdx": "# Home",
        "content/docs/(start)/install.mdx": "# Install",
        "content/docs/ui/tabs.mdx": "# Tabs",
        "content/docs/meta.json": {"pages": []},
    }
    ids, _, _ = read(tmp_path, files)
    assert ids == {
        "content/docs/index.mdx": "handbook",
        "content/docs/(start)/install.mdx": "handbook/install",
        "content/docs/ui/tabs.mdx": "handbook/ui/tabs",
    }


def test_mdbook_publishes_what_its_summary_lists(tmp_path):
    files = {
        "book.toml": "[book]\ntitle = 'x'\n",
        "src/SUMMARY.md": "[Start](README.md)\n- [Use](./use/a.md)\n"
        "  - [B](<use/b c.md>)\n  - [D](use/d%20e.md#part)\n",
        "src/README.md": "# Start",
        "src/use/a.md": "# A",
        "src/use/b c.md": "# B",
        "src/use/d e.md": "# D",
        "src/use/unlisted.md": "# X",
    }
    ids, unread, _ = read(tmp_path, files)
    assert ids == {
        "src/README.md": "",
        "src/use/a.md": "use/a.html",
        "src/use/b c.md": "use/b%20c.html",
        "src/use/d e.md": "use/d%20e.html",
    }
    assert unread["not in SUMMARY.md, whose pages alone are published"] == 1


def test_eleventy(tmp_path):
    files = {
        "eleventy.config.js": "module.exports = c => { return { dir: { input: 'src' } } }",
        "src/index.md": "# Home",
        "src/about.md": front(permalink="/about-us/"),
        "src/blog/first.md": "# First",
        "src/_includes/box.md": "A box.",
    }
    ids, _, _ = read(tmp_path, files)
    assert ids == {
        "src/index.md": "",
        "src/about.md": "about-us",
        "src/blog/first.md": "blog/first",
    }


@pytest.mark.parametrize(
    ("below", "files", "ids"),
    [
        (
            "docs",
            {"mkdocs.yml": MKDOCS, "docs/index.md": "A", "docs/internal/b.md": "B"},
            {"docs/index.md": ""},
        ),
        (
            "content",
            {"hugo.toml": HUGO, "content/_index.md": "A", "content/Posts/b.md": front(slug="c")},
            {"content/_index.md": "", "content/Posts/b.md": "posts/c"},
        ),
        (
            "src/content/docs",
            {
                "astro.config.mjs": "export default defineConfig({integrations: [starlight({})]})",
                "src/content/docs/A b.md": "A",
                "src/content/docs/_c.md": "C",
            },
            {"src/content/docs/A b.md": "a-b"},
        ),
        (
            "guides",
            {
                "docs.json": {"navigation": {}},
                "guides/index.mdx": "A",
                "guides/use.mdx": "B",
                "x.mdx": "X",
            },
            {"guides/index.mdx": "", "guides/use.mdx": "use"},
        ),
        (
            "help",
            {
                "_config.yml": "permalink: pretty\nurl: https://other.example",
                "Gemfile": "gem 'jekyll'",
                "help/faq.md": front(title="F"),
                "help/up.md": front(permalink="/up/"),
                "help/bare.md": "Bare.",
            },
            {"help/faq.md": "faq", "help/up.md": "up"},
        ),
        (
            "source",
            {
                "_config.yml": "permalink: :title/",
                "package.json": {"dependencies": {"hexo": "7"}},
                "source/_posts/a.md": front(date="2024-01-02"),
                "source/_drafts/b.md": "B",
            },
            {"source/_posts/a.md": "a"},
        ),
    ],
    ids=["MkDocs", "Hugo", "Starlight", "Mintlify", "Jekyll", "Hexo"],
)
def test_a_folder_of_pages_is_read_by_the_configuration_above_it(tmp_path, below, files, ids):
    assert read(tmp_path, files, BASE, below)[0] == ids


def test_without_a_gemfile_files_without_front_matter_are_warned_of(tmp_path):
    files = {"_config.yml": "title: x", "a.md": front(title="A"), "b.md": "No front matter."}
    ids, _, reading = read(tmp_path, files)
    assert ids == {"a.md": "a.html"}
    reason = "without front matter: Jekyll makes no page of it"
    assert reading.unread.set_index("reason").loc[reason, "may_be_pages"]


def test_html_that_a_generator_does_not_publish_is_warned_of(tmp_path):
    files = {".vitepress/config.js": "export default {}", "a.md": "# A", "b.html": "<p>Old.</p>"}
    ids, _, reading = read(tmp_path, files)
    assert ids == {"a.md": "a.html"}
    reason = "HTML in the folders of pages, which VitePress does not publish"
    assert reading.unread.set_index("reason").loc[reason, "may_be_pages"]


def test_a_built_site_below_a_configuration_is_read_by_its_paths(tmp_path):
    files = {
        "docusaurus.config.js": DOCUSAURUS,
        "docs/a.md": "# A",
        "build/docs/a.html": "<p>Built.</p>",
        "build/index.html": "<p>Home.</p>",
    }
    ids, _, _ = read(tmp_path, files, BASE, "build")
    assert ids == {"build/docs/a.html": "docs/a.html", "build/index.html": ""}


def test_files_beside_a_site_below_the_folder_are_no_pages_of_it(tmp_path):
    files = {
        "docs/_config.yml": "title: x",
        "docs/use.md": front(title="U"),
        "README.md": front(title="R"),
    }
    ids, _, reading = read(tmp_path, files)
    assert ids == {"docs/use.md": "use.html"}
    outside = reading.unread.set_index("reason").loc["outside the site of Jekyll, which is in docs"]
    assert outside["may_be_pages"]
    assert outside["cure"]


def test_two_sites_in_a_folder_are_named_and_read_by_their_paths(tmp_path, caplog):
    files = {
        "one/mkdocs.yml": "site_name: x",
        "one/docs/a.md": "# A",
        "two/mkdocs.yml": "site_name: x",
        "two/docs/b.md": "# B",
    }
    ids, _, _ = read(tmp_path, files)
    assert ids == {"one/docs/a.md": "one/docs/a", "two/docs/b.md": "two/docs/b"}
    assert "2 sites are in it (one, two)" in caplog.text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mkdocs.yml", "a: [" * 5000),
        ("mkdocs.yml", "- a list"),
        ("hugo.toml", "not = toml = x"),
        ("_config.yml", "\t\x00: {"),
        ("docusaurus.config.js", "module.exports = {" * 3000),
        ("docs.json", '{"navigation": ' + "[" * 100_000),
        ("conf.py", "project = " + "(" * 5000),
    ],
)
def test_a_broken_configuration_ends_no_run(tmp_path, name, content):
    write(
        tmp_path,
        {name: content, "docs/a.md": f"{front(title='A')}Words.", "index.md": "---\n---\nx"},
    )
    write(tmp_path, {"content/c.md": "Words of c."})
    reading = read_source(SiteSettings(source=str(tmp_path), base_url=BASE))
    assert (reading.pages["status"] == "ok").any()


def test_pages_of_an_unknown_generator_follow_their_paths_and_slugs(tmp_path):
    files = {
        "README.md": "# Home",
        "use/a.mdx": "# A",
        "use/b.md": front(slug="bee"),
        "use/c.markdown": front(slug="/sea"),
        "use/_part.mdx": "Part.",
        "_page.md": "# Also a page",
        "use/draft.md": front(draft="true"),
        "d.xhtml": "<p>Words.</p>",
        "e.mkdn": "# E",
    }
    ids, unread, _ = read(tmp_path, files)
    assert ids == {
        "README.md": "",
        "use/a.mdx": "use/a",
        "use/b.md": "use/bee",
        "use/c.markdown": "sea",
        "_page.md": "_page",
        "d.xhtml": "d.xhtml",
        "e.mkdn": "e",
    }
    assert unread == {
        "a draft, or a page with published: false": 1,
        "a partial, which is no page by itself": 1,
    }


HOSTILE_NAMES = [
    b"caf\xe9.md",
    b"line\nend.md",
    b"100%.mdx",
    b"a?b#c.md",
    b".md.md",
    b"2024-99-99-x.md",
    b"2024-01-02-.md",
    b"1-.md",
    b"0001-01-01-old.md",
    b"..a.md",
    b"a..md",
    b"\xe2\x80\xae.md",
    b" .md",
    b"-.html",
    b"x" * 250 + b".md",
    b"index.index.md",
    b":title.md",
]
HOSTILE_FRONT = [
    "slug: ../../../../x",
    "slug: [a, b]",
    "slug: {a: 1}",
    "slug: '%zz%00'",
    "slug: ''",
    "permalink: /:year/:nothing/:title:output_ext/",
    "permalink: '://x'",
    "url: 'https://other.example/x'",
    "url: '//other.example/x'",
    "date: 0000-00-00",
    "date: 99999-01-01",
    "categories: [[a], {b: 1}, null, 5]",
    "id: null",
    "title: '::::'",
    "draft: maybe",
]
CONFIGURATIONS = {
    "none": {},
    "Docusaurus": {"docusaurus.config.js": DOCUSAURUS},
    "MkDocs": {"mkdocs.yml": MKDOCS},
    "Hugo": {"hugo.toml": HUGO},
    "Jekyll": {"_config.yml": JEKYLL},
    "Hexo": {"_config.yml": "permalink: :year/:category/:title/", "source/_posts/z.md": "Z."},
    "VitePress": {".vitepress/config.js": "export default {}"},
    "Starlight": {"astro.config.mjs": "export default {integrations: [starlight({})]}"},
    "GitBook": {"SUMMARY.md": "[a](a.md)", "book.json": {}, "a.md": "Words."},
}


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
@pytest.mark.parametrize("base_url", ["", f"{BASE}/x/y"])
def test_hostile_names_and_front_matter_are_pages_or_are_counted(tmp_path, configuration, base_url):
    write(tmp_path, CONFIGURATIONS[configuration])
    folders = ("", "docs", "content/posts", "_posts", "source/_posts", "src/content/docs", "blog")
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(HOSTILE_NAMES):
            front_lines = HOSTILE_FRONT[number % len(HOSTILE_FRONT)]
            text = f"---\n{front_lines}\n---\nWords of {folder} {number}.\n"
            (tmp_path / folder / os.fsdecode(name)).write_text(text)
    n_files = sum(len(names) for _, _, names in os.walk(tmp_path))
    reading = read_source(SiteSettings(source=str(tmp_path), base_url=base_url))
    # Front matter that cannot be read is a part of a page that is counted itself.
    files = reading.unread[reading.unread["kind"] != "part"]
    assert len(reading.pages) + files["n_items"].sum() == n_files
    assert reading.pages["page_id"].is_unique
    assert set(reading.pages["site"]) <= {"docs.gate.example", tmp_path.name, "pump.example"} | {
        "nas.example",
        "other.example",
    }
    urls = reading.pages.loc[reading.pages["status"] == "ok", "url"]
    if base_url:
        assert urls.str.startswith(f"{BASE}/").all()
    reading.pages.to_parquet(tmp_path / "pages.parquet")


HERO = (
    "hero:\n  name: Gate\n  text: Reads the meter\n  tagline: Every night\n"
    "  actions:\n    - {text: Begin, link: /a}\nfeatures:\n"
    "  - title: Quiet\n    details: No fan.\n"
)


@pytest.mark.parametrize(
    ("config", "page", "front", "shown"),
    [
        ("docs.json", "a.mdx", "description: How to begin.\n", ["How to begin."]),
        ("SUMMARY.md", "a.md", "description: >-\n  How to\n  begin.\n", ["How to begin."]),
        (".vitepress/config.js", "index.md", f"layout: home\n{HERO}", ["Gate", "Reads the meter"]),
        (
            ".vitepress/config.js",
            "index.md",
            f"layout: home\n{HERO}",
            ["Begin", "Quiet", "No fan."],
        ),
        ("docusaurus.config.js", "docs/a.md", "description: How to begin.\n", []),
        ("mkdocs.yml", "docs/a.md", f"description: How to begin.\n{HERO}", []),
    ],
)
def test_front_matter_that_the_generator_shows_is_read(tmp_path, config, page, front, shown):
    configs = {
        "docs.json": '{"navigation": []}',
        "SUMMARY.md": "* [A](a.md)",
        "mkdocs.yml": "site_name: x\n",
    }
    text = f"---\ntitle: First\n{front}---\nThe words below."
    write(tmp_path, {config: configs.get(config, "export default {}"), page: text})
    reading = read_source(SiteSettings(source=str(tmp_path), base_url=BASE))
    (row,) = reading.pages[reading.pages["html_path"].str.endswith(page)].to_dict("records")
    lines = row["text"].split("\n")
    assert [line for line in shown if line not in lines] == []
    assert lines[-1] == "The words below."
    assert shown or row["text"] == "The words below."


LATER = f"{date.today().year + 3}-01-02"


@pytest.mark.parametrize("is_built", [False, True])
def test_posts_for_a_later_day_are_pages_only_where_they_are_built(tmp_path, is_built):
    hugo = {
        "hugo.toml": "buildFuture = true\nbuildExpired = true\n" if is_built else "title = 'x'\n",
        "content/now.md": front(date="2024-01-02"),
        "content/later.md": front(date=LATER),
        "content/set.md": front(date="2024-01-02", publishDate=LATER),
        "content/over.md": front(date="2024-01-02", expiryDate="2025-01-02"),
    }
    ids, unread, _ = read(tmp_path / "hugo", hugo)
    assert len(ids) == (4 if is_built else 1)
    assert unread.get("a page for a later day, or whose time is over", 0) == (0 if is_built else 3)
    jekyll = {
        "_config.yml": "future: true\n" if is_built else "title: x\n",
        "_posts/2024-01-02-now.md": front(title="Now"),
        f"_posts/{LATER}-later.md": front(title="Later"),
        "_posts/2024-01-03-set.md": front(title="Set", date=LATER),
        "about.md": front(title="About", date=LATER),
    }
    ids, unread, _ = read(tmp_path / "jekyll", jekyll)
    assert len(ids) == (4 if is_built else 2)


def test_a_page_of_eleventy_without_permalink_is_no_page(tmp_path):
    files = {
        ".eleventy.js": "module.exports = {}",
        "a.md": front(title="A"),
        "b.md": front(title="B", permalink="false"),
    }
    ids, unread, _ = read(tmp_path, files)
    assert list(ids) == ["a.md"]
    assert unread["a page that its front matter does not publish"] == 1


def test_an_index_is_the_page_of_its_folder_and_not_the_readme_beside_it(tmp_path):
    files = {
        "mkdocs.yml": "site_name: x\n",
        "docs/README.md": "# Readme\n\nFor writers.\n",
        "docs/index.md": "# Home\n\nFor readers.\n",
    }
    write(tmp_path, files)
    pages = read_source(SiteSettings(source=str(tmp_path), base_url=BASE)).pages
    assert pages.loc[pages["status"] == "ok", "title"].tolist() == ["Home"]
    assert len(pages) == 2


def test_a_page_without_title_is_named_by_its_file_as_its_generator_does(tmp_path):
    files = {
        "mkdocs.yml": "site_name: x\n",
        "docs/my-first_page.md": "Words alone.\n",
        "docs/api/index.md": "Words of the API.\n",
        "docs/index.md": "Words of the home page.\n",
        "docs/named.md": "# A name\n\nWords below.\n",
    }
    write(tmp_path, files)
    pages = read_source(SiteSettings(source=str(tmp_path), base_url=BASE)).pages
    assert set(pages["title"].dropna()) == {"My first page", "Api", "A name"}
    assert len(pages) == 4
