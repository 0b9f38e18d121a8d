"""No input can stand in for a result, and none is read in vain: through every slot of a study."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import ground as small

import equity as eq
from equity.areas.schema import columns
from equity.errors import EquityError, InputError, StudyError
from equity.sources.fcc.classes import read_coverage
from equity.study.file import read_plan
from equity.study.readers import check_input_names

COMPUTED = [name for name, column in columns().items() if not column.input]
GIVEN = [name for name, column in columns().items() if column.input]
ENDS = ["", "_moe", "_p05", "_p95", "_cv", "_status", "__fcc_25_3", "__clinic", "_moe__doctor"]
CASES = [str, str.upper, str.title, lambda n: f" {n} ", lambda n: n.replace("_", "\uff3f")]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return small.make(tmp_path_factory.mktemp("small") / "state")


@pytest.fixture
def told(study):
    """The study with words exchanged, and the error that it meets."""

    def tell(*changes: tuple[str, str]) -> str:
        text = study.read_text()
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        mutant = study.with_name("mutant.toml")
        mutant.write_text(text)
        with pytest.raises(EquityError) as caught:
            eq.Study.load(mutant).run()
        return str(caught.value)

    return tell


@pytest.mark.parametrize("end", ENDS)
def test_no_computed_column_may_be_given_under_any_suffix_or_case(end):
    assert len(COMPUTED) > 100
    for name in COMPUTED:
        for case in CASES:
            with pytest.raises(InputError, match=r"what is called so|for themselves"):
                check_input_names([case(name + end)])


def test_the_error_lists_what_a_table_may_give_and_that_passes():
    with pytest.raises(InputError) as caught:
        check_input_names(["gap_n"])
    listed = [name for name in GIVEN if name in str(caught.value.fix)]
    assert listed == GIVEN
    check_input_names([name for name in GIVEN if name != "geo_id"])


@pytest.mark.parametrize("name", ["FID", "geom", "GeoID", "", " x", "a\tb", "x\u200b", "y" * 64])
def test_names_that_a_format_keeps_or_that_do_not_show_are_refused(name):
    with pytest.raises(InputError, match="a name of your own"):
        check_input_names([name])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("own_n = {", "Gap_N = {"),
        ("own_n = {", "qualifying_share__doctor = {"),
        ("year = 2023\n\n# Health", 'year = 2023\ncolumns = { x = "gap_n" }\n\n# Health'),
        ('lon = "lon"', 'gap_n = "lon"'),
        ('as_of = "2024-12-31"', 'as_of = "2024-12-31"\ncolumns = { x = "gap_n" }'),
    ],
)  # fmt: skip
def test_no_slot_of_a_study_takes_one(told, old, new):
    assert "\n" not in told((old, new))


def test_a_table_of_classes_gives_counts_of_classes_only(study):
    for name in COMPUTED:
        mapped = {
            "pct": name,
            "a": "locations_n",
            "b": "served_n",
            "c": "underserved_n",
            "d": "unserved_n",
        }
        if not name.startswith(("locations", "providers", "served", "underserved", "unserved")):
            with pytest.raises(InputError, match="no count of such a table"):
                read_coverage(study.with_name("own.csv"), as_of="2024", columns=mapped)


def test_a_rule_of_one_s_own_keeps_to_its_own_id_and_can_be_the_headline(study, told):
    folder = study.parent
    (folder / "worn.toml").write_text(small.RULE.replace("state-50-10", "fcc-25-3"))
    (folder / "twin.toml").write_text(small.RULE)
    assert "ships with the package" in told(('"state.toml"', '"worn.toml"'))
    assert "by 'state.toml' and by 'twin.toml'" in told(
        ('"state.toml"', '"state.toml", "twin.toml"')
    )
    assert "'state-50-10' is listed twice" in told(('"state.toml"', '"state.toml", "./state.toml"'))
    assert "use the id of one of them: fcc-25-3, state-50-10" in told(
        ('headline = "fcc-25-3"', 'headline = "state.toml"')
    )
    own = folder / "own-headline.toml"
    own.write_text(study.read_text().replace('headline = "fcc-25-3"', 'headline = "state-50-10"'))
    table = eq.Study.load(own).run().table
    assert {"gap_n", "gap_n__fcc_25_3"} <= set(table.columns)
    assert "gap_n__state_50_10" not in table.columns


def test_columns_that_are_alike_but_for_case_are_refused(told):
    assert "but for case" in told(
        ("own_n = {", 'Own_N = { column = "pct", unit = "number" }\nown_n = {')
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            [
                ('state = "90"', 'state = "VA"'),
                ("synthetic = true\n", ""),
                ('kind = "locations"', 'kind = "locations"\nconnecticut = "own.csv"'),
            ],
            "of another state",
        ),
        (
            [('method = "catchment"', 'method = "column"\ncolumn = "own_share"\nunit = "share"'),
             ('method = "travel"\nlimit_min = 20\nsd = 0.22', 'method = "column"\ncolumn = "own_share"\nunit = "share"'),
             ("[falls_short]", '[centers]\nfile = "own.csv"\nyear = 2020\n[falls_short]')],
            "nothing reads it",
        ),
        ([("[[tables]]", '[[acs]]\nfiles = "unread.csv"\nyear = 2023\n[[tables]]')], "no measure reads a column"),
    ],
)  # fmt: skip
def test_an_input_that_nothing_reads_is_an_error(study, told, changes, says):
    rows = [
        line.partition(",")[0] for line in study.with_name("own.csv").read_text().splitlines()[1:]
    ]
    study.with_name("unread.csv").write_text(
        "\n".join(["GEOID,B99999_001E", *(f"{geoid},1" for geoid in rows)]) + "\n"
    )
    assert says in told(*changes)


@pytest.mark.parametrize(
    "number", ["nan", "inf", "1e400", "-0.0", "9" * 30, "9" * 5000, "true", '"5"']
)
@pytest.mark.parametrize("field", ["limit_min = 30", "people_at_least = 5", "join_tolerance = 1.0",
                                   "at_least = 0.20", "benchmark_people_per_fte = 3500"])  # fmt: skip
def test_a_number_is_one_and_in_range(study, field, number):
    text = study.read_text()
    assert field in text
    mutant = study.with_name("mutant.toml")
    mutant.write_text(text.replace(field, f"{field.partition(' =')[0]} = {number}", 1))
    with pytest.raises(StudyError):
        read_plan(mutant)
