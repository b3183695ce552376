"""What stands under `Examples` in the help of each command: what it is for, and what to type. Tests run them."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "": (
        ("see it work, without any account", "demo"),
        ("is the config file right?", "check"),
        ("what failed in the last week", "jobs list --state failed --since 7d"),
        ("names and ids by the Tab key", "--install-completion"),
    ),
    "budgets": (("what is left of each?", "budgets list"),),
    "budgets list": (("what is left of each?", "budgets list"),),
    "check": (("every mistake at once", "check --config training-monitor.yaml"),),
    "config": (("a schema for the editor", "config schema > training-monitor.schema.json"),),
    "config schema": (("a schema for the editor", "config schema > training-monitor.schema.json"),),
    "config reload": (("after a change", "config reload"),),
    "config show": (("as it was understood, secrets masked", "config show"),),
    "db": (("is the database whole?", "db check"),),
    "db upgrade": (("before a new version is started", "db upgrade"),),
    "db backup": (("a whole copy, beside the running daemon", "db backup monitor.backup.db --force"),),
    "db restore": (("the copy back, while no daemon runs", "db restore monitor.backup.db"),),
    "db end-links": (("a link got into wrong hands", "db end-links"),),
    "db prune": (("what is older than `retention` says?", "db prune --dry-run"),),
    "db check": (("for a script: the exit code says it", "db check --output json"),),
    "deliveries": (("what could not be delivered", "deliveries list --state dead,refused"),),
    "deliveries list": (
        ("what could not be delivered", "deliveries list --state dead,refused"),
        ("what went to one sink today", "deliveries list --sink journal --since 1d"),
    ),
    "deliveries show": (("one with every attempt", "deliveries show DELIVERY"),),
    "deliveries retry": (
        ("one, at once", "deliveries retry DELIVERY"),
        ("after a sink was mended", "deliveries retry --all --sink journal --yes"),
    ),
    "deliveries drop": (
        ("one", "deliveries drop DELIVERY"),
        ("what waits for a sink that is gone", "deliveries drop --all --sink hook --yes"),
    ),
    "demo": (("a minute of it", "demo --for 60"),),
    "doctor": (("what is wrong, and what mends it", "doctor"),),
    "events": (("as they come", "events follow --type 'job.*'"),),
    "events list": (
        ("all that happened to one job", "events list --subject job/ft-20260101-aaaa-0001"),
        ("for a program, as CloudEvents", "events list --since 7d --limit 100000 --output jsonl > events.jsonl"),
    ),
    "events show": (("by its number", "events show 3"),),
    "events follow": (("as they come", "events follow --type 'job.*'"),),
    "flavors": (("what is in stock?", "flavors list --stock normal"),),
    "flavors list": (("what is in stock in one zone?", "flavors list --stock normal --zone cn-north-4a"),),
    "flavors history": (("when was it sold out?", "flavors history modelarts.bm.npu.arm.8snt9b3.d --since 30d"),),
    "init": (("asks, and writes training-monitor.yaml", "init"),),
    "jobs": (("what runs, and what waits?", "jobs list --active"),),
    "jobs list": (
        ("what runs, and what waits?", "jobs list --active"),
        ("what failed in the last week", "jobs list --state failed --since 7d"),
        ("for a program", "jobs list --limit 100000 --output jsonl > jobs.jsonl"),
    ),
    "jobs delete": (
        ("what would happen?", "jobs delete llm-beijing ft-20260101-aaaa-0002 --dry-run"),
        ("for good, without a question", "jobs delete llm-beijing JOB --yes"),
    ),
    "jobs deletions": (("what is under way?", "jobs deletions --open"),),
    "jobs cleanup": (
        ("what would the policies delete, and what do they keep?", "jobs cleanup --all"),
        ("one that has stopped goes on", "jobs cleanup --resume nightly"),
    ),
    "jobs show": (("by its name or id, or a part of one", "jobs show qwen-sft"),),
    "notifications": (("what was said today", "notifications list --since 1d"),),
    "notifications list": (
        ("what was said today", "notifications list --since 1d"),
        ("what was said of a job", "notifications list --search qwen-sft"),
    ),
    "notifications show": (("the whole text, and where it went", "notifications show NOTIFICATION"),),
    "notifications ack": (("I am on it", "notifications ack MESSAGE"),),
    "notifications snooze": (("not before the afternoon", "notifications snooze MESSAGE --for 4h"),),
    "rules": (("do they say what they should?", "rules test cases.yaml"),),
    "rules test": (
        ("your own cases, as docs/lab.md has them", "rules test cases.yaml"),
        ("in CI", "rules test cases.yaml --junit report.xml"),
    ),
    "rules backtest": (
        ("what these rules would have sent", "rules backtest --since 30d"),
        ("beside proposed ones", "rules backtest --since 30d --with new-rules.yaml"),
        ("for a spreadsheet", "rules backtest --since 30d --output csv > messages.csv"),
    ),
    "rules diff": (
        ("before a reload", "rules diff"),
        ("what it would change in messages, too", "rules diff --since 7d"),
    ),
    "rules explain": (
        ("why was this told, or not?", "rules explain 1234"),
        ("a message, by the beginning of its id", "rules explain 3fa8c1d2"),
    ),
    "rules schema": (("a schema for the editor", "rules schema > cases.schema.json"),),
    "rules lint": (("what is hardly meant", "rules lint"),),
    "run": (("in the foreground, with text on the terminal", "run --log-format text"),),
    "sandbox": (("platforms to try a config with", "sandbox --port 8651"),),
    "silences": (("what is hidden at the moment", "silences list"),),
    "silences add": (
        (
            "maintenance for two hours",
            "silences add --match 'flavor.zone == \"cn-north-4a\"' --for 2h --comment 'zone is being moved' --yes",
        ),
        (
            "look first",
            "silences add --match 'job.name.startsWith(\"night\")' --for 8h --comment nightly --dry-run",
        ),
    ),
    "silences list": (("what is hidden at the moment", "silences list"),),
    "silences show": (("what it hid, and from whom", "silences show SILENCE"),),
    "silences end": (("the work is done", "silences end SILENCE"),),
    "sinks": (("where messages go, and what became of the last", "sinks list"),),
    "sinks list": (("where messages go, and what became of the last", "sinks list"),),
    "sinks test": (("does a message arrive?", "sinks test journal"),),
    "usage": (
        ("tokens and cost of the last 30 days", "usage --since 30d"),
        ("who used what", "usage --by owner,model"),
        ("for a spreadsheet", "usage --by day,model --output csv > usage.csv"),
    ),
}
"""By the command's path; `` is the program itself. Each: what for, and what is typed after the program's name."""
