"""Fetch a model named `hf:user/name@commit` from the Hugging Face Hub, once, and check it before it is used."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.errors import GaveUpError, InferenceError, MissingExtraError, WhenceError
from whence.text import shown

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_LOG = logging.getLogger("whence.hub")
PREFIX = "hf:"
SYSTEM_FILE, WEIGHTS_FILE = "system.json", "weights.safetensors"
LARGEST_BYTES = 2_000_000_000
_LARGEST_SYSTEM_BYTES = 1_000_000
_NAME = re.compile(r"[\w.-]+/[\w.-]+(@[0-9a-f]{40})?", re.ASCII)
_WEIGHTS = re.compile(rf"[A-Za-z_]\w*/{re.escape(WEIGHTS_FILE)}", re.ASCII)
_NETWORK = re.compile(r"[\w-][\w.-]*\.onnx", re.ASCII)
# No run averages more networks than this.
_MOST_FILES = 32
_TIMEOUT_S = 10.0
_DISK_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


@dataclass(frozen=True)
class HubName:
    """A model on the Hub.

    Args:
        repository: `user/name`.
        commit: 40 hex digits; empty where the name leaves it open.
    """

    repository: str
    commit: str = ""

    def __str__(self) -> str:
        return f"{PREFIX}{self.repository}{'@' if self.commit else ''}{self.commit}"

    @property
    def folder(self) -> Path:
        """Where the files of this commit are or would be, in the cache of the Hub's own client."""
        return _cache_folder() / f"models--{self.repository.replace('/', '--')}" / "snapshots" / self.commit


def read_name(text: str) -> HubName:
    """Read `hf:user/name` or `hf:user/name@` and 40 hex digits; a URL is refused.

    Raises:
        WhenceError: the text has another form.

    >>> read_name("hf:doe/street@" + "0" * 40).repository
    'doe/street'
    """
    name = text.removeprefix(PREFIX)
    repository, _, commit = name.partition("@")
    dotted = any(part.startswith((".", "-")) for part in repository.split("/"))
    if not text.startswith(PREFIX) or not _NAME.fullmatch(name) or dotted:
        remedy = "write hf:user/name@ and the 40 digits of a commit, no URL"
        raise WhenceError(f"{shown(text, 120)} names no model on the Hub", remedy=remedy)
    return HubName(repository, commit)


def hub_model(name: str) -> Path:
    """Return the files of a model on the Hugging Face Hub, fetched if they are not here.

    A named commit that is here already is used without any request; with HF_HUB_OFFLINE set no request is ever made.
    Only `.onnx`, `.safetensors` and `.json` files of at most 2 GB are fetched, and each is checked against the sum that
    the Hub states. Without a commit the newest is taken, and the log says which that is.

    Args:
        name: `hf:user/name@` and the 40 hex digits of a commit.

    Returns:
        the one ONNX file of the model, or the folder of a run.

    Raises:
        WhenceError: the name is malformed, there is no such model, or it is of a kind or size that is never fetched.
        InferenceError: the ONNX file is not a network that whence would run.
        MissingExtraError: it has to be fetched and the extra `hub` is not installed.
        GaveUpError: it could not be fetched; the message says which file to download by hand and where to put it.
    """
    wanted = read_name(name)
    found = model_in(wanted.folder) if wanted.commit else None
    if found is not None:
        return found
    if is_offline():
        raise GaveUpError(_by_hand(wanted, "is not on this machine, and HF_HUB_OFFLINE forbids fetching it"))
    client = hub_client("fetching a model from the Hugging Face Hub")
    info = _model_info(client, wanted)
    if not wanted.commit:
        wanted = replace(wanted, commit=info.sha)
        _LOG.warning("%s is the newest today; name the commit to get the same model tomorrow", wanted)
    for file in _chosen(wanted, info.siblings or ()):
        _fetch(client, wanted, file)
    model = model_in(wanted.folder)
    if model is None:
        from whence.inference import read_system

        read_system(wanted.folder)  # raises what is wrong with it, if anything
        raise WhenceError(f"{wanted}: its {SYSTEM_FILE} names networks that are not there; ask its publisher")
    if model.is_file():
        from whence.inference import check_onnx

        check_onnx(model)
    return model


def model_in(folder: Path) -> Path | None:
    """Return the model in a folder: its one ONNX file, or the folder if it holds a whole run; None if neither.

    Raises:
        WhenceError: there are several ONNX files.
    """
    networks = sorted(path for path in folder.glob("*.onnx") if path.is_file())
    if len(networks) > 1:
        raise WhenceError(f"{folder}: {len(networks)} ONNX files; a model is one, so name the file itself")
    if networks:
        return networks[0]
    members = network_names(folder)
    whole = members and all((folder / name / WEIGHTS_FILE).is_file() for name in members)
    return folder if whole else None


def network_names(folder: Path) -> tuple[str, ...]:
    """Return the networks that a run's `system.json` names; none where there is no such file or it cannot be used."""
    from whence.inference import read_system

    try:
        system = read_system(folder)
    except (InferenceError, OSError):
        return ()
    return (*system.members, *system.localizers)


def hub_client(feature: str) -> HfApi:
    """Return the Hub's own client; it takes the token from HF_TOKEN or from `hf auth login`.

    Raises:
        MissingExtraError: it is not installed; the message begins with the feature.
    """
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]
    except ImportError:
        raise MissingExtraError(feature, "hub") from None
    if not sys.stderr.isatty() and "HF_HUB_DISABLE_PROGRESS_BARS" not in os.environ:
        disable_progress_bars()
    return HfApi(endpoint=endpoint(), library_name="whence")


def token() -> str | None:
    """Return the token that the Hub's client would use, for looking whether it is in a text."""
    try:
        from huggingface_hub import get_token
    except ImportError:
        return os.environ.get("HF_TOKEN", "").strip() or None
    return get_token()


def endpoint() -> str:
    """Return the address of the Hub: HF_ENDPOINT, or the public one."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def is_offline() -> bool:
    """Whether the user forbade the network by HF_HUB_OFFLINE."""
    values = (os.environ.get(name, "").upper() for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))
    return any(value in {"1", "ON", "YES", "TRUE"} for value in values)


def causes(error: BaseException) -> list[BaseException]:
    """Return an error and what caused it, down to the first cause."""
    chain = [error]
    while (deeper := chain[-1].__cause__ or chain[-1].__context__) is not None and deeper not in chain:
        chain.append(deeper)
    return chain


def reason(error: BaseException) -> str:
    """Return the messages of a client's error and of its first cause in one short line, without the token."""
    chain = causes(error)
    firsts = [next(iter(str(one).strip().splitlines()), type(one).__name__) for one in (chain[0], chain[-1])]
    message, secret = ": ".join(dict.fromkeys(firsts)), token()
    return shown((message.replace(secret, "***") if secret else message)[:300])


def _cache_folder() -> Path:
    """The cache of the Hub's client. It is found without the client, so that a model that is here needs no extra."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if named:
        return Path(named).expanduser()
    home = os.environ.get("HF_HOME")
    if home:
        return Path(home).expanduser() / "hub"
    shared = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(shared) if shared else Path.home() / ".cache") / "huggingface" / "hub"
    except RuntimeError:
        raise WhenceError("no home folder is known for the cache; set HF_HOME to a folder") from None


def _model_info(client: HfApi, wanted: HubName) -> Any:
    """The commit and its files, requested once, so that a machine without a network fails at once."""
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    revision = wanted.commit or None
    try:
        info = client.model_info(wanted.repository, revision=revision, timeout=_TIMEOUT_S, files_metadata=True)
    except (RepositoryNotFoundError, RevisionNotFoundError):
        what = f"{wanted}: no such model or commit on {endpoint()}"
        raise WhenceError(what, remedy="if it is private, set HF_TOKEN") from None
    except Exception as error:  # the client raises errors of its own, of its web library and of the system
        raise GaveUpError(_by_hand(wanted, f"could not be asked for ({reason(error)})")) from None
    if not re.fullmatch(r"[0-9a-f]{40}", str(info.sha)) or (wanted.commit and info.sha != wanted.commit):
        raise GaveUpError(_by_hand(wanted, f"was answered with commit {shown(info.sha, 60)}"))
    return info


def _chosen(wanted: HubName, siblings: Any) -> list[Any]:
    """The files to fetch: one ONNX file, or the parts of a run."""
    by_name = {str(file.rfilename): file for file in siblings}
    names = [name for name in by_name if _NETWORK.fullmatch(name)]
    if len(names) > 1:
        raise WhenceError(f"{wanted}: holds {len(names)} ONNX files; a model is one")
    if not names and SYSTEM_FILE in by_name:
        names = [SYSTEM_FILE, *sorted(name for name in by_name if _WEIGHTS.fullmatch(name))]
    if not names or len(names) > _MOST_FILES:
        present = ", ".join(shown(name, 60) for name in sorted(by_name)[:5]) or "nothing"
        what = f"{wanted}: holds no model that whence reads, which is a .onnx file or a run"
        raise WhenceError(f"{what}; it has {present}")
    for name in names:
        size, largest = by_name[name].size or 0, _LARGEST_SYSTEM_BYTES if name == SYSTEM_FILE else LARGEST_BYTES
        if not 0 < size <= largest:
            raise WhenceError(f"{wanted}: {name} has {size:,} bytes; files of 1 to {largest:,} are fetched")
    return [by_name[name] for name in names]


def _fetch(client: HfApi, wanted: HubName, file: Any) -> None:
    """Fetch one file, and keep it only if size and sum are those that the Hub states."""
    # The Hub states no sha256 of small files.
    name, stated = file.rfilename, str(getattr(file.lfs, "sha256", None) or "")
    stated_sum = f", sha256 {stated}" if stated else ""
    _LOG.info("fetching %s of %s: %.1f MB%s", name, wanted, file.size / 1e6, stated_sum)
    try:
        path = Path(
            client.hf_hub_download(
                wanted.repository,
                name,
                revision=wanted.commit,
                cache_dir=wanted.folder.parents[2],
                etag_timeout=_TIMEOUT_S,
            )
        )
    except Exception as error:  # the client raises errors of its own, of its web library and of the system
        if isinstance(error, OSError) and error.errno in _DISK_FULL:
            raise
        raise GaveUpError(_by_hand(wanted, f"could not be fetched ({reason(error)})", name)) from None
    with path.open("rb") as content:
        sha256, size = hashlib.file_digest(content, "sha256").hexdigest(), path.stat().st_size
    if size != file.size or (stated and sha256 != stated):
        # The name is a link to the bytes; both go, or the next call would use them.
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        what = f"came as {size:,} bytes with sha256 {sha256} where the Hub states {file.size:,}{stated_sum}; removed"
        raise GaveUpError(_by_hand(wanted, what, name))
    if not stated:
        _LOG.info("%s has sha256 %s", name, sha256)


def _by_hand(wanted: HubName, what: str, file: str = "") -> str:
    """The message of a failure, with the way around it."""
    if not wanted.commit:
        return f"{wanted} {what}; try again later, or name a commit that is on this machine: {wanted}@..."
    address = f"{endpoint()}/{wanted.repository}/resolve/{wanted.commit}"
    if file:
        target = wanted.folder / file
        return (
            f"{file} of {wanted} {what}; try again later, or download {address}/{file} by hand and put it at {target}"
        )
    return (
        f"{wanted} {what}; try again later, or download its files by hand (a model that whence published is one file, "
        f"{address}/model.onnx, or a run: {address}/{SYSTEM_FILE} and NETWORK/{WEIGHTS_FILE}) and put them at "
        f"{wanted.folder}/ under the same names"
    )
