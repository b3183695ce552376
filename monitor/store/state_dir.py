"""The state directory: made before the first start, or told why it cannot be."""

from __future__ import annotations

import os
from pathlib import Path

from monitor.store.errors import StoreUnavailable
from monitor.store.url import SqlitePlace, parse_place

REMEDY = "Name another one in `state_dir:`, or give the user that runs the program write access there."


def make_state_dir(folder: Path) -> None:
    """Nobody but its user and group may look into it. Raises StoreUnavailable."""
    if (shut := _shut(folder)) is not None:
        raise StoreUnavailable(f"The state directory {folder} cannot be used: {shut} may not be entered.", REMEDY)
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        reason = "there is a file of that name" if isinstance(error, FileExistsError) else error.strerror
        raise StoreUnavailable(f"The state directory {folder} cannot be made: {reason}.", REMEDY) from error


def keep_private() -> None:
    """What this process writes from now on holds job names and failure texts: not for everybody on the machine. A
    stricter mask stays."""
    os.umask(os.umask(0o027) | 0o027)


def obstacle(folder: Path) -> str | None:
    """Why this user could not make the directory, as far as that can be seen without trying."""
    if (shut := _shut(folder)) is not None:
        return f"the state directory {folder} cannot be used: {shut} may not be entered"
    nearest = folder
    while not os.path.lexists(nearest) and nearest != nearest.parent:
        nearest = nearest.parent
    if not os.path.isdir(nearest):
        return f"the state directory {folder} cannot be made: {nearest} is no directory"
    if nearest != folder and not os.access(nearest, os.W_OK | os.X_OK, effective_ids=True):
        return f"the state directory {folder} cannot be made: {nearest} may not be written"
    return None


def begun(url: str, state_dir: Path) -> bool:
    """Whether a start before this one has made anything here: the database, or for a server the directory. Raises
    StoreError where the address is none."""
    place = parse_place(url, state_dir)
    return os.path.exists(place.path if isinstance(place, SqlitePlace) else state_dir)


def _shut(folder: Path) -> Path | None:
    """The first directory on the way there, or itself, that this user may not enter."""
    way = (place for place in [*reversed(folder.parents), folder] if os.path.isdir(place))
    return next((place for place in way if not os.access(place, os.X_OK, effective_ids=True)), None)
