"""What people take away: tables and documents of a study's results. Nothing here trains."""
