"""Pages of delivery in the portal."""
