"""Trains the embedded network (docs/embedded.md) on your own photographs, to see what larger networks see.

`split` says which photographs are held back, `pictures` what is shown of the others, `teachers` what they make of it,
`tables` keeps both, `model` is the network, `fit` trains it, `export` writes the file that the package reads, and
`figures` says how near it comes on photographs held back.
"""
