//! Orders.

use super::customers::parent;
use crate::{
    route::{Answer, Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    field::Kind::{Date, File, Object, Text},
    view::{Ask, Column},
};
use stoa_market::{
    offering::views::OFFERINGS,
    order::{
        actions::{
            create::CREATE,
            edit::{
                DELETE, DELETE_ATTACHMENT, SET_CONSUMER_INFO, SET_PROVIDER_INFO, UNLINK, UPDATE, UPDATE_ATTACHMENT,
            },
            progress::{SET_BACKEND_ID, SET_DONE, SET_ERRED, SET_EXECUTING},
            review::{APPROVE_BY_CONSUMER, APPROVE_BY_PROVIDER, CANCEL, REJECT_BY_CONSUMER, REJECT_BY_PROVIDER},
        },
        views::ORDERS,
    },
    resource::views::ANY_RESOURCES,
};

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] = &[("order", "/api/marketplace-orders/")];

const TAG: &str = "marketplace-orders";
const ALL: &str = "/api/marketplace-orders/";
const ONE: &str = "/api/marketplace-orders/{uuid}/";

const UPDATED: Answer = Answer::Json(
    200,
    &[
        Column::new("limits", Object, "", "Limits by type of component."),
        Column::new("attributes", Object, "", "What was asked for."),
        Column::new("start_date", Date, "", "First day on which it may be executed.").nullable(),
    ],
);
const STATUS: Answer = Answer::Json(200, &[Column::new("status", Text, "", "What happened.")]);

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list(ALL, "marketplace_orders_list", TAG, "OrderDetails", &ORDERS),
    Route::create(ALL, "marketplace_orders_create", TAG, "OrderDetails", &CREATE, &ORDERS).request("OrderCreateRequest"),
    Route::retrieve(ONE, "marketplace_orders_retrieve", TAG, "OrderDetails", &ORDERS),
    Route::act(ONE, "marketplace_orders_update", TAG, &UPDATE, UPDATED).method(Verb::Put)
        .shape("OrderUpdate").request("OrderUpdateRequest"),
    Route::act(ONE, "marketplace_orders_partial_update", TAG, &UPDATE, UPDATED).method(Verb::Patch)
        .shape("OrderUpdate").request("PatchedOrderUpdateRequest"),
    Route::destroy(ONE, "marketplace_orders_destroy", TAG, &DELETE),
    Route::act("/api/marketplace-orders/{uuid}/approve_by_consumer/", "marketplace_orders_approve_by_consumer", TAG,
        &APPROVE_BY_CONSUMER, Answer::Detail(200, "Order has been approved.")).shape("OrderInfoResponse"),
    Route::act("/api/marketplace-orders/{uuid}/approve_by_provider/", "marketplace_orders_approve_by_provider", TAG,
        &APPROVE_BY_PROVIDER, Answer::Detail(200, "Order has been approved.")).shape("OrderInfoResponse")
        .request("OrderApproveByProviderRequest"),
    Route::act("/api/marketplace-orders/{uuid}/reject_by_consumer/", "marketplace_orders_reject_by_consumer", TAG,
        &REJECT_BY_CONSUMER, Answer::Empty(200)).request("OrderErrorDetailsRequest"),
    Route::act("/api/marketplace-orders/{uuid}/reject_by_provider/", "marketplace_orders_reject_by_provider", TAG,
        &REJECT_BY_PROVIDER, Answer::Empty(200)).request("OrderProviderRejectionRequest"),
    Route::act("/api/marketplace-orders/{uuid}/cancel/", "marketplace_orders_cancel", TAG, &CANCEL, Answer::Empty(202)),
    Route::act("/api/marketplace-orders/{uuid}/set_state_executing/", "marketplace_orders_set_state_executing", TAG,
        &SET_EXECUTING, Answer::Empty(200)),
    Route::act("/api/marketplace-orders/{uuid}/set_state_done/", "marketplace_orders_set_state_done", TAG,
        &SET_DONE, Answer::Empty(200)),
    Route::act("/api/marketplace-orders/{uuid}/set_state_erred/", "marketplace_orders_set_state_erred", TAG,
        &SET_ERRED, Answer::Empty(200)).request("OrderErrorDetailsRequest"),
    Route::act("/api/marketplace-orders/{uuid}/set_backend_id/", "marketplace_orders_set_backend_id", TAG,
        &SET_BACKEND_ID, STATUS).request("OrderBackendIDRequest"),
    Route::act("/api/marketplace-orders/{uuid}/set_provider_info/", "marketplace_orders_set_provider_info", TAG,
        &SET_PROVIDER_INFO, Answer::Detail(200, "Provider info has been updated.")).shape("OrderInfoResponse")
        .request("OrderProviderInfoRequest"),
    Route::act("/api/marketplace-orders/{uuid}/set_consumer_info/", "marketplace_orders_set_consumer_info", TAG,
        &SET_CONSUMER_INFO, Answer::Detail(200, "Consumer info has been updated.")).shape("OrderInfoResponse")
        .request("OrderConsumerInfoRequest"),
    Route::act("/api/marketplace-orders/{uuid}/update_attachment/", "marketplace_orders_update_attachment", TAG,
        &UPDATE_ATTACHMENT, Answer::Json(200, &[Column::new("attachment", File, "", "The document.").nullable()]))
        .shape("OrderAttachment").request("OrderAttachmentRequest"),
    Route::act("/api/marketplace-orders/{uuid}/delete_attachment/", "marketplace_orders_delete_attachment", TAG,
        &DELETE_ATTACHMENT, Answer::Empty(204)),
    Route::act("/api/marketplace-orders/{uuid}/unlink/", "marketplace_orders_unlink", TAG, &UNLINK, Answer::Empty(204)),
    Route::own(Verb::Get, "/api/marketplace-orders/{uuid}/offering/", "marketplace_orders_offering_retrieve", TAG,
        "PublicOfferingDetails", &OFFERING).about("The offering of an order."),
    // Newer than the official description.
    Route::own(Verb::Get, "/api/marketplace-orders/{uuid}/resource/", "marketplace_orders_resource_retrieve", TAG,
        "Resource", &RESOURCE).about("The resource of an order."),
];

static OFFERING: Own =
    Own::new(|surface, asked| Box::pin(offering(surface, asked)), Needs::SignedIn).answer(200, Shape::Row(&OFFERINGS));
static RESOURCE: Own = Own::new(|surface, asked| Box::pin(resource(surface, asked)), Needs::SignedIn)
    .answer(200, Shape::Row(&ANY_RESOURCES));

async fn offering(surface: &Surface, asked: Asked) -> Result<Reply> {
    let (actor, found) = parent(surface, &asked, &ORDERS, &Needs::SignedIn).await?;
    let id = found.at("offering").ok_or(Error::NotFound)?;
    let fields = asked.values("field").map(str::to_owned).collect();
    let ask = Ask { within: vec![("o.id = $", vec![Val::Int(id)])], fields, limit: 1, ..Ask::default() };
    let row = surface.one(&asked, &actor, &OFFERINGS, ask).await?.ok_or(Error::NotFound)?;
    Ok(Reply::raw_json(200, row))
}

async fn resource(surface: &Surface, asked: Asked) -> Result<Reply> {
    let (actor, found) = parent(surface, &asked, &ORDERS, &Needs::SignedIn).await?;
    let within = vec![("r.id = (SELECT x.resource_id FROM orders x WHERE x.id = $)", vec![Val::Int(found.id)])];
    let fields = asked.values("field").map(str::to_owned).collect();
    let ask = Ask { within, fields, limit: 1, ..Ask::default() };
    let row = surface.one(&asked, &actor, &ANY_RESOURCES, ask).await?.ok_or(Error::NotFound)?;
    Ok(Reply::raw_json(200, row))
}
