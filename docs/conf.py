"""The site: `make docs` turns these pages and the docstrings of the package into docs/_build/html, offline."""

import sys
from pathlib import Path

from whence import __version__

sys.path.insert(0, str(Path(__file__).parent))

project = "Whence"
author = "the Whence authors"
version = release = __version__
html_title = f"Whence {__version__}"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "site_parts",
]
exclude_patterns = ["_build"]
# Blocks without a language hold tables and formulas.
highlight_language = "text"
html_theme = "furo"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False

# Pages link to headings of other pages as code hosts name them.
myst_heading_anchors = 3

# Docstrings are written for people who read the file: backticks there mean code, and `Args:` carries shapes and units.
default_role = "code"
napoleon_numpy_docstring = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
maximum_signature_line_length = 90
add_module_names = False
python_use_unqualified_type_names = True
