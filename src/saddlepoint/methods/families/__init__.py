"""What several methods share; a family is abstract and no method by itself."""
