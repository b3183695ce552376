"""The questions of `init`, in the order in which somebody can answer them; what is known is not asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from monitor.cli.keeping import Keeper
from monitor.cli.mistakes import check_flags, taken, usual_name, wrong_id, wrong_name, wrong_project, wrong_url
from monitor.cli.questions import ask, choose, confirmed, say, secret
from monitor.cli.starter import ARTS, JOURNAL, STUDIO, STUDIO_REGIONS, AccountPlan, Plan, SinkPlan
from monitor.cli.wishes import (
    KEYS,
    OPTIONAL,
    Flags,
    account,
    platforms_set,
    project_set,
    region_set,
    sink,
    sinks,
    sinks_set,
)
from monitor.providers.modelarts.regions import region_doubt

_PLATFORMS = ((STUDIO,), (ARTS,), (STUDIO, ARTS))
_NAMES = ("Alibaba Cloud Model Studio", "Huawei Cloud ModelArts", "both")


def by_questions(flags: Flags, keeper: Keeper, environ: Mapping[str, str]) -> Plan:
    """The plan as it was answered. Raises Failure where the input ends, and first of all for a wrong flag."""
    check_flags(flags.region, flags.project_id or "", flags.sinks, environ)
    say("This writes a config file for Training Monitor. Nothing is written before the last answer; Ctrl-C ends it.")
    say()
    providers = tuple(flags.providers) or _platforms(environ)
    accounts: list[AccountPlan] = []
    for provider in dict.fromkeys(providers):
        accounts.append(_account(provider, [each.name for each in accounts], flags, keeper, environ))
    return Plan(accounts=accounts, sinks=list(_sinks(flags, keeper, environ)))


def _platforms(environ: Mapping[str, str]) -> tuple[str, ...]:
    found = tuple(platforms_set(environ))
    usual = _PLATFORMS.index(found) + 1 if found in _PLATFORMS else 1
    return _PLATFORMS[choose("Which platform do you train on?", _NAMES, default=usual)]


def _account(
    provider: str, names: Sequence[str], flags: Flags, keeper: Keeper, environ: Mapping[str, str]
) -> AccountPlan:
    """`names`: those that are taken."""
    say()
    say(_NAMES[_PLATFORMS.index((provider,))])
    name = ask("A name for this account", default=provider, check=lambda text: wrong_name(text) or taken(text, names))
    project = None
    if provider == ARTS:
        region = _region(flags, environ)
        set_there = project_set(environ)
        known = set_there if wrong_project(set_there) is None else ""
        project = flags.project_id or ask("Project id (console: My Credentials)", default=known, check=wrong_project)
    elif flags.region in STUDIO_REGIONS:
        region = flags.region
    else:
        region = STUDIO_REGIONS[choose("In which region was the API key made?", STUDIO_REGIONS)]
    return account(provider, name, region, project, keeper, environ, _typed(provider, environ))


def _region(flags: Flags, environ: Mapping[str, str]) -> str:
    """Of ModelArts. One that is not known is asked about: there may be more of them by now."""
    region = flags.region or ""
    while not region or not _meant(region):
        region = ask("Region", default=region_set(environ) or "cn-north-4", check=wrong_id)
    return region


def _meant(region: str) -> bool:
    doubt = region_doubt(region)
    return doubt is None or confirmed(f"{region} {doubt.rstrip('?')}. Is {region} meant?", default=False)


def _typed(provider: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Secrets that were typed, by their config key; none where the variables are to be used."""
    wanted = [each for each in KEYS[provider] if each[0] != OPTIONAL]
    names = " and ".join(variable for _, variable, _ in wanted)
    found = [variable for _, variable, _ in wanted if environ.get(variable)]
    if len(found) == len(wanted) and confirmed(f"{names} {'is' if len(wanted) == 1 else 'are'} set; use that?"):
        return {}
    say(f"Type it, and it is kept in a file that only you can read; or press Enter, and set {names} later.")
    typed: dict[str, str] = {}
    for key, _, _ in wanted:
        if not (answer := secret(key.replace("_", " "))):
            return {}
        typed[key] = answer
    return typed


def _sinks(flags: Flags, keeper: Keeper, environ: Mapping[str, str]) -> Iterator[SinkPlan]:
    """The flags' own, those that the environment knows, else one that is typed; none is an answer too."""
    say()
    if flags.sinks:
        yield from sinks(flags.sinks, keeper, environ)
        return
    found = [name for name in sinks_set(environ) if confirmed(f"{name} is set; send messages there?")]
    if found:
        yield from sinks(found, keeper, environ)
        return
    say(
        "Where should messages go? An Apprise URL (slack://..., mailtos://..., dingtalk://...) or the address of a "
        "webhook. It is kept in a file that only you can read. Enter: only into the log, for now."
    )
    if url := secret("URL", check=wrong_url):
        usual = usual_name(url)
        name = ask("A name for it", default=usual, check=lambda text: wrong_name(text) or taken(text, (JOURNAL,)))
        yield sink(f"{name}={url}", keeper, environ)
