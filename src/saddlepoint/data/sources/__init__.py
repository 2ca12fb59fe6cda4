"""Where images come from: one file a kind of source; each gives `Pictures`, which `data.pack` brings to one shape."""
