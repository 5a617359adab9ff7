"""A meta file as a team would fill it in."""

LABEL = "Doe_INST_task3_1"


def meta(label=LABEL):
    """The keys and values of a good meta file."""
    author = {
        "lastname": "Doe",
        "firstname": "Jane",
        "email": "jane@example.org",
        "corresponding": True,
        "affiliation": {
            "abbreviation": "INST",
            "institute": "Institute",
            "department": None,
            "location": "Here, There",
        },
    }
    description = {
        "input_format": "stereo",
        "input_sampling_rate": "24kHz",
        "acoustic_features": "log-mel",
        "data_augmentation": None,
        "machine_learning_method": "CRNN",
        "subsystem_count": 2,
    }
    return {
        "submission": {"label": label, "name": "Street ears", "abbreviation": "ears", "authors": [author]},
        "system": {
            "description": description,
            "complexity": {"total_parameters": 4_000_000},
            "external_datasets": None,
            "source_code": None,
        },
        "results": {"development_dataset": {"overall": {"F_20_1": 35.2, "DOAE_CD": 17.4, "RDE_CD": 38}}},
    }
