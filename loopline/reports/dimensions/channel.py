from loopline.attribution.state import CHANNEL
from loopline.attribution.touchpoints import RowOf
from loopline.reports.dimension import Dimension, Naming

DIMENSION = Dimension(
    key="channel",
    label="Channel",
    row=RowOf(CHANNEL, by_channel=True, campaign_sql="coalesce(k.channel, '')"),
    cost_sql="channel",
    without="No channel",
    naming=Naming.AS_IS,
    question="Which channels bring buyers, and at what cost",
)
