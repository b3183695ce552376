"""A config file with a store beside it, and the command as a process."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.kit.installed import CONFIG, Installed, fill


@pytest.fixture
def bare(tmp_path: Path) -> Installed:
    """A config file and no database."""
    made = Installed(tmp_path)
    made.state.mkdir()
    made.config.write_text(CONFIG.format(state=made.state))
    return made


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory that is made once; tests get copies."""
    made = Installed(tmp_path_factory.mktemp("filled"))
    made.state.mkdir()
    made.write(fill)
    return made.state


@pytest.fixture
def installed(bare: Installed, filled: Path) -> Installed:
    """Jobs, flavors, events and bookings of two accounts."""
    shutil.copytree(filled, bare.state, dirs_exist_ok=True)
    return bare
