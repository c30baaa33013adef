from loopline.attribution.milestones import Shares
from loopline.attribution.model import Model

MODEL = Model(
    key="lead_creation",
    label="Lead creation",
    weight_sql=Shares(lead=1).weight_sql,
    weights="1 on the last touchpoint at or before lead creation; on the first one where there is none",
    explanation="Shows what makes people raise their hand. It says nothing about what turns a lead into a sale.",
    gives_whole=True,
)
