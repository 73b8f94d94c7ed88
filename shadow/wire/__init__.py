"""HTTP/1.1 on sockets: clients' connections, backends' connections, and the bytes between.

Knows nothing of mirroring, endpoints or comparison. `head` and `body` are pure.
"""
