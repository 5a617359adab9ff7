"""What a DCASE submission to Task 3 is made of: names, sizes and the keys of the meta file, all in this one place.

These rules follow the layout that the challenge has used over the years. They are no official document: read the
official page of the year before submitting, and change what differs here.
"""

import re
from dataclasses import dataclass
from typing import Literal

MOST_SYSTEMS = 4
FRAMES = 50
LARGEST_AZIMUTH_DEG = 90
LARGEST_DISTANCE_M = 100.0
LARGEST_REPORT_BYTES = 20_000_000
LARGEST_META_BYTES = 100_000
LARGEST_OUTPUT_BYTES = 1_000_000
LARGEST_ZIP_BYTES = 500_000_000
PDF_START, PDF_END = b"%PDF", b"%%EOF"

# Family name of the corresponding author, short name of the institute, task, number of the system.
LABEL = re.compile(r"([A-Za-z][A-Za-z-]*_[A-Za-z0-9-]+_task3[ab]?)_([1-4])", re.ASCII)
LABEL_FORM = "Doe_INST_task3_1: family name, institute, task, and the number of the system from 1 to 4"

Kind = Literal["text", "email", "whole", "number", "flag"]
# What stands in the template where the user has to write; a meta file that still has it is refused.
TO_FILL = "???"


@dataclass(frozen=True)
class MetaField:
    """One key of the meta file.

    Args:
        path: keys from the top, split by dots; `[]` after a key that holds a list of such entries.
        kind: what its value is.
        remark: for the template.
        nullable: whether `null` may stand where nothing applies.
        highest: the largest number, or the longest text.
    """

    path: str
    kind: Kind
    remark: str
    nullable: bool = False
    highest: float = 1_000


META_FIELDS = (
    MetaField("submission.label", "text", "the name of this system, as given by --name"),
    MetaField("submission.name", "text", "a title for tables with room"),
    MetaField("submission.abbreviation", "text", "at most 10 characters", highest=10),
    MetaField("submission.authors[].lastname", "text", "authors in order; repeat the entry for each"),
    MetaField("submission.authors[].firstname", "text", ""),
    MetaField("submission.authors[].email", "email", ""),
    MetaField("submission.authors[].corresponding", "flag", "true for exactly one author, false for the others"),
    MetaField("submission.authors[].affiliation.abbreviation", "text", "of the institute"),
    MetaField("submission.authors[].affiliation.institute", "text", ""),
    MetaField("submission.authors[].affiliation.department", "text", "or null", nullable=True),
    MetaField("submission.authors[].affiliation.location", "text", "town, country"),
    MetaField("system.description.input_format", "text", "what is heard: stereo"),
    MetaField("system.description.input_sampling_rate", "text", "24kHz"),
    MetaField("system.description.acoustic_features", "text", "such as log-mel energies, intensity vectors"),
    MetaField("system.description.data_augmentation", "text", "such as channel swapping, or null", nullable=True),
    MetaField("system.description.machine_learning_method", "text", "such as CRNN, conformer, ensemble"),
    MetaField("system.description.subsystem_count", "whole", "networks of an ensemble, or null", True, 10_000),
    MetaField("system.complexity.total_parameters", "whole", "of all networks together", highest=1e13),
    MetaField("system.external_datasets[].name", "text", "one entry for each, or null in place of the list"),
    MetaField("system.external_datasets[].url", "text", "where it can be had"),
    MetaField("system.external_datasets[].total_audio_length", "number", "hours", highest=1e9),
    MetaField("system.source_code", "text", "an address, or null", nullable=True),
    MetaField("results.development_dataset.overall.F_20_1", "number", "F20 on dev-test, percent", highest=100),
    MetaField("results.development_dataset.overall.DOAE_CD", "number", "azimuth error, degrees", highest=180),
    MetaField("results.development_dataset.overall.RDE_CD", "number", "relative distance error, percent", highest=1e6),
)
# Lists that may be null where there is nothing to list.
NULLABLE_LISTS = frozenset({"system.external_datasets"})


def team_of(label: str) -> str:
    """The label without the number of the system.

    >>> team_of("Doe_INST_task3_2")
    'Doe_INST_task3'
    """
    return label.rpartition("_")[0]


def report_path(label: str) -> str:
    """Where the technical report stands in the zip; one for all systems of a team."""
    return f"task3/{team_of(label)}.technical_report.pdf"


def meta_path(label: str) -> str:
    """Where a system's meta file stands in the zip."""
    return f"task3/{label}/{label}.meta.yaml"


def output_path(label: str, clip: str) -> str:
    """Where a system's answer to a clip stands in the zip."""
    return f"task3/{label}/{label}.output/{clip}.csv"


def meta_template() -> str:
    """A meta file with every key, to be filled in.

    >>> print(meta_template().splitlines()[4])
      label: ???  # the name of this system, as given by --name
    """
    lines = [
        "# Meta information of one system. Replace every ???; null means that nothing applies.",
        "# The keys follow what DCASE has asked for over the years: compare them with the official page of this year.",
        "",
    ]
    above: list[str] = []
    for field in META_FIELDS:
        keys = field.path.split(".")
        shared = 0
        while shared < min(len(above), len(keys) - 1) and above[shared] == keys[shared]:
            shared += 1
        for depth in range(shared, len(keys) - 1):
            lines.append(_line(keys, depth, above, ""))
        remark = f"  # {field.remark}" if field.remark else ""
        lines.append(_line(keys, len(keys) - 1, above, f" {TO_FILL}{remark}"))
        above = keys
    return "\n".join(lines) + "\n"


def _line(keys: list[str], depth: int, above: list[str], value: str) -> str:
    """One key at its depth; the first key of a list's entry has the dash."""
    lists = sum(key.endswith("[]") for key in keys[:depth])
    begins_entry = depth > 0 and keys[depth - 1].endswith("[]") and above[:depth] != keys[:depth]
    indent = "  " * (depth + lists - begins_entry)
    return f"{indent}{'- ' if begins_entry else ''}{keys[depth].removesuffix('[]')}:{value}"
