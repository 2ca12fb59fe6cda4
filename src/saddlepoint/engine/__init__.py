"""The engine: performs what a method yields, on one device or many, and can be stopped and resumed at any step."""
