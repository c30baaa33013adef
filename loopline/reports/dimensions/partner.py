from loopline.attribution.state import CHANNEL
from loopline.attribution.touchpoints import RowOf
from loopline.reports.dimension import Dimension, Naming

DIMENSION = Dimension(
    key="partner",
    label="Partner",
    row=RowOf(f"CASE WHEN {CHANNEL} = 'Partner' THEN e.utm_source ELSE '' END", by_channel=True),
    cost_sql="",
    without="No partner",
    naming=Naming.AS_IS,
    question="Which partners bring buyers",
    without_note="touchpoints of other channels, and of partners that say no source",
)
