"""The patch queue: its format on disk, and how it is carried to a new upstream commit."""
