//! `user-invitations`.

use crate::{
    route::{Answer, Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use stoa_kernel::{
    Error, Result,
    access::{Actor, Needs},
    field::Kind::{Bool, Rows, Text, Uuid},
    id,
    view::Column,
};
use stoa_tenancy::invitation::{
    actions::{
        ACCEPT, APPROVE, CANCEL, CHECK, CHECK_DUPLICATES, CREATE, DELETE, REJECT, REMOVE, SEND, UPDATE, shown_by_code,
    },
    views::{INVITATION_DETAILS, INVITATIONS},
};

/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[("invitation", "/api/user-invitations/")];

const TAG: &str = "user-invitations";
const ALL: &str = "/api/user-invitations/";
const ONE: &str = "/api/user-invitations/{uuid}/";

/// Its operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list(ALL, "user_invitations_list", TAG, "Invitation", &INVITATIONS),
    Route::create(ALL, "user_invitations_create", TAG, "Invitation", &CREATE, &INVITATIONS),
    Route::act("/api/user-invitations/approve/", "user_invitations_approve", TAG, &APPROVE, Answer::Empty(200))
        .request("TokenRequest").anonymous(),
    Route::act("/api/user-invitations/reject/", "user_invitations_reject", TAG, &REJECT, Answer::Empty(200))
        .request("TokenRequest").anonymous(),
    Route::act("/api/user-invitations/check-duplicates/", "user_invitations_check_duplicates", TAG, &CHECK_DUPLICATES,
        Answer::Json(200, DUPLICATES)).shape("InvitationDuplicateCheckResponse")
        .request("InvitationDuplicateCheckRequest"),
    Route::retrieve(ONE, "user_invitations_retrieve", TAG, "Invitation", &INVITATIONS),
    Route::put(ONE, "user_invitations_update", TAG, "InvitationUpdate", &UPDATE, &INVITATIONS),
    Route::patch(ONE, "user_invitations_partial_update", TAG, "InvitationUpdate", &UPDATE, &INVITATIONS),
    Route::destroy(ONE, "user_invitations_destroy", TAG, &DELETE),
    Route::act("/api/user-invitations/{uuid}/accept/", "user_invitations_accept", TAG, &ACCEPT,
        Answer::Json(200, DETAIL)).blind(),
    Route::act("/api/user-invitations/{uuid}/cancel/", "user_invitations_cancel", TAG, &CANCEL,
        Answer::Detail(200, "Invitation has been successfully canceled.")),
    Route::act("/api/user-invitations/{uuid}/check/", "user_invitations_check", TAG, &CHECK,
        Answer::Json(200, CHECKED)).shape("InvitationCheck").blind(),
    Route::act("/api/user-invitations/{uuid}/delete/", "user_invitations_delete", TAG, &REMOVE, Answer::Empty(200)),
    Route::own(Verb::Get, "/api/user-invitations/{uuid}/details/", "user_invitations_details_retrieve", TAG,
        "VisibleInvitationDetails", &DETAILS).about("What is said of an invitation before it is accepted."),
    Route::act("/api/user-invitations/{uuid}/send/", "user_invitations_send", TAG, &SEND, Answer::Json(200, DETAIL)),
];

const DETAIL: &[Column] = &[Column::new("detail", Text, "", "What happened.")];

const CHECKED: &[Column] = &[
    Column::new("email", Text, "", "The invited address; a stranger sees a part of it."),
    Column::new("civil_number_required", Bool, "", "Whether the accepting person must have a certain civil number.")
        .nullable()
        .absent(),
];

#[rustfmt::skip]
const DUPLICATES: &[Column] = &[
    Column::new("duplicates", Rows("InvitationDuplicate", &[
        Column::new("email", Text, "", "The address."),
        Column::new("role", Uuid, "", "Identifier of the role."),
        Column::new("existing_invitation_uuid", Uuid, "", "The open invitation; null for a repetition in the request.")
            .nullable(),
    ]), "", "Who is invited already."),
    Column::new("existing_roles", Rows("InvitationExistingRole", &[
        Column::new("email", Text, "", "The address."),
        Column::new("role", Uuid, "", "Identifier of the role that was asked about."),
        Column::new("existing_role", Uuid, "", "Identifier of the role that is held."),
        Column::new("existing_role_name", Text, "", "Name of the role that is held."),
        Column::new("existing_role_description", Text, "", "What people call the role that is held."),
        Column::new("is_same_role", Bool, "", "Whether both are the same."),
    ]), "", "Who holds a role there already."),
];

static DETAILS: Own = Own::new(|surface, asked| Box::pin(details(surface, asked)), Needs::SignedIn)
    .answer(200, Shape::Row(&INVITATION_DETAILS));

// By the identifier for those who may see it; by the code of the link for those who may accept it.
async fn details(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let named = id::parse(asked.param("uuid")).ok_or(Error::NotFound)?;
    match shown_by_code(&surface.core, &actor, named).await {
        Ok(uuid) => surface.retrieve(&asked, &Actor::system(), &INVITATION_DETAILS, &id::hex(&uuid), Vec::new()).await,
        Err(Error::NotFound) => {
            surface.retrieve(&asked, &actor, &INVITATION_DETAILS, asked.param("uuid"), Vec::new()).await
        }
        Err(error) => Err(error),
    }
}
