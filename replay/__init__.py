"""Access logs through the same judgement as live traffic.

`formats` reads lines, `source` finds them, `pace` says when each is due, `runner` asks legacy and the
target and hands the pair to the same judge. Nothing in `shadow` knows that it is being replayed.
"""
