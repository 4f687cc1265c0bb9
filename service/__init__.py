"""What people and systems ask of billing at once: one service for the API and the console."""
