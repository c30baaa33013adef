from loopline.attribution.milestones import Shares
from loopline.attribution.model import Model

MODEL = Model(
    key="position_based",
    label="Position-based",
    weight_sql=Shares(first=40, last=40, rest=20).weight_sql,
    weights="40 % on the first touchpoint, 40 % on the last, 20 % shared by those between; two share half and half",
    explanation="Honours what opened the door and what closed it, and does not forget the middle. The 40 and the 20 "
    "are a convention, not a finding.",
)
