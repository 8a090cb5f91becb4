//! `autoprovisioning-rules`: what new people get.

use crate::route::{Answer, Route};
use stoa_kernel::{
    field::Kind::{Bool, Choice, Link, Object, OneRow, Rows, Text, Texts, Uuid},
    view::Column,
};
use stoa_market::autoprovisioning::{
    actions::{CREATE, DELETE, DRY_RUN, TEST_MATCH, UPDATE},
    views::RULES,
};

const TAG: &str = "autoprovisioning-rules";
const ALL: &str = "/api/autoprovisioning-rules/";
const ONE: &str = "/api/autoprovisioning-rules/{uuid}/";
const SHAPE: &str = "Rule";

#[rustfmt::skip]
const CHECK: &[Column] = &[
    Column::new("name", Text, "", "The list of the rule."),
    Column::new("configured", Bool, "", "Whether the rule has anything in it."),
    Column::new("matched", Bool, "", "Whether the user fits it."),
    Column::new("reason", Text, "", "Why."),
    Column::new("user_value", Texts, "", "What the user has."),
    Column::new("rule_value", Texts, "", "What the rule asks for."),
];

#[rustfmt::skip]
const CANDIDATE: &[Column] = &[
    Column::new("uuid", Uuid, "", "Identifier."),
    Column::new("name", Text, "", "Name."),
    Column::new("abbreviation", Text, "", "Abbreviation."),
    Column::new("url", Link("customer"), "", "Address of the organization."),
];

/// Whether a rule fits, as newer clients ask.
#[rustfmt::skip]
const MATCH: &[Column] = &[
    Column::new("would_provision", Bool, "", "Whether the rule would do something."),
    Column::new("block_reason", Text, "", "Why not; empty if it would."),
    Column::new("user_username", Text, "", "Name to sign in with."),
    Column::new("user_email", Text, "", "Address."),
    Column::new("user_organization", Text, "", "The user's organization."),
    Column::new("user_registration_method", Text, "", "How the account came about."),
    Column::new("user_identity_source", Text, "", "Who vouches for the user."),
    Column::new("user_affiliations", Texts, "", "The user's affiliations."),
    Column::new("user_claims", Object, "", "Always empty: rules look at no other claims."),
    Column::new("unconfigured_claims", Texts, "", "Always empty."),
    Column::new("user_is_protected", Bool, "", "Whether the user's details come from where he signs in."),
    Column::new("filter_results", Rows("FilterCheckResult", CHECK), "", "How each list fits."),
    Column::new("customer_lookup_performed", Bool, "", "Whether the organization was looked up by name."),
    Column::new("customer_candidates", Rows("CustomerCandidate", CANDIDATE), "",
        "Organizations that are called like the user's, two at most."),
    Column::new("customer_lookup_ambiguous", Bool, "", "Whether there is more than one."),
    Column::new("resolved_project_name", Text, "", "Name of the project.").nullable(),
    Column::new("project_action", Choice("ProjectActionEnum", &["create", "existing", "not_recreated"]), "",
        "What becomes of the project.").nullable(),
];

#[rustfmt::skip]
const STEP: &[Column] = &[
    Column::new("role", Text, "", "Name of the role."),
    Column::new("action", Choice("RoleActionEnum", &["grant", "held", "skip"]), "", "What becomes of it."),
    Column::new("reason", Text, "", "Why it is left out."),
];

#[rustfmt::skip]
const PROJECT: &[Column] = &[
    Column::new("action", Choice("ProjectActionEnum", &["create", "existing", "not_recreated"]), "",
        "Whether it is there or would be made."),
    Column::new("uuid", Uuid, "", "Identifier of one that is there.").nullable(),
    Column::new("name", Text, "", "Name."),
];

#[rustfmt::skip]
const ORDER: &[Column] = &[
    Column::new("action", Choice("OrderActionEnum", &["create", "skip"]), "", "Whether it would be placed."),
    Column::new("reason", Text, "", "Why it would not."),
];

/// What a rule would do for somebody.
#[rustfmt::skip]
const DRY: &[Column] = &[
    Column::new("rule_uuid", Uuid, "", "Identifier of the rule."),
    Column::new("rule_name", Text, "", "Name of the rule."),
    Column::new("matched", Bool, "", "Whether it fits the user."),
    Column::new("would_provision", Bool, "", "Whether it would do something."),
    Column::new("reason", Text, "", "Why not; empty if it would."),
    Column::new("checks", Rows("FilterCheckResult", CHECK), "", "How each list fits."),
    Column::new("customer_uuid", Uuid, "", "The organization.").nullable(),
    Column::new("customer_name", Text, "", "Its name.").nullable(),
    Column::new("customer_role", OneRow("RuleRoleStep", STEP), "", "The role in the organization.").nullable(),
    Column::new("project", OneRow("RuleProjectStep", PROJECT), "", "The project.").nullable(),
    Column::new("project_role", OneRow("RuleRoleStep", STEP), "", "The role in the project.").nullable(),
    Column::new("order", OneRow("RuleOrderStep", ORDER), "", "The order.").nullable(),
];

/// Its operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list(ALL, "autoprovisioning_rules_list", TAG, SHAPE, &RULES),
    Route::create(ALL, "autoprovisioning_rules_create", TAG, SHAPE, &CREATE, &RULES),
    Route::retrieve(ONE, "autoprovisioning_rules_retrieve", TAG, SHAPE, &RULES),
    Route::put(ONE, "autoprovisioning_rules_update", TAG, SHAPE, &UPDATE, &RULES),
    Route::patch(ONE, "autoprovisioning_rules_partial_update", TAG, SHAPE, &UPDATE, &RULES),
    Route::destroy(ONE, "autoprovisioning_rules_destroy", TAG, &DELETE),
    Route::act("/api/autoprovisioning-rules/{uuid}/test-match/", "autoprovisioning_rules_test_match", TAG, &TEST_MATCH,
        Answer::Json(200, MATCH)).shape("RuleTestMatchResponse").request("RuleTestMatchRequestRequest"),
    Route::act("/api/autoprovisioning-rules/dry_run/", "autoprovisioning_rules_dry_run", TAG, &DRY_RUN,
        Answer::Many(200, DRY)).shape("RuleDryRun").request("RuleDryRunRequest"),
];

/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[("autoprovisioning_rule", ALL)];
