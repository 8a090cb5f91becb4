//! `notification-messages` and `notification-messages-templates`.

use crate::route::{Answer, Route};
use stoa_kernel::{field::Kind::Text, view::Column};
use stoa_support::mail::{
    actions as act,
    views::{NOTIFICATIONS, TEMPLATES},
};

const DETAIL: &[Column] = &[Column::new("detail", Text, "", "What happened.")];

const PREVIEW: &[Column] = &[
    Column::new("subject", Text, "", "The subject."),
    Column::new("text", Text, "", "The plain text."),
    Column::new("html", Text, "", "The whole HTML document."),
];

/// Its operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/notification-messages/", "notification_messages_list", "notification-messages", "Notification", &NOTIFICATIONS),
    Route::create("/api/notification-messages/", "notification_messages_create", "notification-messages", "Notification", &act::CREATE, &NOTIFICATIONS),
    Route::retrieve("/api/notification-messages/{uuid}/", "notification_messages_retrieve", "notification-messages", "Notification", &NOTIFICATIONS),
    Route::put("/api/notification-messages/{uuid}/", "notification_messages_update", "notification-messages", "Notification", &act::UPDATE, &NOTIFICATIONS),
    Route::patch("/api/notification-messages/{uuid}/", "notification_messages_partial_update", "notification-messages", "Notification", &act::UPDATE, &NOTIFICATIONS),
    Route::destroy("/api/notification-messages/{uuid}/", "notification_messages_destroy", "notification-messages", &act::DELETE),
    Route::act("/api/notification-messages/{uuid}/disable/", "notification_messages_disable", "notification-messages", &act::DISABLE, Answer::Json(200, DETAIL)),
    Route::act("/api/notification-messages/{uuid}/enable/", "notification_messages_enable", "notification-messages", &act::ENABLE, Answer::Json(200, DETAIL)),
    Route::list("/api/notification-messages-templates/", "notification_messages_templates_list", "notification-messages-templates", "NotificationTemplateDetailSerializers", &TEMPLATES),
    Route::create("/api/notification-messages-templates/", "notification_messages_templates_create", "notification-messages-templates", "NotificationTemplateDetailSerializers", &act::CREATE_TEMPLATE, &TEMPLATES),
    Route::retrieve("/api/notification-messages-templates/{uuid}/", "notification_messages_templates_retrieve", "notification-messages-templates", "NotificationTemplateDetailSerializers", &TEMPLATES),
    Route::put("/api/notification-messages-templates/{uuid}/", "notification_messages_templates_update", "notification-messages-templates", "NotificationTemplateDetailSerializers", &act::UPDATE_TEMPLATE, &TEMPLATES),
    Route::patch("/api/notification-messages-templates/{uuid}/", "notification_messages_templates_partial_update", "notification-messages-templates", "NotificationTemplateDetailSerializers", &act::UPDATE_TEMPLATE, &TEMPLATES),
    Route::destroy("/api/notification-messages-templates/{uuid}/", "notification_messages_templates_destroy", "notification-messages-templates", &act::DELETE_TEMPLATE),
    Route::act("/api/notification-messages-templates/{uuid}/override/", "notification_messages_templates_override", "notification-messages-templates", &act::OVERRIDE, Answer::Json(200, DETAIL))
        .request("NotificationTemplateUpdateSerializersRequest"),
    // Our own: look at a mail before it leaves the house.
    Route::act("/api/notification-messages-templates/{uuid}/preview/", "notification_messages_templates_preview", "notification-messages-templates", &act::PREVIEW, Answer::Json(200, PREVIEW))
        .shape("NotificationTemplatePreview").request("NotificationTemplatePreviewRequest"),
];
/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[
    ("notification", "/api/notification-messages/"),
    ("notification_template", "/api/notification-messages-templates/"),
];
