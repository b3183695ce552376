"""One parser under libFuzzer, which keeps what reaches new code: `python -m tests.fuzz.drive NAME [its options]`."""

from __future__ import annotations

import sys

import atheris


def main() -> None:
    name, *options = sys.argv[1:]
    with atheris.instrument_imports(
        include=["monitor", "typer", "click"]
    ):  # to the end: much of the program is imported when needed
        from tests.fuzz.all_parsers import PARSERS

        parser = PARSERS[name]
        for seed in parser.seeds:
            parser.check(seed)  # what is imported by it is there, and nothing is taken for slow that only loads
        atheris.Setup([name, *options], parser.check)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
