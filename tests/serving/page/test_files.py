"""The files of the page, as they lie in their folder."""

import re
from pathlib import Path

import pytest

from shared_features.params import PROJECT_ROOT

WEB = PROJECT_ROOT / "serving" / "web"
VENDOR = WEB / "vendor"
TEXTS = sorted(
    path
    for path in WEB.rglob("*")
    if path.suffix in (".html", ".js", ".css", ".svg") and VENDOR not in path.parents
)


def name_of(path: Path) -> str:
    return str(path.relative_to(WEB))


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_the_page_needs_nobody_else(path: Path) -> None:
    """No address of another host, no script or style inside the markup."""
    text = path.read_text(encoding="utf-8")
    addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"')]*", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<style|style=|<script>|\son\w+=\"", text)


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_what_a_file_names_is_there(path: Path) -> None:
    """Modules, styles, pictures and icons."""
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"from \"(\.[^\"]+)\"", text):
        assert (path.parent / target).is_file(), target
    for target in re.findall(r"[\"`]/web/([^\"`#?]+)", text):
        assert (WEB / target).is_file(), target
    icons = set(re.findall(r"<symbol id=\"(\w+)\"", (WEB / "icons.svg").read_text()))
    assert set(re.findall(r"icons\.svg#(\w+)|icon\(\"(\w+)\"\)", text)) <= {
        pair for icon in icons for pair in ((icon, ""), ("", icon))
    }


@pytest.mark.parametrize("path", [p for p in TEXTS if p.suffix == ".js"], ids=name_of)
def test_the_page_has_every_element_that_a_module_asks_for(path: Path) -> None:
    """By its id, in the markup or made by a module."""
    made = " ".join(other.read_text(encoding="utf-8") for other in TEXTS)
    for name in re.findall(r"byId\(\"([\w-]+)\"\)", path.read_text(encoding="utf-8")):
        assert re.search(rf"id=\"{name}\"|id: \"{name}\"", made), name


def test_what_is_not_our_own_says_whose_it_is() -> None:
    """Version and licence lie beside it."""
    for folder in VENDOR.iterdir():
        assert re.search(r"\d+\.\d+\.\d+", (folder / "README.md").read_text(encoding="utf-8"))
        assert (folder / "LICENSE").is_file()
