"""The process that serves clients: forwards to legacy, captures, and hands exchanges over.

`entrance` lets clients in; `exchange` is one request under way, `tap` one of which another proxy sends a
copy; `selection` says whether it is mirrored, `capture` copies its bodies, `channel` leads to the shadow
worker. `pressure` watches the memory, `access_log` writes lines, `worker` is the process. Nothing here waits
for the target, but where the configuration lets it answer clients.
"""
