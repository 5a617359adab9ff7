"""A page on which a person sees and hears the mistakes of a system."""
