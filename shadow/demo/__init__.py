"""The demonstration: two small shops that should answer alike, and the traffic that shows where they do not."""
