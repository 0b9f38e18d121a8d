"""A made-up provider register at full width: 330 columns, every field quoted."""

from __future__ import annotations

BEFORE = [
    "NPI",
    "Entity Type Code",
    "Replacement NPI",
    "Employer Identification Number (EIN)",
    "Provider Organization Name (Legal Business Name)",
    "Provider Last Name (Legal Name)",
    "Provider First Name",
    "Provider Middle Name",
    "Provider Name Prefix Text",
    "Provider Name Suffix Text",
    "Provider Credential Text",
    "Provider Other Organization Name",
    "Provider Other Organization Name Type Code",
    "Provider Other Last Name",
    "Provider Other First Name",
    "Provider Other Middle Name",
    "Provider Other Name Prefix Text",
    "Provider Other Name Suffix Text",
    "Provider Other Credential Text",
    "Provider Other Last Name Type Code",
    "Provider First Line Business Mailing Address",
    "Provider Second Line Business Mailing Address",
    "Provider Business Mailing Address City Name",
    "Provider Business Mailing Address State Name",
    "Provider Business Mailing Address Postal Code",
    "Provider Business Mailing Address Country Code (If outside U.S.)",
    "Provider Business Mailing Address Telephone Number",
    "Provider Business Mailing Address Fax Number",
    "Provider First Line Business Practice Location Address",
    "Provider Second Line Business Practice Location Address",
    "Provider Business Practice Location Address City Name",
    "Provider Business Practice Location Address State Name",
    "Provider Business Practice Location Address Postal Code",
    "Provider Business Practice Location Address Country Code (If outside U.S.)",
    "Provider Business Practice Location Address Telephone Number",
    "Provider Business Practice Location Address Fax Number",
    "Provider Enumeration Date",
    "Last Update Date",
    "NPI Deactivation Reason Code",
    "NPI Deactivation Date",
    "NPI Reactivation Date",
    "Provider Sex Code",
    "Authorized Official Last Name",
    "Authorized Official First Name",
    "Authorized Official Middle Name",
    "Authorized Official Title or Position",
    "Authorized Official Telephone Number",
]
TAXONOMY = [
    "Healthcare Provider Taxonomy Code_{}",
    "Provider License Number_{}",
    "Provider License Number State Code_{}",
    "Healthcare Provider Primary Taxonomy Switch_{}",
]
OTHER = [
    "Other Provider Identifier_{}",
    "Other Provider Identifier Type Code_{}",
    "Other Provider Identifier State_{}",
    "Other Provider Identifier Issuer_{}",
]
AFTER = ["Is Sole Proprietor", "Is Organization Subpart", "Parent Organization LBN", "Parent Organization TIN",
         "Authorized Official Name Prefix Text", "Authorized Official Name Suffix Text", "Authorized Official Credential Text"]  # fmt: skip

COLUMNS = [
    *BEFORE,
    *(name.format(n) for n in range(1, 16) for name in TAXONOMY),
    *(name.format(n) for n in range(1, 51) for name in OTHER),
    *AFTER,
    *(f"Healthcare Provider Taxonomy Group_{n}" for n in range(1, 16)),
    "Certification Date",
]
assert len(COLUMNS) == 330
PLACE = {name: i for i, name in enumerate(COLUMNS)}

# Of 20 providers, four are in a wanted set; the rest are nurses, dentists, pharmacies.
CODES = ["207Q00000X", "163W00000X", "1223G0001X", "103TC0700X", "183500000X", "225100000X", "1041C0700X", "208600000X",
         "207Q00000X", "363A00000X", "171M00000X", "235Z00000X", "106S00000X", "332B00000X", "174400000X", "164W00000X",
         "2084A0401X", "251E00000X", "111N00000X", "390200000X"]  # fmt: skip
STATES = ["WV", "VA", "PA", "OH", "KY", "MD", "TX", "CA", "NY", "FL"]


def header() -> bytes:
    return (",".join(f'"{name}"' for name in COLUMNS) + "\n").encode()


def cells(i: int, **changed: str) -> list[str]:
    """One provider; `changed` replaces cells by column name."""
    person = i % 4 != 3
    row = [""] * 330

    def put(name: str, value: str) -> None:
        row[PLACE[name]] = value

    put("NPI", str(1_000_000_000 + i))
    put("Entity Type Code", "1" if person else "2")
    if person:
        put("Provider Last Name (Legal Name)", f"LASTNAME{i % 9973}")
        put("Provider First Name", f"FIRST{i % 613}")
        put("Provider Middle Name", "M")
        put("Provider Credential Text", "M.D.")
        put("Provider Sex Code", "FM"[i % 2])
    else:
        put("Provider Organization Name (Legal Business Name)", f"CLINIC {i % 7919}, LLC")
        put("Authorized Official Last Name", f"OFFICIAL{i % 997}")
        put("Authorized Official First Name", "PAT")
        put("Authorized Official Title or Position", "PRESIDENT")
        put("Authorized Official Telephone Number", f"304{i % 10_000_000:07d}")
    for kind in ("Mailing", "Practice Location"):
        put(
            f"Provider First Line Business {kind} Address", f"{i % 9000 + 1} COUNTY ROUTE {i % 311}"
        )
        put(f"Provider Business {kind} Address City Name", f"TOWN {i % 823}")
        put(f"Provider Business {kind} Address State Name", STATES[i % 10])
        put(f"Provider Business {kind} Address Postal Code", f"{(i * 7919) % 1_000_000_000:09d}")
        put(f"Provider Business {kind} Address Country Code (If outside U.S.)", "US")
        put(f"Provider Business {kind} Address Telephone Number", f"304{i % 10_000_000:07d}")
        put(f"Provider Business {kind} Address Fax Number", f"681{i % 10_000_000:07d}")
    put("Provider Enumeration Date", "05/23/2007")
    put("Last Update Date", f"{i % 12 + 1:02d}/14/2024")
    for slot in range(1, 2 + i % 3):
        put(f"Healthcare Provider Taxonomy Code_{slot}", CODES[(i + slot * 3 - 3) % 20])
        put(f"Provider License Number_{slot}", f"LIC{i % 99_991}")
        put(f"Provider License Number State Code_{slot}", STATES[i % 10])
        put(f"Healthcare Provider Primary Taxonomy Switch_{slot}", "Y" if slot == 1 else "N")
    for slot in range(1, 1 + i % 4):
        put(f"Other Provider Identifier_{slot}", f"{i * 31 % 10_000_019:08d}")
        put(f"Other Provider Identifier Type Code_{slot}", "05")
        put(f"Other Provider Identifier State_{slot}", STATES[i % 10])
    put("Is Sole Proprietor", "N" if person else "")
    put("Certification Date", "06/02/2023")
    for name, value in changed.items():
        put(name, value)
    return row


def row(i: int, **changed: str) -> bytes:
    return ('"' + '","'.join(cells(i, **changed)) + '"\n').encode()


SECOND = [
    "NPI",
    "Provider Secondary Practice Location Address- Address Line 1",
    "Provider Secondary Practice Location Address-  Address Line 2",
    "Provider Secondary Practice Location Address - City Name",
    "Provider Secondary Practice Location Address - State Name",
    "Provider Secondary Practice Location Address - Postal Code",
    "Provider Secondary Practice Location Address - Country Code (If outside U.S.)",
    "Provider Secondary Practice Location Address - Telephone Number",
    "Provider Secondary Practice Location Address - Telephone Extension",
    "Provider Practice Location Address - Fax Number",
]
PHARMACY = {
    "Entity Type Code": "2",
    "Provider Organization Name (Legal Business Name)": "CORNER PHARMACY",
    "Healthcare Provider Taxonomy Code_1": "3336C0003X",
    "Healthcare Provider Primary Taxonomy Switch_1": "Y",
    "Provider Business Practice Location Address State Name": "WV",
    "Provider Business Practice Location Address Postal Code": "540010000",
}


def archive(rows: list[bytes], *, second: list[tuple[str, str, str, str]] = ()) -> bytes:
    """The monthly ZIP: main file, second addresses (NPI, street, state, ZIP), header twins."""
    import io
    import zipfile

    lines = [SECOND, *([npi, street, "", "TOWN", state, code, "US", "", "", ""] for npi, street, state, code in second)]  # fmt: skip
    text = "".join('"' + '","'.join(line) + '"\n' for line in lines)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for stem, body in (("npidata_pfile", header() + b"".join(rows)), ("pl_pfile", text)):
            zipped.writestr(f"{stem}_20050523-20261108.csv", body)
            zipped.writestr(f"{stem}_20050523-20261108_fileheader.csv", '"NPI"\n')
    return out.getvalue()
