//! `user-permission-requests`: answers to invitations of whoever has the link.

use crate::route::{Answer, Route};
use stoa_kernel::{
    field::Kind::{Text, Uuid},
    view::Column,
};
use stoa_tenancy::permission_request::{
    actions::{APPROVE, CANCEL, DELETE, REJECT},
    views::PERMISSION_REQUESTS,
};

const TAG: &str = "user-permission-requests";
const ALL: &str = "/api/user-permission-requests/";
const ONE: &str = "/api/user-permission-requests/{uuid}/";
const SHAPE: &str = "PermissionRequest";

/// What taking a request back answers.
const CANCELED: &[Column] = &[
    Column::new("uuid", Uuid, "", "Identifier of the request."),
    Column::new("scope_name", Text, "", "Name of what it was for."),
    Column::new("scope_uuid", Uuid, "", "Identifier of what it was for."),
];

/// Its operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list(ALL, "user_permission_requests_list", TAG, SHAPE, &PERMISSION_REQUESTS),
    Route::retrieve(ONE, "user_permission_requests_retrieve", TAG, SHAPE, &PERMISSION_REQUESTS),
    Route::destroy(ONE, "user_permission_requests_destroy", TAG, &DELETE),
    Route::act("/api/user-permission-requests/{uuid}/approve/", "user_permission_requests_approve", TAG, &APPROVE,
        Answer::Empty(200)).request("ReviewCommentRequest"),
    Route::act("/api/user-permission-requests/{uuid}/reject/", "user_permission_requests_reject", TAG, &REJECT,
        Answer::Empty(200)).request("ReviewCommentRequest"),
    Route::act("/api/user-permission-requests/{uuid}/cancel_request/", "user_permission_requests_cancel_request", TAG,
        &CANCEL, Answer::Json(200, CANCELED)).shape("CancelRequestResponse"),
];

/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[("permission_request", ALL)];
