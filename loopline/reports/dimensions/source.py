from loopline.attribution.touchpoints import RowOf
from loopline.reports.dimension import Dimension, Naming

DIMENSION = Dimension(
    key="source",
    label="Source",
    row=RowOf("e.utm_source"),
    cost_sql="",
    without="No source given",
    naming=Naming.AS_IS,
    question="Which sources (utm_source) lead to business",
)
