"""`python -m whence` is `whence`."""

import sys

from whence.cli.main import main

sys.exit(main())
