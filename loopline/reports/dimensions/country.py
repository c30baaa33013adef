from loopline.attribution.touchpoints import RowOf
from loopline.reports.dimension import Dimension, Naming

DIMENSION = Dimension(
    key="country",
    label="Country",
    row=RowOf("e.country"),
    cost_sql="",
    without="Not known where",
    naming=Naming.COUNTRIES,
    question="Which countries buyers come from",
    without_note="no places file, no address, or a touch beyond the web",
)
