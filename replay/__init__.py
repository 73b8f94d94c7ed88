"""Access logs through the same judgement as live traffic.

`formats` reads lines, `source` finds them, `pace` says when each is due, `runner` asks legacy and gives the
exchange to the same mirror that a proxy has, which asks the target and has the pair judged.
"""
