"""What `init` is to write, taken from flags and variables or from answers on the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.cli.failure import USAGE, Failure
from monitor.cli.keeping import Keeper
from monitor.cli.mistakes import check_flags, is_url, sink_type, usual_name, wrong_name, wrong_url
from monitor.cli.starter import ARTS, JOURNAL, STUDIO, STUDIO_REGIONS, AccountPlan, Plan, SinkPlan

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ENV = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
_REGIONS = ("HUAWEICLOUD_SDK_REGION", "HUAWEICLOUD_REGION", "HW_REGION_NAME")
_PROJECT = "HUAWEICLOUD_SDK_PROJECT_ID"
_MESSENGERS = re.compile(r"SLACK|DING|FEISHU|LARK|WECOM|TEAMS|DISCORD|TELEGRAM|MAIL|HOOK|NOTIFY|APPRISE|NTFY|GOTIFY")
KEYS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    STUDIO: (("api_key", "DASHSCOPE_API_KEY", "dashscope-api-key"),),
    ARTS: (
        ("access_key", "HUAWEICLOUD_SDK_AK", "huaweicloud-ak"),
        ("secret_key", "HUAWEICLOUD_SDK_SK", "huaweicloud-sk"),
        ("security_token", "HUAWEICLOUD_SDK_SECURITY_TOKEN", "huaweicloud-security-token"),
    ),
}
"""Config key, the variable that the platform's own tools read, the name of a file or credential."""
OPTIONAL = "security_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    providers: Sequence[str] = ()
    region: str | None = None
    project_id: str | None = None
    sinks: Sequence[str] = ()


def by_flags(flags: Flags, keeper: Keeper, environ: Mapping[str, str], *, guess: bool) -> Plan:
    """The plan without asking anybody. `guess`: what no flag says is taken from the variables that are set. Raises
    Failure that names every flag that is missing."""
    providers = list(flags.providers) or (platforms_set(environ) if guess else [])
    missing = [] if providers else ["--provider model-studio or --provider modelarts"]
    region = flags.region or region_set(environ)
    project = flags.project_id or environ.get(_PROJECT, "")
    if ARTS in providers:
        missing += [] if region else [f"--region, like cn-north-4 (or the variable {_REGIONS[0]})"]
        missing += [] if project else [f"--project-id (or the variable {_PROJECT})"]
    if missing:
        raise Failure(
            "Nobody is asked, and something is not said: " + "; ".join(missing) + ".",
            "Like: training-monitor init --provider model-studio --sink SLACK_URL",
            code=USAGE,
        )
    wanted = list(flags.sinks) or (sinks_set(environ) if guess else [])
    check_flags(region if ARTS in providers else None, project if ARTS in providers else "", wanted, environ)
    accounts = [
        account(provider, None, studio_region(region, providers) if provider == STUDIO else region, project, keeper,
                environ, {})
        for provider in dict.fromkeys(providers)
    ]  # fmt: skip
    return Plan(accounts=accounts, sinks=sinks(wanted, keeper, environ))


def account(
    provider: str,
    name: str | None,
    region: str | None,
    project: str | None,
    keeper: Keeper,
    environ: Mapping[str, str],
    typed: Mapping[str, str],
) -> AccountPlan:
    """`typed`: secrets by their config key; the others are where the variables are or will be."""
    wanted = [each for each in KEYS[provider] if each[0] != OPTIONAL or (environ.get(each[1]) and not typed)]
    secrets = {key: keeper.reference(variable, file, typed.get(key, "")) for key, variable, file in wanted}
    endpoint = environ.get("DASHSCOPE_HTTP_BASE_URL") if provider == STUDIO and region is None else None
    return AccountPlan(
        name=name or ("model-studio" if provider == STUDIO else "modelarts"),
        provider=provider,
        secrets=secrets,
        region=region,
        endpoint=endpoint,
        project_id=project if provider == ARTS else None,
    )


def sinks(texts: Sequence[str], keeper: Keeper, environ: Mapping[str, str]) -> list[SinkPlan]:
    """As `sink`; those that nobody named get names that differ. Raises Failure."""
    plans: list[SinkPlan] = []
    for text in texts:
        plans.append(sink(text, keeper, environ, [JOURNAL, *(plan.name for plan in plans)]))
    return plans


def sink(text: str, keeper: Keeper, environ: Mapping[str, str], names: Sequence[str] = ()) -> SinkPlan:
    """Of `[NAME=]WHAT`, where WHAT is a variable, a reference or the URL itself. `names`: those that are taken. Raises
    Failure."""
    before, equals, after = text.partition("=")
    name, what = (before, after) if equals and wrong_name(before) is None else ("", text)
    variable = ((found := _ENV.fullmatch(what)) and found[1]) or (what if _VARIABLE.fullmatch(what) else "")
    name = name or _free(_named(variable) if variable else _after(what), names)
    if wrong_name(name) or not (variable or is_url(what) or what.startswith("${")):
        hint = "Give a variable that holds the URL, as --sink SLACK_URL or --sink chat=SLACK_URL, or the URL itself."
        raise Failure("--sink is neither a variable nor a URL.", hint, code=USAGE)
    if what.startswith("${") and not variable:
        return SinkPlan(name=name, type="apprise", url=what)
    url = environ.get(variable, "") if variable else what
    reference = keeper.reference(variable, f"sink-{name}", "" if variable else what)
    return SinkPlan(name=name, type=sink_type(url), url=reference)


def platforms_set(environ: Mapping[str, str]) -> list[str]:
    """The providers whose key is in the environment."""
    return [provider for provider, keys in KEYS.items() if environ.get(keys[0][1])]


def region_set(environ: Mapping[str, str]) -> str:
    return next((environ[name] for name in _REGIONS if environ.get(name)), "")


def project_set(environ: Mapping[str, str]) -> str:
    return environ.get(_PROJECT, "")


def sinks_set(environ: Mapping[str, str]) -> list[str]:
    """Variables that hold the URL of a messenger."""
    return [name for name in _urls(environ) if wrong_url(environ[name]) is None]


def studio_region(region: str | None, providers: Sequence[str]) -> str | None:
    """The flag's region, where it can be meant for Model Studio. Raises Failure."""
    if not region or (ARTS in providers and region not in STUDIO_REGIONS):
        return None
    if region not in STUDIO_REGIONS:
        hint = f"There are: {', '.join(STUDIO_REGIONS)}; for another one edit `endpoint` afterwards."
        raise Failure(f"Model Studio's endpoint in {region!r} is not known here.", hint, code=USAGE)
    return region


def _urls(environ: Mapping[str, str]) -> Iterator[str]:
    """Those that look like it."""
    for name, value in sorted(environ.items()):
        fits = name.endswith(("_URL", "_WEBHOOK", "_URI")) and "://" in value
        if fits and _MESSENGERS.search(name) and _VARIABLE.fullmatch(name):
            yield name


def _after(url: str) -> str:
    """A name for what the URL leads to; a web address says nothing of that."""
    return usual_name(url) if url.startswith(("http://", "https://")) else _named(url.partition("://")[0])


def _free(name: str, names: Sequence[str]) -> str:
    free = (f"{name}-{number}" for number in range(2, len(names) + 3))
    return name if name not in names else next(each for each in free if each not in names)


def _named(text: str) -> str:
    """`SLACK_WEBHOOK_URL` -> `slack`."""
    short = re.sub(r"(_WEBHOOK|_URL|_URI|_BOT)+$", "", text)
    return re.sub(r"[^a-z0-9]+", "-", short.lower()).strip("-") or "chat"
