"""Files that a page includes: partials of MDX, snippets, includes of templates.

A rule pushes a token of the type `include`, with `token.meta = {"target": target}`: the target as
the page writes it. The file is read through `env["read_include"]`, when the page is rendered, and
parsed with the same rules.
"""

import posixpath
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from coverage_kit.text.markdown.front import find_front
from coverage_kit.text.markdown.limits import MAX_INCLUDE_DEPTH, MAX_INCLUDES, MarkupError
from coverage_kit.text.markdown.unknown import unknown_of

# Returns the text of an included file by its target, or None where it cannot be read.
ReadInclude = Callable[[str], str | None]


def push_include(state: StateBlock, target: str, start: int, end: int) -> Token:
    """Add the token of an included file, which lines `start` to `end` (exclusive) name."""
    token = state.push("include", "", 0)
    token.block = True
    token.map = [start, end]
    token.meta = {"target": target}
    return token


@dataclass
class IncludeReader:
    """Reads the files that a page includes, and those that these include, within bounds.

    Attributes:
        read: returns the text of a file by its target; None reads no files.
        chain: the targets of the files that include one another, the outermost first.
        read_targets: the targets that were read for the page.
    """

    read: ReadInclude | None = None
    chain: tuple[str, ...] = ()
    read_targets: list[str] = field(default_factory=list)

    def enter(self, target: str) -> "tuple[str, IncludeReader] | None":
        """Return the text of a file without its front matter, and the reader of what it includes.

        None is returned for a file that cannot be read, that includes itself or that is nested too
        deeply. Raises MarkupError for a page that includes more than MAX_INCLUDES files.
        """
        target = self._resolve(target)
        if target in self.chain or len(self.chain) >= MAX_INCLUDE_DEPTH:
            return None
        text = self._read(target)
        if text is None:
            return None
        inner = IncludeReader(self.read, (*self.chain, target), self.read_targets)
        front = find_front(text)
        return text[front.body :] if front is not None else text, inner

    def read_text(self, target: str) -> str | None:
        """Return the text of a file as it is, or None for a file that cannot be read.

        Raises MarkupError for a page that includes more than MAX_INCLUDES files.
        """
        return self._read(self._resolve(target))

    def _resolve(self, target: str) -> str:
        return _resolve(target, self.chain[-1] if self.chain else "")

    def _read(self, target: str) -> str | None:
        if self.read is None:
            return None
        self.read_targets.append(target)
        if len(self.read_targets) > MAX_INCLUDES:
            raise MarkupError(f"more than {MAX_INCLUDES} included files")
        return self.read(target)


def include_reader_of(env: MutableMapping[str, Any]) -> IncludeReader:
    """Return what reads the files that the page includes which is being parsed."""
    reader: IncludeReader | None = env.get("include_reader")
    if reader is None:
        reader = env["include_reader"] = IncludeReader(env.get("read_include"))
    return reader


def included_env(
    token: Token, reader: IncludeReader, env: MutableMapping[str, Any]
) -> dict[str, Any]:
    """Return what the parser knows of an included file before it reads it.

    Args:
        token: the token that includes it.
        reader: reads the files that it includes.
        env: what is known of the page that includes it. None of its names are those of the file.
    """
    return {
        "include_reader": reader,
        "props": token.meta.get("props"),
        "are_braces_words": env.get("are_braces_words", False),
        "unknown": unknown_of(env),
    }


def add_includes(parser: MarkdownIt) -> None:
    """Let a parser render the files that a page includes, which `env["read_include"]` reads.

    What cannot be read has no text (`IncludeReader`).
    """

    def render(
        _: object, tokens: Sequence[Token], index: int, __: object, env: MutableMapping[str, Any]
    ) -> str:
        included = include_reader_of(env).enter(str(tokens[index].meta["target"]))
        if included is None:
            return ""
        text, inner = included
        return str(parser.render(text, included_env(tokens[index], inner, env)))

    parser.add_render_rule("include", render)


def include_paths(target: str, page: PurePosixPath) -> list[PurePosixPath]:
    """Return the paths in a site's folder that a target may mean, the likeliest first.

    Args:
        target: the target as the page writes it.
        page: the page's file, relative to the folder of the site.

    >>> [str(path) for path in include_paths("../_a.mdx", PurePosixPath("docs/start/b.mdx"))]
    ['docs/_a.mdx']
    >>> [str(path) for path in include_paths("@site/docs/_a.mdx", PurePosixPath("b.mdx"))]
    ['docs/_a.mdx', '_a.mdx']
    """
    if target.startswith(("@site/", "/", "~/")):
        steps = PurePosixPath(target.lstrip("@~/").removeprefix("site/")).parts
        # The folder of the site may be a folder of the project, such as docs.
        paths = [PurePosixPath(*steps[start:]) for start in range(min(2, len(steps)))]
    else:
        paths = [page.parent / target]
    normal = [posixpath.normpath(path.as_posix()) for path in paths]
    return [PurePosixPath(path) for path in normal if not path.startswith(("..", "/"))]


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
