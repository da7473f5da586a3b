"""What a person does with mail, one verb per module."""
