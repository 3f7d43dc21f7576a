"""Files that a page includes: partials of MDX, snippets, includes of templates.

A rule pushes a token of the type `include`, with `token.meta = {"target": target}`: the target as
the page writes it. The file is read through `env["read_include"]`, when the page is rendered, and
parsed with the same rules.
"""

import posixpath
import re
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from coverage_kit.text.markdown.limits import MAX_INCLUDE_DEPTH, MAX_INCLUDES, MarkupError

# Returns the text of an included file by its target, or None where it cannot be read.
ReadInclude = Callable[[str], str | None]
# Front matter at the start of an included file.
_FRONT = re.compile(r"\A\ufeff?(---|\+\+\+)[ \t]*\r?\n(?:.*?\r?\n)??\1[ \t]*(?:\r?\n|\Z)", re.DOTALL)


def push_include(state: StateBlock, target: str, start: int, end: int) -> Token:
    """Add the token of an included file, which lines `start` to `end` (exclusive) name."""
    token = state.push("include", "", 0)
    token.block = True
    token.map = [start, end]
    token.meta = {"target": target}
    return token


def add_includes(parser: MarkdownIt) -> None:
    """Let a parser render the files that a page includes.

    A file that cannot be read has no text, like a file that includes itself. Rendering raises
    MarkupError for a page that includes more than MAX_INCLUDES files.
    """

    def render(
        _: object, tokens: Sequence[Token], index: int, __: object, env: MutableMapping[str, Any]
    ) -> str:
        return _render_include(parser, str(tokens[index].meta["target"]), env)

    parser.add_render_rule("include", render)


def _render_include(parser: MarkdownIt, target: str, env: MutableMapping[str, Any]) -> str:
    read: ReadInclude | None = env.get("read_include")
    chain: tuple[str, ...] = env.get("include_chain", ())
    target = _resolve(target, chain[-1] if chain else "")
    if read is None or target in chain or len(chain) >= MAX_INCLUDE_DEPTH:
        return ""
    count: list[str] = env.setdefault("included", [])
    count.append(target)
    if len(count) > MAX_INCLUDES:
        raise MarkupError(f"more than {MAX_INCLUDES} included files")
    text = read(target)
    if text is None:
        return ""
    inner = {"read_include": read, "include_chain": (*chain, target), "included": count}
    return parser.render(_FRONT.sub("", text, count=1), inner)


def _resolve(target: str, parent: str) -> str:
    """Return the target of a file that another included file names.

    A target such as "./x.mdx" counts from the folder of the file that names it.

    >>> _resolve("../b.mdx", "./notes/a.mdx"), _resolve("/b.mdx", "./notes/a.mdx")
    ('./b.mdx', '/b.mdx')
    """
    if not parent or not target.startswith(("./", "../")):
        return target
    path = posixpath.normpath(posixpath.join(posixpath.dirname(parent), target))
    return path if path.startswith(("/", "../", "@")) else f"./{path}"
