"""The public data sets that `whence data fetch` knows: where they are, and how many files a complete copy has."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whence.errors import CorpusError

ZENODO = "https://zenodo.org/api/records"
_FMA = "https://os.unil.cloud.switch.ch/fma"
_LARGEST_RECORD_BYTES = 16_000_000
_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class RemoteFile:
    """One file to download.

    Args:
        name: the file name, without folders.
        url: http or https.
        size: bytes; 0 where unknown.
        checksum: as published by the data's own host, `md5:...` or `sha1:...`.
    """

    name: str
    url: str
    size: int
    checksum: str


@dataclass(frozen=True)
class Dataset:
    """A public data set.

    Args:
        title: one line on what it is.
        page: where to read about it, licence included.
        files: the archives needed, in the order they are fetched.
        record: its Zenodo record, or empty.
        direct: where there is no record: the address and published checksum of each file.
        counts: how many files a complete copy has, by pattern below the data folder.
    """

    title: str
    page: str
    files: tuple[str, ...]
    record: str = ""
    direct: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


def _zenodo(title: str, record: str, *files: str, counts: Mapping[str, int] | None = None) -> Dataset:
    """A data set that is a Zenodo record."""
    return Dataset(title, f"https://zenodo.org/records/{record}", files, record=record, counts=counts or {})


def _fma(size: str, sha1: str, tracks: int) -> Dataset:
    """One size of FMA; its checksums are in the project's README."""
    files = {"fma_metadata.zip": "sha1:f0df49ffe5f2a6008d7dc83c6915b31835dfe733", f"fma_{size}.zip": f"sha1:{sha1}"}
    return Dataset(
        title=f"FMA {size}: {tracks:,} tracks of 30 s",
        page="https://github.com/mdeff/fma",
        files=tuple(files),
        direct={name: (f"{_FMA}/{name}", checksum) for name, checksum in files.items()},
        counts={f"fma_{size}/*/*.mp3": tracks, "fma_metadata/tracks.csv": 1},
    )


def _parts(name: str, count: int) -> tuple[str, ...]:
    """The files of a zip archive cut into parts."""
    return (*(f"{name}.z{number:02d}" for number in range(1, count)), f"{name}.zip")


CATALOGUE: dict[str, Dataset] = {
    "dcase2025_stereo": _zenodo(
        "DCASE 2025 Task 3 stereo SELD: 30,000 labelled clips of 5 s and 10,000 without labels",
        "15559774",
        *("metadata_dev.zip", "stereo_dev.zip", "stereo_eval.zip"),
        counts={
            "stereo_dev/dev-train-*/*.wav": 16_214,
            "metadata_dev/dev-train-*/*.csv": 16_214,
            "stereo_dev/dev-test-*/*.wav": 13_786,
            "metadata_dev/dev-test-*/*.csv": 13_786,
            "stereo_eval/eval/*.wav": 10_000,
        },
    ),
    "starss23": _zenodo("STARSS23, Ambisonic development part", "7880637", "metadata_dev.zip", "foa_dev.zip"),
    "starss22": _zenodo("STARSS22, Ambisonic development part", "6387880", "metadata_dev.zip", "foa_dev.zip"),
    "fsd50k": _zenodo(
        "FSD50K: 51,197 sounds in 200 classes",
        "4060432",
        *("FSD50K.ground_truth.zip", "FSD50K.metadata.zip", "FSD50K.doc.zip"),
        *_parts("FSD50K.eval_audio", 2),
        *_parts("FSD50K.dev_audio", 6),
        counts={"FSD50K.dev_audio/*.wav": 40_966, "FSD50K.eval_audio/*.wav": 10_231},
    ),
    "fma_small": _fma("small", "ade154f733639d52e35e32f5593efe5be76c6d70", 8_000),
    "fma_medium": _fma("medium", "c67b69ea232021025fca9231fc1c7c1a063ab50b", 25_000),
    "fma_large": _fma("large", "497109f4dd721066b5ce5e5f250ec604dc78939e", 106_574),
    "tau_srir": _zenodo(
        "TAU spatial room impulse responses, measured in nine rooms", "6408611", *_parts("TAU-SRIR_DB", 4)
    ),
    "dasheng_base": _zenodo("Dasheng-Base, pretrained", "11511780", "dasheng_base.pt"),
    "dasheng_audioset": _zenodo("Dasheng-Base, tuned on AudioSet", "13315686", "dasheng_audioset_mAP497.pt"),
}


def dataset_named(name: str, catalogue: Mapping[str, Dataset] = CATALOGUE) -> Dataset:
    """Return the data set of a name, or raise a CorpusError that lists the names."""
    if name not in catalogue:
        raise CorpusError(f"no data set {name!r}; there are: {', '.join(catalogue)}")
    return catalogue[name]


def remote_files(dataset: Dataset, names: tuple[str, ...] = (), *, zenodo: str = ZENODO) -> list[RemoteFile]:
    """Return the files of a data set with their addresses, sizes and checksums, as its host lists them today.

    Args:
        dataset: an entry of the catalogue.
        names: the files wanted; those the data set needs when empty. A record may hold more (video, other formats).
        zenodo: address of the record interface.

    Raises:
        CorpusError: the host cannot be reached, sends something else, or lacks a file.
    """
    wanted = names or dataset.files
    if not dataset.record:
        unknown = [name for name in wanted if name not in dataset.direct]
        if unknown:
            raise CorpusError(f"{dataset.title} has no file {unknown[0]}; there are: {', '.join(dataset.direct)}")
        # The size is learned on the way; the checksum decides.
        return [RemoteFile(name, url, 0, checksum) for name in wanted for url, checksum in [dataset.direct[name]]]
    url = f"{zenodo}/{dataset.record}"
    there = {file.name: file for file in _files_of_record(_read_json(url, dataset), url)}
    odd = [name for name in wanted if name in there and (Path(name).name != name or name.startswith("."))]
    if odd:
        raise CorpusError(f"{url}: {odd[0]!r} is not a plain file name; it is not fetched")
    missing = [name for name in wanted if name not in there]
    if missing:
        raise CorpusError(f"{url} has no file {', '.join(missing)}; it has: {', '.join(sorted(there))}")
    return [there[name] for name in wanted]


def web_request(url: str, **headers: str) -> urllib.request.Request:
    """A request under a name of our own; some hosts refuse Python's default one."""
    return urllib.request.Request(url, headers={"User-Agent": "whence (data fetch)", **headers})


def _read_json(url: str, dataset: Dataset) -> Any:
    """The record as JSON."""
    request = web_request(url, Accept="application/json")
    by_hand = f"open {dataset.page} in a browser and download {', '.join(dataset.files)} by hand"
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
            return json.loads(response.read(_LARGEST_RECORD_BYTES))
    except urllib.error.HTTPError as error:
        raise CorpusError(f"{url} responds with {error.code} {error.reason}; try later, or {by_hand}") from None
    except OSError as error:
        raise CorpusError(f"{url} cannot be reached ({_reason(error)}); check the network, or {by_hand}") from None
    except ValueError:
        raise CorpusError(f"{url} responds with a page, not a record; is a proxy in between? Or {by_hand}") from None


def _files_of_record(record: Any, url: str) -> list[RemoteFile]:
    """The files a record lists."""
    try:
        return [
            RemoteFile(str(file["key"]), str(file["links"]["self"]), int(file["size"]), str(file["checksum"]))
            for file in record["files"]
        ]
    except (KeyError, TypeError, ValueError):
        raise CorpusError(f"{url} is not the record whence knows how to read; is whence up to date?") from None


def _reason(error: OSError) -> str:
    """What went wrong, without the wrapping."""
    return str(getattr(error, "reason", error) or type(error).__name__)
