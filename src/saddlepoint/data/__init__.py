"""The data room: from images as people keep them to typed batches in a fixed order."""
