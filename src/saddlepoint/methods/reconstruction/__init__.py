"""Scenes of one or a few photographs, by what was learnt of many others."""
