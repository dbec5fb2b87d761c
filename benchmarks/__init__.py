"""How fast bakeoff is, measured beside what else one would use for the same work.

    works       what is done, and which rivals do it
    problem     data, weights and order, the same for all
    rivals/     each rival as its own documentation advises; ours among them
    interleave  a pinned process for each, all in turn, many short samples
    commands    whole commands, `bakeoff run` against a PyTorch script
    measure     timings, ratios, rows; what the ratios must reach

Before anything is timed, every rival does the work once from the same weights, and its losses must
be ours. `make bench` runs it; it is no part of the installed package.
"""
