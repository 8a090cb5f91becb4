//! Hooks: events posted to web addresses or mailed.

use crate::{
    route::{Answer, Own, Route, Verb},
    wire::{Asked, Reply, Surface},
};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    field::Kind::{Int, Text, Uuid},
    id,
    view::Column,
};
use stoa_support::hook::{
    actions::{email, web},
    send, store,
    views::{DELIVERIES, EMAIL_HOOKS, HOOKS, OF_HOOK, WEB_HOOKS, WEB_MADE},
};

const WEB: &str = "hooks-web";
const EMAIL: &str = "hooks-email";
const KEEPERS: Needs = Needs::Any(&[Needs::Own, Needs::StaffOrSupport]);

/// The collections.
pub static LINKS: &[(&str, &str)] = &[("web_hook", "/api/hooks-web/"), ("email_hook", "/api/hooks-email/")];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/hooks/", "hooks_list", "hooks", "Hook", &HOOKS),
    Route::list("/api/hooks-web/", "hooks_web_list", WEB, "WebHook", &WEB_HOOKS),
    Route::act("/api/hooks-web/", "hooks_web_create", WEB, &web::CREATE, Answer::Json(201, WEB_MADE))
        .shape("WebHook").request("WebHookRequest"),
    Route::retrieve("/api/hooks-web/{uuid}/", "hooks_web_retrieve", WEB, "WebHook", &WEB_HOOKS),
    Route::put("/api/hooks-web/{uuid}/", "hooks_web_update", WEB, "WebHook", &web::UPDATE, &WEB_HOOKS),
    Route::patch("/api/hooks-web/{uuid}/", "hooks_web_partial_update", WEB, "WebHook", &web::UPDATE, &WEB_HOOKS),
    Route::destroy("/api/hooks-web/{uuid}/", "hooks_web_destroy", WEB, &web::DELETE),
    // Ours: the original tells nobody what became of an event, and signs nothing.
    Route::list_in("/api/hooks-web/{uuid}/deliveries/", "hooks_web_deliveries_list", WEB, "HookDelivery", &DELIVERIES, &WEB_HOOKS, KEEPERS, OF_HOOK),
    Route::act("/api/hooks-web/{uuid}/deliveries/{delivery}/redeliver/", "hooks_web_redeliver", WEB, &web::REDELIVER, Answer::Json(202, OUTCOME))
        .shape("HookRedelivery"),
    Route::act("/api/hooks-web/{uuid}/rotate_secret/", "hooks_web_rotate_secret", WEB, &web::ROTATE, Answer::Json(200, SECRET))
        .shape("HookSecret"),
    Route::own(Verb::Post, "/api/hooks-web/{uuid}/test/", "hooks_web_test", WEB, "HookTest", &TEST)
        .about("Send a test event to a web hook now, and tell what came of it."),
    Route::list("/api/hooks-email/", "hooks_email_list", EMAIL, "EmailHook", &EMAIL_HOOKS),
    Route::create("/api/hooks-email/", "hooks_email_create", EMAIL, "EmailHook", &email::CREATE, &EMAIL_HOOKS),
    // Ours: letters go to another's address only when its holder agrees.
    Route::act("/api/hooks-email/confirm/", "hooks_email_confirm", EMAIL, &email::CONFIRM, Answer::Json(200, DETAIL))
        .shape("HookConfirmation").anonymous(),
    Route::retrieve("/api/hooks-email/{uuid}/", "hooks_email_retrieve", EMAIL, "EmailHook", &EMAIL_HOOKS),
    Route::put("/api/hooks-email/{uuid}/", "hooks_email_update", EMAIL, "EmailHook", &email::UPDATE, &EMAIL_HOOKS),
    Route::patch("/api/hooks-email/{uuid}/", "hooks_email_partial_update", EMAIL, "EmailHook", &email::UPDATE, &EMAIL_HOOKS),
    Route::destroy("/api/hooks-email/{uuid}/", "hooks_email_destroy", EMAIL, &email::DELETE),
];

const SECRET: &[Column] =
    &[Column::new("secret", Text, "", "What signatures are made with from now on. It is shown this once.")];
const DETAIL: &[Column] = &[Column::new("detail", Text, "", "What happens now.")];
const OUTCOME: &[Column] = &[
    Column::new("uuid", Uuid, "", "Identifier of the delivery."),
    Column::new("state", Text, "", "Where it is on its way."),
];

static TEST: Own = Own::new(|surface, asked| Box::pin(test(surface, asked)), KEEPERS).object(
    200,
    &[
        Column::new("uuid", Uuid, "", "Identifier of the delivery."),
        Column::new("state", Text, "", "What came of it: `delivered`, `failed`, or `pending` if the hook is busy."),
        Column::new("status", Int, "", "The receiver's answer.").nullable(),
        Column::new("error", Text, "", "What went wrong, in words."),
        Column::new("attempts", Int, "", "How often it was tried."),
    ],
);

async fn test(surface: &Surface, asked: Asked) -> Result<Reply> {
    let noted = surface.perform(&asked, &web::TEST, Some(asked.param("uuid"))).await?.answer;
    let delivery = noted["delivery"].as_str().and_then(id::parse);
    let (Some(hook), Some(delivery)) = (noted["hook"].as_i64(), delivery) else {
        return Err(Error::broken("a test was not noted"));
    };
    send::one(&surface.core, hook, delivery).await?;
    Ok(Reply::json(200, &store::outcome(&surface.core.store, delivery).await?))
}
