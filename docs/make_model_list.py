"""Write `src/whence/cli/model_list.json`, which `whence models` shows: `python docs/make_model_list.py`."""

from pathlib import Path

from whence.cli.models import model_list
from whence.files import written_whole

content = model_list().encode()
with written_whole(Path(__file__).parents[1] / "src/whence/cli/model_list.json") as file:
    file.write(content)
