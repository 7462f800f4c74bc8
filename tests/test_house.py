"""What the house promises about itself: the map, the layers' completeness, a fast import, no leftovers."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.places import ROOT

PACKAGE = ROOT / "python" / "mixedmodels"


def repository_files() -> list[Path]:
    """The files under version control, or all that is not built where there is no repository."""
    run = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [path for name in run.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def where_new_code_goes() -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    return text.split("## Where new code goes")[1].split("\n## ")[0]


def rooms() -> list[str]:
    """Subpackages and modules of the package."""
    packages = [p.parent.name for p in PACKAGE.glob("*/__init__.py")]
    modules = [p.stem for p in PACKAGE.glob("*.py") if p.stem != "__init__"]
    return sorted(packages + modules)


def test_every_path_of_the_map_exists() -> None:
    paths = re.findall(r"`([\w./-]+/[\w./-]*|[\w-]+\.(?:toml|md))`", where_new_code_goes())
    assert len(paths) > 15
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_room_stands_on_the_map() -> None:
    text = where_new_code_goes()
    assert [room for room in rooms() if f"python/mixedmodels/{room}" not in text] == []


def test_every_room_has_its_layer() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    layered = {room for layer in contract["layers"] for room in re.findall(r"\w+", layer)}
    assert set(rooms()) == layered


def imports_of(path: Path, modules: dict[str, Path]) -> set[str]:
    """Modules of the package that a file imports, within functions too; those for types alone are left out."""
    tree = ast.parse(path.read_text())
    for_types = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test)
        for node in ast.walk(branch)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in modules and id(node) not in for_types:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & modules.keys() or {node.module}
    return found


def knots(edges: dict[str, set[str]]) -> list[set[str]]:
    """Modules that import each other, each with those it reaches and that reach it."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            new = edges[todo.pop()] - seen
            seen |= new
            todo += new
        return seen

    after = {module: reached(module) for module in edges}
    return [{m} | {other for other in after[m] if m in after[other]} for m in edges if m in after[m]]


def modules_of_the_package() -> dict[str, Path]:
    names = {p: ".".join(("mixedmodels", *p.relative_to(PACKAGE).with_suffix("").parts)) for p in PACKAGE.rglob("*.py")}
    return {name.removesuffix(".__init__"): path for path, name in names.items()}


def room_of(path: Path) -> Path:
    """The package that a file belongs to; rooms within a room that has files of its own belong to that."""
    room = path.parent
    while room.parent not in (PACKAGE, PACKAGE.parent) and len(list(room.parent.glob("*.py"))) > 1:
        room = room.parent
    return room


def test_no_knot_of_more_than_three_modules() -> None:
    modules = modules_of_the_package()
    edges = {name: imports_of(path, modules) - {name, "mixedmodels"} for name, path in modules.items()}
    assert knots({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})[0] == {"a", "b", "c"}  # the test itself
    assert [sorted(knot) for knot in knots(edges) if len(knot) > 3] == []


def test_no_package_reads_itself_through_another() -> None:
    modules = modules_of_the_package()
    edges: dict[str, set[str]] = {room_of(path).as_posix(): set() for path in modules.values()}
    for path in modules.values():
        rooms_read = {room_of(modules[target]) for target in imports_of(path, modules)} - {PACKAGE, room_of(path)}
        edges[room_of(path).as_posix()] |= {room.as_posix() for room in rooms_read}
    edges[PACKAGE.as_posix()] = set()  # the face of the package, and the modules beside it
    assert len(edges) > 30
    assert [sorted(knot) for knot in knots(edges)] == []


def test_only_families_and_fit_talk_to_the_engine() -> None:
    sources = [path for path in PACKAGE.rglob("*.py") if re.search(r"import _engine|_engine import", path.read_text())]
    assert sources
    assert {path.relative_to(PACKAGE).parts[0] for path in sources} == {"families", "fit"}


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    reasons = (ROOT / "docs" / "architecture-notes.md").read_text()
    names = [re.split(r"[<>=]", d)[0] for d in project["dependencies"]]
    manifests = [ROOT / "crates" / crate / "Cargo.toml" for crate in ("engine", "bindings")]
    crates = {c for m in manifests for c in tomllib.loads(m.read_text())["dependencies"]} - {"mixedmodels-engine"}
    assert [name for name in [*names, *sorted(crates)] if not re.search(rf"^\| [^|]*\b{name}\b", reasons, re.M)] == []


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = ("scipy", "pandas", "narwhals", "polars", "pyarrow", "duckdb", "matplotlib")
    script = f"import sys, mixedmodels; print([m for m in {heavy!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_readme_gives_both_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert "    pip install . && mixedmodels demo\n" in text
    assert "    pip install '.[test]' && pytest\n" in text


# A doubt belongs in an issue; a path of somebody's machine belongs nowhere. The brackets hide this line from itself.
LEFTOVERS = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X|H[A]CK)\b|(?<![\w.~])/(?:home|Users)/\w+")


def test_no_leftovers() -> None:
    files = repository_files()
    if not files:
        pytest.skip("the files are not under version control here")
    own_place = str(ROOT.parent)
    found = []
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if match := LEFTOVERS.search(text):
            found.append(f"{path.relative_to(ROOT)}: {match[0]}")
        if len(own_place) > 4 and f"{own_place}/" in text:
            found.append(f"{path.relative_to(ROOT)}: {own_place}")
    assert found == []
