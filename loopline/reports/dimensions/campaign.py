from loopline.attribution.state import CAMPAIGN_ROWS
from loopline.attribution.touchpoints import RowOf
from loopline.reports.dimension import UNMAPPED, Dimension, Naming

DIMENSION = Dimension(
    key="campaign",
    label="Campaign",
    row=RowOf(
        f"coalesce(c.row_no, CASE WHEN e.utm_campaign <> '' THEN '{UNMAPPED}' ELSE '' END)",
        codes=CAMPAIGN_ROWS,
        campaign_sql="p.campaign_id",
    ),
    cost_sql="campaign_id",
    without="No campaign",
    naming=Naming.CAMPAIGNS,
    question="What each campaign cost, and what it earned",
    without_note="direct, organic, sales talks",
)
