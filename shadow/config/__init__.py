"""Fills `settings.Config` from file, environment and flags. Nothing else reads any of them."""
