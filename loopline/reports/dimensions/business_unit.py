from loopline.attribution.touchpoints import RowOf
from loopline.reports.dimension import Dimension, Naming

DIMENSION = Dimension(
    key="business_unit",
    label="Business unit",
    row=RowOf("e.unit_id", campaign_sql="coalesce(k.unit_id, c.unit_id)"),
    cost_sql="unit_id",
    without="No business unit",
    naming=Naming.UNITS,
    question="Which business unit's marketing cost and earned how much",
)
