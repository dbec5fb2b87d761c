"""How fast bakeoff is, measured beside what else one would use for the same work.

    work       what is done, and which rivals do it
    problem    data, weights and order, the same for all
    rivals/    each rival as its own documentation advises; ours among them
    child      a process that holds one rival, pinned to its core
    interleave all of them in turn, many short samples
    commands   whole commands, `bakeoff run` against a PyTorch script
    measure    timings, ratios, rows
    floors     what the ratios must reach
    growth     how cost grows with batch, width and rounds
    report, plot

Before anything is timed, every rival does the work once from the same weights, and its losses must
be ours.
"""
