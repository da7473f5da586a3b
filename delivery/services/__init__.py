"""What changes mail on its way: one verb a module."""
