"""What is asked of a publisher: a value that is named, shown and kept without credentials."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from equity.net.publishers import Publisher, address
from equity.settings import Secret

if TYPE_CHECKING:
    from requests import PreparedRequest

__all__ = ["Reply", "Request"]


@dataclass(frozen=True)
class Request:
    """One question.

    Attributes
    ----------
    publisher
        Whom we ask.
    path
        Path on the publisher's host, with its leading slash.
    params
        Query, in order.
    secret_params, secret_headers
        Credentials; they are added at the moment of sending and appear nowhere else.
    expect
        ``"json"``, ``"csv"``, ``"text"``, ``"zip"`` or ``"any"``: what the answer must look like.
    host
        Which of the publisher's addresses (0 is the first).
    method, files, data
        For the one publisher that wants a form with a file.
    max_bytes
        An answer held in memory may not be longer.
    found
        How its address is known, if not from this package: for the receipt.
    """

    publisher: Publisher
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    secret_params: Mapping[str, Secret] = field(default_factory=dict)
    secret_headers: Mapping[str, Secret] = field(default_factory=dict)
    expect: str = "any"
    host: int = 0
    method: str = "GET"
    files: Mapping[str, tuple[str, str, str]] | None = None
    data: Mapping[str, str] | None = None
    max_bytes: int = 512 * 1024 * 1024
    found: str = ""

    @property
    def url(self) -> str:
        """The publisher's own address of this, without any credential: what a receipt keeps."""
        asked = urlencode(self.params, safe=":*,()/", quote_via=quote)
        query = f"?{asked}" if asked else ""
        return f"{self.publisher.urls[self.host]}{self.path}{query}"

    @property
    def has_credentials(self) -> bool:
        """True if a key travels with it."""
        return bool(self.secret_params or self.secret_headers)

    @property
    def digest(self) -> str:
        """Eight characters that tell two questions apart, for a file name."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:8]

    @property
    def target(self) -> str:
        """Address to open, its place on a mirror included; no credential is in it."""
        return address(self.url)

    def sign(self, prepared: PreparedRequest) -> PreparedRequest:
        """Put the credentials into a request that ``requests`` is about to send."""
        for name, secret in self.secret_headers.items():
            prepared.headers[name] = secret.reveal()
        for name, secret in self.secret_params.items():
            prepared.prepare_url(prepared.url, {name: secret.reveal()})
        return prepared


@dataclass(frozen=True)
class Reply:
    """An answer held in memory; clients of ``requests`` find what they look for."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return what the body says, which is JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text (a byte-order mark is dropped)."""
        return self.body.decode("utf-8-sig", errors="replace")
