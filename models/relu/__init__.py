"""ReLU networks beside the theorem: minima that are not global, and the path activations of the proof.

By subject: `shallow` for a network with one hidden layer over the rationals,
`dead_units` and `strict_minimum` for its minima that are not global, `bernoulli`
for networks with random path activations, `paths` for those of real networks.
"""
