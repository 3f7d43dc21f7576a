"""What files of pages look like: encodings, elements without content, and names of page files.

Reading a site and writing a changed copy of it use the same definitions, because otherwise
words that were read are not found again.
"""

import codecs
import re

# Endings of files of pages, in lower case.
HTML = frozenset({".html", ".htm", ".xhtml"})
MARKDOWN = frozenset({".md", ".markdown", ".mdx", ".mdown", ".mkd", ".mkdn"})
PAGES = HTML | MARKDOWN
# Names of files that are the page of their folder.
INDEX_NAMES = frozenset({"index", "_index", "readme"})
# Byte order marks and their encodings; UTF-32 comes first, because its mark begins like that of
# UTF-16.
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The charset in a meta tag: <meta charset="utf-8">, or content="text/html; charset=utf-8".
META = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
# The encoding in an XML declaration: <?xml version="1.0" encoding="utf-8"?>.
XML = re.compile(rb"\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{2,40})")
# Encodings that browsers read as another encoding (WHATWG Encoding Standard).
WEB_NAMES = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "ascii": "cp1252",
    "us-ascii": "cp1252",
}
# Elements that hold no content of the page.
SKIPPED = frozenset(
    {
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "iframe",
        "object",
        "embed",
        "canvas",
        "audio",
        "video",
        "map",
        "select",
        "option",
        "input",
        "textarea",
        "nav",
        "footer",
        "head",
        "dialog",
        "datalist",
        "frameset",
    }
)
# ARIA roles of elements that hold no content of the page.
SKIPPED_ROLES = frozenset(
    {
        "navigation",
        "contentinfo",
        "search",
        "dialog",
        "alertdialog",
        "menu",
        "menubar",
    }
)
# Elements that do not end a line of text.
INLINE = frozenset(
    {
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "img",
        "ins",
        "kbd",
        "label",
        "mark",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
        "picture",
        "source",
        "nobr",
        "math",
    }
)
# Classes of permalinks, edit links and line numbers, which are no words of the page.
NOISE_CLASSES = frozenset(
    {
        "headerlink",
        "hash-link",
        "anchorjs-link",
        "mw-editsection",
        "copybtn",
        "btn-copy",
        "copy-button",
        "copy-btn",
        "copy-code-button",
        "clipboard-copy",
        "zeroclipboard-container",
        "linenos",
        "linenodiv",
        "lineno",
        "linenumber",
        "line-number",
        "line-numbers-rows",
        "line-numbers-wrapper",
        "rouge-gutter",
        "lnt",
        "lntable-number",
        "hljs-ln-numbers",
        "blob-num",
    }
)
# Classes of words that only screen readers read.
READER_CLASSES = frozenset(
    {
        "sr-only",
        "sr_only",
        "visually-hidden",
        "visuallyhidden",
        "visually-hidden-focusable",
        "screen-reader-text",
        "screen-reader-only",
        "screenreader-only",
        "element-invisible",
        "u-visually-hidden",
        "govuk-visually-hidden",
        "a11y-hidden",
    }
)
# Text that Markdown would read as a heading, a fence, an escape or a list item.
LOOKS_LIKE_MARKUP = re.compile(r"#{1,6}\s|`{3}|\\|[-*+]\s|\d{1,9}[.)]\s")
