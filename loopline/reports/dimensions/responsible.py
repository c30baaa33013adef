from loopline.attribution.state import OWNER_ROWS
from loopline.attribution.touchpoints import RowOf
from loopline.reports.dimension import UNMAPPED, Dimension, Naming

DIMENSION = Dimension(
    key="responsible",
    label="Person responsible",
    row=RowOf(
        f"coalesce(c.row_no, CASE WHEN e.utm_campaign <> '' THEN '{UNMAPPED}' ELSE '' END)",
        codes=OWNER_ROWS,
        campaign_sql="coalesce(k.owner_id, '')",
    ),
    cost_sql="owner_id",
    without="Nobody responsible",
    naming=Naming.COLLEAGUES,
    question="Whose campaigns cost how much, and what they earned",
    without_note="no campaign, or one without a person responsible",
)
