"""Reference events and predicted events become scores."""
