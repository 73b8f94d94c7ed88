"""The process that serves clients: forwards to legacy, captures, and hands exchanges over.

Nothing here waits for, asks, or knows the target.
"""
