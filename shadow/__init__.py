"""Shadow: does the new platform answer as the old one does?

`shadow proxy` stands at the front. It forwards every request to legacy, gives the client legacy's
answer and nothing else, and afterwards sends a copy to the target and compares.

    clients ⇄ live worker ⇄ legacy          the path that must never be harmed
                  │ exchange                 one way, bounded, never waits
                  ▼
            shadow worker ⇄ target           asks, and knows equal answers from unequal ones
                  │ unequal pairs
                  ▼
            judge worker → segments          decodes, compares, masks, keeps the evidence
                  │
            supervisor                       forks, counts, signals, admin HTTP

Data flows one way: request, forward (`wire`), capture and channel (`live`), send (`mirror`),
judge (`compare`), record (`record`), verdict (`verdict`), report (`report`). `model` has the words,
`endpoint` the names of endpoints, `settings` the settings, `serve` the processes, `cli` the wiring.
`wire`, `live` and `mirror` do I/O on the data path; `compare`, `endpoint`, `verdict` and the
tallies are pure.
"""

__version__ = "0.1.0"
