"""Scenes as fields of density and colour, which rays of light are marched through."""
