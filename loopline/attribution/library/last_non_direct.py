from loopline.attribution.model import Model

MODEL = Model(
    key="last_non_direct",
    label="Last non-direct touch",
    weight_sql="CASE WHEN position = CASE WHEN last_named_position = 0 THEN touches ELSE last_named_position END "
    "THEN 1e0 ELSE 0e0 END",
    weights="1 on the last touchpoint that is not Direct; on the last one where all are",
    explanation="What web analytics shows by default. Someone who types the address had heard of you before, so the "
    "credit goes to what they came through last.",
    gives_whole=True,
    reads_channel=True,
)
