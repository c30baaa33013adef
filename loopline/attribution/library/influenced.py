from loopline.attribution.model import Deal, Model

MODEL = Model(
    key="influenced",
    label="Influenced",
    deal=Deal.OVERLAPPING,
    weights="1 on each row present on the path: rows overlap and are never summed",
    explanation="How much business a campaign touched at all. Good for “did we meet them?”, useless for dividing a "
    "budget: one sale counts whole on every campaign that met it.",
    gives_whole=True,
)
