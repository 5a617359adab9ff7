from .download import HubName as HubName, endpoint as endpoint, hub_model as hub_model, read_name as read_name
from .publish import (
    CARD_FILE as CARD_FILE,
    CardFacts as CardFacts,
    Selection as Selection,
    holds_secret as holds_secret,
    model_card as model_card,
    read_scores as read_scores,
    select_files as select_files,
    upload as upload,
)
