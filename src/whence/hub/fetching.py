"""A model named `hf:user/name@commit` becomes files on this machine: looked for here first, fetched once, checked."""

from __future__ import annotations

import errno
import hashlib
import logging
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from whence.errors import GaveUpError, MissingExtraError, WhenceError
from whence.hub.names import (
    LARGEST_BYTES,
    LARGEST_SYSTEM_BYTES,
    SYSTEM_FILE,
    WEIGHTS_FILE,
    HubName,
    calm_client,
    endpoint,
    is_offline,
    model_in,
    read_name,
    reason,
    token,
)
from whence.text import shown

_LOG = logging.getLogger("whence.hub")
_TIMEOUT_S = 10.0
_WEIGHTS = re.compile(rf"[A-Za-z_]\w*/{re.escape(WEIGHTS_FILE)}", re.ASCII)
_NETWORK = re.compile(r"[\w-][\w.-]*\.onnx", re.ASCII)
# More networks than this answer together in no run.
_MOST_FILES = 32
_DISK_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


class _Remote(NamedTuple):
    """One file as the Hub lists it."""

    name: str
    size: int
    sha256: str
    """Empty for small files, of which the Hub keeps another sum."""


def hub_model(name: str) -> Path:
    """The files of a model on the Hugging Face Hub.

    A named commit that is here already is used without asking anybody; with HF_HUB_OFFLINE set nobody is asked at all.
    Only `.onnx`, `.safetensors` and `.json` files of at most 2 GB are fetched, and each is checked against the sum that
    the Hub states. Without a commit the newest is taken, and a line in the log says which that is.

    Args:
        name: `hf:user/name@` and the 40 hex digits of a commit.

    Returns:
        the one ONNX file of the model, or the folder of a run.

    Raises:
        WhenceError: the name is none, there is no such model, or it is of a kind or size that is never fetched.
        InferenceError: the ONNX file is not a network that would be run here.
        MissingExtraError: it has to be fetched and the extra `hub` is not installed.
        GaveUpError: it could not be fetched; the message says which file to fetch by hand and where to put it.
    """
    wanted = read_name(name)
    found = model_in(wanted.folder) if wanted.commit else None
    if found is not None:
        return found
    if is_offline():
        raise GaveUpError(_by_hand(wanted, "is not on this machine, and HF_HUB_OFFLINE forbids fetching it"))
    return _fetched(wanted)


def _fetched(wanted: HubName) -> Path:
    """The model, brought here now."""
    commit, listed = _listing(wanted)
    if not wanted.commit:
        wanted = replace(wanted, commit=commit)
        _LOG.warning("%s is the newest today; name the commit to get the same model tomorrow", wanted)
    for remote in _chosen(wanted, listed):
        _fetch(wanted, remote)
    model = model_in(wanted.folder)
    if model is None:
        raise WhenceError(f"{wanted}: its {SYSTEM_FILE} names networks that are not there; ask who published it")
    if model.is_file():
        from whence.inference import check_onnx

        check_onnx(model)
    return model


def _listing(wanted: HubName) -> tuple[str, list[_Remote]]:
    """The commit and its files, asked once: a machine without a network is to hear so at once."""
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError
    except ImportError:
        raise MissingExtraError("fetching a model from the Hugging Face Hub", "hub") from None
    calm_client()
    api = HfApi(endpoint=endpoint(), token=token() or False, library_name="whence")
    try:
        told = api.model_info(
            wanted.repository, revision=wanted.commit or None, timeout=_TIMEOUT_S, files_metadata=True
        )
    except (RepositoryNotFoundError, RevisionNotFoundError):
        raise WhenceError(
            f"{wanted}: no such model or commit on {endpoint()}; if it is private, set HF_TOKEN"
        ) from None
    except Exception as error:  # the client raises errors of its own, of its web library and of the system
        raise GaveUpError(_by_hand(wanted, f"could not be asked for ({reason(error)})")) from None
    commit = str(told.sha)
    if not re.fullmatch(r"[0-9a-f]{40}", commit) or (wanted.commit and commit != wanted.commit):
        raise GaveUpError(_by_hand(wanted, f"was answered with commit {shown(commit, 60)}"))
    remotes = [
        _Remote(file.rfilename, -1 if file.size is None else file.size, str(getattr(file.lfs, "sha256", None) or ""))
        for file in told.siblings or ()
    ]
    return commit, remotes


def _chosen(wanted: HubName, listed: Iterable[_Remote]) -> list[_Remote]:
    """The files to fetch: one ONNX file, or the parts of a run. Everything else stays where it is."""
    by_name = {remote.name: remote for remote in listed}
    networks = [name for name in by_name if _NETWORK.fullmatch(name)]
    if len(networks) > 1:
        raise WhenceError(f"{wanted}: holds {len(networks)} ONNX files; a model is one")
    names = networks
    if not networks and SYSTEM_FILE in by_name:
        names = [SYSTEM_FILE, *sorted(name for name in by_name if _WEIGHTS.fullmatch(name))]
    if not names or len(names) > _MOST_FILES:
        held = ", ".join(shown(name, 60) for name in sorted(by_name)[:5]) or "nothing"
        raise WhenceError(f"{wanted}: holds no model that whence reads, which is a .onnx file or a run; it has {held}")
    for name in names:
        largest = LARGEST_SYSTEM_BYTES if name == SYSTEM_FILE else LARGEST_BYTES
        if not 0 < by_name[name].size <= largest:
            raise WhenceError(
                f"{wanted}: {name} has {by_name[name].size:,} bytes; files of 1 to {largest:,} are fetched"
            )
    return [by_name[name] for name in names]


def _fetch(wanted: HubName, remote: _Remote) -> None:
    """Bring one file, and keep it only if it is the one that the Hub means."""
    from huggingface_hub import hf_hub_download

    target = wanted.folder / remote.name
    _LOG.info("fetching %s of %s: %.1f MB%s", remote.name, wanted, remote.size / 1e6, _sum(remote.sha256))
    try:
        got = hf_hub_download(
            wanted.repository,
            remote.name,
            revision=wanted.commit,
            cache_dir=wanted.folder.parents[2],
            endpoint=endpoint(),
            token=token() or False,
            etag_timeout=_TIMEOUT_S,
            library_name="whence",
        )
    except Exception as error:  # the client raises errors of its own, of its web library and of the system
        if isinstance(error, OSError) and error.errno in _DISK_FULL:
            raise
        raise GaveUpError(_by_hand(wanted, f"could not be fetched ({reason(error)})", remote.name)) from None
    size, sha256 = _measured(Path(got))
    if size != remote.size or (remote.sha256 and sha256 != remote.sha256):
        # The name is a link to the bytes; both go, or the next call would take them for good.
        Path(got).resolve().unlink(missing_ok=True)
        target.unlink(missing_ok=True)
        meant = f"{remote.size:,}{_sum(remote.sha256)}"
        said = f"came as {size:,} bytes with sha256 {sha256} where {meant} were meant; removed"
        raise GaveUpError(_by_hand(wanted, said, remote.name))
    if not remote.sha256:
        _LOG.info("%s has sha256 %s", remote.name, sha256)


def _measured(path: Path) -> tuple[int, str]:
    """Size and sha256 of a file."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return path.stat().st_size, sha256


def _sum(sha256: str) -> str:
    """A sum as a sentence goes on to it."""
    return f", sha256 {sha256}" if sha256 else ""


def _by_hand(wanted: HubName, what: str, file: str = "") -> str:
    """A failure with the way around it."""
    if not wanted.commit:
        return f"{wanted} {what}; try again later, or name a commit that is on this machine: {wanted}@..."
    address = f"{endpoint()}/{wanted.repository}/resolve/{wanted.commit}"
    if file:
        return (
            f"{file} of {wanted} {what}; try again later, or download {address}/{file} by hand and put it at "
            f"{wanted.folder / file}"
        )
    return (
        f"{wanted} {what}; try again later, or download its files by hand (a model that whence published is one file, "
        f"{address}/model.onnx, or a run: {address}/{SYSTEM_FILE} and NETWORK/{WEIGHTS_FILE}) and put them at "
        f"{wanted.folder}/ under the same names"
    )
