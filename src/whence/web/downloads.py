"""What was found, as a file to take away, in the formats of `whence.labels`."""

import re
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from whence.labels import FORMATS
from whence.web.ears import Ears
from whence.web.findings import Findings, single_thresholds
from whence.web.refusals import RefusedError

# Those that are one file.
DOWNLOADS = tuple(name for name, form in FORMATS.items() if len(form.endings) == 1 and "<" not in form.endings[0])


def download(request: Request, findings: Findings, ears: Ears) -> Response:
    """The rows that the page shows, as a file.

    Args:
        request: `format` in its path; `score` (a number, or `own` for the model's thresholds) and any number of
            `hide` (class numbers) in its query.
        findings: of the session.
        ears: the model.

    Raises:
        RefusedError: 404 no such format, 400 a number that is none.
        LabelError: the events do not fit the format.
    """
    form = request.path_params["format"]
    if form not in DOWNLOADS:
        raise RefusedError(404, f"no such format; there are: {', '.join(DOWNLOADS)}")
    score = request.query_params.get("score", "own")
    try:
        thresholds = _thresholds(score, ears)
        hidden = [int(number) for number in request.query_params.getlist("hide")]
    except ValueError:
        raise RefusedError(400, "score must be a number from 0 to 1, or own; hide a class number") from None
    ((ending, text),) = FORMATS[form].texts(findings.chosen(thresholds, hidden), ears.classes).items()
    return Response(
        text.encode("utf-8"),
        media_type="application/octet-stream",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file_stem(findings.name))}{ending}"},
    )


def _thresholds(score: str, ears: Ears) -> NDArray[np.float64]:
    """One for each class; ValueError for what is no threshold."""
    if score == "own":
        return ears.thresholds
    number = float(score)
    if not 0 <= number <= 1:
        raise ValueError
    return single_thresholds(number, ears.classes)


def file_stem(name: str) -> str:
    r"""The visitor's name for a sound, made fit for a file name on any system.

    >>> file_stem("street.wav"), file_stem("../../a b\r\n<img>.flac"), file_stem("...")
    ('street', 'a-b-img', 'sound')
    """
    stem = re.split(r"[/\\]", name)[-1].rpartition(".")[0] or name
    return re.sub(r"[^\w-]+", "-", stem).strip("-")[:80] or "sound"
