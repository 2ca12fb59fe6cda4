"""The measuring room: pure functions over features, and the extractors that make the features."""
