"""The table of inputs: who publishes what, in which vintage, how large, under what name by hand.

The vintages are those this release of the package was made for; a study file may name others.
"""

from __future__ import annotations

from dataclasses import dataclass

from equity.areas.geoid import find_state

__all__ = ["FOUND_OTHERWISE", "INPUTS", "Input"]


@dataclass(frozen=True)
class Input:
    """One input.

    Attributes
    ----------
    id
        What a study file calls it, after ``live:``.
    agency, product
        Who publishes what.
    server
        Publisher in the table of servers.
    vintage
        The edition that this release of the package works with.
    size
        Of the download.
    use, without
        What it gives, and what a run lacks without it.
    file
        Name to save it under in ``data/raw``; ``{vintage}``, ``{fips}``, ``{state}`` are filled in.
    path, params
        Where it is on the server; empty if it is found another way, or only by hand.
    expect
        Kind of file.
    key
        Environment variables of the credentials it needs.
    licence
        Terms.
    """

    id: str
    agency: str
    product: str
    server: str
    vintage: str
    size: str
    use: str
    without: str
    file: str
    path: str = ""
    params: tuple[tuple[str, str], ...] = ()
    expect: str = "csv"
    key: str = ""
    licence: str = "public domain"

    def names(self, state: str, vintage: str = "") -> dict[str, str]:
        """Return what the templates are filled with."""
        where = find_state(state)
        edition = vintage or self.vintage
        return {
            "vintage": edition,
            "fips": where.fips,
            "state": where.usps,
            "id": _PLACES_IDS.get(edition, ""),
        }

    @property
    def by_hand_only(self) -> bool:
        """True if no address is known that a program may ask."""
        return not self.path and self.id not in FOUND_OTHERWISE


FOUND_OTHERWISE = frozenset({"boundaries", "counties", "blocks", "acs", "bdc", "saipe", "cms-rhc"})
"""Inputs whose address is no mere template: a client of their own finds it."""

_PLACES_IDS = {
    "2020": "4ai3-zynv",
    "2021": "373s-ayzu",
    "2022": "nw2y-v4gm",
    "2023": "em5e-5hvn",
    "2024": "ai6z-tcin",
    "2025": "cwsq-ngmh",
}
_HRSA_FILES = "/DataDownload/DD_Files"
_CMS_QUERY = "/provider-data/api/1/datastore/query"

INPUTS: tuple[Input, ...] = (
    Input(
        id="boundaries",
        agency="U.S. Census Bureau",
        product="Cartographic boundaries of tracts, 1:500,000",
        server="census-files",
        vintage="2024",
        size="0.1-5 MB a state",
        use="the map, areas, distances",
        without="no run: nothing can be placed",
        file="cb_{vintage}_{fips}_tract_500k.zip",
        expect="zip",
    ),
    Input(
        id="counties",
        agency="U.S. Census Bureau",
        product="Cartographic boundaries of counties, 1:500,000",
        server="census-files",
        vintage="2024",
        size="11 MB, national",
        use="county lines and names",
        without="the map has no county lines",
        file="cb_{vintage}_us_county_500k.zip",
        expect="zip",
    ),
    Input(
        id="acs",
        agency="U.S. Census Bureau",
        product="American Community Survey, 5-year",
        server="census",
        vintage="2024",
        size="1 MB a state with a key; 1.2 GB of national files without, once for all states",
        use="people, devices, subscriptions, poverty, insurance, vehicles",
        without="no run: nobody is counted",
        file="acsdt5y{vintage}-<table>.dat",
        expect="text",
        key="CENSUS_API_KEY (optional: the keyless Summary File is larger)",
    ),
    Input(
        id="bdc",
        agency="Federal Communications Commission",
        product="Broadband Data Collection, locations by technology, and Served-Unserved",
        server="fcc",
        vintage="2025-12-31",
        size="10-400 MB a state",
        use="which homes a qualifying line reaches",
        without="lines are unknown: the gap counts devices and subscriptions only, a floor",
        file="bdc_{fips}_<technology>_fixed_broadband_<D25>_<revision>.zip",
        expect="zip",
        key="FCC_USERNAME and FCC_HASH (or download by hand)",
        licence="FCC terms, accepted when the token is made",
    ),
    Input(
        id="blocks",
        agency="U.S. Census Bureau",
        product="2020 blocks with people and housing units (TIGER/Line)",
        server="census-files",
        vintage="2024",
        size="10-400 MB a state",
        use="weights within tracts; denominators where there is no Served-Unserved file",
        without="people stand at the tract's inner point",
        file="tl_{vintage}_{fips}_tabblock20.zip",
        expect="zip",
    ),
    Input(
        id="hrsa-sites",
        agency="Health Resources and Services Administration",
        product="Health Center Service Delivery and Look-Alike Sites",
        server="hrsa",
        vintage="current",
        size="12 MB, national",
        use="places of care and how far they are",
        without="no run: nothing to travel to (name your own sites in a study file)",
        file="Health_Center_Service_Delivery_and_LookAlike_Sites.csv",
        path=f"{_HRSA_FILES}/Health_Center_Service_Delivery_and_LookAlike_Sites.csv",
    ),
    *(
        Input(
            id=f"hpsa-{short.lower()}",
            agency="Health Resources and Services Administration",
            product=f"Health Professional Shortage Areas, {what}",
            server="hrsa",
            vintage="current",
            size="20-48 MB, national",
            use=f"shortage of {what}, for programs and for who is under-resourced",
            without="shortage areas are not among the criteria",
            file=f"BCD_HPSA_FCT_DET_{short}.csv",
            path=f"{_HRSA_FILES}/BCD_HPSA_FCT_DET_{short}.csv",
        )
        for short, what in (
            ("PC", "primary care"), ("MH", "mental health"), ("DH", "dental health"),
        )
    ),
    Input(
        id="mua",
        agency="Health Resources and Services Administration",
        product="Medically Underserved Areas and Populations",
        server="hrsa",
        vintage="current",
        size="10 MB, national",
        use="medically underserved areas",
        without="they are not among the criteria",
        file="MUA_DET.csv",
        path=f"{_HRSA_FILES}/MUA_DET.csv",
    ),
    Input(
        id="cms-clinicians",
        agency="Centers for Medicare & Medicaid Services",
        product="Doctors and Clinicians national file, with telehealth flag",
        server="cms",
        vintage="current",
        size="700 MB, national",
        use="which clinicians see patients by video",
        without="virtual supply is not measured",
        file="DAC_NationalDownloadableFile.csv",
        path=f"{_CMS_QUERY}/mj5m-pzi6/0/download",
        params=(("format", "csv"),),
    ),
    Input(
        id="cms-hospitals",
        agency="Centers for Medicare & Medicaid Services",
        product="Hospital General Information",
        server="cms",
        vintage="current",
        size="1.5 MB, national",
        use="hospitals with emergency services, critical access hospitals",
        without="hospitals are not among the places of care",
        file="Hospital_General_Information.csv",
        path=f"{_CMS_QUERY}/xubh-q36u/0/download",
        params=(("format", "csv"),),
    ),
    Input(
        id="cms-rhc",
        agency="Centers for Medicare & Medicaid Services",
        product="Rural Health Clinic Enrollments",
        server="cms",
        vintage="current",
        size="2 MB, national",
        use="rural health clinics",
        without="they are not among the places of care",
        file="Rural_Health_Clinic_Enrollments.csv",
    ),
    Input(
        id="nppes",
        agency="Centers for Medicare & Medicaid Services",
        product="NPPES, all providers (V2)",
        server="nppes",
        vintage="November_2026",
        size="1.1 GB zipped, 10 GB inside; read as a stream",
        use="clinicians by specialty: primary care, mental health, substance use",
        without="capacity is that of the listed sites alone",
        file="NPPES_Data_Dissemination_{vintage}_V2.zip",
        path="/nppes/NPPES_Data_Dissemination_{vintage}_V2.zip",
        expect="zip",
    ),
    Input(
        id="places-tract",
        agency="Centers for Disease Control and Prevention",
        product="PLACES, tracts",
        server="cdc",
        vintage="2025",
        size="800 MB, national",
        use="illness and disability, as need",
        without="need is told by age, poverty and insurance",
        file="PLACES_tract_{vintage}.csv",
        path="/api/views/{id}/rows.csv",
        params=(("accessType", "DOWNLOAD"),),
    ),
    Input(
        id="svi-tract",
        agency="CDC/ATSDR",
        product="Social Vulnerability Index, tracts",
        server="svi",
        vintage="2022",
        size="70 MB, national",
        use="vulnerability, for who is under-resourced",
        without="it is not among the criteria",
        file="SVI_{vintage}_US.csv",
        path="/Documents/Data/{vintage}/csv/states/SVI_{vintage}_US.csv",
    ),
    Input(
        id="ruca",
        agency="USDA Economic Research Service",
        product="Rural-Urban Commuting Area codes, tracts",
        server="usda",
        vintage="2020",
        size="17 MB, national",
        use="rurality; both codings of Connecticut",
        without="rural and urban are not told apart; Connecticut cannot be joined",
        file="2020-rural-urban-commuting-area-codes-census-tracts.csv",
        path="/media/5443/2020-rural-urban-commuting-area-codes-census-tracts.csv",
    ),
    Input(
        id="rucc",
        agency="USDA Economic Research Service",
        product="Rural-Urban Continuum Codes, counties",
        server="usda",
        vintage="2023",
        size="0.6 MB, national",
        use="rurality of counties",
        without="RUCA tells it for tracts",
        file="2023-rural-urban-continuum-codes.csv",
    ),
    Input(
        id="saipe",
        agency="U.S. Census Bureau",
        product="Small Area Income and Poverty Estimates, counties",
        server="census-files",
        vintage="2023",
        size="0.8 MB, national",
        use="economic need as USDA's grant program scores it",
        without="that score is not computed",
        file="est{vintage}all.txt",
        expect="text",
    ),
    Input(
        id="forhp",
        agency="HRSA Federal Office of Rural Health Policy",
        product="Rural counties and tracts for HRSA's grants",
        server="forhp",
        vintage="2023",
        size="3 MB, national",
        use="eligibility for rural health grants",
        without="it is not shown",
        file="forhp-rural-{vintage}.xlsx",
        expect="any",
    ),
    Input(
        id="tribal-areas",
        agency="U.S. Census Bureau",
        product="American Indian, Alaska Native and Native Hawaiian areas",
        server="census-files",
        vintage="2024",
        size="3 MB, national",
        use="tribal lands on the map and for programs",
        without="they are not marked",
        file="cb_{vintage}_us_aiannh_500k.zip",
        path="/geo/tiger/GENZ{vintage}/shp/cb_{vintage}_us_aiannh_500k.zip",
        expect="zip",
    ),
    Input(
        id="zip-areas",
        agency="U.S. Census Bureau",
        product="Gazetteer of ZIP areas",
        server="census-files",
        vintage="2024",
        size="1 MB, national",
        use="a place for a provider whose address is not found",
        without="such providers are left out and counted",
        file="{vintage}_Gaz_zcta_national.zip",
        path="/geo/docs/maps-data/data/gazetteer/{vintage}_Gazetteer/{vintage}_Gaz_zcta_national.zip",
        expect="zip",
    ),
    Input(
        id="tract-relationship",
        agency="U.S. Census Bureau",
        product="Relationship of 2010 and 2020 tracts",
        server="census-files",
        vintage="2020",
        size="20 MB, national",
        use="older tables on 2010 tracts",
        without="they cannot be joined",
        file="tab20_tract20_tract10_natl.txt",
        path="/geo/docs/maps-data/data/rel2020/tract/tab20_tract20_tract10_natl.txt",
        expect="text",
    ),
    Input(
        id="zcta-relationship",
        agency="U.S. Census Bureau",
        product="Relationship of ZIP areas and 2020 tracts",
        server="census-files",
        vintage="2020",
        size="25 MB, national",
        use="tables by ZIP area",
        without="they cannot be moved to tracts",
        file="tab20_zcta520_tract20_natl.txt",
        path="/geo/docs/maps-data/data/rel2020/zcta520/tab20_zcta520_tract20_natl.txt",
        expect="text",
    ),
    Input(
        id="block-relationship",
        agency="U.S. Census Bureau",
        product="Relationship of 2010 and 2020 blocks",
        server="census-files",
        vintage="2020",
        size="5-60 MB a state",
        use="older tables, moved by people and homes instead of area",
        without="they are moved by area",
        file="TAB2010_TAB2020_ST{fips}.zip",
        expect="zip",
    ),
)  # fmt: skip
"""Every input, in the order of a run."""
