"""One readable file per family of recipes: functions that return a full, typed, frozen configuration."""
