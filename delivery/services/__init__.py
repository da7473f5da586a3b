"""Changes of state of mail on its way, one verb per module."""
