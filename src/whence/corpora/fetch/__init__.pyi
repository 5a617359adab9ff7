from .catalogue import CATALOGUE as CATALOGUE
from .fetching import SUMS_FILE as SUMS_FILE, fetch as fetch, index as index, verify as verify
