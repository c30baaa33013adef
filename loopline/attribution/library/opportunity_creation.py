from loopline.attribution.milestones import Shares
from loopline.attribution.model import Model

MODEL = Model(
    key="opportunity_creation",
    label="Opportunity creation",
    weight_sql=Shares(opportunity=1).weight_sql,
    weights="1 on the last touchpoint at or before opportunity creation; on the first one where there is none",
    explanation="Shows what people met just before sales saw a real chance. Good for nurturing and events, blind to "
    "what found the people.",
    gives_whole=True,
)
