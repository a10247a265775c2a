"""The ladder: what a chapter adds to the one before it, and how a fix goes up."""
