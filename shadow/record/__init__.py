"""What happened, kept: `tally` counts it, `mask` hides what `secrets` takes for a secret, in bodies
(`mask_json`, `mask_markup`, …) and in what was found (`mask_differences`), `evidence` shows one comparison,
`segment` writes records to files and reads them back.

`segment`, `folder`, `forget`, `place` and `store` touch files and object stores; the others are pure. Nothing
here judges but `again`, which has the comparer look at kept evidence once more.
"""
