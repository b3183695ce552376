"""Where the secrets of a first config file are kept: in the environment, in files beside it, or with systemd."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.fields import Secret


CREDSTORE = Path("/etc/credstore")
"""Where systemd itself looks for credentials."""


class Keep(StrEnum):
    ENV = "env"
    SYSTEMD = "systemd"
    FILE = "file"


class Keeper:
    """Gives references, and remembers what must be written or set for them to hold. Writes nothing before `write`."""

    def __init__(self, keep: Keep, config: Path, environ: Mapping[str, str]) -> None:
        self._keep = keep
        self._config = config.absolute()
        self._environ = environ
        self.files: dict[Path, Secret] = {}
        """What is to be written, with mode 0600."""
        self.unset: list[str] = []
        """Variables that must be set, and are not."""
        self.absent: list[Path] = []
        """Files that must be made by somebody else."""
        self.loads: list[str] = []
        """Lines for the unit."""

    def reference(self, variable: str, name: str, typed: str = "") -> str:
        """To what was typed, else to what the variable holds or will hold. `name` is for files and credentials."""
        from monitor.fields import Secret

        file = self._config.with_name(f"{self._config.stem}.{name}.secret")
        if self._keep is Keep.SYSTEMD:
            file = CREDSTORE / name if not typed or os.geteuid() == 0 else file
            self.loads.append(f"LoadCredential={name}:{file}")
        value = typed or (self._environ.get(variable, "") if self._keep is Keep.FILE else "")
        if value:
            self.files[file] = Secret(value)
        elif self._keep is not Keep.ENV:
            self.absent.append(file)
        if self._keep is Keep.SYSTEMD:
            return f"${{credential:{name}}}"
        if typed or self._keep is Keep.FILE:
            return f"${{file:{file}}}"
        if not self._environ.get(variable):
            self.unset.append(variable)
        return f"${{env:{variable}}}"

    def write(self) -> None:
        """Makes the files, each with mode 0600 from its first moment; one that is there already is replaced. Raises
        OSError."""
        for path, secret in self.files.items():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial = path.with_name(path.name + ".part")
            partial.unlink(missing_ok=True)
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(secret.reveal() + "\n")
            partial.replace(path)
