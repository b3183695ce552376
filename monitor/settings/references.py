"""Puts `${env:NAME}`, `${file:/path}` and `${credential:NAME}` into the texts of a config file, after parsing."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from monitor.fields.secret import Deferred
from monitor.settings.problems import Path

MAX_SECRET_BYTES = 65_536
_TOKEN = re.compile(r"\$\$|\$\{([^{}]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FORMS = "${env:NAME}, ${file:/path} or ${credential:NAME}; a plain dollar sign is written $$"


Resolve = Callable[[Path], bool]
"""Whether the references of the text at a path are put in now."""


class Unresolved(LookupError):
    """A reference that cannot be put in; the text says why and what would be right, never a value."""


class UnknownForm(Unresolved):
    """A `${…}` that is no reference at all: an error whether or not references are being resolved."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where references lead: the environment and systemd's credentials directory."""

    environ: Mapping[str, str]
    credentials_dir: FilePath | None

    def put_in(self, text: str) -> str:
        """`text` with all its references put in. Raises Unresolved that names every one that fails."""
        failed: list[str] = []

        def replace(found: re.Match[str]) -> str:
            try:
                return "$" if found[0] == "$$" else self._look_up(*_split(found))
            except Unresolved as error:
                failed.append(str(error))
                return ""

        made = _TOKEN.sub(replace, text)
        if failed:
            raise Unresolved("; ".join(failed))
        return made

    def _look_up(self, form: str, name: str) -> str:
        if form == "env":
            return self._variable(name)
        if form == "file":
            return _file(FilePath(name), f"${{file:{name}}}")
        if self.credentials_dir is None:
            hint = f"systemd sets it with LoadCredential={name}:/path"
            raise Unresolved(f"credential {name!r} cannot be read: $CREDENTIALS_DIRECTORY is not set ({hint})")
        return _file(self.credentials_dir / name, f"credential {name!r}")

    def _variable(self, name: str) -> str:
        value = self.environ.get(name)
        if not value:
            state = "not set" if value is None else "empty"
            raise Unresolved(
                f"the environment variable {name} is {state}; set it in the shell, or in the unit's EnvironmentFile"
            )
        return value


def check_forms(text: str) -> None:
    """Raises UnknownForm where `text` holds a `${…}` that no reference looks like. Reads nothing."""
    for found in _TOKEN.finditer(text):
        if found[0] != "$$":
            _split(found)


def has_reference(text: str) -> bool:
    return "$$" in text or "${" in text


def _split(found: re.Match[str]) -> tuple[str, str]:
    if found[1] is None:
        raise UnknownForm(f"a `${{` without its closing brace; write {_FORMS}")
    form, colon, name = found[1].partition(":")
    if not colon:
        hint = f"${{env:{form}}}" if _NAME.fullmatch(form) else _FORMS
        raise UnknownForm(f"`${{{form}}}` is no reference; write {hint}")
    if form not in ("env", "file", "credential"):
        raise UnknownForm(f"`${{{form}:…}}` is no reference; write {_FORMS}")
    if form == "env" and not _NAME.fullmatch(name):
        raise UnknownForm(f"{name!r} is no name of an environment variable")
    if form == "file" and (not name.startswith("/") or "\0" in name):
        raise UnknownForm(f"`${{file:{name}}}` needs an absolute path, like ${{file:/etc/training-monitor/key}}")
    if form == "credential" and not re.fullmatch(r"[A-Za-z0-9_.@-]+", name.replace("..", "/")):
        raise UnknownForm(f"{name!r} is no name of a credential; it is a file name without slashes")
    return form, name


def _file(path: FilePath, what: str) -> str:
    """The file's text without one trailing newline."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unresolved(f"{what} cannot be read: {path} is not a file")
        with path.open("rb") as file:
            raw = file.read(MAX_SECRET_BYTES + 1)
        if len(raw) > MAX_SECRET_BYTES:
            raise Unresolved(f"{what} cannot be read: {path} is larger than 64 KiB")
        text = raw.decode()
    except OSError as error:
        why = (error.strerror or "it cannot be opened").lower()
        raise Unresolved(f"{what} cannot be read: {path}: {why}") from error
    except UnicodeDecodeError:
        raise Unresolved(f"{what} cannot be read: {path} is not UTF-8 text") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise Unresolved(f"{what} cannot be used: {path} is empty")
    return text


class Substitution:
    """One pass over the data of a config file, keeping what could not be put in and what was."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self.failed: list[tuple[Path, str]] = []
        self.deferred: dict[Path, Deferred] = {}
        self.put_in: dict[Path, tuple[str, str]] = {}
        """Path -> (as written, as put in), so that no error shows the latter."""

    def apply(self, data: Any, path: Path = (), *, resolve: Resolve) -> Any:
        """A copy of `data` with references put in, or left as Deferred texts where they are not to be resolved."""
        if isinstance(data, dict):
            return {key: self.apply(value, (*path, key), resolve=resolve) for key, value in data.items()}
        if isinstance(data, list):
            return [self.apply(value, (*path, index), resolve=resolve) for index, value in enumerate(data)]
        if isinstance(data, Deferred) or not isinstance(data, str) or not has_reference(data):
            return data
        return self._text(data, path, resolve(path))

    def _text(self, text: str, path: Path, resolve: bool) -> str:
        try:
            check_forms(text)
            if not resolve:
                self.deferred[path] = Deferred(text, "it was left unresolved; this command needs no secrets")
                return self.deferred[path]
            value = self._surroundings.put_in(text)
        except Unresolved as error:
            self.failed.append((path, str(error)))
            return Deferred(text, str(error))
        self.put_in[path] = (text, value)
        return value
