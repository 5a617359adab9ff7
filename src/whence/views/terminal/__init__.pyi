from .active_sources import ActiveSource as ActiveSource, ActiveSources as ActiveSources
from .page import State as State, page as page, source_text as source_text
from .terminal import Terminal as Terminal, can_show_page as can_show_page
