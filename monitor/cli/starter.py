"""The text of a first config file: pure, from what `init` was told; secrets stand in it as references only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_ENDPOINTS = {
    "cn-beijing": "https://dashscope.aliyuncs.com/api/v1",
    "ap-southeast-1": "https://dashscope-intl.aliyuncs.com/api/v1",
    "us-east-1": "https://dashscope-us.aliyuncs.com/api/v1",
    "cn-hongkong": "https://cn-hongkong.dashscope.aliyuncs.com/api/v1",
}
STUDIO, ARTS = "model-studio", "modelarts"
JOURNAL = "journal"
"""The sink that every file has."""
STUDIO_REGIONS = tuple(_ENDPOINTS)
_TITLES = {
    STUDIO: "Alibaba Cloud Model Studio: fine-tuning jobs and the tokens that they use.",
    ARTS: "Huawei Cloud ModelArts: training jobs, and the flavors that they run on with their stock.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPlan:
    """`secrets`: config key -> reference. `region` of Model Studio is one of STUDIO_REGIONS, or None for `endpoint`."""

    name: str
    provider: str
    secrets: Mapping[str, str]
    region: str | None = None
    endpoint: str | None = None
    project_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkPlan:
    """`url` is a reference."""

    name: str
    type: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    accounts: Sequence[AccountPlan]
    sinks: Sequence[SinkPlan] = field(default=())


def config_text(plan: Plan) -> str:
    """The whole file. It has at most 100 columns, so that it can be read in a terminal."""
    return "\n".join([*_head(), *_accounts(plan), *_sinks(plan), *_rules(plan)]) + "\n"


def _head() -> Iterator[str]:
    yield "# Training Monitor. Look whether it is right: training-monitor check --online"
    yield "# All keys: config/training-monitor.example.yaml; what was understood: training-monitor config show"
    yield "# Secrets stand elsewhere: ${env:NAME}, ${file:/path}, ${credential:NAME} (systemd's LoadCredential)."
    yield ""
    yield "# Where everything is remembered; a path is relative to the state directory."
    yield "store: sqlite:monitor.db"
    yield "# The status page, the API, metrics and health; only on this machine."
    yield "http: {listen: 127.0.0.1:8650}"
    yield ""


def _accounts(plan: Plan) -> Iterator[str]:
    yield "accounts:"
    for account in plan.accounts:
        yield f"  # {_TITLES[account.provider]}"
        yield f"  - name: {_text(account.name)}"
        yield f"    provider: {account.provider}"
        yield from _credentials(account)
        yield "    # What the first run tells of what is there already: silent (nothing), summary, full."
        yield "    first_run: summary"
        yield "    jobs:"
        yield "      every: 30s                         # while a job is active"
        yield "      idle_every: 2m                     # while none is"
        if account.provider == ARTS:
            yield '      workspaces: ["0"]                  # "0" is the default workspace'
            yield "    training_flavors: {every: 15m}       # what training jobs can run on"
            yield "    resource_flavors: {every: 60s}       # stock in each availability zone"
    yield ""


def _credentials(account: AccountPlan) -> Iterator[str]:
    if account.provider == ARTS:
        yield f"    region: {_text(account.region or '')}"
        yield f"    project_id: {_text(account.project_id or '')}"
    else:
        yield "    # An API key works in its own region only."
        yield f"    endpoint: {_text(account.endpoint or _ENDPOINTS[account.region or 'cn-beijing'])}"
    for key, reference in account.secrets.items():
        yield f"    {key}: {_text(reference)}"


def _sinks(plan: Plan) -> Iterator[str]:
    yield "# Where messages go. One Apprise URL reaches one of some 130 services: https://appriseit.com/services/"
    yield "sinks:"
    for sink in plan.sinks:
        yield f"  - name: {_text(sink.name)}"
        yield f"    type: {sink.type}"
        yield f"    url: {_text(sink.url)}"
    yield f"  - {{name: {JOURNAL}, type: log}}           # the daemon's own log"
    yield ""


def _rules(plan: Plan) -> Iterator[str]:
    names = ", ".join(_text(sink.name) for sink in plan.sinks) or JOURNAL
    yield "# Who is told what; from top to bottom, and every rule that matches tells."
    yield "rules:"
    yield "  - name: job-ended"
    yield "    on: [job.finished]"
    yield '    # Only some of them:  when: job.state == "failed"'
    yield f"    notify: [{names}]"
    if any(account.provider == ARTS for account in plan.accounts):
        yield "  - name: stock"
        yield "    on: [flavor.sold_out, flavor.restocked]"
    else:
        yield "  - name: tokens                         # what a job has used, once it is known"
        yield "    on: [usage.recorded, usage.corrected]"
    yield f"    notify: [{names}]"
    yield "  - name: trouble                        # a key that is refused, a platform that is away"
    yield '    on: ["account.*", delivery.dead, rule.failed, template.failed, config.rejected]'
    yield f"    notify: [{names}]"
    yield ""
    yield "# The net: who is told what no rule took, or what a rule took with nobody left to tell."
    yield "unmatched: {notify: [journal], min_severity: info}"


def _text(text: str) -> str:
    """As a YAML text that means itself."""
    return text if _BARE.fullmatch(text) and text.lower() not in _WORDS else json.dumps(text, ensure_ascii=False)


_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
