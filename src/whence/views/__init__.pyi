from .event_table import event_table as event_table
from .tables import aligned as aligned, degrees as degrees, duration as duration, number as number, percent as percent
