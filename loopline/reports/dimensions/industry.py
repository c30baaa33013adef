from loopline.attribution.touchpoints import RowOf
from loopline.reports.dimension import Dimension, Naming

DIMENSION = Dimension(
    key="industry",
    label="Industry",
    row=RowOf("coalesce(b.industry, '')", by_buyer=True),
    cost_sql="",
    without="Not known",
    naming=Naming.AS_IS,
    question="Which industries buy, and what brought them",
    without_note="strangers, and people whose company says nothing",
)
