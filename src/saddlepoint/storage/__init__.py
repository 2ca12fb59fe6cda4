"""Files on the disk: read without trust, whoever made them, and written whole or not at all."""
