from loopline.attribution.touchpoints import RowOf
from loopline.reports.dimension import Dimension, Naming

DIMENSION = Dimension(
    key="company_size",
    label="Company size",
    row=RowOf("coalesce(b.size, '')", by_buyer=True),
    cost_sql="",
    without="Not known",
    naming=Naming.AS_IS,
    question="How large the companies are that buy, and what brought them",
    without_note="strangers, and people whose company says nothing",
)
