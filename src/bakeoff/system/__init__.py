"""What each operating system does in its own way: processes, Ctrl-C, files, shells and ports.

No other module asks which system it is on. Each function has a way for Linux, one for Windows, and
one for macOS, which other Unix systems follow; where a system lacks something, the function's
docstring says what happens there.
"""
