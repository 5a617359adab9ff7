"""The pages about transforms agree with the code."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("make_transform_pages", ROOT / "docs" / "make_transform_pages.py")
pages = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(pages)
TRANSFORMS = sorted(path.stem for path in (ROOT / "src/whence/scenes/transforms").glob("[a-z]*.py"))


def test_every_transform_has_a_page_and_a_test():
    assert sorted(pages.PAGES_OF) == TRANSFORMS
    for name in TRANSFORMS:
        assert (ROOT / "tests" / "scenes" / f"test_{name}.py").exists()


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_page_is_the_one_the_code_gives(name):
    committed = (ROOT / "docs" / "transforms" / f"{name}.md").read_text(encoding="utf-8")
    assert committed == pages.page_text(name), "run python docs/make_transform_pages.py"
    assert (ROOT / "docs" / "transforms" / f"{name}.png").stat().st_size < 100_000


def test_the_list_of_pages_is_the_one_the_code_gives():
    assert (ROOT / "docs" / "transforms" / "index.md").read_text(encoding="utf-8") == pages.index_text()


@pytest.mark.parametrize("name", [name for name in TRANSFORMS if hasattr(pages.PAGES_OF.get(name), "settings")])
def test_every_setting_is_in_the_table(name):
    page = pages.PAGES_OF[name]
    if page.settings:
        module = importlib.import_module(f"whence.scenes.transforms.{name}")
        settings = getattr(module, page.settings)
        table = pages.settings_table(settings)
        assert [line.split("`")[1] for line in table.splitlines()[2:]] == list(settings.__dataclass_fields__)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_an_example_changes_what_it_shows(name):
    before, after = pages.PAGES_OF[name].example()
    assert before.shape == after.shape
    assert (before != after).any()
