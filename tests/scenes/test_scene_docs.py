"""The page about scenes in detail runs."""

import re
from pathlib import Path

from tiny_banks import tiny_rooms, tiny_sounds

PAGE = Path(__file__).parents[2] / "docs" / "scenes-in-detail.md"


def test_the_code_of_the_page_runs_as_it_stands(capsys):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = {"sounds": tiny_sounds(), "rooms": tiny_rooms()}
    for block in blocks:
        exec(block, names)
    assert capsys.readouterr().out == "(1, 2, 120000) torch.float32\n(2, 2, 120000) 2\n(2, 2, 120000) 2\n"
    assert len(blocks) == 2
