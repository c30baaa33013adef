from loopline.attribution.model import Model

MODEL = Model(
    key="markov",
    label="Markov",
    weight_sql="$removal_effect",
    weights="in proportion to the removal effect of the touchpoint's channel: how much fewer conversions there would "
    "be if every path through it ended there",
    explanation="Learns from all paths, also those that did not convert, which channels others hang on. In the "
    "aggregate it gives each channel its share of all removal effects; here each conversion's own path is shared in "
    "proportion to them, so that every sale balances: the two differ, by design.",
    reads_channel=True,
    is_fitted=True,
)
