"""The one family of errors a user can cause: each says where, what, and what to do."""


class WhenceError(ValueError):
    """Something the user gave cannot be used; the message is one sentence fit for the screen."""


class MissingExtraError(WhenceError):
    """A feature needs packages that were not installed.

    Args:
        feature: what was asked for, as the subject of a sentence.
        extra: the name of the extra that brings it.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs more packages: pip install 'whence[{extra}]'")


class GaveUpError(WhenceError):
    """Work that began well cannot go on (no memory, a loss that is no number); what is finished is kept."""
