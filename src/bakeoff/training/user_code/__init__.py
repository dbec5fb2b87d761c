"""A user's own networks and data in a study."""
