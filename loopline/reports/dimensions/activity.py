from loopline.attribution.state import ACTIVITY_ROWS
from loopline.attribution.touchpoints import RowOf
from loopline.reports.dimension import UNMAPPED, Dimension, Naming

DIMENSION = Dimension(
    key="activity",
    label="Activity",
    row=RowOf(
        f"coalesce(c.row_no, CASE WHEN e.utm_campaign <> '' THEN '{UNMAPPED}' ELSE '' END)",
        codes=ACTIVITY_ROWS,
        campaign_sql="p.campaign_id",
    ),
    cost_sql="coalesce(nullif(activity_id, ''), campaign_id)",
    without="No campaign",
    naming=Naming.ACTIVITIES,
    question="What each mailing, ad and event cost, and what it earned",
    without_note="direct, organic, sales talks",
)
