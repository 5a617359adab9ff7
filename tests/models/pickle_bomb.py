"""A malicious pickle for the tests of safe loading."""

import os


class Bomb:
    """A pickle that writes a file when it is opened."""

    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return (os.system, (f"echo boom > {self.target}",))
