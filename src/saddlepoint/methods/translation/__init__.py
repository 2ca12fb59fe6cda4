"""From one image to another: label maps to photographs, photographs to paintings, learnt with pairs or without."""
