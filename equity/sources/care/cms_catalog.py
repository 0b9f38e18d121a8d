"""Where CMS keeps a dataset today: its catalog says so, the address changes every quarter."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from equity.errors import FormatError
from equity.net.desk import Desk
from equity.net.publishers import host_of, publisher
from equity.net.request import Request

__all__ = ["catalog_request"]


def catalog_request(title: str, at: Desk) -> Request:
    """Ask the catalog for the newest CSV of the dataset called `title`.

    Raises
    ------
    FormatError
        If the catalog has no such dataset, or keeps its file on another server.
    """
    cms = publisher("cms")
    reply = at.transport.fetch(Request(cms, "/data.json", expect="json"))
    try:
        datasets = json.loads(reply.body)["dataset"]
        files = [
            (str(part.get("modified") or part.get("title") or ""), str(part["downloadURL"]))
            for entry in datasets
            if str(entry.get("title", "")).strip() == title
            for part in entry.get("distribution", [])
            if part.get("downloadURL") and "csv" in str(part.get("mediaType", "")).lower()
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FormatError(
            "the CMS catalog is not in its usual form",
            file=f"{cms.urls[0]}/data.json",
            fix=f"download {title!r} by hand from {cms.page} into data/raw/",
        ) from None
    here = [(when, url) for when, url in files if host_of(url) == host_of(cms.urls[0])]
    if not here:
        raise FormatError(
            f"the CMS catalog lists no CSV of {title!r}",
            file=f"{cms.urls[0]}/data.json",
            fix=f"look for it at {cms.page} and save it in data/raw/",
        )
    return Request(cms, urlsplit(max(here)[1]).path, expect="csv")
