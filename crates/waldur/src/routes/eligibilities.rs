//! `/api/access/eligibilities/`: roles that somebody may activate for hours, their activations, and what is asked of these.

use crate::route::{Answer, Route};
use stoa_tenancy::{
    activation::{
        actions::{ACTIVATE, APPROVE, CANCEL, DEACTIVATE, REJECT},
        views::ACTIVATIONS,
    },
    activation_rule::{
        actions::{CREATE as CREATE_RULE, CREATE_FOR_ALL, DELETE as DELETE_RULE, UPDATE as UPDATE_RULE},
        views::ACTIVATION_RULES,
    },
    eligibility::{
        actions::{CREATE, REVOKE, UPDATE},
        views::ELIGIBILITIES,
    },
};

const TAG: &str = "access";
const ALL: &str = "/api/access/eligibilities/";
const ONE: &str = "/api/access/eligibilities/{uuid}/";
const SHAPE: &str = "Eligibility";
const ACTIVATION: &str = "Activation";
const RULES: &str = "/api/access/activation-rules/";
const RULE: &str = "/api/access/activation-rules/{uuid}/";
const RULE_SHAPE: &str = "ActivationRule";

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] =
    &[("eligibility", ALL), ("activation", "/api/access/activations/"), ("activation_rule", RULES)];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list(ALL, "access_eligibilities_list", TAG, SHAPE, &ELIGIBILITIES),
    Route::create(ALL, "access_eligibilities_create", TAG, SHAPE, &CREATE, &ELIGIBILITIES),
    Route::retrieve(ONE, "access_eligibilities_retrieve", TAG, SHAPE, &ELIGIBILITIES),
    Route::put(ONE, "access_eligibilities_update", TAG, SHAPE, &UPDATE, &ELIGIBILITIES).request("EligibilityUpdateRequest"),
    Route::patch(ONE, "access_eligibilities_partial_update", TAG, SHAPE, &UPDATE, &ELIGIBILITIES),
    Route::act("/api/access/eligibilities/{uuid}/revoke/", "access_eligibilities_revoke", TAG, &REVOKE,
        Answer::Object(&ELIGIBILITIES, 200)).shape(SHAPE).request("EligibilityRevokeRequest"),
    Route::act("/api/access/eligibilities/{uuid}/activate/", "access_eligibilities_activate", TAG, &ACTIVATE,
        Answer::Object(&ACTIVATIONS, 201)).shape(ACTIVATION).request("ActivateRequest"),
    Route::list("/api/access/activations/", "access_activations_list", TAG, ACTIVATION, &ACTIVATIONS),
    Route::retrieve("/api/access/activations/{uuid}/", "access_activations_retrieve", TAG, ACTIVATION, &ACTIVATIONS),
    Route::act("/api/access/activations/{uuid}/approve/", "access_activations_approve", TAG, &APPROVE,
        Answer::Object(&ACTIVATIONS, 200)).shape(ACTIVATION).request("ActivationApproveRequest"),
    Route::act("/api/access/activations/{uuid}/reject/", "access_activations_reject", TAG, &REJECT,
        Answer::Object(&ACTIVATIONS, 200)).shape(ACTIVATION).request("ActivationRejectRequest"),
    Route::act("/api/access/activations/{uuid}/cancel/", "access_activations_cancel", TAG, &CANCEL,
        Answer::Object(&ACTIVATIONS, 200)).shape(ACTIVATION),
    Route::act("/api/access/activations/{uuid}/deactivate/", "access_activations_deactivate", TAG, &DEACTIVATE,
        Answer::Object(&ACTIVATIONS, 200)).shape(ACTIVATION).request("ActivationDeactivateRequest"),
    Route::list(RULES, "access_activation_rules_list", TAG, RULE_SHAPE, &ACTIVATION_RULES),
    Route::create(RULES, "access_activation_rules_create", TAG, RULE_SHAPE, &CREATE_RULE, &ACTIVATION_RULES),
    Route::create("/api/access/activation-rules/create_for_all/", "access_activation_rules_create_for_all", TAG, RULE_SHAPE,
        &CREATE_FOR_ALL, &ACTIVATION_RULES).request("ActivationRuleForAllRequest"),
    Route::retrieve(RULE, "access_activation_rules_retrieve", TAG, RULE_SHAPE, &ACTIVATION_RULES),
    Route::put(RULE, "access_activation_rules_update", TAG, RULE_SHAPE, &UPDATE_RULE, &ACTIVATION_RULES)
        .request("ActivationRuleUpdateRequest"),
    Route::patch(RULE, "access_activation_rules_partial_update", TAG, RULE_SHAPE, &UPDATE_RULE, &ACTIVATION_RULES),
    Route::destroy(RULE, "access_activation_rules_destroy", TAG, &DELETE_RULE),
];
