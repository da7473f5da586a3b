"""Tests against one running stack; nothing of our own is mocked."""
