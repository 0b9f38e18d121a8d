"""Who answers: one row for each publisher, and the address it is asked at.

Every request names a :class:`Publisher` and a path; the host comes from this table alone.
``EQUITY_MIRROR`` puts another server in front of all of them: ``https://api.census.gov/data/…``
becomes ``MIRROR/api.census.gov/data/…``. An office with a copy of the files sets it for its
analysts, and the tests set it to a replica on loopback. The screen and the provenance say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from equity import settings
from equity.errors import CredentialError, InputError

__all__ = [
    "LOOPBACK",
    "PUBLISHERS",
    "Publisher",
    "address",
    "check_may_carry",
    "host_of",
    "publisher",
]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Publisher:
    """A server we ask, and how gently.

    Attributes
    ----------
    id
        Short name; also the folder of its files in the cache.
    name
        What an error message calls it.
    urls
        Base addresses, the first one first; the others are tried when it cannot answer.
    calls, per_s
        At most `calls` requests in any `per_s` seconds.
    read_s
        Longest wait for an answer, in seconds, where it takes longer than elsewhere.
    page
        Where a person downloads by hand what we could not.
    """

    id: str
    name: str
    urls: tuple[str, ...]
    calls: int = 60
    per_s: float = 60.0
    read_s: float = 0.0
    page: str = ""


_TABLE = (
    Publisher(
        "fcc",
        "FCC National Broadband Map",
        ("https://broadbandmap.fcc.gov", "https://bdc.fcc.gov"),
        calls=10,
        page="https://broadbandmap.fcc.gov/data-download",
    ),
    Publisher(
        "census",
        "Census Data API",
        ("https://api.census.gov",),
        calls=120,
        page="https://data.census.gov",
    ),
    Publisher(
        "census-files",
        "Census file server",
        ("https://www2.census.gov",),
        page="https://www2.census.gov",
    ),
    Publisher(
        "geocoder",
        "Census geocoder",
        ("https://geocoding.geo.census.gov",),
        calls=20,
        read_s=600.0,  # a batch of 1,000 addresses takes minutes
        page="https://geocoding.geo.census.gov/geocoder/",
    ),
    Publisher(
        "hrsa",
        "HRSA data warehouse",
        ("https://data.hrsa.gov",),
        page="https://data.hrsa.gov/data/download",
    ),
    Publisher(
        "forhp",
        "HRSA Office of Rural Health Policy",
        ("https://www.hrsa.gov",),
        page="https://www.hrsa.gov/rural-health/about-us/what-is-rural/data-files",
    ),
    Publisher(
        "cms",
        "CMS data catalog",
        ("https://data.cms.gov",),
        page="https://data.cms.gov/provider-data/",
    ),
    Publisher(
        "nppes",
        "CMS NPPES downloads",
        ("https://download.cms.gov",),
        page="https://download.cms.gov/nppes/NPI_Files.html",
    ),
    Publisher(
        "samhsa",
        "SAMHSA treatment locator",
        ("https://findtreatment.gov",),
        page="https://findtreatment.gov/locator",
    ),
    Publisher(
        "imls",
        "Institute of Museum and Library Services",
        ("https://www.imls.gov",),
        page="https://www.imls.gov/research-evaluation/data-collection/public-libraries-survey",
    ),
    Publisher("cdc", "CDC open data", ("https://data.cdc.gov",), page="https://data.cdc.gov"),
    Publisher(
        "svi",
        "CDC/ATSDR Social Vulnerability Index",
        ("https://svi.cdc.gov",),
        page="https://www.atsdr.cdc.gov/place-health/php/svi/svi-data-documentation-download.html",
    ),
    Publisher(
        "usda",
        "USDA Economic Research Service",
        ("https://www.ers.usda.gov",),
        page="https://www.ers.usda.gov/data-products",
    ),
    Publisher(
        "ntia",
        "NTIA and state broadband offices",
        ("https://broadbandusa.ntia.gov",),
        page="https://broadbandusa.ntia.gov",
    ),
    Publisher(
        "geofabrik",
        "Geofabrik's extracts of OpenStreetMap",
        ("https://download.geofabrik.de",),
        page="https://download.geofabrik.de/north-america/us.html",
    ),
)

PUBLISHERS = {row.id: row for row in _TABLE}


def publisher(name: str) -> Publisher:
    """Return the publisher called `name`."""
    try:
        return PUBLISHERS[name]
    except KeyError:
        raise InputError(
            f"no publisher is called {name!r}",
            fix=f"use one of {', '.join(PUBLISHERS)}",
        ) from None


def host_of(url: str) -> str:
    """Host and port of `url`, in lower case."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def address(url: str) -> str:
    """Where a publisher's `url` is really asked: itself, or its place on the mirror."""
    mirror = settings.current().mirror
    if not mirror:
        return url
    parts = urlsplit(url)
    tail = f"?{parts.query}" if parts.query else ""
    return f"{mirror.rstrip('/')}/{parts.netloc}{parts.path}{tail}"


def check_may_carry(url: str) -> None:
    """Refuse to send a credential in the open, or to a mirror that a file in the folder names."""
    if settings.mirror_named_by_file():
        raise CredentialError(
            f"a key would go to {host_of(url)}, which the file .env of the working folder names "
            "as a mirror",
            fix="take EQUITY_MIRROR out of .env; a server that may have your keys is named in the "
            "environment or with eq.configure(mirror=…)",
            code="E-KEY-MIRROR",
        )
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.hostname or "") in LOOPBACK:
        return
    raise CredentialError(
        f"a key would travel unencrypted to {host_of(url)}",
        fix="set EQUITY_MIRROR to an https:// address, or unset it",
        code="E-KEY-UNENCRYPTED",
    )
