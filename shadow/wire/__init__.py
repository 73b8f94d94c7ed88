"""HTTP/1.1 on sockets: clients' connections, backends' connections, and the bytes between.

`downstream` is a client's connection, `front` what all of them share, `preface` what a load balancer says
before the client's own bytes. `upstream` is a backend's connection, `pool` keeps the idle ones, `resolve`
finds where to connect. Heads are read by `request_head` and `response_head`, which share `head`, and bodies
by `body`: these are pure. `turn` writes and `deadlines` looks at the time for all connections together;
`tunnel` is what a 101 makes of two of them. Nothing here knows of mirroring, endpoints or comparison.
"""
