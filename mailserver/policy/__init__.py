"""What Postfix asks and its lookup tables cannot know: who may write to a group, how much may leave."""
