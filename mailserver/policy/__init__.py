"""What Postfix asks and its lookup tables cannot know: whether a sender may write to a group."""
