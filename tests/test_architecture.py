"""The house: a room imports only what its row allows, and heavy libraries stay out of modules that start quickly."""

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
    "synth": {"audio", "labels", "corpora"},
    "scenes": {"audio", "labels", "corpora"},
    "features": {"audio"},
    "models": {"features", "labels"},
    "inference": {"audio", "labels", "features", "models"},
    "training": {"audio", "labels", "metrics", "corpora", "scenes", "features", "models", "inference"},
    "recipes": {"scenes", "features", "models", "training"},
    "views": {"audio", "labels", "metrics"},
    "live": {"audio", "labels", "inference", "views"},
    "web": {"audio", "labels", "features", "inference", "views"},
    "hub": {"labels", "metrics", "inference", "views"},
    "challenge": {"labels", "corpora"},
    "cli": {
        *("audio", "labels", "metrics", "corpora", "synth", "scenes", "features", "models", "inference"),
        *("training", "recipes", "views", "live", "web", "hub", "challenge"),
    },
}
# The ground that every room stands on.
GROUND = {"errors", "files", "settings", "text", "units"}

FILES = sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE)


def imported_rooms(path: Path) -> set[str]:
    """The rooms of whence that a file imports, anywhere in it."""
    rooms = set()
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
        rooms |= {module.split(".")[1] for module in modules if module.startswith("whence.")} - {"__version__"}
    return rooms


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_room_imports_only_what_its_row_allows(path):
    room = path.relative_to(SOURCE).parts[0]
    allowed = MAY_IMPORT[room] | {room} | GROUND
    assert imported_rooms(path) <= allowed


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_room_is_imported_by_its_face(path):
    """From other rooms names come out of packages, `from whence.labels import Events`; modules are a room's own."""
    room = path.relative_to(SOURCE).parts[0]
    deep = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("whence."):
            parts = node.module.split(".")[1:]
            if parts[0] not in GROUND | {room} and not SOURCE.joinpath(*parts).is_dir():
                deep.append(f"line {node.lineno}: {node.module}")
    assert deep == []


@pytest.mark.parametrize("stub", sorted(SOURCE.rglob("*.pyi")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_face_has_what_its_stub_says(stub):
    face = importlib.import_module(".".join(["whence", *stub.parent.relative_to(SOURCE).parts]))
    assert [name for name in face.__all__ if not hasattr(face, name)] == []
    # Python puts a module into its package under its own name once it is imported, over a function of that name.
    modules = {path.stem for path in stub.parent.iterdir()}
    shadowed = [name for name in modules & set(face.__all__) if inspect.ismodule(getattr(face, name))]
    assert shadowed == []


def test_the_table_names_only_rooms_and_flows_one_way():
    assert {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"} <= set(MAY_IMPORT)
    seen: set[str] = set()
    for room, allowed in MAY_IMPORT.items():
        assert allowed <= seen, f"{room} may import {allowed - seen}, which stand further down"
        seen.add(room)


def test_no_file_is_too_long_to_read_at_once():
    lengths = {path.relative_to(SOURCE): len(path.read_text().splitlines()) for path in SOURCE.rglob("*.py")}
    assert {path: lines for path, lines in lengths.items() if lines > 400} == {}
