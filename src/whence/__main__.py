"""`python -m whence` is `whence`."""

import sys

from whence.apps.main import main

sys.exit(main())
