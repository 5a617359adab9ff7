from .event_table import event_table as event_table
from .palette import COLOURS as COLOURS, MARKERS as MARKERS, Style as Style, style as style, styles_of as styles_of
from .tables import aligned as aligned, degrees as degrees, duration as duration, number as number, percent as percent
