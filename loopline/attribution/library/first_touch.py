from loopline.attribution.model import Model

MODEL = Model(
    key="first_touch",
    label="First touch",
    weight_sql="CASE WHEN position = 1 THEN 1e0 ELSE 0e0 END",
    weights="1 on the first touchpoint",
    explanation="Shows what first brought people in. It is blind to everything that happened afterwards.",
    gives_whole=True,
)
