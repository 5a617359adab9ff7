from .fetching import hub_model as hub_model
from .model_card import CardFacts as CardFacts, card_text as card_text, read_scores as read_scores
from .names import HubName as HubName, endpoint as endpoint, read_name as read_name
from .published_files import Selection as Selection, holds_secret as holds_secret, select_files as select_files
from .upload import CARD_FILE as CARD_FILE, upload as upload
