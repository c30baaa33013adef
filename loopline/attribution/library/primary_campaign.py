from loopline.attribution.model import Deal, Model

MODEL = Model(
    key="primary_campaign",
    label="Primary campaign",
    deal=Deal.BY_RECORD,
    weights="1 on the opportunity's primary campaign, whatever touchpoints there are",
    explanation="What Salesforce and Dynamics report: the campaign that somebody chose. It is as good as the habit of "
    "choosing one. A lead counts for the campaign of the opportunity it became.",
    gives_whole=True,
)
