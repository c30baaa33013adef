from loopline.attribution.milestones import Shares
from loopline.attribution.model import Model

MODEL = Model(
    key="u_shaped",
    label="U-shaped (HubSpot)",
    weight_sql=Shares(first=40, lead=40, rest=20).weight_sql,
    weights="40 % on the first touchpoint, 40 % on lead creation, 20 % shared by the rest up to it",
    explanation="For teams that answer for leads: what found people and what made them raise their hand. What happened "
    "after the lead was created earns nothing.",
)
