"""Who may do what: the roles and their permissions, as data.

A permission is ``app.codename`` as Django names it. Each role holds what its work needs and no
more; nobody but compliance and a checker may review, and nobody may delete.
"""

from enum import StrEnum


class Role(StrEnum):
    """The groups of the console, each with its work."""

    MARKETER = "marketer"  # makes segments, templates and journeys; submits them; runs them
    CHECKER = "checker"  # the second pair of eyes on journeys and templates
    COMPLIANCE = "compliance"  # reviews, keeps the rule packs, reads the audit trail
    MANAGER = "manager"  # reads reports
    OPERATOR = "operator"  # keeps providers, batches and imports running
    ADVISOR = "advisor"  # makes the calls that journeys ask for


_CONTENT = (
    "compliance.view_lexiconchange",
    "compliance.view_product",
    "segments.view_segment",
    "segments.view_tag",
    "campaigns.view_journey",
    "campaigns.view_journeyversion",
    "campaigns.view_template",
    "campaigns.view_templateversion",
    "campaigns.view_linkhost",
    "campaigns.view_snippet",
    "campaigns.view_seedlist",
    "campaigns.view_seedmessage",
)
# Who keeps the addresses of our own people does not write the messages that go there: a test
# would otherwise be a way to anybody, past all gates.
_SEEDS = ("campaigns.view_seedlist", "campaigns.add_seedlist", "campaigns.change_seedlist")
_RESULTS = (
    "attribution.view_reportrun",
    "attribution.view_goal",
    "attribution.view_experiment",
    "attribution.view_channelcost",
    "attribution.view_open",
)
_PEOPLE = ("customers.view_customer", "customers.view_consent")
_TRACKING = (
    "customers.view_eventtype",
    "customers.view_eventproperty",
    "customers.view_flow",
    "customers.view_coveragealert",
)
_DELIVERY = ("campaigns.view_touch", "campaigns.view_enrolment")
_STOPPING = ("campaigns.view_emergencystop", "campaigns.change_emergencystop")
# The second person of an act by hand on touches.
_DECIDING = ("campaigns.view_intervention", "campaigns.change_intervention")
# Who reviews must see what: an account's address is one of the subjects.
_REVIEWING = (
    "compliance.view_review",
    "compliance.change_review",
    "campaigns.view_provideraccount",
    "compliance.view_rulepack",
    "customers.view_ratingreview",
)

# The second person of an export of members.
_EXPORTS = ("segments.view_memberexport", "segments.change_memberexport")

PERMISSIONS: dict[Role, tuple[str, ...]] = {
    Role.MARKETER: (
        *_CONTENT,
        *_RESULTS,
        *_PEOPLE,
        *_DELIVERY,
        "segments.add_segment",
        "segments.change_segment",
        "segments.add_tag",
        "segments.change_tag",
        "segments.view_listupload",
        "segments.view_memberexport",
        "segments.export_members",
        "campaigns.add_journey",
        "campaigns.change_journey",
        "campaigns.add_template",
        "campaigns.change_template",
        "campaigns.add_snippet",
        "campaigns.change_snippet",
        "campaigns.add_seedmessage",
        "campaigns.view_advisortask",
        "compliance.view_review",
        *_TRACKING,
    ),
    Role.CHECKER: (
        *_CONTENT,
        *_RESULTS,
        *_DELIVERY,
        *_REVIEWING,
        *_DECIDING,
        *_EXPORTS,
        "campaigns.add_seedmessage",
        "customers.view_merge",
        "customers.view_mergeproposal",
        "customers.change_mergeproposal",
    ),
    Role.COMPLIANCE: (
        *_CONTENT,
        *_RESULTS,
        *_PEOPLE,
        *_DELIVERY,
        *_REVIEWING,
        *_DECIDING,
        *_STOPPING,
        *_SEEDS,
        *_EXPORTS,
        "campaigns.add_linkhost",
        "compliance.view_auditentry",
        "compliance.add_lexiconchange",
        "compliance.add_rulepack",
        "compliance.change_rulepack",
        "compliance.add_product",
        "compliance.change_product",
        "campaigns.view_restrictedverdict",
        "customers.view_holds",
        "customers.reveal_identity",
        "customers.change_customer",
        "customers.correct_customer",
        "customers.export_customer",
        "customers.view_merge",
        "customers.view_mergeproposal",
        "customers.change_mergeproposal",
    ),
    Role.MANAGER: (
        *_CONTENT,
        *_RESULTS,
        "campaigns.view_advisortask",
        "campaigns.view_messageprice",
    ),
    Role.OPERATOR: (
        *_DELIVERY,
        *_DECIDING,
        *_STOPPING,
        *_SEEDS,
        "campaigns.change_touch",
        "campaigns.view_poisonrow",
        "campaigns.change_poisonrow",
        "campaigns.view_journey",
        "campaigns.view_provideraccount",
        "campaigns.add_provideraccount",
        "campaigns.change_provideraccount",
        "campaigns.view_channelroute",
        "campaigns.add_channelroute",
        "campaigns.change_channelroute",
        "campaigns.view_messageprice",
        "campaigns.add_messageprice",
        "compliance.view_review",
        "campaigns.view_suppression",
        "campaigns.change_suppression",
        "campaigns.view_invoice",
        "campaigns.change_invoice",
        "campaigns.view_dispatchbatch",
        "campaigns.view_advisortask",
        "customers.view_importjob",
        "customers.add_upload",
        "customers.view_ratingreview",
        "customers.change_ratingreview",
        "customers.view_qualityrule",
        "customers.change_qualityrule",
        "customers.view_savedmapping",
        "customers.view_quarantine",
        "customers.change_quarantine",
        "customers.view_quarantinerun",
        "customers.view_source",
        "customers.change_source",
        *_TRACKING,
        "customers.add_eventtype",
        "customers.change_eventtype",
        "customers.add_eventproperty",
        "customers.change_eventproperty",
        "customers.delete_eventproperty",
        "customers.add_flow",
        "customers.change_flow",
    ),
    Role.ADVISOR: (
        *_PEOPLE,
        "campaigns.view_touch",
        "campaigns.view_advisortask",
        "campaigns.change_advisortask",
    ),
}
