from .looks import Looks as Looks, looks_of as looks_of
from .page import GIVES_UP_S as GIVES_UP_S, State as State, page as page, sounding_text as sounding_text
from .present import Present as Present
from .terminal import Terminal as Terminal, can_show_page as can_show_page
