from loopline.attribution.model import Model

# Shapley value of the cumulative worth v(S) = conversions of paths whose channels all lie in S. Each path's own worth
# is shared equally among its distinct channels, which is the closed form (Zhao et al., "Shapley Value Methods for
# Attribution Modeling in Online Advertising", 2018); no sum over coalitions is needed.
MODEL = Model(
    key="shapley",
    label="Shapley",
    weight_sql="1e0 / channel_touches",
    weights="1/k on each of the k distinct channels of the path, shared equally by the channel's touchpoints",
    explanation="The fair share of game theory, over sets of channels: how often a channel appears on a path does not "
    "matter, only that it does. Order and time do not matter either.",
    reads_channel=True,
)
