"""The studies that ship with bakeoff, one file each."""
