"""What CONTRIBUTING.md says on adding a family is what the engine's tests compile and run."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.places import ROOT

FAMILY = ROOT / "crates" / "engine" / "src" / "family"
LINE = re.compile(r'^ *"([\w.]+)" => (\w+),$', re.M)
REGISTERED = re.compile(r'^ *"([\w.]+)" => (\w+)(?:::\w+)?(?: \[(?:parts|law)\])?,$', re.M)
MODULE = re.compile(r"^mod (\w+);$", re.M)


def section() -> str:
    return (ROOT / "CONTRIBUTING.md").read_text().split("## Adding a family")[1].split("\n## ")[0]


def test_the_example_is_the_one_that_the_engine_tests() -> None:
    tested = (ROOT / "crates" / "engine" / "tests" / "family" / "worked_example.rs").read_text()
    code = re.search(r"// ---- the file begins ----\n(.*)// ---- the file ends ----\n", tested, re.S)
    assert code is not None
    assert f"```rust\n{code[1]}```" in section()


def test_the_two_lines_have_the_form_of_the_others() -> None:
    (line,), (module,) = LINE.findall(section()), MODULE.findall(section())
    (file,) = re.findall(r"^saved as `(\w+\.rs)`", section(), re.M)
    assert line[1] == module == Path(file).stem
    registry = (FAMILY / "registry.rs").read_text()
    registered = REGISTERED.findall(registry.split("\nfamilies! {\n")[1].split("\n}")[0])
    assert len(registered) >= 6
    named = MODULE.findall((FAMILY / "mod.rs").read_text())
    assert all((FAMILY / f"{module}.rs").exists() and module in named for _, module in registered)
    assert len(registered) == registry.split("\nfamilies! {\n")[1].split("\n}")[0].count("=>")
    assert line not in registered
