from loopline.attribution.model import Model

MODEL = Model(
    key="last_touch",
    label="Last touch",
    weight_sql="CASE WHEN position = touches THEN 1e0 ELSE 0e0 END",
    weights="1 on the last touchpoint before the conversion",
    explanation="Shows what people used just before they converted. It favours brand search and newsletters, which "
    "often only collect a decision already taken.",
    gives_whole=True,
)
