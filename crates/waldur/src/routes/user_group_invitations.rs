//! `user-group-invitations`: invitations of whoever has the link.

use crate::route::{Answer, Route};
use stoa_kernel::{
    access::Needs,
    field::Kind::{Bool, Choice, Text, Uuid},
    view::Column,
};
use stoa_tenancy::{
    group_invitation::{
        actions::{CANCEL, CREATE, DELETE, UPDATE},
        views::{BY_LINK, GROUP_INVITATIONS, OF_ORGANIZATIONS, PROJECTS_OF, WITHIN},
    },
    permission_request::actions::SUBMIT,
    role::rules::SCOPES,
};

const TAG: &str = "user-group-invitations";
const ALL: &str = "/api/user-group-invitations/";
const ONE: &str = "/api/user-group-invitations/{uuid}/";
const SHAPE: &str = "GroupInvitation";

/// What answering an invitation answers.
#[rustfmt::skip]
const SUBMITTED: &[Column] = &[
    Column::new("uuid", Uuid, "", "Identifier of the request."),
    Column::new("scope_name", Text, "", "Name of what it is for."),
    Column::new("scope_uuid", Uuid, "", "Identifier of what it is for."),
    Column::new("scope_type", Choice("RoleType", SCOPES), "", "Kind of what it is for.").nullable(),
    Column::new("auto_approved", Bool, "", "Whether it was approved at once."),
    Column::new("project_uuid", Uuid, "", "The project in which the role was given.").nullable(),
    Column::new("project_created", Bool, "", "Whether that project was made for it.").nullable(),
];

/// Its operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list(ALL, "user_group_invitations_list", TAG, SHAPE, &GROUP_INVITATIONS),
    Route::create(ALL, "user_group_invitations_create", TAG, SHAPE, &CREATE, &BY_LINK),
    Route::retrieve(ONE, "user_group_invitations_retrieve", TAG, SHAPE, &BY_LINK),
    Route::put(ONE, "user_group_invitations_update", TAG, "GroupInvitationUpdate", &UPDATE, &BY_LINK),
    Route::patch(ONE, "user_group_invitations_partial_update", TAG, "GroupInvitationUpdate", &UPDATE, &BY_LINK),
    Route::destroy(ONE, "user_group_invitations_destroy", TAG, &DELETE),
    Route::act("/api/user-group-invitations/{uuid}/cancel/", "user_group_invitations_cancel", TAG, &CANCEL,
        Answer::Empty(200)),
    Route::list_in("/api/user-group-invitations/{uuid}/projects/", "user_group_invitations_projects_list", TAG,
        "NestedProject", &PROJECTS_OF, &OF_ORGANIZATIONS, Needs::SignedIn, WITHIN),
    Route::act("/api/user-group-invitations/{uuid}/submit_request/", "user_group_invitations_submit_request", TAG, &SUBMIT,
        Answer::Json(200, SUBMITTED)).shape("SubmitRequestResponse").request("SubmitRequestRequest"),
];

/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[("group_invitation", ALL)];
