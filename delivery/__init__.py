"""What happens to mail: submissions and the outbox, outcomes, folder-change events. Names no daemon."""
