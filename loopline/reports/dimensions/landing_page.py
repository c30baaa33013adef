from loopline.attribution.touchpoints import RowOf
from loopline.reports.dimension import Dimension, Naming

DIMENSION = Dimension(
    key="landing_page",
    label="Landing page",
    row=RowOf("e.landing_path"),
    cost_sql="",
    without="No landing page",
    naming=Naming.AS_IS,
    question="Which first pages lead to business",
)
