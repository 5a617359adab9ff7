"""The result for one sound: rows of events, its spectrogram, warnings; as JSON, and as files to download."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from whence.audio import Microphones
from whence.labels import FORMATS, ClassList, Events
from whence.web.limits import RefusedError

# Formats that are one file.
DOWNLOADS = tuple(name for name, form in FORMATS.items() if len(form.endings) == 1 and "<" not in form.endings[0])


@dataclass(frozen=True, eq=False)
class Result:
    """All that a page shows of one sound; the sound itself is deleted by then.

    Args:
        name: the visitor's name of the sound.
        duration_s: seconds.
        events: rows down to a low score, so that the page moves its threshold without another request.
        spectrogram: (column, 2, band) levels.
        warnings: sentences about the sound.
        thresholds: (class,) of the model, for its microphones.
        microphones: what it was recorded with, as it was told; None where it was not.
    """

    name: str
    duration_s: float
    events: Events
    spectrogram: NDArray[np.uint8]
    warnings: tuple[str, ...]
    thresholds: NDArray[np.float64]
    microphones: Microphones | None = None

    def as_json(self) -> dict[str, Any]:
        """Return everything but the spectrogram."""
        return {
            "name": self.name,
            "duration_s": self.duration_s,
            "warnings": list(self.warnings),
            "microphones": self.microphones.name if self.microphones else None,
            "full_circle": self.microphones is not None and self.microphones.is_full_circle,
            "thresholds": self.thresholds.tolist(),
            "rows": rows_as_json(self.events),
        }

    def without_positions(self) -> Self:
        """Return the result of a sound that has no directions: of one channel, or of all as one."""
        return replace(self, events=self.events.without_positions())

    def chosen(self, thresholds: NDArray[np.float64], hidden: Sequence[int] = ()) -> Events:
        """Return the rows that the page shows: those above their class's threshold, without hidden classes.

        Args:
            thresholds: (class,) scores.
            hidden: classes left out.
        """
        events = self.events
        sure = events.score > thresholds[events.class_index]
        return events[sure & ~np.isin(events.class_index, hidden)]


def rows_as_json(events: Events) -> dict[str, list[Any]]:
    """Return the table by columns; an unknown distance or azimuth is null.

    >>> rows_as_json(Events.from_columns({"frame": [3], "class_index": [8], "azimuth_deg": [37.53]}))
    {'frame': [3], 'class': [8], 'source': [0], 'azimuth_deg': [37.5], 'distance_m': [None], 'score': [1.0]}
    """
    azimuths, distances = np.round(events.azimuth_deg, 1).tolist(), np.round(events.distance_m, 2).tolist()
    return {
        "frame": events.frame.tolist(),
        "class": events.class_index.tolist(),
        "source": events.source.tolist(),
        "azimuth_deg": [None if math.isnan(azimuth_deg) else azimuth_deg for azimuth_deg in azimuths],
        "distance_m": [None if math.isnan(distance_m) else distance_m for distance_m in distances],
        # Not rounded, so that the page chooses the rows that the command line chooses.
        "score": events.score.tolist(),
    }


def download(request: Request, result: Result, classes: ClassList) -> Response:
    """Return the rows that the page shows, as a file.

    Args:
        request: `format` in its path; `score` (a number, or `own` for the model's thresholds) and any number of
            `hide` (class numbers) in its query.
        result: of the session.
        classes: of the model.

    Raises:
        RefusedError: 404 no such format, 400 not a number.
        LabelError: the events do not fit the format.
    """
    form = request.path_params["format"]
    if form not in DOWNLOADS:
        raise RefusedError(404, f"no such format; there are: {', '.join(DOWNLOADS)}")
    try:
        thresholds = _thresholds(request.query_params.get("score", "own"), result.thresholds)
        hidden = [int(number) for number in request.query_params.getlist("hide")]
    except ValueError:
        raise RefusedError(400, "score must be a number from 0 to 1, or own; hide a class number") from None
    chosen, told = result.chosen(thresholds, hidden), result.microphones.name if result.microphones else None
    ((ending, text),) = FORMATS[form].texts(chosen, classes, file_stem(result.name), told).items()
    return Response(
        text.encode("utf-8"),
        media_type="application/octet-stream",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file_stem(result.name))}{ending}"},
    )


def _thresholds(score: str, own: NDArray[np.float64]) -> NDArray[np.float64]:
    """One for each class; ValueError for anything but a number from 0 to 1, or own."""
    if score == "own":
        return own
    number = float(score)
    if not 0 <= number <= 1:
        raise ValueError
    return np.full(len(own), number)


def file_stem(name: str) -> str:
    r"""Return the visitor's name for a sound as a file name for any system, without an ending.

    >>> file_stem("street.wav"), file_stem("../../a b\r\n<img>.flac"), file_stem("...")
    ('street', 'a-b-img', 'sound')
    """
    stem = re.split(r"[/\\]", name)[-1].rpartition(".")[0] or name
    return re.sub(r"[^\w-]+", "-", stem).strip("-")[:80] or "sound"
