"""bakeoff: does this change to a small network help, how much, and how sure is that?"""
