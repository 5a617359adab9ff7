"""A model's name on the Hugging Face Hub, and where its files are on this machine, by the environment alone."""

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from whence.errors import WhenceError
from whence.text import shown

PREFIX = "hf:"
# What models are made of. Nothing else goes up or comes down: a pickle would run code on whoever reads it.
ENDINGS = (".safetensors", ".onnx", ".json", ".md")
LARGEST_BYTES = 2_000_000_000
LARGEST_SYSTEM_BYTES = 1_000_000
SYSTEM_FILE, WEIGHTS_FILE = "system.json", "weights.safetensors"

_NAME = re.compile(r"[\w.-]+/[\w.-]+(@[0-9a-f]{40})?", re.ASCII)
_TRUE = {"1", "ON", "YES", "TRUE"}


@dataclass(frozen=True)
class HubName:
    """`user/name`, and the commit where one is named.

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
        """Where the files of this commit are or would be; the Hub's own client looks in the same place."""
        return hub_cache() / f"models--{self.repository.replace('/', '--')}" / "snapshots" / self.commit


def read_name(text: str) -> HubName:
    """The name behind `hf:`; an address is refused, so that a name can never lead anywhere else.

    Raises:
        WhenceError: it is not `hf:user/name` or `hf:user/name@` and 40 hex digits.

    >>> read_name("hf:doe/street@" + "0" * 40).repository
    'doe/street'
    """
    name = text.removeprefix(PREFIX)
    repository, _, commit = name.partition("@")
    dotted = any(part.startswith((".", "-")) for part in repository.split("/"))
    if not text.startswith(PREFIX) or not _NAME.fullmatch(name) or dotted:
        raise WhenceError(
            f"{shown(text, 120)} names no model on the Hub; write hf:user/name@ and the 40 digits of a commit, "
            "no address"
        )
    return HubName(repository, commit)


def model_in(folder: Path) -> Path | None:
    """The model in a folder: its one ONNX file, or the folder itself if it holds a whole run; None if neither.

    Raises:
        WhenceError: several ONNX files, of which none is the model.
    """
    networks = sorted(path for path in folder.glob("*.onnx") if path.is_file())
    if len(networks) > 1:
        raise WhenceError(f"{folder}: {len(networks)} ONNX files; a model is one, so name the file itself")
    if networks:
        return networks[0]
    members = member_names(folder)
    whole = members and all((folder / name / WEIGHTS_FILE).is_file() for name in members)
    return folder if whole else None


def member_names(folder: Path) -> tuple[str, ...]:
    """The networks that a run's `system.json` names; none where there is no such file or it cannot be used."""
    path = folder / SYSTEM_FILE
    try:
        if path.stat().st_size > LARGEST_SYSTEM_BYTES:
            return ()
        said = json.loads(path.read_text(encoding="utf-8"))
        names = [*said["members"], *said.get("localizers", ())]
    except (OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return ()
    # The names become paths: a stranger's run must not reach beyond its own folder.
    return tuple(names) if all(isinstance(name, str) and name.isidentifier() for name in names) else ()


def hub_cache() -> Path:
    """The folder in which the Hub's client keeps what it fetched: HF_HUB_CACHE, HF_HOME, or the user's cache folder.

    Raises:
        WhenceError: neither a variable nor a home folder says where.
    """
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


def endpoint() -> str:
    """The address of the Hub: HF_ENDPOINT, or the public one."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def is_offline() -> bool:
    """Whether the user forbade the network by HF_HUB_OFFLINE."""
    return any(os.environ.get(name, "").upper() in _TRUE for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))


def token() -> str | None:
    """The secret in HF_TOKEN, the only place it is ever taken from."""
    return os.environ.get("HF_TOKEN", "").strip() or None


def reason(error: BaseException) -> str:
    """What an error of the Hub's client says, with what lies at its bottom, in one short line without the secret."""
    chain = [error]
    while (deeper := chain[-1].__cause__ or chain[-1].__context__) is not None and deeper not in chain:
        chain.append(deeper)
    firsts = [next(iter(str(one).strip().splitlines()), type(one).__name__) for one in (chain[0], chain[-1])]
    said = ": ".join(dict.fromkeys(firsts))
    secret = token()
    return shown((said.replace(secret, "***") if secret else said)[:300])


def statuses(error: BaseException) -> set[int]:
    """The HTTP statuses that an error came of, if it did."""
    found: set[int] = set()
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen:
        seen.append(link)
        found.add(getattr(getattr(link, "response", None), "status_code", 0))
        link = link.__cause__ or link.__context__
    return found - {0}


def calm_client() -> None:
    """Let the Hub's client draw its bars only where somebody watches."""
    from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]

    if not sys.stderr.isatty() and "HF_HUB_DISABLE_PROGRESS_BARS" not in os.environ:
        disable_progress_bars()
