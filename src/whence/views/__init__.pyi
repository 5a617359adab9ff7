from .palette import COLOURS as COLOURS, MARKERS as MARKERS, Style as Style, style as style, styles_of as styles_of
from .spectrogram import (
    SpectrogramColumns as SpectrogramColumns,
    SpectrogramImage as SpectrogramImage,
    level_colours as level_colours,
)
from .tables import (
    aligned as aligned,
    degrees as degrees,
    direction as direction,
    duration as duration,
    event_table as event_table,
    number as number,
    percent as percent,
)
