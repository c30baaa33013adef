from loopline.attribution.milestones import Shares
from loopline.attribution.model import Model

MODEL = Model(
    key="w_shaped",
    label="W-shaped",
    weight_sql=Shares(first=30, lead=30, opportunity=30, rest=10).weight_sql,
    weights="30 % each on the first touchpoint, lead creation and opportunity creation, 10 % shared by the rest up to "
    "the latter",
    explanation="How pipeline comes about, in three moments that marketing and sales both know. What happened after "
    "the opportunity was created earns nothing.",
)
