"""A folder with one folder of sounds per class becomes sound entries."""

from pathlib import Path

from whence.audio import SOUND_ENDINGS
from whence.corpora.class_names import match_class
from whence.corpora.entries import SoundEntry
from whence.errors import CorpusError
from whence.labels import ClassList


def read_sound_folder(folder: Path, classes: ClassList) -> list[SoundEntry]:
    """List the sounds of a folder whose sub-folders are named after classes.

    ```
    my_sounds/knock/door1.wav           my_sounds/background/street.flac
    my_sounds/3_telephone/old/bell.ogg  my_sounds/interference/keys.wav
    ```
    Deeper folders are searched too and stand for one recording each; a sound that lies directly in its class
    folder is its own recording. Hidden files and other endings are passed over.

    Args:
        folder: holds one folder per class, named as `match_class` takes it, and maybe `background/` and
            `interference/`: heard but never labelled.
        classes: the class list; classes without a folder are simply absent.

    Returns:
        entries by class folder and file name.

    Raises:
        CorpusError: if the folder is missing, has no class folder, one that names no class (all are listed), two
            that name the same, or holds no sounds.
    """
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder")
    class_folders = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not class_folders:
        raise CorpusError(f"{folder}: no class folders in it; make one per class, e.g. {folder / classes[0]}")
    class_index = _match_folders(folder, class_folders, classes)
    entries = [
        SoundEntry(
            path=path,
            class_index=class_index[class_folder],
            recording=_recording(path, class_folder),
            name=path.relative_to(folder).as_posix(),
        )
        for class_folder in class_folders
        for path in _sounds_below(class_folder)
    ]
    if not entries:
        endings = ", ".join(sorted(SOUND_ENDINGS))
        raise CorpusError(f"{folder}: no sounds in its {len(class_folders)} folders; endings read: {endings}")
    return entries


def _match_folders(folder: Path, class_folders: list[Path], classes: ClassList) -> dict[Path, int]:
    """The class of each folder."""
    matched: dict[Path, int] = {}
    for class_folder in class_folders:
        try:
            class_index = match_class(class_folder.name, classes)
        except CorpusError as error:
            present = ", ".join(repr(path.name) for path in class_folders)
            raise CorpusError(f"{folder}: {error}. Folders there: {present}") from None
        twin = next((path for path, index in matched.items() if index == class_index), None)
        if twin is not None:
            raise CorpusError(f"{folder}: {twin.name!r} and {class_folder.name!r} are the same class; merge them")
        matched[class_folder] = class_index
    return matched


def _sounds_below(class_folder: Path) -> list[Path]:
    """All sound files at any depth, sorted, without hidden ones."""
    return sorted(
        path
        for path in class_folder.rglob("*")
        if path.suffix.lower() in SOUND_ENDINGS
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(class_folder).parts)
    )


def _recording(path: Path, class_folder: Path) -> str:
    """The folder a sound shares with others of one recording, or the sound itself."""
    shared = path if path.parent == class_folder else path.parent
    return shared.relative_to(class_folder.parent).as_posix()
