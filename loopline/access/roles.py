"""Roles, and what each may do. One table, read by actions, views and templates alike."""

from enum import StrEnum


class Role(StrEnum):
    MARKETING = "marketing"
    SALES = "sales"
    SALES_MANAGER = "sales_manager"
    FINANCE = "finance"
    ADMINISTRATOR = "administrator"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


class Permission(StrEnum):
    SEE_PEOPLE = "see_people"
    """People, companies, leads and opportunities by name."""
    EDIT_PEOPLE = "edit_people"
    MERGE_PEOPLE = "merge_people"
    SEE_CAMPAIGNS = "see_campaigns"
    EDIT_CAMPAIGNS = "edit_campaigns"
    EDIT_COSTS = "edit_costs"
    EDIT_RATES = "edit_rates"
    """Exchange rates: they change figures of all business units."""
    EDIT_CHANNELS = "edit_channels"
    """Channel rules, and who counts as a machine: they change figures of all business units."""
    EDIT_MODELS = "edit_models"
    """Attribution models of the organisation's own: they change figures of all business units."""
    EDIT_FORMS = "edit_forms"
    EDIT_DEFINITION = "edit_definition"
    SIGN_FOR_MARKETING = "sign_for_marketing"
    SIGN_FOR_SALES = "sign_for_sales"
    WORK_LEADS = "work_leads"
    """Accept, reject and convert leads handed to oneself."""
    ASSIGN_LEADS = "assign_leads"
    """Hand leads to others and work anyone's lead."""
    SEE_PIPELINE = "see_pipeline"
    EDIT_PIPELINE = "edit_pipeline"
    WORK_TASKS = "work_tasks"
    """Write down and do one's own tasks, such as those that a huddle decided."""
    REFUND = "refund"
    SEE_REPORTS = "see_reports"
    SEE_HUDDLE = "see_huddle"
    RUN_HUDDLE = "run_huddle"
    IMPORT = "import"
    ADMINISTER = "administer"
    """Users, units, write keys, settings, quarantine, audit log."""


_P = Permission
_SEES_ALL = {_P.SEE_PEOPLE, _P.SEE_CAMPAIGNS, _P.SEE_PIPELINE, _P.SEE_REPORTS, _P.SEE_HUDDLE, _P.WORK_TASKS}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.MARKETING: frozenset(
        _SEES_ALL
        | {_P.EDIT_PEOPLE, _P.MERGE_PEOPLE, _P.EDIT_CAMPAIGNS, _P.EDIT_COSTS, _P.EDIT_FORMS, _P.EDIT_DEFINITION}
        | {_P.SIGN_FOR_MARKETING, _P.ASSIGN_LEADS, _P.RUN_HUDDLE, _P.IMPORT, _P.EDIT_CHANNELS, _P.EDIT_MODELS}
    ),
    Role.SALES: frozenset(_SEES_ALL | {_P.EDIT_PEOPLE, _P.WORK_LEADS, _P.EDIT_PIPELINE}),
    Role.SALES_MANAGER: frozenset(
        _SEES_ALL
        | {_P.EDIT_PEOPLE, _P.MERGE_PEOPLE, _P.WORK_LEADS, _P.ASSIGN_LEADS, _P.EDIT_PIPELINE, _P.REFUND}
        | {_P.SIGN_FOR_SALES, _P.EDIT_DEFINITION, _P.RUN_HUDDLE, _P.IMPORT}
    ),
    Role.FINANCE: frozenset(
        {_P.SEE_CAMPAIGNS, _P.SEE_PIPELINE, _P.SEE_REPORTS, _P.EDIT_COSTS, _P.EDIT_RATES, _P.EDIT_MODELS}
        | {_P.REFUND, _P.WORK_TASKS}
    ),
    Role.ADMINISTRATOR: frozenset(Permission),
}
