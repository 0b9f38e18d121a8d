"""Where an option comes from, and that a secret shows nowhere."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import pprint
import traceback
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import equity
from equity import settings
from equity.errors import InputError
from equity.settings import Secret, configure, current, passed_on, redact

KEY = "0123abcd/+secret key&more"


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch, tmp_path):
    monkeypatch.setattr(settings, "_seen", set())
    monkeypatch.chdir(tmp_path)


# --- precedence ------------------------------------------------------------------------------


def test_defaults(monkeypatch):
    monkeypatch.delenv("EQUITY_CACHE_DIR")
    now = current()
    assert now.offline is False
    assert now.census_api_key is now.fcc_token is now.mirror is None
    assert now.cache_dir.name == "telehealth-equity"


def test_configured_beats_environment_beats_dotenv(monkeypatch):
    Path(".env").write_text("CENSUS_API_KEY=from-file\nEQUITY_OFFLINE=yes\n")
    assert current().census_api_key.reveal() == "from-file"
    assert current().offline is True
    monkeypatch.setenv("CENSUS_API_KEY", "from-environment")
    monkeypatch.setenv("EQUITY_OFFLINE", "0")
    assert current().census_api_key.reveal() == "from-environment"
    assert current().offline is False
    now = configure(census_api_key=" from-call ", offline=True)
    assert now.census_api_key.reveal() == "from-call"
    assert now.offline is True
    assert (
        configure(census_api_key=None, offline=None).census_api_key.reveal() == "from-environment"
    )
    assert current().offline is False


def test_an_empty_option_is_none_at_all(monkeypatch):
    monkeypatch.setenv("CENSUS_API_KEY", "from-environment")
    assert configure(census_api_key="").census_api_key.reveal() == "from-environment"
    monkeypatch.setenv("CENSUS_API_KEY", "")
    Path(".env").write_text("CENSUS_API_KEY=\n")
    assert current().census_api_key is None
    monkeypatch.setenv("CENSUS_API_KEY", "  ")
    assert current().census_api_key is None


@pytest.mark.parametrize(
    ("names", "field"),
    [
        (("FCC_USERNAME", "BDC_USERNAME", "FCC_BDC_USERNAME"), "fcc_username"),
        (("FCC_HASH", "BDC_API_KEY", "FCC_BDC_API_TOKEN"), "fcc_token"),
    ],
)
def test_other_clients_names_are_understood_in_order(monkeypatch, names, field):
    for name in reversed(names):
        monkeypatch.setenv(name, f"by-{name}")
        assert getattr(current(), field).reveal() == f"by-{name}"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("CENSUS_API_KEY=abc", "abc"),
        ("  CENSUS_API_KEY = abc  ", "abc"),
        ("export CENSUS_API_KEY=abc", "abc"),
        ("  export   CENSUS_API_KEY='abc'", "abc"),
        ('CENSUS_API_KEY="a b#c"', "a b#c"),
        ('CENSUS_API_KEY="abc"  # mine', "abc"),
        ("CENSUS_API_KEY=abc # mine", "abc"),
        ("CENSUS_API_KEY=abc#def", "abc#def"),
        ("CENSUS_API_KEY=a=b==", "a=b=="),
        ("# CENSUS_API_KEY=abc", None),
        ("  # CENSUS_API_KEY=abc", None),
        ("CENSUS_API_KEY", None),
        ("MY_CENSUS_API_KEY=abc", None),
        ("CENSUS_API_KEY=''", None),
    ],
)
def test_lines_of_a_dotenv_file(line, value):
    Path(".env").write_text(f"# keys\n\n{line}\nOTHER=1\n", encoding="utf-8")
    key = current().census_api_key
    assert (key and key.reveal()) == value


def test_a_byte_order_mark_is_no_part_of_a_name():
    Path(".env").write_text("\ufeffCENSUS_API_KEY=abc\n", encoding="utf-8")
    assert current().census_api_key.reveal() == "abc"


@pytest.mark.parametrize("make", [lambda p: p.mkdir(), lambda p: p.write_bytes(b"\xff\xfe\x00")])
def test_an_unreadable_dotenv_is_none(make):
    make(Path(".env"))
    assert current().census_api_key is None


def test_the_cache_folder_is_a_path(monkeypatch):
    assert configure(cache_dir="~/somewhere").cache_dir == Path.home() / "somewhere"
    assert inspect.unwrap(equity.configure) is configure


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("1", True),
        ("TRUE", True),
        ("yes", True),
        ("on", True),
        ("0", False),
        ("No", False),
        ("off", False),
    ],
)
def test_yes_and_no(monkeypatch, text, flag):
    monkeypatch.setenv("EQUITY_OFFLINE", text)
    assert current().offline is flag


def test_workers_are_a_number_of_processes(monkeypatch):
    monkeypatch.setenv("EQUITY_WORKERS", " 3 ")
    assert current().workers == 3
    for wrong in ("0", "-1", "two", "1.5"):
        monkeypatch.setenv("EQUITY_WORKERS", wrong)
        with pytest.raises(InputError, match=r"EQUITY_WORKERS.* not a number of processes"):
            current()


def test_what_another_process_is_given_configures_the_same_there(tmp_path):
    before = configure(census_api_key=KEY, cache_dir=tmp_path, offline=True, workers=2)
    given = passed_on()
    assert pickle.loads(pickle.dumps(given))["census_api_key"] == KEY
    configure(census_api_key=None, cache_dir=None, offline=None, workers=None)
    assert configure(**given) == before


def test_wrong_options_name_the_right_ones(monkeypatch):
    with pytest.raises(InputError, match="did you mean census_api_key"):
        configure(census_key="x")
    with pytest.raises(InputError, match="choose from cache_dir"):
        configure(qqq=1)
    with pytest.raises(InputError, match="set it to 1 or 0"):
        configure(offline="maybe")
    monkeypatch.setenv("EQUITY_OFFLINE", "maybe")
    with pytest.raises(InputError, match="EQUITY_OFFLINE"):
        current()


def test_a_refused_call_changes_nothing():
    with pytest.raises(InputError):
        configure(census_api_key="x", offline="maybe")
    assert current().census_api_key is None


# --- secrets ---------------------------------------------------------------------------------


def test_a_secret_shows_nowhere():
    now = configure(census_api_key=KEY, fcc_token=KEY[::-1])
    secret = now.census_api_key
    shown = [
        repr(now), str(now), f"{now}", pprint.pformat(now), repr(asdict(now)),
        repr(secret), str(secret), f"{secret}", f"{secret:>12}", f"{secret!s:_^9}",
        f"{[secret]}", str({"k": secret}), "%s %r" % (secret, secret),  # noqa: UP031
        str(copy.copy(secret)), repr(copy.deepcopy(now)), repr(vars(now)),
    ]  # fmt: skip
    for text in shown:
        assert KEY not in text
        assert KEY[::-1] not in text
    assert f"{secret:>5}" == "  ***"
    assert copy.deepcopy(secret).reveal() == KEY
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        _ = secret + ""


def test_a_secret_cannot_be_pickled_by_accident():
    now = configure(census_api_key=KEY)
    for thing in (now, now.census_api_key, [now.census_api_key]):
        with pytest.raises(InputError, match="cannot be pickled") as caught:
            pickle.dumps(thing)
        assert KEY not in str(caught.value)


def test_a_secret_is_not_in_a_traceback_with_its_locals():
    def fails(secret):
        raise ValueError(f"could not use {secret}")

    try:
        fails(Secret(KEY))
    except ValueError as error:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        text = "".join(shown.format())
    assert "secret = ***" in text
    assert KEY not in text.replace(f"KEY = {KEY!r}", "")


def test_secrets_compare_without_showing():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


# --- redaction -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        quote(KEY),
        quote(KEY, safe=""),
        quote(KEY, safe="").lower(),
        quote_plus(KEY),
        quote(quote(KEY, safe=""), safe=""),
        urlencode({"key": KEY}),
        json.dumps({"key": KEY}),
        repr(KEY),
        f"https://api.census.gov/data?get=NAME&key={quote(KEY, safe='')}&for=tract:*",
    ],
)
def test_redaction_finds_every_spelling(form):
    Secret(KEY)
    clean = redact(f"before {form} after")
    for piece in ("secret", "0123abcd", "more"):
        assert piece not in clean
    assert clean.startswith("before ")
    assert clean.endswith(" after")
    assert "***" in clean


def test_redaction_knows_keys_that_nobody_has_used_yet(monkeypatch):
    monkeypatch.setenv("FCC_HASH", "hash-in-environment")
    assert redact("token hash-in-environment") == "token ***"
    Path(".env").write_text("CENSUS_API_KEY=key-in-file\n")
    assert redact("key-in-file") == "***"


def test_redaction_works_where_a_setting_is_wrong(monkeypatch):
    monkeypatch.setenv("EQUITY_OFFLINE", "maybe")
    monkeypatch.setenv("EQUITY_MIRROR", "nowhere")
    monkeypatch.setenv("FCC_HASH", "hash-in-environment")
    assert redact("token hash-in-environment") == "token ***"


def test_redaction_forgets_no_former_key():
    configure(census_api_key="the-first-key")
    configure(census_api_key="the-second-key")
    assert redact("the-first-key the-second-key") == "*** ***"


def test_redaction_takes_the_longer_secret_first():
    Secret("abcdef")
    Secret("abcdefgh")
    assert redact("abcdefgh abcdef") == "*** ***"


def test_a_word_too_short_for_a_key_does_not_blot_out_the_text():
    Secret("at")
    assert redact("at what rate") == "at what rate"


def test_text_without_secrets_is_left_alone():
    Secret("")
    assert redact("100 % of 3 tracts, %2F") == "100 % of 3 tracts, %2F"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=30))
@example("%0)00\x1f")
def test_any_secret_leaves_every_address(value):
    settings._seen.clear()
    Secret(value)
    for form in (value, quote(value, safe=""), quote_plus(value)):
        assert redact(f"<{form}>") == "<***>"
