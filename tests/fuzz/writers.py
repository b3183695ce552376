"""The parsers of what people write: config, expressions, templates, cases, the command line. All may quote it."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import typer

from monitor.cli.failure import Failure
from monitor.cli.main import build
from monitor.cli.rules.cases import read_cases
from monitor.lab.run import play
from monitor.rules import RuleOptions, RuleSet
from monitor.rules.mistake import RuleErrors
from monitor.settings import ConfigErrors, load
from tests.fuzz.parser import Parser
from tests.fuzz.planted import SECRET_KEY, TOKEN

ENVIRON = {"S": SECRET_KEY, "T": TOKEN, "HOME": "/nonexistent"}
CONFIG = b"""accounts:
- {name: north, provider: modelarts, region: cn-north-4, project_id: p, access_key: k, secret_key: '${env:S}',
jobs: {}}
- &a {name: llm, provider: model-studio, api_key: '${env:T}', budget: {burst: 3}, jobs: {every: 30s},
labels: {t: '$$'}}
sinks:
- {name: j, type: log}
- {name: h, type: webhook, url: 'https://e.org/${env:S}', secret: 'whsec_${env:T}', timeout: 5s}
people: [{name: Ann, ids: ['modelarts:ann'], notify: [j]}]
prices: [{provider: model-studio, model: m, per_1k_tokens: 0.03, currency: CNY, since: 2026-01-01}]
rules:
- {name: r, on: [job.*], when: 'job.state == "failed"', for: 2h, remind_every: 6h, notify: [j, owner],
   body: '{{ job.name }}'}
- {name: s, on: [flavor.sold_out], hold: {between: ['22:00', '08:00'], timezone: Asia/Shanghai}, notify: [h]}
retention: {events: 400d}
http: {listen: '127.0.0.1:8650', token: '${env:T}', public_url: https://m.example.org}
unmatched: {notify: [j], min_severity: info}
catch_up_after: 15m
"""
CASES = b"""rules: [{name: q, on: [job.queued], for: 2h, notify: [team]}]
cases:
- name: it waits
  start: 2026-01-05 09:00 +08:00
  given: [{job: 'j, queues'}, {wait: 3h}, {flavor: 'f in z, sells out'}, {account: 'north, is unreachable'}, restart]
  expect: [{rule: q, at: '+2h', sinks: [team]}]
"""
_WHENS = ('job.state == "failed" && account.labels["t"] == "x"',
    'job.duration > duration("1m") || severity != "info"',
          'has(job.error) && job.error.message.matches("a+b")', "[1, 2].exists(x, x > job.tokens)",
          "now - job.ended_at > x",
          'flavor.zones.all(z, z.startsWith("c"))', "true ? 1 : 0", "job.name in ['a', \"b\"]",
          "!(1 < 2) == false")  # fmt: skip
_BODIES = ("{{ job.name | upper }} {% if job.error %}{{ job.error.message }}{% endif %}",
           "{% for x in range(3) %}{{ loop.index }}{{ x ~ 'a' }}{% endfor %}", "{{ job.duration | duration }}",
           "{% set a = [1, 2] %}{{ a | join(',') | replace('1', 'x') }}",
           "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1) }}",
           "{{ ''.__class__.__mro__ }}", "{{ cycler.__init__.__globals__ }}",
           "{{ now | local('Asia/Shanghai', '%H') }}",
           "{# c #}{% raw %}{{{% endraw %}", "{{ 'a' * 3 if true else 2 ** 8 }}",
           "{{ {'a': 1}.items() | list }}")  # fmt: skip


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="training-monitor-fuzz-"))


def written(data: bytes, name: str) -> Path:
    path = _folder() / name
    path.write_bytes(data)
    return path


def config(data: bytes) -> Iterable[str]:
    found: ConfigErrors | None = None
    try:
        load(written(data, "config.yaml"), resolve=True, environ=ENVIRON, credentials_dir=None, rules=True)
    except ConfigErrors as errors:
        found = errors
    if found is not None:
        assert found.problems
        assert all(problem.line >= 1 and problem.column >= 1 and problem.message for problem in found.problems)
        yield str(found)


def cases(data: bytes) -> Iterable[str]:
    try:
        made = read_cases(written(data, "cases.yaml"), _folder() / "none.yaml")
    except (ConfigErrors, Failure) as errors:
        yield str(errors)
        return
    for case in made:
        outcome = play(case)
        yield outcome.error
        yield from (told.text.title + told.text.plain + told.text.markdown for told in outcome.told)


def _rule(**keys: Any) -> Iterable[str]:
    try:
        RuleSet.compile([RuleOptions(name="r", on=["job.*"], notify=["j"], **keys)], (), None, ["j"])
    except RuleErrors as errors:
        yield str(errors)
    except ValueError as error:  # of the options: pydantic's own
        yield str(error)


def expression(data: bytes) -> Iterable[str]:
    return _rule(when=data.decode(errors="surrogateescape"))


def template(data: bytes) -> Iterable[str]:
    text = data.decode(errors="replace")
    return [*_rule(title=text), *_rule(body=text)]


def arguments(data: bytes) -> Iterable[str]:
    """As far as a command is understood; none is run."""
    given = [part.decode(errors="surrogateescape") for part in data.replace(b"\0", b"").split(b"\n")]
    command = _program()
    while given and hasattr(command, "commands") and given[0] in command.commands:
        command = command.commands[given.pop(0)]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            command.make_context("training-monitor", given).close()
    except typer.exceptions.TyperException as error:
        yield error.format_message().encode(errors="backslashreplace").decode()
    except (typer.Exit, typer.Abort):
        return


@cache
def _program() -> Any:
    return typer.main.get_command(build())


_YAML = [b"&a", b"*a", b"<<: *a", b"!!python/object/apply:os.system [id]", b"!x", b"---\n", b"...\n",
    b"%YAML 1.1\n", b"? ",
         b"- ", b": ", b"{", b"}", b"[", b"]", b"|2\n", b">-\n", b"'", b'"', b"\\x", b"\t", b"\r", b"\0", b"\x85",
         b"\xef\xbb\xbf",
         b"${env:S}", b"${file:/etc/hostname}", b"${credential:x}", b"$${", b"${env:", b"[" * 50, b"0x" + b"f" * 400,
         b"9" * 5000, b".inf", b".nan", b"1e999", b"2026-02-30", b"null", b"~", b"was: x\n",
         b"every: 0s"]  # fmt: skip
_CEL = [b"job", b"previous", b"flavor", b"usage", b"account", b"severity", b"now", b".", b"(", b")", b"[", b"]",
    b"{", b"}", b"&&",
        b"||", b"!", b"==", b"in", b"?", b":", b".map(x, x)", b".matches('(a+)+$')", b"duration('1h')",
        b"timestamp('x')",
        b"r'''", b"b'\\xff'", b"'\\u0000'", b"'\\U0010ffff'", b"9223372036854775808", b"1e309", b"0u", b"-",
        b"((((((((",
        b"!!!!!!!!!!", b"has(job.x)", b"dyn(1)", b"size(", b"type(", b"+ 'a'", b"// c\n", b"\0", b"\xff"]  # fmt: skip
_JINJA = [b"{{", b"}}", b"{%", b"%}", b"{#", b"#}", b"for x in ", b"endfor", b"if ", b"else", b"endif", b"set a = ",
    b"macro m()",
          b"endmacro", b"call m()", b"filter upper", b"include 'x'", b"import 'os' as o", b"extends", b"block b",
          b"|", b"range(9999)",
          b"job", b".__class__", b"|attr('__class__')", b"['__init__']", b".format(", b"%s", b"* 99999", b"** 99",
          b"~", b"self",
          b"lipsum", b"cycler", b"joiner", b"namespace(", b"loop.", b"|map(attribute='x')", b"|tojson", b"|pprint",
          b"\xe2\x80\xa8",
          b"((((", b"[[[[", b"1 if 1 else "]  # fmt: skip
PARSERS = (
    Parser("config files", config, [CONFIG], _YAML, (SECRET_KEY, TOKEN), weight=8),
    Parser("case files", cases, [CASES], [*_YAML, b"repeat: 99", b"wait: 9999d", b"job: ", b"queues", b"fails"],
    weight=8),
    Parser("expressions", expression, [each.encode() for each in _WHENS], _CEL, weight=2),
    Parser("templates", template, [each.encode() for each in _BODIES], _JINJA, weight=4),
    Parser("command lines", arguments, [b"events\nlist\n--since\n3h\n--limit\n5", b"rules\ntest\nx.yaml",
    b"jobs\nshow\nj",
           b"silences\nadd\n--match\ntrue\n--for\n1h\n--comment\nx", b"usage\n--output\ncsv\n--by\nmodel",
           b"sinks\ntest\nj"],
           [b"--", b"-", b"--config", b"--limit", b"--output", b"--since", b"--until", b"\n", b"-1",
           b"99999999999999999999",
            b"\xff", b"=", b"--help", b"json", b"\xe2\x80\xae", b"list", b"events", b"db", b"config"]),
)  # fmt: skip
