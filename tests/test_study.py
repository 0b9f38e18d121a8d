"""The example study from files to outputs, and what happens when something is wrong with it."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from equity.areas.words import about
from equity.errors import (
    EquityError,
    InputError,
    MissingColumnError,
    MissingFileError,
    StorageError,
    StudyError,
)
from equity.example.state import write_example
from equity.measures.disparity import disparity
from equity.measures.gap import SPLIT
from equity.measures.index import index_stability, need_index
from equity.measures.reach.calibration import travel_facts
from equity.measures.reach.travel import nearest_sites
from equity.measures.sensitivity import OTHER_CARE
from equity.outputs._panels import panels
from equity.outputs.appendix import NO_RACE, blocks
from equity.outputs.page import write_page
from equity.sources.care.kinds import kind_of
from equity.sources.fcc._bdc_files import BdcFile
from equity.study.file import CriterionPart, read_plan
from equity.study.inputs import gather
from equity.study.minutes import minutes_known
from equity.study.run import Study
from equity.study.sentences import clusters_sentence, places_sentence, state_sentence
from equity.study.totals import fifths as fifths_of
from equity.study.totals import settings as settings_of


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write_example(tmp_path_factory.mktemp("example") / "state", scale=0.2)


@pytest.fixture(scope="module")
def reads():
    """How often each location file was read while the result was made."""
    return Counter()


@pytest.fixture(scope="module")
def result(example, reads):
    def counted(file, columns):
        reads[file.name] += 1
        return batches(file, columns)

    batches = BdcFile.batches
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BdcFile, "batches", counted)
        return Study.load(example.study).run()


@pytest.fixture
def edited(example, tmp_path):
    """A function that writes the example's study with some text replaced, beside its files."""

    def edit(*changes: tuple[str, str]) -> Path:
        text = example.study.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        path = example.root / f"edited-{tmp_path.name}.toml"
        path.write_text(text, encoding="utf-8")
        return path

    yield edit
    for path in example.root.glob("edited-*.toml"):
        path.unlink()


def test_the_whole_state_is_there(result):
    table = result.table
    assert len(table) >= 150
    assert (table["gap_status"] == "ok").sum() >= 150
    assert result.synthetic
    assert {"no_population", "no_locations"} <= set(table["gap_status"])


def test_no_location_file_is_read_twice_in_a_run(result, example, reads):
    files = [*Path(example.bdc).glob("*.zip"), Path(example.served_unserved)]
    assert reads == Counter(file.name for file in files)
    assert result.practices.loc["fit", "sites_n"] > 0


def test_parts_add_up_under_every_rule(result):
    for suffix in ("", "__video_visit", "__fcc_706_2024"):
        columns = [f"{name}{suffix}" for name in ("gap_n", *SPLIT)]
        known = result.table[columns].dropna()
        assert known[columns[0]].sum() > 0
        np.testing.assert_allclose(known[columns[1:]].sum(axis=1), known[columns[0]], rtol=1e-9)


def test_a_stricter_rule_never_makes_the_gap_smaller(result):
    table = result.table.dropna(subset=["gap_n"])
    assert (table["gap_n__video_visit"] <= table["gap_n"] + 1e-9).all()
    assert (table["gap_n"] <= table["gap_n__fcc_706_2024"] + 1e-9).all()


def test_repr_says_what_was_found(result):
    text = repr(result)
    assert "synthetic" in text
    assert f"{result.table['gap_n'].sum():,.0f}" in text
    assert "line only" in text


def test_the_first_communities_are_under_resourced_and_fall_short(result):
    report = result.report()
    table = result.table.loc[list(report.focus)]
    assert len(table) > 0
    assert table["is_under_resourced"].all()
    assert table["falls_short"].all()
    assert table["gap_n"].is_monotonic_decreasing
    assert (
        not result.table.loc[list(report.others)].query("is_under_resourced and falls_short").size
    )


def test_the_headline_s_numbers_are_the_table_s(result):
    report = result.report()
    counts, comparison = report.counts, report.comparison
    known = result.table[result.table["gap_status"] == "ok"]
    assert counts.loc["gap_n", "people_n"] == pytest.approx(known["gap_n"].sum(), rel=1e-12)
    assert counts["people_n"].iloc[:3].is_monotonic_decreasing
    margin = (known["gap_n_moe"] ** 2).sum() ** 0.5
    assert counts.loc["gap_n", "people_n_moe"] == pytest.approx(margin, rel=0.02)
    assert f"± {about(counts.loc['gap_n', 'people_n_moe'])} people (90 %)" in " ".join(
        report.finding
    )
    low = about(counts.loc["gap_n", "people_n"], counts.loc["gap_n", "people_n_moe"])
    assert f"{low} to " in report.finding[0]
    assert comparison.loc["all", "gap_n"] == pytest.approx(
        comparison.iloc[:2]["gap_n"].sum(), rel=1e-12
    )
    for name in ("gap_share", "no_link_share"):
        for group in ("under-resourced communities", "everywhere else"):
            rate = comparison.loc[group, name]
            assert f"{rate:.1%}".replace("%", " %") in report.finding[1]


def test_for_whom_has_the_numbers_of_the_comparison_and_stands_on_page_and_paper(result, tmp_path):
    report = result.report()
    pairs = {"no_link_share": "no_link_share", "gap_share": "gap_share"}
    for rate, name in pairs.items():
        shown, compared = report.disparities[rate].iloc[0], report.comparison
        for ours, theirs in (
            ("rate_share", "under-resourced communities"), ("reference_share", "everywhere else"),
            ("difference_share", "difference"),
        ):  # fmt: skip
            assert shown[ours] == pytest.approx(compared.loc[theirs, name], rel=1e-9)
            assert shown[f"{ours}_moe"] == pytest.approx(compared.loc[theirs, f"{name}_moe"])
    people = result.table[result.table["gap_status"] == "ok"]
    adopted = people[people["connected_share"].notna()]
    homes = adopted["connected_share"] * adopted["population_n"]
    first = adopted["is_under_resourced"].astype(bool)
    shown = report.disparities["connected_share"].loc["Under-resourced communities"]
    for name, there in (("rate_share", first), ("reference_share", ~first)):
        mean = homes[there].sum() / adopted["population_n"][there].sum()
        assert shown[name] == pytest.approx(mean)
    fifths = report.fifths.rates
    mean = (fifths["connected_share"] * fifths["people_n"]).sum() / fifths["people_n"].sum()
    assert mean == pytest.approx(homes.sum() / adopted["population_n"].sum(), rel=1e-3)
    old = people["population_n"] * people["age_65_share"]
    row = report.disparities["beyond_reach_share"].loc["Residents aged 65 or older"]
    assert row["rate_share"] == pytest.approx(
        (old * people["beyond_reach_share"]).sum() / old.sum()
    )
    low, high = (row["ratio"] * np.exp(way * row["ratio_log_moe"]) for way in (-1, 1))
    assert 1 < low < row["rate_share"] / row["reference_share"] < high
    held = report.held.loc["Residents aged 65 or older"]
    assert held["held_share"] == pytest.approx(old[list(report.focus)].sum() / old.sum())
    page = (write_page(report, tmp_path)[0]).read_text(encoding="utf-8")
    told = [block.text for block in blocks(report) if block.text]
    assert "For whom" in told
    assert sum("differences between places, not between persons" in text for text in told) == 1
    assert page.count("differences between places, not between persons") == 1
    assert page.index('id="communities"') < page.index('id="whom"')
    captions = [block.table.caption for block in blocks(report) if block.table is not None]
    for caption in (
        "Share of residents in the gap, by who lives there",
        "Homes with a device and broadband, by who lives there",
        "Who lives in the places listed",
    ):
        assert caption in captions
        assert caption in page
    assert f"{row['ratio']:.2f} ({low:.2f} to {high:.2f})" in page


@pytest.fixture
def more_tables(result, example):
    """Income classes and adoption by person for every area of the example, the same everywhere."""
    cells = {f"B19001_{i:03d}": 10 for i in range(2, 18)} | {"B19001_001": 160}
    cells |= {"B28005_014": 80, "B28005_017": 60, "B28009I_001": 40, "B28009I_004": 10}
    table = pd.DataFrame(index=result.table.index.rename("GEOID"))
    for code, count in cells.items():
        table[f"{code}E"], table[f"{code}M"] = count, 8
    path = example.root / "edited-more.csv"
    table.to_csv(path)
    yield f'[[acs]]\nfiles = ["{path.name}"]\nyear = 2023\n\n[care]'
    path.unlink()


def test_race_and_ethnicity_stand_in_the_appendix_only_if_asked(result, tmp_path):
    named = {"Residents aged 65 or older": "Hispanic residents",
             "Residents with a disability": "Black residents, not Hispanic"}  # fmt: skip
    report = result.report()
    known = {name: frame.rename(index=named) for name, frame in report.disparities.items()}
    report = replace(report, disparities=known, held=report.held.rename(index=named))
    page = write_page(report, tmp_path)[0].read_text(encoding="utf-8")
    asking = result.plan.study.model_copy(update={"race_in_appendix": True})
    asked = replace(result, plan=result.plan.model_copy(update={"study": asking})).report()
    assert (report.race_in_appendix, asked.race_in_appendix) == (False, True)
    for paper, times in ((report, 0), (replace(report, race_in_appendix=True), 5)):
        shown = list(blocks(paper))
        rows = [str(row[0].text) for one in shown if one.table for row in one.table.rows]
        for label in named.values():  # four rates, and who lives in the places
            assert rows.count(label) == times
            assert page.count(f">{label}<") == 5
        assert rows.count("Residents without health insurance") >= 4
        assert sum(NO_RACE.strip() in (one.text or "") for one in shown) == (times == 0)


INDEX = '[index]\nrecipe = "three-pillars"\n\n[care]'


def test_an_index_of_need_is_a_second_view_and_never_in_the_gap(result, edited, tmp_path):
    asked = Study.load(edited(("[care]", INDEX))).run()
    table, report = asked.table, asked.report()
    pd.testing.assert_frame_equal(
        pd.DataFrame(table[result.table.columns]), pd.DataFrame(result.table)
    )
    expected = need_index(result.table, "three-pillars")
    np.testing.assert_array_equal(table["need_index"], expected["need_index"])
    parts = table.filter(like="need_part__").dropna()
    np.testing.assert_allclose(parts.sum(axis=1), table["need_index"].dropna(), rtol=1e-12)
    plain = result.report()
    assert report.finding == plain.finding
    assert report.layers[0].name == "gap_n"
    assert report.layers[-1].name == "need_index_rank"
    need = report.need
    listed = table.loc[list(report.focus)]
    added = need.indicators["listed_index"]
    assert added.iloc[:-1].sum() == pytest.approx(added["need_index"])
    assert added["need_part__poverty"] == pytest.approx(listed["need_part__poverty"].mean())
    stable = index_stability(result.table, "three-pillars")
    pd.testing.assert_frame_equal(need.settings, stable.settings)
    pd.testing.assert_frame_equal(need.choices, stable.choices)
    worst = table["need_index_rank"] >= 0.9
    both = int(worst[list(report.focus)].sum())
    assert f"Of the {len(report.focus)} places listed, {both} " in need.said
    page = write_page(report, tmp_path)[0].read_text(encoding="utf-8")
    paper = list(blocks(report))
    for text in ("A second view, never the headline", "OECD &amp; JRC (2008)"):
        assert page.count(text) == 1
    assert sum("A second view, never the headline" in (block.text or "") for block in paper) == 1
    captions = [block.table.caption for block in paper if block.table is not None]
    for caption in (
        "What the index of need is made of", "The index under other weights",
        "The places listed, by the index of need",
        "Which choice decides, all made at random (Sobol’s indices)",
    ):  # fmt: skip
        assert captions.count(caption) == page.count(f">{caption}</caption>") == 1
    assert page.index('id="communities"') < page.index('id="whom"') < page.index('id="need"')
    assert "need" not in {panel.anchor for panel in panels(plain)}


@pytest.mark.parametrize(
    ("recipe", "error", "said"),
    [
        ("svi-2019", StudyError, "index.recipe: no index recipe 'svi-2019', but 'svi-20"),
        ("nowhere.toml", StudyError, "index.recipe: no such rule file"),
    ],
)
def test_an_index_that_cannot_be_made_says_why(edited, recipe, error, said):
    with pytest.raises(error, match=said):
        Study.load(edited(("[care]", INDEX.replace("three-pillars", recipe))))


def test_an_index_may_read_codes_that_nothing_else_does(result, example, edited):
    """A survey of which no measure reads a column is refused, but not where the index does."""
    table = pd.DataFrame(index=result.table.index.rename("GEOID"))
    table["B23025_005E"], table["B23025_003E"] = np.arange(len(table)) % 7, 90
    table.to_csv(example.root / "edited-jobs.csv")
    own = example.root / "edited-own.toml"
    own.write_text(
        'id = "jobs"\ntitle = "Jobs"\ndate = "2026-01-01"\ncitation = "Ours"\n'
        'confidence = "primary"\n[[themes]]\nid = "work"\nlabel = "Work"\n[[themes.indicators]]\n'
        'id = "jobless"\nlabel = "Out of work"\npart = ["B23025_005"]\nwhole = "B23025_003"\n',
        encoding="utf-8",
    )
    survey = '[[acs]]\nfiles = ["edited-jobs.csv"]\nyear = 2023\n\n'
    with_index = INDEX.replace("three-pillars", own.name)
    alone, both = (Study.load(edited(("[care]", survey + more))) for more in ("[care]", with_index))
    with pytest.raises(InputError, match=r"no measure reads a column of it \(B23025_005E"):
        gather(alone.plan, alone.folder)
    made = need_index(gather(both.plan, both.folder).areas, own)
    assert made["need_value__jobless"].dropna().round(4).nunique() == 7
    (example.root / "edited-jobs.csv").unlink()


def test_fifths_of_residents_stand_in_the_order_of_the_first_criterion(result):
    report = result.report()
    known = result.table[result.table["gap_status"] == "ok"]
    assert report.fifths.order == "Residents below the poverty line"
    fifths, slopes = report.fifths.rates, report.fifths.slopes
    assert fifths["people_n"].sum() == pytest.approx(known["population_n"].sum())
    assert len(fifths) == 5
    poorest = known.sort_values("poverty_share", ascending=False)
    last = poorest[poorest["population_n"].cumsum() <= fifths["people_n"].iloc[-1] + 0.5]
    assert last["population_n"].sum() == pytest.approx(fifths["people_n"].iloc[-1])
    for rate, count in (("no_link_share", "no_link_n"), ("gap_share", "gap_n")):
        by_hand = last[count].sum() / last["population_n"].sum()
        assert fifths[rate].iloc[-1] == pytest.approx(by_hand)
        shares, rates = fifths["people_n"] / fifths["people_n"].sum(), fifths[rate]
        middle = shares.cumsum() - shares / 2
        line = np.polyfit(middle, rates, 1, w=np.sqrt(shares))
        assert slopes.loc["slope", rate] == pytest.approx(line[0])
        mean = (shares * rates).sum()
        concentration = 2 * (shares * rates * middle).sum() / mean - 1
        assert slopes.loc["concentration", rate] == pytest.approx(concentration)
        assert slopes.loc["erreygers", rate] == pytest.approx(4 * mean * concentration)
        found = disparity(known, rate, groups="poverty_share", quantiles=5).measures
        error = found.loc[slopes.index, "se"]
        np.testing.assert_allclose(slopes[f"{rate}_moe"], 1.645 * error, rtol=1e-3)


def test_criteria_that_make_no_five_groups_give_no_fifths(result):
    ranked = result.table[result.table["gap_status"] == "ok"]
    columns = [one.column for one in result.plan.under_resourced.criteria]
    flat = ranked.assign(**dict.fromkeys(columns, 0.3))
    assert fifths_of(result.plan, flat) is None
    second = ranked.assign(**{columns[0]: True})
    assert fifths_of(result.plan, second).order == "Residents without health insurance"
    # A column that only the study knows is called what the study calls it.
    own = CriterionPart(column="near_share", label="at least 25 %", short="near poverty")
    first = result.plan.under_resourced.model_copy(update={"criteria": [own]})
    asked = replace(result, plan=result.plan.model_copy(update={"under_resourced": first}))
    near = ranked.assign(near_share=ranked["poverty_share"])
    assert fifths_of(asked.plan, near).order == "near poverty"
    assert fifths_of(asked.plan, ranked) is None, "the column is not there"


def test_populations_that_some_areas_do_not_tell_are_told(result):
    lost = result.table.index[result.table["gap_status"] == "ok"][:3]
    table = result.table.copy()
    table.loc[lost, "limited_english_share"] = np.nan
    people = table.loc[lost, "population_n"].sum()
    said = (
        "For whom: not known everywhere, and left out there: Households with limited English "
        f"(3 areas with {people:,.0f} residents)."
    )
    assert said in replace(result, table=table).report().limits
    assert not [text for text in result.report().limits if text.startswith("For whom")]


PRICE = '[price]\nusd_month = 75\nsource = "A survey, 2026"\n\n'


def test_a_price_and_adoption_by_person_are_columns_and_layers_and_never_in_the_gap(
    result, edited, more_tables, tmp_path
):
    priced = Study.load(edited(("[care]", PRICE + more_tables))).run()
    table, report = priced.table, priced.report()
    assert set(table["line_over_income_share"]) == {0.5}
    assert (table["line_over_income_share_moe"] > 0).all()
    assert set(table["age_65_connected_share"]) == {0.75}
    assert set(table["hispanic_connected_share"]) == {0.25}
    layers = {layer.name for layer in report.layers}
    assert {
        "line_over_income_share",
        "age_65_connected_share",
        "hispanic_connected_share",
    } <= layers
    own = [name for name in result.table.columns if name in table.columns]
    assert own == list(result.table.columns), "nothing is lost"
    pd.testing.assert_frame_equal(pd.DataFrame(table[own]), pd.DataFrame(result.table))
    asked = report.by_person
    assert asked["rate_share"].to_dict() == {
        "age_65_connected_share": 0.75, "hispanic_connected_share": 0.25,
    }  # fmt: skip
    there = table[table["gap_status"] == "ok"]
    assert asked["asked_n"].tolist() == [80.0 * len(there), 40.0 * len(there)]
    assert result.report().by_person is None, "no table tells it"
    caption = "Adoption by person: what these homes and people told the survey"
    page = write_page(report, tmp_path)[0].read_text(encoding="utf-8")
    assert page.count(f">{caption}") == 1
    for race, rows in ((False, 1), (True, 2)):
        shown = blocks(replace(report, race_in_appendix=race))
        (one,) = (b.table for b in shown if b.table and b.table.caption.startswith(caption))
        assert len(one.rows) == rows
        assert [cell.text for cell in one.rows[0][3:]] == ["–", "–"], "nobody counts everybody"
    read = next(text for head, text in report.method if head == "What was read and joined")
    assert "$75.00 a month (A survey, 2026) is more than 2.0 % of an income below $45,000" in read


def test_a_price_without_incomes_names_the_table(edited):
    with pytest.raises(MissingColumnError, match="B19001_001E, homes by income"):
        Study.load(edited(("[care]", PRICE + "[care]"))).run()


def test_the_finding_has_the_same_order_whatever_the_numbers_are(result, edited):
    cuts = ("0.20", "0.12", "0.10", "0.18")
    others = [
        Study.load(edited(("at_least = 0.20", "at_least = 0.01"))).run(),
        Study.load(edited(*((f"at_least = {cut}", "at_least = 0.99") for cut in cuts))).run(),
    ]
    for one in (result, *others):
        finding = one.report().finding
        assert finding[0].startswith("Example State (synthetic): ")
        assert "no usable link at home" in finding[0]
        assert "nder-resourced" in finding[1]
        assert "survey" in finding[2]
        assert "other settings for the same care" in finding[2]
        assert "fall" in finding[3]
        assert "a line alone would bring in" in finding[4]
        told = finding[4].partition(" Under other rules these three are ")[2]
        assert told.count("(") == finding[4].count("(") > 0
        for rule in one.rules:
            assert (rule.title in told) == (rule.id != one.plan.study.headline)
    assert "No community with a value meets" in others[1].report().finding[1]


def test_no_sentence_gives_a_rate_over_places_that_were_chosen_by_it(result):
    focus = result.focus
    rate = focus["gap_n"].sum() / focus["population_n"].sum()
    assert f"{rate:.1%}".replace("%", " %") not in " ".join(result.report().finding)


def test_both_forms_of_reach_run_on_the_same_files(result, edited):
    by_access = result.table["beyond_reach_share"].dropna()
    assert by_access.between(0, 1).all()
    assert by_access.between(0.01, 0.99).any(), "a catchment gives degrees, not only yes and no"
    assert "access_per_10k" in result.table
    by_travel = ('method = "catchment"', 'method = "travel"')
    travel = Study.load(edited(by_travel)).run().table
    beyond = travel["nearest_site_min"] > 30
    assert (travel.loc[beyond, "beyond_reach_share"] > 0.5).all()
    assert travel["beyond_reach_share"].between(0.05, 0.45).any(), "there is no cliff"
    step = Study.load(edited((by_travel[0], by_travel[1] + "\nsd = 0"))).run().table
    assert set(step["beyond_reach_share"].dropna()) == {0.0, 1.0}
    assert (step.loc[beyond, "beyond_reach_share"] == 1).all()


@pytest.mark.parametrize("method", ["travel", "catchment"])
def test_the_other_road_speeds_are_in_the_panel_as_a_run_with_them_would_be(edited, method):
    form = ('method = "catchment"', f'method = "{method}"')
    panels, totals = {}, {}
    for roads in ("proportional", "curve", ""):
        asked = f'\nroads = "{roads}"' if roads else ""
        run = Study.load(edited((form[0], form[1] + asked))).run()
        panel = run.choices.settings
        panels[roads] = panel[panel["group"] == "travel estimate"]
        totals[roads] = run.table["gap_n"].sum()
    assert totals[""] == totals["curve"] != totals["proportional"]
    assert panels["curve"].index.tolist() == panels[""].index.tolist() == ["roads-proportional"]
    assert panels["proportional"].index.tolist() == ["roads-curve"]
    assert panels[""]["gap_n"].item() == pytest.approx(totals["proportional"], rel=1e-12)
    assert panels["proportional"]["gap_n"].item() == pytest.approx(totals["curve"], rel=1e-12)


@pytest.mark.parametrize(
    ("roads", "agree", "disagree"),
    [
        ("curve", {"OEPS 2020-21", "county drive times 2023"}, {"OEPS 2025"}),
        ("proportional", {"OEPS 2025"}, {"OEPS 2020-21", "county drive times 2023"}),
    ],
)
def test_the_limits_tell_which_published_minutes_the_study_s_agree_with(
    edited, roads, agree, disagree
):
    form = 'method = "catchment"'
    report = Study.load(edited((form, f'{form}\nroads = "{roads}"'))).run().report()
    told = next(text for text in report.limits if text.startswith("Travel minutes are estimates"))
    first, second = re.findall(r"(The estimate .*?\.) (It disagrees .*?\.)$", told)[0]
    facts = travel_facts().query("roads == @roads and rurality == 'all'")
    assert set(facts["published"]) == agree | disagree
    for text, names in ((first, agree), (second, disagree)):
        assert {name for name in agree | disagree if name in text} == names
        for _, rows in facts[facts["published"].isin(names)].groupby("published"):
            for bias in (rows["bias"].min(), rows["bias"].max()):
                percent = f"{abs(bias - 1):.0%}".replace("%", " %")
                way = "shorter" if bias < 1 else "longer"
                assert (f"{percent} {way}" if bias != 1 else "equally long") in text


def test_outputs_are_whole_and_the_same_twice(result, tmp_path):
    first = result.write(tmp_path / "a")
    second = result.write(tmp_path / "b")
    names = sorted(path.name for path in first.iterdir())
    assert "index.html" in names
    assert names == sorted(path.name for path in second.iterdir())
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"], "no scratch left behind"


def test_a_run_replaces_its_own_files_and_no_other(result, tmp_path):
    folder = result.write(tmp_path / "run")
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "notes.txt").write_text("from the reader")
    (folder / "communities.csv").unlink()
    result.write(folder)
    assert (folder / "notes.txt").read_text() == "from the reader"
    (folder / "notes.txt").unlink()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == written
    foreign = tmp_path / "mine"
    foreign.mkdir()
    (foreign / "thesis.docx").write_text("do not delete")
    with pytest.raises(StorageError, match="no run wrote"):
        result.write(foreign)
    assert (foreign / "thesis.docx").exists()


def test_a_failed_write_leaves_what_was_there(result, tmp_path, monkeypatch):
    folder = result.write(tmp_path / "run")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def no_space(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("equity.study.write.write_appendix", no_space)
    with pytest.raises(StorageError, match="No space left"):
        result.write(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize(
    ("old", "new", "line_has", "says"),
    [
        ('level = "tract"', 'level = "parish"', "level", "use 'tract', 'block_group' or 'county'"),
        ("[care]\nmethod", "[care]\nmetod", "metod", "is no field of a study file"),
        ('state = "90"', 'state = "Atlantis"', "state", "is no state"),
        ('headline = "fcc-25-3"', 'headline = "fcc-25-4"', "headline", "not among study.rules"),
        ('"video-visit", ', '"video-visit", "video-visit", ', "rules", "is listed twice"),
        ('"video-visit", ', '"video-visits", ', "rules", "no coverage rule 'video-visits'"),
        (
            'kind = "locations"',
            'kind = "places"',
            "kind",
            "use 'locations', 'summary' or 'unknown'",
        ),
        ("limit_min = 30", "limit_min = -3", "limit_min", "greater than 0"),
        ("limit_min = 30", "limit_min = 30\nsupply_n = 40", "supply_n", "nothing reads it"),
        ("limit_min = 30", "limit_min = 30\nsd = 0.3", "sd", "no minutes with a spread"),
        ("limit_min = 30", 'limit_min = 30\nunit = "min"', "unit", "takes no column"),
        (
            'column = "uninsured_share"',
            'column = "poverty_share"',
            "",
            "poverty_share stands in two criteria",
        ),
        ("at_least = 2\n", "at_least = 9\n", "at_least", "9 of 4 criteria"),
        ("year = 2023\n\n[counties]", 'year = "last"\n\n[counties]', "year", "valid integer"),
    ],
)
def test_a_typo_is_told_with_its_line_and_what_is_allowed(edited, old, new, line_has, says):
    path = edited((old, new))
    with pytest.raises(StudyError) as caught:
        Study.load(path)
    message = str(caught.value)
    assert says in message
    assert path.name in message
    number = int(re.search(r"line (\d+)", message).group(1))
    assert line_has in path.read_text(encoding="utf-8").splitlines()[number - 1]


def test_broken_toml_and_a_missing_study(tmp_path):
    broken = tmp_path / "study.toml"
    broken.write_text("[study\nid = 3")
    with pytest.raises(StudyError, match="not valid TOML"):
        Study.load(broken)
    with pytest.raises(MissingFileError, match="equity init"):
        Study.load(tmp_path / "nowhere.toml")


def test_a_missing_input_file_is_named_with_its_neighbor(edited):
    path = edited(("boundaries/tl_2023_90_tract.zip", "boundaries/tl_2023_90_tracts.zip"))
    with pytest.raises(MissingFileError, match=r"did you mean tl_2023_90_tract\.zip"):
        Study.load(path).run()


def test_a_criterion_without_a_column_is_refused(edited):
    path = edited(('column = "poverty_share"', 'column = "misery_share"'))
    with pytest.raises(MissingColumnError, match="misery_share"):
        Study.load(path).run()


def test_another_state_is_refused(edited):
    path = edited(('state = "90"', 'state = "VA"'))
    with pytest.raises(EquityError) as caught:
        Study.load(path).run()
    assert "Virginia" in str(caught.value) or "51" in str(caught.value)


def test_another_vintage_is_refused(edited):
    path = edited(('tract.zip"\nyear = 2023', 'tract.zip"\nyear = 2019'))
    with pytest.raises(EquityError) as caught:
        Study.load(path).run()
    assert "belongs to the edition of 2023, not of 2019" in str(caught.value)


def test_an_input_cut_short_is_told(example, edited, tmp_path):
    whole = (example.root / "acs/tract/acs5_2023_tract_90_1.json").read_bytes()
    (tmp_path / "cut.json").write_bytes(whole[: len(whole) // 2])
    path = edited(("acs/tract/acs5_2023_tract_90_1.json", (tmp_path / "cut.json").as_posix()))
    with pytest.raises(EquityError, match=r"cut\.json: not valid JSON"):
        Study.load(path).run()


def test_catchment_without_fte_is_refused(edited):
    path = edited(('fte = "fte"\n', ""))
    with pytest.raises(InputError, match="FTE"):
        Study.load(path).run()


@pytest.mark.parametrize(
    ("clusters", "status", "said"),
    [
        (["hot_spot", "cold_spot"], "ok", "1 place with a high share in the gap lies among others"),
        (["no_cluster", "no_cluster"], "ok", "No places with high shares in the gap lie together"),
        ([None, None], "no_neighbors", ""),
    ],
)
def test_the_sentence_on_clusters(clusters, status, said):
    table = pd.DataFrame({"cluster": clusters, "cluster_status": status, "gap_n": [30.0, 10.0]})
    text = clusters_sentence(table)
    assert text.startswith(said)
    assert bool(text) == bool(said)
    assert ("75.0 % of the people" in text.replace("\u00a0", " ")) == ("hot_spot" in clusters)


@pytest.mark.parametrize(
    ("chance", "said"), [(0.9, "is very likely"), (0.6, "is likely"), (0.2, "is not likely")]
)
def test_of_a_single_place_no_number_of_places_is_expected(chance, said):
    focus = pd.DataFrame(
        {
            "gap_n": [100.0], "gap_n_moe": [20.0], "focus_probability": [chance],
            "under_resourced_probability": [np.nan],
        }
    )  # fmt: skip
    text = places_sentence(focus, 200.0)
    assert text.startswith("1 under-resourced community falls short")
    assert f"it {said} to belong on that list (as far as the error of travel" in text
    assert "expected" not in text
    survey = places_sentence(focus.assign(under_resourced_probability=0.5), 200.0)
    assert survey.endswith(f"it {said} to belong on that list.")


def test_without_margins_the_draws_say_how_many_digits_hold(result):
    counts = {
        "population_n": {"people_n": 71_081.0},
        "beyond_reach_n": {"people_n": 5_135.0},
        "gap_n": {
            "people_n": 715.0, "people_n_moe": np.nan, "share": 0.01, "ceiling_n": 964.0,
            "p05_n": 0.0, "p95_n": 2_300.0,
        },
    }  # fmt: skip
    assert "A: 720 to 960 people" in state_sentence("A", result.plan, counts)
    counts["gap_n"] |= {"p05_n": np.nan, "p95_n": np.nan}
    assert "A: 715 to 964 people" in state_sentence("A", result.plan, counts)
    counts["gap_n"] |= {"people_n_moe": 20.0, "p05_n": 0.0, "p95_n": 2_300.0}
    assert "A: 720 to 960 people" in state_sentence("A", result.plan, counts)


def test_a_rule_on_the_headline_s_own_columns_has_its_numbers(result):
    (other, *_), own = (r for r in result.rules if r.suffix), result.choices.settings
    key, numbers = f"rule-{other.id}", ["gap_n", "gap_share", "named_n", "overlap_share"]
    lost = own.copy()
    lost.loc[key, [*numbers, "named_people_n"]] = np.nan
    here = replace(result, choices=replace(result.choices, settings=lost))
    assert settings_of(here).loc[key, numbers].isna().all(), "another gap, only not told"
    table = result.table.assign(**{f"gap_n{other.suffix}": result.table["gap_n"]})
    found = settings_of(replace(here, table=table))
    assert found.loc[key, numbers].tolist() == own.loc["study", numbers].tolist()


@pytest.mark.parametrize(
    ("ids", "area", "said", "region"),
    [
        (["51051040100", "51105950100"], True, "all of Virginia, these are equally long", True),
        (["51051040100", "51059400100"], True, "all of Virginia, these are equally long", False),
        (["51051040100", "51059400100"], None, "in Virginia, these are equally long", False),
    ],
)
def test_minutes_of_a_region_stand_beside_those_of_its_state(ids, area, said, region):
    care = SimpleNamespace(method="travel", speeds="curve", sd=None)
    plan = SimpleNamespace(care=[care])
    found = SimpleNamespace(plan=plan, area=area, table=pd.DataFrame(index=ids))
    text = minutes_known(found)
    assert said in text
    own = "In the Virginia coalfield, where the area lies, they are 23 % shorter (OEPS 2020-21)."
    assert (own in text) == region
    assert "Trips near the limit count in part" in text
    care.sd = 0
    assert "Trips near the limit" not in minutes_known(found), "minutes taken as exact"


def test_a_kind_of_care_without_a_listed_site_is_told_from_one_out_of_reach(result):
    assert not any(result.report().kinds["note"])
    own = result.choices.settings
    key = f"kind-{kind_of(result.sites['kind']).dropna().iloc[0]}"
    other = own.iloc[[0]].set_axis([key]).assign(group=OTHER_CARE, note="")
    choices = replace(result.choices, settings=pd.concat([own, other]))
    care = result.plan.care[0].model_copy(update={"method": "travel"})
    plan = result.plan.model_copy(update={"care": [care]})
    here = replace(result, choices=choices, plan=plan)
    assert settings_of(here).loc[key, "note"] == ""
    away = result.sites.set_geometry(result.sites.geometry.translate(50))
    notes = settings_of(replace(here, sites=away))["note"]
    assert "no such site is listed inside" in notes.pop(key)
    assert notes.tolist() == own["note"].tolist()


def test_no_criterion_met_is_a_finding_too(edited):
    cuts = ("0.20", "0.12", "0.10", "0.18")
    path = edited(*((f"at_least = {cut}", "at_least = 0.99") for cut in cuts))
    report = Study.load(path).run().report()
    assert "No community with a value" in report.finding[1]
    assert report.focus == ()


def test_areas_in_any_order_give_the_same_result(result, example, edited, tmp_path):
    folder = tmp_path / "acs"
    folder.mkdir()
    import json

    for source in example.acs:
        header, *rows = json.loads(source.read_text())
        (folder / source.name).write_text(json.dumps([header, *reversed(rows)]))
    turned = Study.load(edited(("acs/tract", folder.as_posix()))).run()
    columns = ["gap_n", "gap_n_moe", "nearest_site_km", "is_under_resourced", "name"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(turned.table[columns]).sort_index(),
        pd.DataFrame(result.table[columns]).sort_index(),
    )


def test_scratch_copy_is_possible(example, tmp_path):
    """A study moves with its folder: nothing in it points elsewhere."""
    shutil.copytree(example.root, tmp_path / "copy")
    moved = Study.load(tmp_path / "copy" / "study.toml").run()
    assert str(tmp_path) not in moved.text


def test_care_within_another_limit_and_from_where_people_live(example, edited, result):
    path = edited(
        ("limit_min = 30", "limit_min = 20"),
        ('as_of = "2024-12-31"', 'as_of = "2024-12-31"\nhousing = "boundaries/tl_2023_90_tabblock20.zip"'),
    )  # fmt: skip
    other = Study.load(path).run()
    # A shorter limit leaves more areas with nothing in reach; weights end where it ends.
    none = "no_supply_in_reach"
    assert (other.table["access_status"] == none).sum() > (
        result.table["access_status"] == none
    ).sum()
    moved = other.table["nearest_site_km"] - result.table["nearest_site_km"]
    assert (moved.abs() > 0.01).sum() > 50


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_makes_no_difference(tmp_path, encoding):
    path = write_example(tmp_path / "state", scale=0.01).study
    text = path.read_text(encoding="utf-8")
    path.write_text(text, encoding=encoding)
    assert read_plan(path)[1] == text


@pytest.mark.parametrize(
    ("change", "encoding", "says", "fix"),
    [
        (str, "utf-16", "the text is UTF-16", "save it as UTF-8"),
        (lambda t: t.replace("Example", "Exämple"), "cp1252", "not UTF-8 text", "save it as UTF-8"),
        *(
            (
                lambda t, pair=pair: t.replace('title = "', f"title = {pair[0]}", 1),
                "utf-8",
                f"written {pair[0]} in place of a straight quote",
                'write straight quotes: "',
            )
            for pair in ("\u201c\u201d", "\u2018\u2019", "\u201e\u201c")
        ),
    ],
)
def test_a_study_file_of_a_word_processor_is_named_for_what_it_is(
    tmp_path, change, encoding, says, fix
):
    path = write_example(tmp_path / "state", scale=0.01).study
    text = path.read_text(encoding="utf-8")
    path.write_text(change(text), encoding=encoding)
    with pytest.raises(StudyError, match=says) as caught:
        read_plan(path)
    assert caught.value.fix == fix
    path.write_text(text, encoding="utf-8")
    read_plan(path)


def test_settings_that_change_no_distance_measure_none_again(example, monkeypatch):
    """A limit or a spread decides what is far, not how far it is."""
    asked = []

    def counted(*given, **more):
        asked.append(more.get("roads"))
        return nearest_sites(*given, **more)

    monkeypatch.setattr("equity.study.care.nearest_sites", counted)
    text = example.study.read_text(encoding="utf-8").replace(
        'method = "catchment"', 'method = "travel"'
    )
    path = example.study.with_name("by-travel.toml")
    path.write_text(text, encoding="utf-8")
    Study.load(path).run()
    # The study's own, once for two limits and two spreads, by capacity; and the other roads.
    assert asked == [None, None, "proportional", None]
