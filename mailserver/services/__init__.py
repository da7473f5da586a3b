"""What the agent does, one verb per module."""
