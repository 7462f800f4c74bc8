"""What CONTRIBUTING.md says on adding a family is what the engine's tests compile and run."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.places import ROOT

FAMILY = ROOT / "crates" / "engine" / "src" / "family"
LINE = re.compile(r'^ *"([\w.]+)" => (\w+) in "(\w+\.rs)",$', re.M)


def section() -> str:
    return (ROOT / "CONTRIBUTING.md").read_text().split("## Adding a family")[1].split("\n## ")[0]


def test_the_example_is_the_one_that_the_engine_tests() -> None:
    tested = (ROOT / "crates" / "engine" / "tests" / "family" / "worked_example.rs").read_text()
    code = re.search(r"// ---- the file begins ----\n(.*)// ---- the file ends ----\n", tested, re.S)
    assert code is not None
    assert f"```rust\n{code[1]}```" in section()


def test_the_registry_line_has_the_form_of_the_others() -> None:
    (line,) = LINE.findall(section())
    assert line[1] == Path(line[2]).stem
    registry = (FAMILY / "registry.rs").read_text()
    registered = LINE.findall(registry.split("\nfamilies! {\n")[1].split("\n}")[0])
    assert len(registered) >= 6
    assert all((FAMILY / file).exists() and Path(file).stem == module for _, module, file in registered)
    assert line not in registered
