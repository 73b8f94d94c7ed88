"""The process that serves clients: forwards to legacy, captures, and hands exchanges over.

Nothing here waits for the target, but where the configuration lets it answer clients.
"""
