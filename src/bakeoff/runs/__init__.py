"""What other tools made, read as a table of rounds."""
