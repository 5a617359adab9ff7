"""The architecture: which package imports which, by which names, and how long files may be."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "whence"

# The one import table, in the order in which data flows.
MAY_IMPORT: dict[str, set[str]] = {
    "audio": set(),
    "labels": set(),
    "metrics": {"labels"},
    "corpora": {"audio", "labels"},
    "synth": {"labels", "corpora"},
    "scenes": {"audio", "labels", "corpora"},
    "features": set(),
    "models": {"features", "labels"},
    "inference": {"audio", "labels", "features", "models"},
    "scale": {"audio", "labels", "inference"},
    "ray": {"audio", "inference", "scale"},
    "training": {"audio", "labels", "metrics", "corpora", "scenes", "features", "models", "inference"},
    "recipes": {"scenes", "features", "models", "training"},
    "views": {"audio", "labels", "metrics"},
    "live": {"audio", "labels", "inference", "views"},
    "web": {"audio", "labels", "features", "inference", "views"},
    "hub": {"inference", "views"},
    "challenge": {"labels", "corpora"},
    "cli": {
        *(
            "audio",
            "labels",
            "metrics",
            "corpora",
            "synth",
            "scenes",
            "features",
            "models",
            "inference",
            "scale",
            "ray",
        ),
        *("training", "recipes", "views", "live", "web", "hub", "challenge"),
    },
}
# Modules that serve every package.
SHARED = {"errors", "files", "settings", "text", "units"}

FILES = sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE)


def imported_packages(path: Path) -> set[str]:
    """The packages of whence that a file imports, anywhere in it."""
    packages = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            modules = [
                f"{node.module}.{alias.name}" if node.module == "whence" else str(node.module) for alias in node.names
            ]
        else:
            continue
        packages |= {module.split(".")[1] for module in modules if module.startswith("whence.")} - {"__version__"}
    return packages


def imported_modules(path: Path) -> set[str]:
    """The modules of whence that a file imports from by their own names, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_package_imports_only_what_its_row_allows(path):
    package = path.relative_to(SOURCE).parts[0]
    allowed = MAY_IMPORT[package] | {package} | SHARED
    assert imported_packages(path) <= allowed


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_names_of_other_packages_come_from_the_package(path):
    """`from whence.labels import Events`: the modules of a package are its own."""
    package = path.relative_to(SOURCE).parts[0]
    deep = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("whence."):
            parts = node.module.split(".")[1:]
            if parts[0] not in SHARED | {package} and not SOURCE.joinpath(*parts).is_dir():
                deep.append(f"line {node.lineno}: {node.module}")
    assert deep == []


@pytest.mark.parametrize("stub", sorted(SOURCE.rglob("*.pyi")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_package_has_the_names_that_its_stub_lists(stub):
    package = importlib.import_module(".".join(["whence", *stub.parent.relative_to(SOURCE).parts]))
    assert [name for name in package.__all__ if not hasattr(package, name)] == []
    # Python puts a module into its package under its own name once it is imported, over a function of that name.
    modules = {path.stem for path in stub.parent.iterdir()}
    shadowed = [name for name in modules & set(package.__all__) if inspect.ismodule(getattr(package, name))]
    assert shadowed == []


def test_the_table_names_every_package_and_flows_one_way():
    assert {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"} <= set(MAY_IMPORT)
    seen: set[str] = set()
    for package, allowed in MAY_IMPORT.items():
        assert allowed <= seen, f"{package} may import {allowed - seen}, which stand further down"
        seen.add(package)


def test_no_modules_import_each_other_in_a_circle():
    modules = {".".join(("whence", *path.relative_to(SOURCE).with_suffix("").parts)): path for path in FILES}
    imports = {name: imported_modules(path) & set(modules) - {name} for name, path in modules.items()}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " imports ".join([*above[above.index(name) :], name])
        for other in imports[name] - done:
            visit(other, (*above, name))
        done.add(name)

    for name in sorted(modules):
        if name not in done:
            visit(name, ())


def test_no_file_is_too_long_to_read_at_once():
    lengths = {path.relative_to(SOURCE): len(path.read_text().splitlines()) for path in SOURCE.rglob("*.py")}
    assert {path: lines for path, lines in lengths.items() if lines > 400} == {}
