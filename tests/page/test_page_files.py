"""The page's files: how they are served and kept, what they weigh, and rules that their text must hold."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from monitor.model import EventType
from monitor.web.page.files import FOLDER, read_site
from tests.kit.page import page_served

OURS = sorted(path for path in FOLDER.rglob("*") if path.is_file() and "vendor" not in path.parts)
VENDOR = FOLDER / "vendor"
HEAVIEST = 150_000
"""Bytes of our own files, unpacked."""
LINES = 300


async def test_the_page_is_asked_again_and_its_files_are_kept_for_ever(tmp_path: Path) -> None:
    async with page_served(tmp_path) as it:
        status, headers, body = await it.ask("/")
        assert (status, headers["Cache-Control"]) == (200, "no-cache")
        paths = re.findall(rb'(?:src|href)="(/static/[^"]+)"', body)
        assert len(paths) > 15
        for path in {path.decode() for path in paths}:
            status, headers, plain = await it.ask(path, headers={"Accept-Encoding": "identity"})
            assert status == 200, path
            assert "immutable" in headers["Cache-Control"]
            tag = headers["ETag"]
            status, headers, packed = await it.ask(path, headers={"Accept-Encoding": "gzip"})
            assert headers["Content-Encoding"] == "gzip"
            assert packed in (plain, gzip.compress(plain, 9, mtime=0))  # the client may have unpacked it
            assert "Content-Encoding" not in (await it.ask(path, headers={"Accept-Encoding": "gzip;q=0"}))[1]
            assert (await it.ask(path, headers={"If-None-Match": tag}))[0] == 304
        tag = (await it.ask("/"))[1]["ETag"]
        assert (await it.ask("/", headers={"If-None-Match": tag}))[0] == 304


@pytest.mark.parametrize(
    "path",
    [
        "/static/0000000000000000/js/main.js",
        "/static/{version}/js/nothing.js",
        "/static/{version}/index.html",
        "/static/{version}/vendor/README.md",
        "/static/{version}/js//main.js",
    ],
)
async def test_what_is_no_file_of_this_version_is_not_found(path: str, tmp_path: Path) -> None:
    async with page_served(tmp_path) as it:
        assert (await it.ask(path.format(version=read_site().version)))[0] == 404


def test_the_version_changes_with_any_file(tmp_path: Path) -> None:
    for name, text in (("index.html", "{static}/a.js"), ("a.js", "1")):
        (tmp_path / name).write_text(text)
    before = read_site(tmp_path)
    (tmp_path / "a.js").write_text("2")
    after = read_site(tmp_path)
    assert before.version != after.version
    assert after.index.body == f"/static/{after.version}/a.js".encode()


def test_it_is_light() -> None:
    assert sum(path.stat().st_size for path in OURS) < HEAVIEST
    assert {path.name: lines for path in OURS if (lines := len(path.read_text().splitlines())) >= LINES} == {}


def test_vendored_files_are_the_ones_that_were_published() -> None:
    rows = re.findall(r"\| (\S+) \| ([0-9a-f]{64}) \|", (VENDOR / "README.md").read_text())
    assert {name for name, _ in rows} == {path.name for path in VENDOR.iterdir()} - {"README.md"}
    for name, digest in rows:
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.parametrize(
    "banned",
    [
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser",
        r"\beval\(|new Function",
        r"\bstyle=|\bon\w+=\"",
    ],
    ids=["markup from text", "code from text", "inline style or script"],
)
def test_nothing_in_it_makes_markup_or_code_of_text(banned: str) -> None:
    found = [(path.name, hit) for path in OURS for hit in re.findall(banned, path.read_text())]
    assert found == []


def test_every_module_is_fetched_at_once_and_none_in_vain() -> None:
    index = (FOLDER / "index.html").read_text()
    preloaded = set(re.findall(r'modulepreload" href="\{static\}/js/(\w+)\.js"', index))
    modules = {path.stem for path in OURS if path.parent.name == "js"} - {"main", "theme"}
    assert preloaded == modules


def words(language: str) -> dict[str, str]:
    text = (FOLDER / "js" / "words.js").read_text()
    block = text.split(f"const {language} = {{")[1].split("\n};")[0]
    return dict(re.findall(r'(?:^|[\s,])"?([\w.]+)"?: "([^"\n]*)"', block))


def test_every_word_is_there_in_both_languages_with_the_same_places() -> None:
    english, chinese = words("en"), words("zh")
    assert len(english) > 150
    assert english.keys() == chinese.keys()
    places = {key: set(re.findall(r"\{\w+\}", text)) for key, text in english.items()}
    assert {key for key, text in chinese.items() if set(re.findall(r"\{\w+\}", text)) != places[key]} == set()


def test_every_word_that_is_asked_for_is_there() -> None:
    english = words("en")
    asked = {key for path in OURS for key in re.findall(r'\bt\("([\w.]+)"', path.read_text())}
    asked |= set(re.findall(r'data-t(?:-label|-hint)?="([\w.]+)"', (FOLDER / "index.html").read_text()))
    assert len(asked) > 80
    assert asked - english.keys() == set()


def test_the_stream_is_listened_to_for_every_type_of_event() -> None:
    text = (FOLDER / "js" / "live.js").read_text()
    listed = set(re.findall(r'"([a-z]+\.[a-z_]+)"', text))
    assert {one.value for one in EventType} - listed == set()


def test_every_type_of_event_is_of_one_kind_that_may_be_chosen() -> None:
    kinds = (FOLDER / "js" / "activity.js").read_text().split("const KINDS = ")[1].split(";")[0]
    globs = re.findall(r'"([a-z]+)\.\*"', kinds)
    assert sorted(globs) == sorted({one.value.partition(".")[0] for one in EventType})
