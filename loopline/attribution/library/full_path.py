from loopline.attribution.milestones import Shares
from loopline.attribution.model import Model

MODEL = Model(
    key="full_path",
    label="Full path",
    weight_sql=Shares(first=22.5, lead=22.5, opportunity=22.5, last=22.5, rest=10).weight_sql,
    weights="22.5 % each on the first touchpoint, lead creation, opportunity creation and the last touchpoint, 10 % "
    "shared by the rest",
    explanation="As W-shaped, with what helped to close the sale. The fairest of the fixed shares where marketing "
    "goes on working beside sales.",
)
