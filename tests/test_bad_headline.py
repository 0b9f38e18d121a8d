"""What would make a headline wrong ends in one line and code 2, or in one plain sentence on the page."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from equity import cli
from equity.example.state import write_example
from equity.study.run import Study


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write_example(tmp_path_factory.mktemp("example") / "state", scale=0.01)


@pytest.fixture
def state(example, tmp_path):
    """A copy of the example's files that a test may change."""
    folder = Path(shutil.copytree(example.root, tmp_path / "state"))
    # So few locations leave two tracts without any.
    edit(folder, ('level = "tract"', 'level = "tract"\njoin_tolerance = 0.05'))
    return folder


def edit(state: Path, *changes: tuple[str, str], more: str = "") -> None:
    path = state / "study.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text + more, encoding="utf-8")


def ids(state: Path) -> list[str]:
    head, *rows = json.loads(min(state.glob("acs/tract/*.json")).read_bytes())
    return [row[head.index("GEO_ID")].rpartition("US")[2] for row in rows]


def table(state: Path, name: str, value: Callable[[int], object]) -> None:
    """Write a table of the user's own beside the study, one number an area."""
    with (state / "own.csv").open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file)
        write.writerow(["GEOID", "v"])
        write.writerows([geoid, value(i)] for i, geoid in enumerate(ids(state)))
    edit(
        state,
        more='\n[[tables]]\nfile = "own.csv"\nagency = "own"\nproduct = "own"\nvintage = "2024"\n'
        f'geo_vintage = "2020"\n[tables.columns]\n{name} = {{ column = "v", unit = "number" }}\n',
    )


def centers(state: Path, named: Callable[[str], str | None], year: int = 2020) -> None:
    """Write centers of population, and a study that measures from them."""
    lines = ["STATEFP,COUNTYFP,TRACTCE,POPULATION,LATITUDE,LONGITUDE"]
    for geoid in ids(state):
        other = named(geoid)
        if other is not None:
            lines.append(f"{other[:2]},{other[2:5]},{other[5:]},900,+38.5,-080.5")
    (state / "CenPop.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    edit(state, more=f'\n[centers]\nfile = "CenPop.txt"\nyear = {year}\n')


CATCHMENT = 'method = "catchment"'
ONE_CARE = "[care]\nmethod"
TRAVEL = (CATCHMENT, 'method = "travel"')


def column(unit: str) -> tuple[str, str]:
    return (CATCHMENT, f'method = "column"\ncolumn = "own"\nunit = "{unit}"')


def no_site_of_a_kind_that_counts(state):
    edit(state, (CATCHMENT, 'method = "travel"\nkinds = ["pharmacy"]'))
    return "no site counts as pharmacies"


def minutes_below_zero(state):
    table(state, "own", lambda i: -1 if i == 3 else 20)
    edit(state, column("min"))
    return "own is negative"


def a_spread_below_zero(state):
    edit(state, (CATCHMENT, 'method = "travel"\nsd = -0.1'))
    return "care.0.sd: is -0.1"


def a_share_above_one(state):
    table(state, "own", lambda i: 1.3 if i == 3 else 0.3)
    edit(state, column("share"))
    return "own lies outside 0 to 1"


def a_share_of_a_criterion_above_one(state):
    edit(state, ("at_least = 0.20", "at_least = 20"))
    return "poverty_share asks for 20, and its values run from 0 to 1"


def two_kinds_of_care_with_one_id(state):
    edit(state, (ONE_CARE, '[[care]]\nid = "one"\n[[care]]\nid = "one"\nmethod'))
    return "care.1.id: 'one' is another's id"


def an_id_like_the_end_of_a_rule_s_columns(state):
    edit(state, (ONE_CARE, '[[care]]\n[[care]]\nid = "fcc_706_2024"\nmethod'))
    return "care.1.id: 'fcc_706_2024' is how columns of the rule fcc-706-2024 end"


def a_kind_of_site_that_does_not_exist(state):
    edit(state, (CATCHMENT, 'method = "travel"\nkinds = ["hospitall"]'))
    return "care.0.kinds: no kind of site 'hospitall', but 'hospital'"


def homes_that_nobody_counted(state):
    for path in state.glob("acs/tract/*.json"):
        head, *rows = json.loads(path.read_bytes())
        for at, name in enumerate(head):
            if name in {"B28003_004E", "B28003_005E"}:
                for row in rows:
                    row[at] = None
        path.write_text(json.dumps([head, *rows]), encoding="utf-8")
    return "missing everywhere is connected_share"


def minutes_that_nobody_measured(state):
    table(state, "own", lambda _i: "")
    edit(state, column("min"))
    return "missing everywhere is beyond_reach_share: [[care]] care tells nothing of any area"


def centers_of_an_older_census(state):
    edit(state, TRAVEL)
    centers(state, lambda geoid: geoid, year=2010)
    return "[centers] has areas of 2010"


def centers_that_belong_to_other_areas(state):
    edit(state, TRAVEL)
    centers(state, lambda geoid: geoid[:-2] + "77" if geoid[-1] in "02468" else geoid)
    return "[centers]"


def centers_of_another_state(state):
    edit(state, TRAVEL)
    centers(state, lambda geoid: "51" + geoid[2:])
    return "no tract of Example State"


BAD = [
    no_site_of_a_kind_that_counts, minutes_below_zero, a_spread_below_zero, a_share_above_one,
    a_share_of_a_criterion_above_one, two_kinds_of_care_with_one_id,
    an_id_like_the_end_of_a_rule_s_columns, a_kind_of_site_that_does_not_exist,
    homes_that_nobody_counted, minutes_that_nobody_measured, centers_of_an_older_census,
    centers_that_belong_to_other_areas, centers_of_another_state,
]  # fmt: skip


@pytest.mark.parametrize("damage", BAD, ids=lambda damage: damage.__name__)
def test_it_is_one_line_with_a_way_out_and_nothing_is_written(damage, state, capsys, monkeypatch):
    says = damage(state)
    monkeypatch.chdir(state.parent)
    monkeypatch.setattr(sys, "argv", ["equity", "run", "state/study.toml", "--offline"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    message = capsys.readouterr().err
    assert stop.value.code == 2
    assert message.startswith("equity: ")
    assert len(message.strip().splitlines()) == 1
    assert says in message
    assert not (state.parent / "maps").exists()


@pytest.mark.parametrize(
    ("damage", "line"),
    [(two_kinds_of_care_with_one_id, 'id = "one"'), (a_kind_of_site_that_does_not_exist, "kinds")],
)
def test_what_is_wrong_in_the_study_file_is_told_with_its_line(damage, line, state, capsys):
    says = damage(state)
    with pytest.raises(Exception, match="line") as caught:
        Study.load(state / "study.toml")
    text = (state / "study.toml").read_text().splitlines()
    number = int(str(caught.value).partition("line ")[2].partition(":")[0])
    assert text[number - 1].startswith(line)
    assert says in str(caught.value)


def test_centers_of_an_older_census_are_told_which_are_right(state):
    centers_of_an_older_census(state)
    with pytest.raises(Exception, match="2010") as caught:
        Study.load(state / "study.toml").run()
    assert 'file = "live:centers" and year = 2020' in caught.value.fix


def test_people_at_the_door_are_within_reach(state):
    table(state, "own", lambda i: 0 if i % 2 else 300)
    edit(state, column("min"))
    shares = Study.load(state / "study.toml").run().table["beyond_reach_share"]
    at_door = shares.loc[ids(state)[1::2]].dropna()
    assert at_door.eq(0).all()
    assert shares.loc[ids(state)[::2]].dropna().gt(0.99).all()


def test_a_ratio_is_held_against_the_number_that_one_clinician_serves(state):
    table(state, "own", lambda i: 1.0 if i % 2 else 4.0)
    edit(state, column("per_10k"), ("people_per_fte = 3500", "people_per_fte = 5000"))
    shares = Study.load(state / "study.toml").run().table["beyond_reach_share"]
    assert shares.loc[ids(state)[1::2]].dropna().to_numpy() == pytest.approx(0.5)
    assert shares.loc[ids(state)[::2]].dropna().eq(0).all()


def test_a_telephone_call_counts_for_homes_that_have_one(state):
    table(state, "no_telephone_share", lambda i: (i % 7) / 10)
    edit(state, ('column = "v", unit = "number"', 'column = "v", unit = "share"'))
    result = Study.load(state / "study.toml").run()
    found = result.choices.settings.loc["telephone"]
    own = result.table["no_telephone_share"] * result.table["beyond_reach_n"]
    assert found["gap_n"] == pytest.approx(own.sum())
    assert 0 < found["gap_n"] < result.table["beyond_reach_n"].sum() / 2


def test_without_any_margin_the_page_says_that_no_margin_can_be_given(state):
    for path in state.glob("acs/tract/*.json"):
        head, *rows = json.loads(path.read_bytes())
        kept = [at for at, name in enumerate(head) if not name.endswith("M")]
        path.write_text(json.dumps([[row[at] for at in kept] for row in [head, *rows]]))
    finding = Study.load(state / "study.toml").run().report().finding
    assert any("came without margins" in sentence for sentence in finding)
    assert not any("±" in s and "no ±" not in s for s in finding)


def test_criteria_that_no_area_meets_are_a_sentence(state):
    cuts = [(f"at_least = {cut}", "at_least = 0.99") for cut in ("0.20", "0.12", "0.10", "0.18")]
    edit(state, ("at_least = 2\n", "at_least = 4\n"), *cuts)
    report = Study.load(state / "study.toml").run().report()
    assert "No community with a value meets" in report.finding[1]
    assert "No under-resourced community falls short" in " ".join(report.finding)
    assert report.focus == ()


def test_a_choice_that_cannot_be_computed_is_a_row_with_its_reason(state):
    edit(
        state,
        ('kind = "locations"\nfiles = ["bdc", "served_unserved"]\n', 'kind = "unknown"\n'),
        ('as_of = "2024-12-31"\n', ""),
        more="\n[sensitivity]\nlimit_min = [20, 45]\nsd = [0.5]\nover_reported = [0.2]\n",
    )
    rows = Study.load(state / "study.toml").run().report().settings
    missing = rows[rows["gap_n"].isna()]
    assert missing.loc["telephone", "note"] == "no input tells: Homes without a telephone"
    assert missing.loc[["limit-20", "limit-45"], "note"].eq("care is not counted by minutes").all()
    assert missing.loc["spread-0.5", "note"] == "care is not counted by minutes"
    assert missing.loc["over-report-0.2", "note"] == "lines are not known"
    assert missing["note"].str.len().gt(0).all()
    told = rows["gap_n"].notna()
    assert rows.loc[told & (rows["note"] != ""), "gap_n"].eq(rows.loc["study", "gap_n"]).all()
    assert rows.index[told & (rows["note"] != "")].tolist() == ["rule-video-visit"]
