"""Methods that describe an image by a code and make it again."""
