"""What can be done with kept evidence once more: `rejudge` tells what other rules would find in it, `suggest`
which rules would silence what. Both send nothing. `pairs` reads the evidence, `text` prints for people.
"""
