"""What `doctor` found, for tests of its single findings."""

from __future__ import annotations

import json

from tests.kit.installed import Installed

SECRETS = {"NEVER_SET": "x", "HOOK_URL": "https://example.org/in"}


def looked(installed: Installed, **environ: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """The exit code, and the findings by what they are about."""
    done = installed.run("doctor", "--output", "json", **{**SECRETS, **environ})
    assert done.stderr == ""
    found: dict[str, list[dict[str, str]]] = {}
    for finding in json.loads(done.stdout):
        assert (finding["state"] == "ok") == (finding["mend"] == ""), (
            "what is wrong has a remedy, what is right has none"
        )
        found.setdefault(finding["about"], []).append(finding)
    return done.returncode, found


def only(found: dict[str, list[dict[str, str]]], about: str) -> tuple[str, str, str]:
    (one,) = found[about]
    return one["state"], one["text"], one["mend"]
