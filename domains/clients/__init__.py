"""What mail programs ask for to set themselves up, in each one's own format. Pure."""
