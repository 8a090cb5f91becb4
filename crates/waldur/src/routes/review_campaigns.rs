//! `/api/access/campaigns/`: review campaigns, what is reviewed in them, and their evidence.

use crate::{
    route::{Answer, Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use http::{HeaderValue, header};
use stoa_kernel::{Result, access::Needs};
use stoa_tenancy::campaign::{
    actions::{CANCEL, CLOSE, CREATE, CREATE_FOR_ALL, DECIDE, DELEGATE, START, UPDATE},
    evidence::{self, csv},
    views::{CAMPAIGNS, ITEMS, OVERSEE, REVIEWERS},
};

const TAG: &str = "access";
const ALL: &str = "/api/access/campaigns/";
const ONE: &str = "/api/access/campaigns/{uuid}/";
const SHAPE: &str = "ReviewCampaign";
const ITEM: &str = "ReviewCampaignItem";

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] = &[("review_campaign", ALL), ("review_campaign_item", "/api/access/campaign-items/")];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list(ALL, "access_campaigns_list", TAG, SHAPE, &CAMPAIGNS),
    Route::create(ALL, "access_campaigns_create", TAG, SHAPE, &CREATE, &CAMPAIGNS),
    Route::create("/api/access/campaigns/create_for_all/", "access_campaigns_create_for_all", TAG, SHAPE, &CREATE_FOR_ALL,
        &CAMPAIGNS).request("ReviewCampaignForAllRequest"),
    Route::retrieve(ONE, "access_campaigns_retrieve", TAG, SHAPE, &CAMPAIGNS),
    Route::put(ONE, "access_campaigns_update", TAG, SHAPE, &UPDATE, &CAMPAIGNS).request("ReviewCampaignUpdateRequest"),
    Route::patch(ONE, "access_campaigns_partial_update", TAG, SHAPE, &UPDATE, &CAMPAIGNS),
    Route::act("/api/access/campaigns/{uuid}/start/", "access_campaigns_start", TAG, &START,
        Answer::Object(&CAMPAIGNS, 200)).shape(SHAPE),
    Route::act("/api/access/campaigns/{uuid}/close/", "access_campaigns_close", TAG, &CLOSE,
        Answer::Object(&CAMPAIGNS, 200)).shape(SHAPE),
    Route::act("/api/access/campaigns/{uuid}/cancel/", "access_campaigns_cancel", TAG, &CANCEL,
        Answer::Object(&CAMPAIGNS, 200)).shape(SHAPE),
    Route::list_in("/api/access/campaigns/{uuid}/items/", "access_campaigns_items_list", TAG, ITEM, &ITEMS, &CAMPAIGNS,
        Needs::SignedIn, "i.campaign_id = $"),
    Route::list_in("/api/access/campaigns/{uuid}/reviewers/", "access_campaigns_reviewers_list", TAG,
        "ReviewCampaignProgress", &REVIEWERS, &CAMPAIGNS, OVERSEE, "a.campaign_id = $"),
    Route::own(Verb::Get, "/api/access/campaigns/{uuid}/evidence.csv/", "access_campaigns_evidence_csv_retrieve", TAG, "",
        &AS_CSV).about("What was decided about every role of a campaign, as a table."),
    Route::own(Verb::Get, "/api/access/campaigns/{uuid}/evidence.pdf/", "access_campaigns_evidence_pdf_retrieve", TAG, "",
        &AS_PDF).about("What was decided about every role of a campaign, as a document with the hash of the table."),
    Route::list("/api/access/campaign-items/", "access_campaign_items_list", TAG, ITEM, &ITEMS),
    Route::retrieve("/api/access/campaign-items/{uuid}/", "access_campaign_items_retrieve", TAG, ITEM, &ITEMS),
    Route::act("/api/access/campaign-items/{uuid}/decide/", "access_campaign_items_decide", TAG, &DECIDE,
        Answer::Object(&ITEMS, 200)).shape(ITEM).request("ReviewCampaignDecisionRequest"),
    Route::act("/api/access/campaign-items/{uuid}/delegate/", "access_campaign_items_delegate", TAG, &DELEGATE,
        Answer::Object(&ITEMS, 200)).shape(ITEM).request("ReviewCampaignDelegationRequest"),
];

static AS_CSV: Own =
    Own::new(|surface, asked| Box::pin(as_csv(surface, asked)), OVERSEE).answer(200, Shape::Other("text/csv"));

static AS_PDF: Own =
    Own::new(|surface, asked| Box::pin(as_pdf(surface, asked)), OVERSEE).answer(200, Shape::Other("application/pdf"));

async fn as_csv(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let found = evidence::gather(&surface.core, &actor, asked.param("uuid")).await?;
    Ok(file("text/csv; charset=utf-8", "attachment; filename=\"evidence.csv\"", csv::write(&found).into_bytes()))
}

async fn as_pdf(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let document = evidence::document(&surface.core, &actor, asked.param("uuid")).await?;
    Ok(file("application/pdf", "attachment; filename=\"evidence.pdf\"", document))
}

fn file(content_type: &'static str, disposition: &'static str, bytes: Vec<u8>) -> Reply {
    let reply = Reply::bytes(200, HeaderValue::from_static(content_type), bytes);
    reply.with(header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition))
}
