"""The demonstration: two small shops that should answer alike, and traffic that shows where they do not."""
