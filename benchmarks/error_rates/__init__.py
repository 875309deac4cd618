"""The judge judged: how often each claim's rule is wrong, by simulation of whole experiments.

    python -m benchmarks.error_rates [--quick] [--to FILE]

A *scenario* plants a population of networks whose true number is known (`shares`, `pairs`, `losses`,
`times`, `theory`), at the edge of the claim's region on either side and far from it. `simulate` draws
experiments from it, hands their runs to the claim's own evidence function and
`claims.core.verdict.decide`, and counts decisions: at 12, 24, 32, 48 and 96 networks in the fixed design,
and in looks. `alternatives` holds rules that were weighed and not taken. Results are in
`benchmarks/results/error_rates.json` and `.md`."""
