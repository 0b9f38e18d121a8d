"""Where a publisher keeps a file today, by the publisher's own list.

Some addresses hold a hash or a date and change with every edition. A row of the catalog says in
`find` which list tells the address of today. A list is asked once for each transport, however many
inputs stand in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit
from weakref import WeakKeyDictionary

from equity.errors import FormatError
from equity.net.desk import Desk
from equity.net.publishers import host_of, publisher
from equity.net.request import Request
from equity.net.transport import Transport
from equity.sources.catalog import Input

__all__ = ["locate"]


class _Listed(NamedTuple):
    """A file that a list names."""

    title: str
    when: str
    url: str


def locate(entry: Input, names: Mapping[str, str], at: Desk) -> Request:
    """Ask the publisher's list where an input is, and return the request for it.

    Parameters
    ----------
    entry
        Row of the catalog; its `find` has ``how`` (``"metastore"``, ``"catalog"``, ``"socrata"`` or
        ``"page"``) and ``what``: the id of a dataset in CMS's provider data, the title of a dataset
        in a ``data.json``, or a pattern for the name of a Socrata dataset or the link on a page,
        which ``at`` names.
    names
        What the templates are filled with.
    at
        Transport and cache.

    Raises
    ------
    FormatError
        If the list is in another form, has no such file, or keeps it on another server.
    """
    how = entry.find["how"]
    what = entry.find["what"].format(**names)
    path, read, fits = _WAYS[how]
    where = (entry.find.get("at") or path).format(**{**names, "what": what})
    server = publisher(entry.server)
    question = Request(server, *_split(where), expect="any" if how == "page" else "json")
    listed = [one for one in _list(question, read, at) if fits(one, what)]
    here = [one for one in listed if host_of(one.url) == host_of(server.urls[0])]
    if not here:
        name = entry.file.format(**names)
        raise FormatError(
            f"the list of {server.name} names no file of {entry.product!r}"
            + (f" on {host_of(server.urls[0])}" if listed else ""),
            file=question.url,
            fix=f"look for it at {entry.where} and save it as data/raw/{name}",
        )
    newest = max(here, key=lambda one: one.when)
    said = f"address found at {question.url}"
    return Request(server, *_split(newest.url), expect=entry.expect, found=said)


def _split(url: str) -> tuple[str, dict[str, str]]:
    """Return the path of an address, and its query."""
    parts = urlsplit(url)
    pairs = (pair.partition("=") for pair in parts.query.split("&") if pair)
    return parts.path, {unquote(key): unquote(value) for key, _, value in pairs}


_asked: WeakKeyDictionary[Transport, dict[str, list[_Listed]]] = WeakKeyDictionary()


def _list(question: Request, read: Callable[[Any, str], Iterator[_Listed]], at: Desk) -> Any:
    known = _asked.setdefault(at.transport, {})
    if question.url not in known:
        reply = at.transport.fetch(question)
        try:
            known[question.url] = list(read(reply, question.url))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise FormatError(
                f"the list of {question.publisher.name} is not in its usual form",
                file=question.url,
                fix=f"download the file by hand from {question.publisher.page} into data/raw/",
            ) from None
    return known[question.url]


def _of_metastore(reply: Any, _url: str) -> Iterator[_Listed]:
    """Read a dataset of CMS's provider data; the address stands at one of two depths."""
    dataset = json.loads(reply.body)
    for part in dataset["distribution"]:
        url = part.get("downloadURL") or part.get("data", {}).get("downloadURL") or ""
        if urlsplit(url).path.lower().endswith(".csv"):
            yield _Listed(str(dataset.get("identifier", "")), str(dataset.get("modified", "")), url)


def _of_catalog(reply: Any, _url: str) -> Iterator[_Listed]:
    """Read a ``data.json``: every CSV of every dataset."""
    for dataset in json.loads(reply.body)["dataset"]:
        for part in dataset.get("distribution", []):
            if part.get("downloadURL") and "csv" in str(part.get("mediaType", "")).lower():
                when = str(part.get("modified") or part.get("title") or "")
                yield _Listed(str(dataset.get("title", "")).strip(), when, part["downloadURL"])


def _of_socrata(reply: Any, url: str) -> Iterator[_Listed]:
    """Read a Socrata catalog: a dataset is exported under its id."""
    for one in json.loads(reply.body)["results"]:
        about = one["resource"]
        export = urljoin(url, f"/api/views/{about['id']}/rows.csv?accessType=DOWNLOAD")
        yield _Listed(str(about["name"]), str(about.get("updatedAt", "")), export)


def _of_page(reply: Any, url: str) -> Iterator[_Listed]:
    """Read the links of a page."""
    for link in re.findall(r"""href\s*=\s*["']([^"'#]+)["']""", reply.text, flags=re.IGNORECASE):
        whole = urljoin(url, link.strip().replace("&amp;", "&"))
        yield _Listed(urlsplit(whole).path, "", whole)


def _same(one: _Listed, what: str) -> bool:
    return one.title == what


def _like(one: _Listed, what: str) -> bool:
    return re.search(what, one.title) is not None


_WAYS: Mapping[str, tuple[str, Any, Callable[[_Listed, str], bool]]] = {
    "metastore": (
        "/provider-data/api/1/metastore/schemas/dataset/items/{what}",
        _of_metastore,
        lambda _one, _what: True,
    ),
    "catalog": ("/data.json", _of_catalog, _same),
    "socrata": ("/api/catalog/v1", _of_socrata, _like),
    "page": ("", _of_page, _like),
}
