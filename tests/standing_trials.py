"""Trials of how sure a standing is: worlds of which the truth is known.

The truth of a world is drawn from the posterior of real or example estimates (or is what they say);
it is then surveyed anew with samples of the same size, and what the package says of the survey is
held against the truth.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

import equity as eq
from equity.measures._survey_draws import TruthDraws, neighbors
from equity.measures.draws import Travel, draw_standing
from equity.measures.gap import telehealth_gap
from equity.measures.standing import Criterion, falls_short, under_resourced

SD = 0.22
DESIGN = 2.5
EDGES = (0.1, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class Case:
    """A state: its table, its criteria, and how the shares of its homes and people were sampled."""

    table: pd.DataFrame
    criteria: list[Criterion]
    at_least: int

    @property
    def shares(self) -> list[str]:
        return ["connected_share", *(c.column for c in self.criteria)]


def example_case(example) -> Case:
    plan, at = tomllib.loads(example.study.read_text(encoding="utf-8")), example.study.parent
    acs = eq.read_acs(example.acs, year=example.year, state="90")
    shapes = eq.read_boundaries(
        at / plan["boundaries"]["file"], year=plan["boundaries"]["year"], level="tract", state="90"
    )
    part = next(p for p in plan["sites"] if p["use"] == "sites")
    sites = eq.read_sites(at / part["file"], as_of=part["as_of"], layout=part["layout"])
    lines = eq.read_bdc(
        [at / f for f in plan["coverage"]["files"]], as_of=plan["coverage"]["as_of"], state="90"
    )
    rule = eq.load_coverage_rule("fcc-25-3")
    near = eq.nearest_sites(shapes, sites)
    table = pd.DataFrame(
        {"population_n": acs["B01003_001E"], "population_n_moe": acs["B01003_001M"]}
    ).join([eq.coverage(lines, rule=rule, level="tract"), near, eq.covered_populations(acs)])
    table = table.join(eq.adoption(acs, subscription=rule.subscription))
    first = plan["under_resourced"]
    criteria = [Criterion(**one) for one in first["criteria"]]
    return _case(table, criteria, first["at_least"], limit=20.0)


def delaware_case(shared_data: Path) -> Case:
    folder = shared_data / "bundles" / "de" / "v2020"

    def read(name):
        return pd.read_csv(folder / name, dtype={"GEOID": str}).set_index("GEOID")

    acs = read("acs_2016_2020_tract_estimates_and_moe.csv")
    lines, ruca = read("fcc_bdc_tract.csv"), read("ruca_2020_tract.csv")
    svi = read("expected_cdc_svi_2020_tract.csv")
    shapes = eq.read_boundaries(
        folder / "cb_2020_10_tract_500k.zip", year=2020, level="tract", state="10"
    )
    sites = eq.read_sites(
        shared_data / "bundles/common/providers/FQHC_Geocoded.csv", as_of="2020", layout="points",
        columns={"name": "name", "lon": "lon", "lat": "lat"}, kind="FQHC",
    )  # fmt: skip
    rural = ruca["RUCA1"].astype(float)
    table = pd.DataFrame(
        {
            "population_n": acs["S0601_C01_001E"],
            "population_n_moe": acs["S0601_C01_001M"],
            "qualifying_share": 1 - lines["UnservedBSLs"] / lines["TotalBSLs"],
            "ruca_code": rural,
        },
        dtype=float,
    )
    whole, whole_moe = acs["S2802_C01_001E"], acs["S2802_C01_001M"]
    both, both_moe = acs["S2802_C02_001E"], acs["S2802_C02_001M"]
    table["connected_share"] = (both / whole.where(whole > 0)).astype(float)
    table["connected_share_moe"] = eq.moe_share(both, both_moe, whole, whole_moe)
    cuts = {"POV150": 0.25, "UNINSUR": 0.08, "NOVEH": 0.10, "DISABL": 0.18}
    for name in cuts:
        known = svi[f"EP_{name}"] >= 0
        table[f"{name}_share"] = svi[f"EP_{name}"].where(known) / 100
        table[f"{name}_share_moe"] = svi[f"MP_{name}"].where(known) / 100
    near = eq.nearest_sites(shapes, sites, rurality=rural.reindex(shapes.index))
    criteria = [Criterion(f"{name}_share", at_least=cut) for name, cut in cuts.items()]
    return _case(table.join(near), criteria, 2, limit=15.0)


def _case(table: pd.DataFrame, criteria, at_least: int, *, limit: float) -> Case:
    minutes = table["nearest_site_min"].to_numpy()
    with np.errstate(divide="ignore"):
        table["beyond_reach_share"] = norm.cdf(np.log(minutes / limit) / SD)
    table["device_share"] = 1.0
    needed = ["beyond_reach_share", "qualifying_share", "connected_share", "connected_share_moe"]
    table = table[(table["population_n"] > 0) & table[needed].notna().all(axis=1)].sort_index()
    table.index = table.index.astype(str)
    return Case(table, criteria, at_least)


def sample_sizes(table: pd.DataFrame, name: str) -> np.ndarray:
    """Size of the simple random sample behind each share; the median where it cannot be told."""
    p, se = table[name].to_numpy(), table[f"{name}_moe"].to_numpy() / 1.645
    with np.errstate(divide="ignore", invalid="ignore"):
        size = p * (1 - p) / se**2
    told = (p > 0.005) & (p < 0.995) & (se > 0.002)
    return np.clip(np.where(told, size, np.median(size[told])), 8.0, 2000.0)


def surveyed(truth: np.ndarray, size: np.ndarray, rng) -> tuple[np.ndarray, np.ndarray]:
    """Shares that a sample finds, and the margins that its makers publish."""
    # Households with unequal weights: with gamma weights the weighted share is a Beta given how
    # many of them have it. Their number is the size times the design effect.
    asked = np.ceil(DESIGN * size).astype(int)
    have = rng.binomial(asked, truth)
    shape = 1 / (DESIGN - 1)
    some = rng.beta(np.maximum(shape * have, 1e-9), np.maximum(shape * (asked - have), 1e-9))
    found = np.where((have > 0) & (have < asked), some, have / asked)
    return found, margin_of(found, size)


def margin_of(found: np.ndarray, size: np.ndarray) -> np.ndarray:
    # A share of 0 or 1 has the margin of a share half a respondent away.
    pulled = np.clip(found, 0.5 / size, 1 - 0.5 / size)
    return 1.645 * np.sqrt(pulled * (1 - pulled) / size)


def drawn_shares(table: pd.DataFrame, value: np.ndarray, size: np.ndarray, rng) -> np.ndarray:
    """One joint draw of truths behind the published shares."""
    pulled = np.clip(value, 1 / size, 1 - 1 / size)
    error = np.sqrt(pulled * (1 - pulled) / size)
    ruca = table["ruca_code"].to_numpy() if "ruca_code" in table else None
    groups = neighbors(list(table.index), ruca, np.isfinite(value))
    return TruthDraws.of(value, error, groups, share=True).draw(rng).astype(float)


@dataclass
class World:
    truth: pd.DataFrame
    found: pd.DataFrame


def world(case: Case, rng, *, drawn_truth: bool, trips: bool, both: bool = False) -> World:
    """One possible truth and a survey of it; `both`: the new survey joined with the published."""
    truth, found = case.table.copy(), case.table.copy()
    for name in case.shares:
        size = sample_sizes(case.table, name)
        value = published = case.table[name].to_numpy()
        if drawn_truth:
            value = drawn_shares(case.table, value, size, rng)
        truth[name] = np.clip(value, 0.0, 1.0)
        share, margin = surveyed(truth[name].to_numpy(), size, rng)
        if both:
            share, margin = (share + published) / 2, margin_of((share + published) / 2, 2 * size)
        found[name], found[f"{name}_moe"] = share, margin
    people, error = case.table["population_n"], case.table["population_n_moe"].to_numpy() / 1.645
    if both:
        truth["population_n"] = np.maximum(1.0, np.round(rng.normal(people, error)))
        again = rng.normal(truth["population_n"], error)
        found["population_n"] = np.maximum(1.0, np.round((again + people) / 2))
        found["population_n_moe"] = case.table["population_n_moe"] / np.sqrt(2)
    else:
        found["population_n"] = np.maximum(1.0, np.round(rng.normal(people, error)))
    if trips:
        truth["beyond_reach_share"] = (
            rng.random(len(truth)) < truth["beyond_reach_share"].to_numpy()
        ).astype(float)
    return World(truth, found)


def judged(case: Case, table: pd.DataFrame) -> pd.DataFrame:
    gap = telehealth_gap(table).copy()
    table = table.join(gap).copy()
    first = under_resourced(table, case.criteria, at_least=case.at_least)["is_under_resourced"]
    short = falls_short(table)["falls_short"]
    return pd.concat([table, first, (first & short).rename("named")], axis=1)


def trial(
    case: Case, rng, *, drawn_truth: bool, trips: bool, both: bool = False, draws: int = 200
) -> dict:
    """One world: whether each interval holds the truth, and how likely each place was said to be."""
    made = world(case, rng, drawn_truth=drawn_truth, trips=trips, both=both)
    truth, found = judged(case, made.truth), judged(case, made.found)
    said = draw_standing(
        made.found, case.criteria, at_least=case.at_least, draws=draws,
        seed=int(rng.integers(2**31)), travel=Travel() if trips else None,
    )  # fmt: skip
    places, first = said.areas(), found["is_under_resourced"]

    def inside(interval, value):
        return bool(interval.p05 <= value <= interval.p95)

    def rate(of, name):
        return of[name].sum() / of["population_n"].sum()

    held = {
        f"total {name}": inside(said.total(what=name), truth[name].sum())
        for name in ("gap_n", "no_link_n")
    }
    held["total gap_n, named places"] = inside(
        said.total(found["named"]), truth["gap_n"][found["named"]].sum()
    )
    for name in ("gap_n", "no_link_n"):
        apart = rate(truth[first], name) - rate(truth[~first], name)
        held[f"difference {name}, under-resourced"] = inside(
            said.difference(first, what=name), apart
        )
    over = found["gap_n"] > 20
    near = (places["gap_p05"] <= truth["gap_n"] + 1e-3) & (
        truth["gap_n"] - 1e-3 <= places["gap_p95"]
    )
    held["areas with a gap over 20, interval"] = near[over].mean()
    if not trips:
        off = (found["gap_n"] - truth["gap_n"]).abs()
        held["areas with a gap over 20, margin"] = (off <= found["gap_n_moe"])[over].mean()
        kink = (found["qualifying_share"] - found["connected_share"]).abs() < 2 * found[
            "connected_share_moe"
        ] / 1.645
        held["areas near the kink, margin"] = (off <= found["gap_n_moe"])[over & kink].mean()
        rss = np.sqrt((found["gap_n_moe"] ** 2).sum())
        held["total gap_n, margin"] = abs(found["gap_n"].sum() - truth["gap_n"].sum()) <= rss
    return {
        "held": held,
        "said": places["focus_probability"].to_numpy(),
        "first": places["under_resourced_probability"].to_numpy(),
        "is_first": truth["is_under_resourced"].to_numpy(),
        "true": truth["named"].to_numpy(),
    }


def trials(case: Case, n: int, seed: int, **how) -> list[dict]:
    rng = np.random.default_rng(seed)
    return [trial(case, rng, **how) for _ in range(n)]


def coverage_of(done: list[dict]) -> pd.Series:
    return pd.DataFrame([one["held"] for one in done]).astype(float).mean()


def calibration_of(done: list[dict], said: str = "said", true: str = "true") -> pd.DataFrame:
    stated = np.concatenate([one[said] for one in done])
    came = np.concatenate([one[true] for one in done]).astype(float)
    bins = np.digitize(stated, EDGES)
    frame = pd.DataFrame({"bin": bins, "stated": stated, "true": came, "n": 1})
    return frame.groupby("bin").agg({"stated": "mean", "true": "mean", "n": "sum"})
