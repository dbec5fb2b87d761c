"""The parts of a study's page, each made from its finished rounds."""
