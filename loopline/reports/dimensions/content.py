from loopline.attribution.touchpoints import RowOf
from loopline.reports.dimension import Dimension, Naming

DIMENSION = Dimension(
    key="content",
    label="Content",
    row=RowOf("e.utm_content"),
    cost_sql="",
    without="No content given",
    naming=Naming.AS_IS,
    question="Which ads and posts (utm_content) lead to business",
)
