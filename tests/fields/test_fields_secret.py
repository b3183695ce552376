"""A secret shows itself to nobody but `reveal`: not to a format, a dump, a log or a traceback."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import logging
import pickle
import pprint
import traceback

import msgspec
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.traceback import Traceback

from monitor.fields import Secret
from monitor.fields.strict import Strict

TEXT = "-".join(["sk", "0123456789"])
"""Made at run time: a traceback shows source lines, and those are no leak."""


class Options(Strict):
    name: str = "llm"
    api_key: Secret


@dataclasses.dataclass
class Holder:
    key: Secret


def test_reveal_is_the_way_to_it() -> None:
    assert Secret(TEXT).reveal() == TEXT


def test_no_format_shows_it() -> None:
    secret = Secret(TEXT)
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret!r:>60}",
        format(secret, ">60"),
        "%s %r" % (secret, secret),  # noqa: UP031
        "{0} {0!r} {0!s:>9}".format(secret),  # noqa: UP032
        pprint.pformat({"key": [secret]}),
        repr(Holder(secret)),
        repr(dataclasses.asdict(Holder(secret))),
        json.dumps({"key": secret}, default=str),
        msgspec.json.encode({"key": secret}, enc_hook=str).decode(),
    ]
    assert TEXT not in "".join(shown)
    assert str(secret) == "***"


@pytest.mark.parametrize("dump", [json.dumps, pickle.dumps, msgspec.json.encode])
def test_what_would_have_to_look_inside_refuses(dump: object) -> None:
    with pytest.raises(TypeError) as caught:
        dump(Secret(TEXT))  # type: ignore[operator]
    assert TEXT not in str(caught.value)


def test_a_copy_is_the_secret_itself() -> None:
    secret = Secret(TEXT)
    assert copy.copy(secret) is secret
    assert copy.deepcopy({"deep": [secret]})["deep"][0] is secret
    options = Options(api_key=secret)
    assert options.model_copy(deep=True).api_key.reveal() == TEXT


def test_pydantic_dumps_and_errors_hide_it() -> None:
    options = Options.model_validate({"api_key": TEXT})
    shown = [repr(options), str(options), str(options.model_dump()), options.model_dump_json()]
    for wrong in ({"api_key": TEXT, "extra": 1}, {"api_key": [TEXT]}, {"api_key": TEXT, "name": {TEXT: 1}}):
        with pytest.raises(ValidationError) as caught:
            Options.model_validate(wrong)
        shown += [str(caught.value), repr(caught.value)]
    assert TEXT not in "".join(shown)
    assert json.loads(options.model_dump_json())["api_key"] == "***"
    assert Options.model_json_schema()["properties"]["api_key"]["writeOnly"] is True


@pytest.mark.parametrize("value", ["", None, 7, True, {"a": 1}])
def test_what_is_no_text_is_refused_with_what_would_be_right(value: object) -> None:
    with pytest.raises(ValidationError, match=r"\$\{env:NAME\}"):
        Options.model_validate({"api_key": value})


def test_tracebacks_and_logs_hide_it() -> None:
    secret = Secret(TEXT)
    out = io.StringIO()

    def fail(options: Options, key: Secret) -> None:
        raise RuntimeError(f"no luck with {key} of {options}")

    try:
        fail(Options(api_key=secret), secret)
    except RuntimeError as error:
        out.write("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
        Console(file=out, width=200).print(
            Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True)
        )
        logger = logging.Logger("test")
        logger.addHandler(logging.StreamHandler(out))
        logger.exception("failed with %s %r", secret, [secret])
    for renderer in (
        structlog.processors.JSONRenderer(),
        structlog.dev.ConsoleRenderer(),
        structlog.processors.KeyValueRenderer(),
    ):
        out.write(str(renderer(None, "info", {"event": "x", "key": secret, "options": Options(api_key=secret)})))
    assert "***" in out.getvalue()
    assert TEXT not in out.getvalue()


def test_a_secret_that_was_not_found_says_which_when_it_is_needed() -> None:
    secret = Secret("", missing="the environment variable DASHSCOPE_API_KEY is not set")
    assert str(secret) == "***"
    with pytest.raises(LookupError, match="DASHSCOPE_API_KEY"):
        secret.reveal()


@given(st.text(), st.text())
def test_two_secrets_are_equal_when_their_texts_are(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) is (one == other)
    assert Secret(one) != one
    assert len({Secret(one), Secret(one)}) == 1


def test_a_secret_in_a_model_of_another_author_is_hidden_too() -> None:
    class Other(BaseModel):
        keys: dict[str, Secret]

    other = Other.model_validate({"keys": {"a": TEXT}})
    assert TEXT not in repr(other) + other.model_dump_json()
    assert other.keys["a"].reveal() == TEXT
