"""What files of pages look like: names of encodings, elements that hold no content, files that are pages.

Reading a site and writing a changed copy of it must agree on these, or words that were read are not
found again.
"""

import codecs
import re

MARKDOWN = frozenset({".md", ".markdown"})
INDEX_NAMES = frozenset({"index", "_index", "readme"})
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
META = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
XML = re.compile(rb"\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{2,40})")
WEB_NAMES = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "ascii": "cp1252",
    "us-ascii": "cp1252",
}
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
    }
    | {
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
    }
    | {
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
    }
    | {
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
NOISE_CLASSES = frozenset(
    {
        "headerlink",
        "hash-link",
        "anchorjs-link",
        "mw-editsection",
        "linenos",
        "linenodiv",
    }
)
LOOKS_LIKE_MARKUP = re.compile(r"#{1,6}\s|`{3}|\\|[-*+]\s|\d{1,9}[.)]\s")
