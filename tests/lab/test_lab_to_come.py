"""A case that is over while a message still waits says so: what waits is not the same as nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.lab.moments import shown
from monitor.lab.run import Outcome

HEAD = """
sinks: [team]
rules:
  - {name: stuck, on: [job.queued], for: 2h, remind_every: 1h, notify: [team]}
  - {name: storm, on: [job.finished], group_by: [account.name], group_wait: 5m, notify: [team]}
  - {name: night, on: [job.started], hold: {between: ["22:00", "08:00"], timezone: Asia/Shanghai}, notify: [team]}
  - {name: muted, on: [job.stopping], mute: {between: ["22:00", "08:00"], timezone: Asia/Shanghai}, notify: [team]}
  - {name: slow, on: [job.requeued], throttle: 1h, notify: [team]}
  - {name: week, on: [job.checkpoint], digest: {at: "09:00", days: [mon], timezone: Asia/Shanghai}, notify: [team]}
start: 2026-01-05T23:00+08:00
"""


@pytest.mark.parametrize(
    ("steps", "waiting"),
    [
        ("- job: x, queues\n- wait: 1h", ["2h (tue 01:00) stuck"]),
        ("- job: x-{1..2}, queues\n- wait: 1h\n- job: x-1, fails", ["1h5m (tue 00:05) storm", "2h (tue 01:00) stuck"]),
        ("- job: x-{1..3}, fails", ["5m (23:05) storm"]),
        ("- job: x, starts", ["9h (tue 08:00) night"]),
        ("- job: x, is stopping", ["9h (tue 08:00) muted"]),
        ("- job: x, queues\n- silence: {match: 'true', for: 3h}\n- wait: 2h30m", ["3h (tue 02:00) stuck"]),
        ("- job: x, queues\n- wait: 2h", []),
        ("- job: x, queues\n- job: x, is gone", []),
        ("- job: x-{1..3}, fails\n- wait: 5m", []),
    ],
)  # fmt: skip
def test_what_waits_at_the_end_is_named_with_its_time(
    played: Callable[..., Outcome], steps: str, waiting: list[str]
) -> None:
    outcome = played(steps, head=HEAD)
    begin = outcome.events[0].detected_at
    assert [f"{shown(each.at, begin)} {each.rule}" for each in outcome.to_come] == waiting


def test_a_report_waits_only_where_nothing_else_is_told(played: Callable[..., Outcome]) -> None:
    head = "sinks: [team]\nrules:\n" + "".join(line + "\n" for line in HEAD.splitlines() if "week" in line)
    plain = played("- job: x, starts\n- job: x, writes a checkpoint", head=head)
    assert [each.rule for each in plain.to_come] == ["week"]
    told = played(
        "- job: x, starts\n- job: x, writes a checkpoint", head=f"{head}  - {{name: all, on: ['*'], notify: [team]}}\n"
    )
    assert (bool(told.told), told.to_come) == (True, ())
