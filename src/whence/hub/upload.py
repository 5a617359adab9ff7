"""A model and its card go up to the Hugging Face Hub in one commit, or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from whence.errors import GaveUpError, MissingExtraError, WhenceError
from whence.hub.names import SYSTEM_FILE, HubName, calm_client, endpoint, is_offline, reason, statuses, token
from whence.hub.published_files import PublishedFile
from whence.text import shown

CARD_FILE = "README.md"
_FORBIDDEN = {401, 403}


def upload(files: Sequence[PublishedFile], name: HubName, card: str, *, private: bool) -> str:
    """The commit that holds the model from now on, after everything went up in it.

    Args:
        files: of the model.
        name: where to; the repository is made if it is not there.
        card: goes up as README.md.
        private: whether a repository that has to be made is private.

    Returns:
        40 hex digits.

    Raises:
        MissingExtraError: the extra `hub` is not installed.
        WhenceError: no token, no network allowed, the token may not write there, or another model is there already.
        GaveUpError: the upload ended early; the repository is as it was.
    """
    try:
        from huggingface_hub import CommitOperationAdd, HfApi
    except ImportError:
        raise MissingExtraError("publishing a model", "hub") from None
    secret = token()
    if secret is None:
        raise WhenceError(
            f"set HF_TOKEN to a token that may write, from {endpoint()}/settings/tokens; it is kept nowhere"
        )
    if is_offline():
        raise WhenceError("HF_HUB_OFFLINE forbids uploading; unset it")
    calm_client()
    api = HfApi(endpoint=endpoint(), token=secret, library_name="whence")
    operations = [CommitOperationAdd(file.name, str(file.path)) for file in files]
    operations.append(CommitOperationAdd(CARD_FILE, card.encode("utf-8")))
    try:
        api.create_repo(name.repository, private=private or None, exist_ok=True)
        _refuse_second_model(api.model_info(name.repository).siblings or [], files, name)
        done = api.create_commit(name.repository, operations, commit_message="Model and card, by whence publish")
    except WhenceError:
        raise
    except Exception as error:  # the client raises errors of its own, of its web library and of the system
        for status in sorted(statuses(error) & _FORBIDDEN):
            raise WhenceError(f"the token in HF_TOKEN may not write to {name.repository} ({status})") from None
        raise GaveUpError(
            f"{name.repository}: the upload ended early ({reason(error)}); the same command does it anew"
        ) from None
    return str(done.oid)


def _refuse_second_model(there: Sequence[object], files: Sequence[PublishedFile], name: HubName) -> None:
    """Raise if the repository would hold two models afterwards, of which nobody could load one."""
    ours = {file.name for file in files}
    names = {str(getattr(sibling, "rfilename", "")) for sibling in there}
    others = sorted(other for other in names - ours if other.endswith(".onnx") or other == SYSTEM_FILE)
    if others:
        raise WhenceError(
            f"{name.repository} holds {', '.join(map(shown, others))} already, and a repository is one model; "
            "delete it there or choose another name"
        )
