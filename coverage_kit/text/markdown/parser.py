"""The Markdown parser with the rules of site generators.

Reading a page and editing its file use the same parser, so that the words of a passage are found
in their file. Every rule is a rule of markdown-it, never a change of the text before it is parsed:
so every token knows its lines in the file.
"""

from markdown_it import MarkdownIt

from coverage_kit.text.markdown.directives import add_directives
from coverage_kit.text.markdown.generators import add_generator_rules
from coverage_kit.text.markdown.github import add_github_rules
from coverage_kit.text.markdown.includes import add_includes
from coverage_kit.text.markdown.mdx import add_mdx_rules


def open_parser(*, is_mdx: bool = False) -> MarkdownIt:
    """Return a parser of CommonMark with tables and the rules of site generators.

    Args:
        is_mdx: whether components, braces, imports and exports are markup, and an indent is no
            code, as in MDX (`looks_like_mdx`).
    """
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    add_github_rules(parser)
    add_includes(parser)
    add_directives(parser)
    if is_mdx:
        add_mdx_rules(parser)
    add_generator_rules(parser)
    return parser
