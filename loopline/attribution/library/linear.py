from loopline.attribution.model import Model

MODEL = Model(
    key="linear",
    label="Linear",
    weight_sql="1e0",
    weights="1/n on each of the n touchpoints",
    explanation="Treats every touchpoint alike. Fair to long efforts, and generous to channels that simply appear "
    "often.",
)
