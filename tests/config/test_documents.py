"""What the documents promise a stranger is there: links, commands, variables, paths of the code."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.config.test_deployment_files import CHECKOUT, variables_read

DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md")])
MAKEFILE = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
MAPS = ("architecture.md", "guarantees.md")

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
COMMAND = re.compile(r"manage\.py ([a-z_]+)")
TARGET = re.compile(r"`make ([a-z]+)|^make ([a-z]+)", re.MULTILINE)
PLACE = re.compile(
    r"`((?:config|attribution|campaigns|segments|customers|compliance|tests)/[^`]*)`"
)

names = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT))
)


@names
def test_every_link_leads_somewhere(document: Path) -> None:
    broken = [
        target
        for target in LINK.findall(document.read_text(encoding="utf-8"))
        if not target.startswith(("http://", "https://", "mailto:")) and not leads(document, target)
    ]

    assert broken == []


def leads(document: Path, target: str) -> bool:
    """Whether the file is there, and the heading in it."""
    path, _, anchor = target.partition("#")
    file = document.parent / path if path else document
    return file.exists() and (not anchor or anchor in anchors(file))


def anchors(file: Path) -> set[str]:
    """The headings as a link names them: small letters, hyphens for spaces, no punctuation."""
    headings = HEADING.findall(file.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@names
def test_every_command_exists(document: Path) -> None:
    told = set(COMMAND.findall(document.read_text(encoding="utf-8")))

    assert told - get_commands().keys() == set()


@names
def test_every_target_of_make_exists(document: Path) -> None:
    told = {first or second for first, second in TARGET.findall(document.read_text("utf-8"))}

    assert {target for target in told if not re.search(rf"^{target}:", MAKEFILE, re.M)} == set()


@pytest.mark.parametrize("name", MAPS)
def test_every_place_of_a_map_is_there(name: str) -> None:
    """A name in angle brackets stands for any: `nodes/<kind>.py`."""
    text = (CHECKOUT / "docs" / name).read_text(encoding="utf-8")
    told = {re.sub(r"<[^>]*>", "*", place) for place in PLACE.findall(text)}
    assert len(told) > 20

    assert {place for place in told if not any(CHECKOUT.glob(place))} == set()


def test_every_variable_of_the_settings_stands_in_the_readme() -> None:
    read = variables_read(
        by={"required", "given", "secret", "listed", "whole", "digit", "os.environ.get"}
    )

    assert {name for name in read if f"`{name}`" not in README} == set()
