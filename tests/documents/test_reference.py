"""What docs/reference/ says is what the code does; whoever changes one runs `make reference`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def reference() -> ModuleType:
    """tools/reference.py as a module; tools is no package."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / "tools" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize(
    "name", ["commands.md", "routes.md", "settings.md", "refusals.md", "kinds.md"]
)
def test_a_page_says_what_the_code_does(name: str) -> None:
    written = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")

    assert written == reference().PAGES[name](), "run `make reference`"


def test_every_page_is_held() -> None:
    pages = {file.name for file in (ROOT / "docs" / "reference").glob("*.md")}

    assert pages == set(reference().PAGES)
