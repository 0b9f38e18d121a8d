"""A run put to a budget: what the plan says, what it writes, and what cannot be planned."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import shutil
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pypdf
import pytest
from docx import Document
from pseudo import latin_words, pseudo_language
from typer.testing import CliRunner

from equity.cli import app
from equity.errors import EquityError, InputError
from equity.funding.costs import made_up_costs
from equity.funding.portfolio import portfolio
from equity.funding.projects import draw_up_projects
from equity.language import language
from equity.outputs.appendix import blocks
from equity.outputs.ownership import RECORD, owned_files
from equity.outputs.plan import MADE_UP, counts_table, front_table, marginal_table, plan_part
from equity.study.plan_words import finding, method, unknown
from equity.study.planning import committed_part, plan_run
from equity.study.runs import read_run

BUDGET = 2e6


@pytest.fixture(scope="module")
def run(example_run):
    return example_run


@pytest.fixture(scope="module")
def commanded(run, tmp_path_factory):
    """What the command says and writes, with the appendix for a program, and the plan it makes."""
    folder, made = tmp_path_factory.mktemp("commanded"), []

    def planned(*args, **how):
        made.append((plan_run(*args, **how), how))
        return made[0][0]

    asked = [
        "plan",
        str(run),
        "--budget",
        "2000000",
        "--made-up",
        "--draws",
        "50",
        "--floor",
        "0.3",
    ]
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr("equity.study.planning.plan_run", planned)
        done = CliRunner().invoke(app, [*asked, "--appendix", "usda-dlt"])
    assert done.exit_code == 0, done.output
    ((plan, how),) = made
    return done.output, folder / "maps/example-plan", plan, how


@pytest.fixture(scope="module")
def written(commanded):
    return commanded[1]


@pytest.fixture(scope="module")
def plan(commanded):
    return commanded[2]


def test_the_command_writes_a_page_two_printed_pages_appendix_and_tables(commanded):
    said, folder, *_ = commanded
    assert {path.name for path in folder.iterdir()} == {
        "index.html", "plan.pdf", "projects.csv", "areas.csv", "areas.csv-metadata.json",
        "areas.gpkg", "appendix-usda-dlt.pdf", "appendix-usda-dlt.docx", "study.toml", RECORD,
    }  # fmt: skip
    assert re.search(r"\$2\.0 million \(costs made up\) for \d+ projects would bring", said)
    part = re.search(r"of them \((\d+\.\d) %\) live in under-resourced", said)
    assert float(part[1]) >= 30
    assert set(owned_files(folder)) == {path.name for path in folder.iterdir()}


def test_no_cost_is_ever_a_default(run):
    for how, said in (
        ({}, "no cost is known: there is no default"),
        ({"made_up": True, "costs": "c.csv"}, "costs are given twice"),
        ({"made_up": True, "budget_usd": None}, "names no run and no budget"),
    ):
        with pytest.raises(EquityError, match=said):
            plan_run(run, **({"budget_usd": BUDGET} | how))


@pytest.mark.parametrize("draws", [20, -1])
def test_too_few_draws_are_refused_before_anything_is_read(draws, tmp_path):
    with pytest.raises(EquityError, match=f"draws is {draws}.*50 or more, or 0 for none"):
        plan_run(tmp_path, budget_usd=BUDGET, made_up=True, draws=draws)


def test_a_weight_below_0_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(InputError, match=r"the weight of people in under-resourced .* is -1"):
        plan_run(tmp_path, budget_usd=BUDGET, made_up=True, weight=-1)


@pytest.mark.parametrize("budget", [0, -5.0, np.nan])
def test_a_budget_that_is_none_is_refused_before_anything_is_read(budget, tmp_path):
    with pytest.raises(EquityError, match="the budget is"):
        plan_run(tmp_path, budget_usd=budget, made_up=True)


def test_a_plan_of_nothing_and_one_of_cents_read_as_such(plan):
    nobody = plan.portfolio.projects.assign(chosen=False)
    nothing = replace(plan.portfolio, projects=nobody, people_n=0.0, spent_usd=0.0)
    cents = replace(plan.portfolio, spent_usd=plan.portfolio.people_n / 100, first_n=0.0)
    said = [
        finding("Here", plan.report.areas, one, plan.scenario, draws=0) for one in (nothing, cents)
    ]
    assert "No project is chosen." in said[0]
    assert said[1][0].endswith("gap, at less than $1 a person.")
    assert any(sentence.startswith("None of them (0.0 %) live in under-") for sentence in said[1])


def test_a_folder_that_holds_no_run_is_refused(tmp_path):
    with pytest.raises(EquityError, match="no run stands there"):
        plan_run(tmp_path, budget_usd=BUDGET, made_up=True)


def test_the_templates_are_written_and_a_filled_one_is_read(run, tmp_path):
    costs, projects = tmp_path / "costs.csv", tmp_path / "projects.csv"
    asked = ["plan", "--template", str(costs), "--projects-template", str(projects)]
    assert CliRunner().invoke(app, asked).exit_code == 0
    head = projects.read_text().strip()
    geoid = gpd.read_parquet(run / "communities.parquet").nlargest(1, "gap_n").index[0]
    filled = dict.fromkeys(head.split(","), "") | {
        "project_id": "x", "name": "=cmd", "fixes": "line+home", "areas": geoid, "cost_usd": "90000",
        "cost_source": "bid of May",
    }  # fmt: skip
    projects.write_text(f"{head}\n{','.join(filled.values())}\n")
    found = plan_run(run, budget_usd=1e5, projects=projects, draws=0)
    assert not found.report.made_up
    assert "made up" not in found.report.finding[0]
    text = replace(found, programs=()).write(tmp_path / "plan") / "projects.csv"
    row = pd.read_csv(text).iloc[0]
    assert (row["name"], row["cost_source"]) == ("'=cmd", "bid of May")  # no formula runs


def test_people_are_those_of_the_scenario_and_within_the_bound(plan, run):
    gap = plan.scenario.counts.loc["gap_n"]
    assert -gap["change"] == pytest.approx(plan.portfolio.people_n)
    assert plan.portfolio.people_n <= plan.portfolio.bound_n + 1e-6
    assert plan.portfolio.gap < 0.001
    table = gpd.read_parquet(run / "communities.parquet")
    lines = plan.portfolio.projects.query("fixes == 'line'")
    # A line alone is never credited with more than lack nothing else.
    only = (
        lines["people_alone_n"].to_numpy()
        - table["gap_line_only_n"][[a[0] for a in lines["areas"]]].to_numpy()
    )
    assert only == pytest.approx(np.zeros(len(lines)), abs=1e-6)


def test_made_up_costs_are_stamped_on_everything(plan, written):
    assert plan.report.made_up
    assert MADE_UP in (written / "index.html").read_text()
    assert pd.read_csv(written / "projects.csv")["made_up"].all()
    assert json.loads((written / RECORD).read_text())["made_up_costs"] is True
    assert MADE_UP in (written / "areas.csv-metadata.json").read_text()
    pages = pypdf.PdfReader(io.BytesIO((written / "plan.pdf").read_bytes())).pages
    assert MADE_UP.split(",")[0] in pages[0].extract_text()


def test_the_print_is_two_pages_with_map_front_marginal_table_and_what_is_not_known(written, plan):
    pages = pypdf.PdfReader(written / "plan.pdf").pages
    assert len(pages) == 2
    first, second = (page.extract_text() for page in pages)
    assert "People whom the plan brings in" not in second
    assert [len(page.images) for page in pages] == [1, 1]
    assert "marginal order" in second
    assert "What is not known" in second
    assert "Efficiency against equity" in second
    for point in plan.portfolio.front["people_n"]:
        assert f"{point:,.0f}" in second
    for key in plan.portfolio.chosen.index[:3]:
        assert key in second
    assert "out of the telehealth" in " ".join(first.split())


def test_the_page_tells_what_the_plan_holds(written, plan):
    page = (written / "index.html").read_text()
    for sentence in plan.report.finding:
        assert sentence.replace(" %", "\u00a0%") in page.replace("&#x27;", "'")
    for key in plan.portfolio.chosen.index:
        assert key in page
    assert page.count("<h2") >= 5


def test_tables_of_areas_and_projects_hold_every_row(written, plan):
    areas = pd.read_csv(written / "areas.csv", dtype={"geoid": str}).set_index("geoid")
    assert len(areas) == len(plan.report.areas)
    assert areas["plan_people_n"].sum() == pytest.approx(plan.portfolio.people_n)
    assert set(areas["plan_fixes"]) <= {"none", "line", "home", "line+home"}
    projects = pd.read_csv(written / "projects.csv")
    assert len(projects) == len(plan.portfolio.projects)
    assert projects["chosen"].sum() == len(plan.portfolio.chosen)
    assert (projects["cost_source"] == "made up to show the method").all()


def test_equal_plans_give_equal_bytes_and_a_file_of_one_s_own_stays(run, commanded, tmp_path):
    _, written, _, how = commanded
    folder = shutil.copytree(written, tmp_path / "plan")
    (folder / "mine.txt").write_text("kept")
    plan_run(run, **how).write(folder)
    assert (folder / "mine.txt").read_text() == "kept"
    for path in written.iterdir():
        assert (folder / path.name).read_bytes() == path.read_bytes(), path.name


def test_the_page_shows_its_map_without_a_fault(written, browser):
    with browser.open(written / "index.html") as page:
        assert page.errors == []
        assert page.outside == []
        assert page.run("document.querySelectorAll('.eq-map canvas').length") >= 1
        assert page.run("document.documentElement.scrollWidth <= innerWidth")


def test_the_appendix_takes_the_plan(plan):
    content = list(blocks(plan.need, parts=plan_part(plan.report)))
    headings = [block.text for block in content if block.kind == "heading"]
    assert headings.index("What a budget would buy") + 1 == headings.index("Method")
    tables = [block.table for block in content if block.table is not None]
    (ours,) = [table for table in tables if "marginal order" in table.caption]
    assert list(ours.keys) == plan.portfolio.chosen.index.tolist()
    assert MADE_UP in [block.text for block in content if block.kind == "stamp"]
    (front,) = [table for table in tables if table.caption == "Efficiency against equity"]
    assert len(front.rows) == len(plan.portfolio.front)


def test_the_appendix_holds_need_tests_and_plan_as_the_run_tells_them(example_result, commanded):
    said, folder, plan, _ = commanded
    read = Document(folder / "appendix-usda-dlt.docx")
    text = "\n".join(paragraph.text for paragraph in read.paragraphs)
    for heading in (
        "Service area",
        "Rural status and published tests",
        "What a budget would buy",
        "Limits",
    ):
        assert heading in text
    # In the words of the program; what the plan says stands in it as on its page.
    (bought,) = [line for line in said.splitlines() if "out of the telehealth" in line]
    assert bought.replace(" %", "\u00a0%") in text
    cells = {cell.text for table in read.tables for row in table.rows for cell in row.cells}
    assert any("DLT" in cell and "as of" in cell for cell in cells)
    projects = pd.read_csv(folder / "projects.csv").query("chosen")
    assert all(any(key in cell for cell in cells) for key in projects["project_id"])
    # The numbers of the need are those of the run's own report.
    ours, theirs = plan.need, example_result.report()
    shared = ["people_n", "share", "ceiling_n"]
    pd.testing.assert_frame_equal(ours.counts[shared], theirs.counts[shared])
    assert ours.focus == theirs.focus
    assert ours.finding[:2] == theirs.finding[:2]
    pd.testing.assert_frame_equal(ours.places, theirs.places)
    assert list(ours.disparities) == list(theirs.disparities)
    for rate, frame in theirs.disparities.items():
        pd.testing.assert_frame_equal(ours.disparities[rate], frame)
    pd.testing.assert_frame_equal(ours.held, theirs.held)
    pd.testing.assert_frame_equal(ours.fifths.rates, theirs.fifths.rates)
    assert hashlib.sha256((folder / "study.toml").read_bytes()).hexdigest() in text


def test_an_appendix_for_no_program_is_refused_before_the_plan_is_made(tmp_path):
    with pytest.raises(EquityError, match="no appendix for a program 'usda-dtl', but for 'usda-dl"):
        plan_run(tmp_path, budget_usd=BUDGET, made_up=True, appendices=["usda-dtl"])


def test_what_a_run_knows_to_be_funded_is_left_out(run, monkeypatch):
    table = gpd.read_parquet(run / "communities.parquet")
    assert committed_part(table) is None
    nothing = table.assign(unserved_funded_n=0.0, underserved_funded_n=0.0)
    none = portfolio(nothing, draw_up_projects(nothing, made_up_costs()), budget_usd=BUDGET,
                     covered=committed_part(nothing), draws=0)  # fmt: skip
    assert not [note for note in none.notes if "Left out" in note]
    funded = table.assign(unserved_funded_n=table["unserved_n"], underserved_funded_n=0.0)
    part = committed_part(funded)
    lacking = table["locations_n"] - table["qualifying_n"]
    # Under 25/3 the locations without a line are the unserved ones.
    assert part[lacking > 0].to_numpy() == pytest.approx(1.0)
    strict = funded.assign(qualifying_n=table["served_n"])
    told = (committed_part(strict) * (table["locations_n"] - table["served_n"])).fillna(0)
    assert told.to_numpy() == pytest.approx(table["unserved_n"].fillna(0).to_numpy(), abs=1e-6)
    past = read_run(run)._replace(table=funded)
    monkeypatch.setattr("equity.study.planning.read_run", lambda _: past)
    left = plan_run(run, budget_usd=BUDGET, made_up=True, draws=0)
    # Every line is coming: what is left to a plan are homes.
    assert set(left.portfolio.projects["fixes"]) == {"home"}
    assert "an enforceable commitment already covers" in left.report.finding[-1]
    gap = left.scenario.counts.loc["gap_n"]
    assert gap["before"] == pytest.approx(table["gap_n"].sum() - table["gap_line_only_n"].sum())
    assert -gap["change"] == pytest.approx(left.portfolio.people_n)


def test_the_example_s_costs_are_no_prices():
    costs = made_up_costs()
    assert costs["made_up"].all()
    assert costs["cost_source"].eq("made up to show the method").all()


def test_nothing_of_a_plan_is_left_in_english(plan, tmp_path):
    made, areas = plan.portfolio, plan.report.areas
    with pseudo_language(tmp_path) as code, language(code):
        said = [
            *finding("", areas, made, plan.scenario, draws=50), *unknown(made, ""),
            *method(made, 50), *plan.report.stamps,
            *(block.text for block in plan_part(replace(plan.report, finding=("",), unknown=(), method=()))),
        ]  # fmt: skip
        for table in (
            marginal_table(made.projects, 9), counts_table(plan.scenario.counts),
            front_table(made.front),
        ):  # fmt: skip
            said += [table.caption, *(head.label for head in table.heads)]
            said += [cell.text for row in table.rows for cell in row[1:]]
    assert [text for text in said if latin_words(text, "csv", "HiGHS", "projects.csv")] == []
