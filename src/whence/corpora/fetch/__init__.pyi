from .catalogue import CATALOGUE as CATALOGUE
from .fetching import fetch as fetch, index as index, verify as verify
