"""`check` beside a store: messages that wait for a sink which the file does not name any more are counted."""

from __future__ import annotations

import json

from tests.kit.installed import Installed

KEYS = {"NEVER_SET": "x", "HOOK_URL": "http://127.0.0.1:9/x"}
TOLD = "1 message waits for the sink hook, which is not in the config any more; it is given up with it"


def warnings(installed: Installed) -> list[str]:
    done = installed.run("check", "--output", "json", **KEYS)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)["warnings"]
    return found


def test_who_takes_a_sink_out_of_the_config_hears_what_is_given_up_with_it(installed: Installed) -> None:
    before, text = warnings(installed), installed.config.read_text()
    assert TOLD not in before
    installed.config.write_text(text.replace("name: hook", "name: other"))
    assert TOLD in warnings(installed)
    installed.config.write_text(text.replace("name: hook", "name: other, was: hook"))
    assert TOLD not in warnings(installed), "it only bears another name"


def test_without_a_store_nothing_is_said_and_none_is_made(bare: Installed) -> None:
    assert not [each for each in warnings(bare) if "given up" in each]
    assert not list(bare.state.iterdir())
