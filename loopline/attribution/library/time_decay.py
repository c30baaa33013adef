from loopline.attribution.model import Model

# Weights are taken relative to the path's last touchpoint: they are normalised anyway, and a path that ended years
# before its conversion would otherwise round to no weight at all.
MODEL = Model(
    key="time_decay",
    label="Time decay",
    weight_sql="power(2.0, (last_days_before - days_before) / $half_life_days)",
    weights="2^(−days before the conversion ÷ half-life), normalised; half-life 7 days",
    explanation="The closer to the conversion, the more credit. With long sales cycles a half-life of a week leaves "
    "almost nothing to what opened the door; make it longer there.",
)
