from loopline.attribution.milestones import Shares
from loopline.attribution.model import Model

MODEL = Model(
    key="u_shaped_50_50",
    label="U-shaped (Marketo Measure)",
    weight_sql=Shares(first=50, lead=50).weight_sql,
    weights="50 % on the first touchpoint, 50 % on lead creation",
    explanation="As U-shaped, with nothing for the touchpoints between. Choose it to compare with Marketo Measure.",
)
