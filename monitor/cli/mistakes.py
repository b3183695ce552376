"""What is wrong with an answer or a flag of `init`, said before the config file is made of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from monitor.cli.failure import USAGE, Failure

if TYPE_CHECKING:
    from monitor.sinks.options import SinkOptions

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}", re.ASCII)
_PROJECT = re.compile(r"[0-9a-f]{32}")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.+")


def wrong_name(text: str) -> str | None:
    return None if _NAME.fullmatch(text) else "Letters, digits, `.`, `_` and `-`, beginning with a letter or digit."


def taken(text: str, names: Collection[str]) -> str | None:
    """`names`: of the accounts, or of the sinks, that the file has already."""
    return f"{text} is the name of another one; names must differ." if text in names else None


def wrong_id(text: str) -> str | None:
    return None if _ID.fullmatch(text) else "Letters, digits and hyphens, at most 64 of them."


def wrong_project(text: str) -> str | None:
    """Of ModelArts; its name is easily taken for it."""
    if _PROJECT.fullmatch(text):
        return None
    return "A project id has 32 characters, 0-9 and a-f, like 0123456789abcdef0123456789abcdef; it is not the name."


def is_url(text: str) -> bool:
    return _URL.fullmatch(text) is not None


def wrong_url(text: str) -> str | None:
    """Of a sink; never says the URL, which is a secret. Takes a second, for it asks Apprise."""
    if not is_url(text):
        return "That is no URL; it begins like slack://, mailtos://, dingtalk:// or https://."
    web = text.startswith(("http://", "https://"))
    return _refused("webhook", text) if web and sink_type(text) == "webhook" else _refused("apprise", text)


def usual_name(url: str) -> str:
    """Of a sink that bears no name yet."""
    return "webhook" if sink_type(url) == "webhook" else "chat"


def sink_type(url: str) -> str:
    """`webhook` for a plain web address, unless Apprise knows it for the address of a service."""
    known = not url.startswith(("http://", "https://")) or _refused("apprise", url) is None
    return "apprise" if known else "webhook"


def check_flags(region: str | None, project: str, sinks: Sequence[str], environ: Mapping[str, str]) -> None:
    """Raises Failure that names the flag and every such mistake. `sinks`: `[NAME=]WHAT`, as they were given."""
    wrong = [f"--region, or the variable for it: {said}" for said in [wrong_id(region) if region else None] if said]
    wrong += [
        f"--project-id, or the variable for it: {said}"
        for said in [wrong_project(project) if project else None]
        if said
    ]
    for number, text in enumerate(sinks, start=1):
        place = "--sink" if len(sinks) == 1 else f"--sink number {number}"
        name, equals, after = text.partition("=")
        what = after if equals and wrong_name(name) is None else text
        if environ.get(what):
            wrong += [f"{place}, the variable {what}: {said}" for said in [wrong_url(environ[what])] if said]
        elif is_url(what):
            wrong += [f"{place}: {said}" for said in [wrong_url(what)] if said]
    if wrong:
        raise Failure(
            "Something that was given cannot be right; nothing was written.",
            "Correct it and run the command again.",
            code=USAGE,
            details=tuple(wrong),
        )


def _refused(kind: str, url: str) -> str | None:
    """What the sink kind says of it, without the URL."""
    from pydantic import ValidationError

    from monitor.fields import Secret
    from monitor.sinks import registry

    try:
        options: SinkOptions = registry.options(kind).model_validate({"name": "x", "type": kind, "url": Secret(url)})
        options.place()
    except ValidationError as error:
        said = error.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
        return f"It {said}." if said.startswith(("is ", "holds ", "has ")) else f"{said[:1].upper()}{said[1:]}."
    except ValueError as error:
        return f"It {error}."
    return None
