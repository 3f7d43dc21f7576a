"""JSON files that are no logs, known by their fields: an error names what they look like."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class _Kind(NamedTuple):
    """A kind of file: the fields that show it, what it is, and what to do."""

    fields: frozenset[str]
    what: str
    cure: str


_EXPORT = "Export the questions and answers themselves"
_LEAVE = "Leave it out"
_KINDS = tuple(
    _Kind(frozenset(fields.split()), what, cure)
    for fields, what, cure in (
        ("dimensionHeaders metricHeaders", "a GA4 report", "Name it under [analytics] sessions"),
        ("propertyQuota rowCount", "a GA4 report", "Name it under [analytics] sessions"),
        ("openapi paths", "a description of an API (OpenAPI)", _EXPORT),
        ("swagger paths", "a description of an API (Swagger)", _EXPORT),
        ("info item", "a Postman collection of requests", _EXPORT),
        ("$schema properties", "a JSON schema", _LEAVE),
        ("lockfileVersion packages", "npm's package-lock.json", _LEAVE),
        ("lockfileVersion dependencies", "npm's package-lock.json", _LEAVE),
        ("name version dependencies", "npm's package.json", _LEAVE),
        ("name version scripts", "npm's package.json", _LEAVE),
        ("name version devDependencies", "npm's package.json", _LEAVE),
        ("compilerOptions", "settings of TypeScript (tsconfig.json)", _LEAVE),
        ("cells nbformat", "a Jupyter notebook", "Save the notebook's table as CSV"),
        ("lighthouseVersion audits", "a Lighthouse report", _LEAVE),
        ("private_key client_email", "a key of a Google service account", "Keep it secret"),
        ("start_url icons", "a website's manifest", _LEAVE),
        ("manifest_version", "a browser extension's manifest", _LEAVE),
        ("Browser History", "a browser's history", _EXPORT),
        ("@context @type", "structured data of a page (JSON-LD)", _LEAVE),
        ("siteEntry", "a list of sites of Search Console", "Export its queries"),
    )
)


def describe_other(value: Mapping[str, Any]) -> str:
    """Return what a JSON object is that is no log, with what to do; '' where it may be a log.

    >>> describe_other({"openapi": "3.1.0", "info": {}, "paths": {}})
    'it looks like a description of an API (OpenAPI). Export the questions and answers themselves.'
    """
    names = value.keys()
    if isinstance(log := value.get("log"), dict) and {"entries", "version"} <= log.keys():
        return f"it looks like what a browser recorded of a page (HAR). {_EXPORT}."
    kind = next((kind for kind in _KINDS if kind.fields <= names), None)
    return f"it looks like {kind.what}. {kind.cure}." if kind else ""
