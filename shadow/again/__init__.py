"""What can be done with kept evidence once more: `rejudge` tells what other rules would find in it, `suggest`
which rules would silence what. Both send nothing. `rules` are those of a configuration, `candidates` the
lines that are tried; `paste` and `text` print for people.
"""
