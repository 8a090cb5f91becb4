//! Subscriptions of agents to events, their queues, and consumers.

use crate::{
    route::{Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use serde_json::Value;
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    field::Kind::{Text, Texts},
    view::{Ask, Column},
};
use stoa_support::subscription::{
    actions,
    views::{CONSUMERS, QUEUES, SUBSCRIPTIONS},
};

const TAG: &str = "event-subscriptions";
const QUEUE: &str = "event-subscription-queues";
const CONSUMER: &str = "event-consumers";

/// The collections.
pub static LINKS: &[(&str, &str)] = &[
    ("event_subscription", "/api/event-subscriptions/"),
    ("event_subscription_queue", "/api/event-subscription-queues/"),
];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/event-subscriptions/", "event_subscriptions_list", TAG, "EventSubscription", &SUBSCRIPTIONS),
    Route::create("/api/event-subscriptions/", "event_subscriptions_create", TAG, "EventSubscription", &actions::CREATE, &SUBSCRIPTIONS),
    Route::retrieve("/api/event-subscriptions/{uuid}/", "event_subscriptions_retrieve", TAG, "EventSubscription", &SUBSCRIPTIONS),
    Route::destroy("/api/event-subscriptions/{uuid}/", "event_subscriptions_destroy", TAG, &actions::DELETE),
    Route::own(Verb::Post, "/api/event-subscriptions/{uuid}/create_queue/", "event_subscriptions_create_queue", TAG, "EventSubscriptionQueue", &CREATE_QUEUE)
        .about("Make a queue for the events of one offering: 201 if it is new, 200 if it was there.")
        .request("EventSubscriptionQueueCreateRequest"),
    Route::list("/api/event-subscription-queues/", "event_subscription_queues_list", QUEUE, "EventSubscriptionQueue", &QUEUES),
    Route::retrieve("/api/event-subscription-queues/{uuid}/", "event_subscription_queues_retrieve", QUEUE, "EventSubscriptionQueue", &QUEUES),
    Route::destroy("/api/event-subscription-queues/{uuid}/", "event_subscription_queues_destroy", QUEUE, &actions::DELETE_QUEUE),
    // Of newer versions than 8.0.5.
    Route::list("/api/event-consumers/", "event_consumers_list", CONSUMER, "EventConsumer", &CONSUMERS),
    Route::own(Verb::Post, "/api/event-consumers/register/", "event_consumers_register", CONSUMER, "EventConsumerRegistrationResponse", &REGISTER)
        .about("Register one's consumer of events, or change it: 201 if it is new, 200 if it was there.")
        .request("EventConsumerRegistrationRequest"),
    Route::destroy("/api/event-consumers/{uuid}/", "event_consumers_destroy", CONSUMER, &actions::DELETE_CONSUMER),
];

static CREATE_QUEUE: Own =
    Own::new(|surface, asked| Box::pin(create_queue(surface, asked)), Needs::Any(&[Needs::Own, Needs::StaffOrSupport]))
        .body(actions::CREATE_QUEUE.fields)
        .answer(201, Shape::Row(&QUEUES))
        .also(&[200]);

async fn create_queue(surface: &Surface, asked: Asked) -> Result<Reply> {
    let done = surface.perform(&asked, &actions::CREATE_QUEUE, Some(asked.param("uuid"))).await?;
    let uuid = done.uuid.ok_or_else(|| Error::broken("a queue without an identifier"))?;
    let actor = asked.actor(surface).await?;
    let row = surface.one(&asked, &actor, &QUEUES, Ask::one(Val::Uuid(uuid))).await?;
    Ok(Reply::raw_json(status(&done.answer), row.ok_or(Error::NotFound)?))
}

static REGISTER: Own = Own::new(|surface, asked| Box::pin(register(surface, asked)), Needs::SignedIn)
    .body(actions::REGISTER.fields)
    .object(
        201,
        &[
            Column::new("rmq_username", Text, "", "Its name at the broker."),
            Column::new("queue_name", Text, "", "Its queue there."),
            Column::new("vhost", Text, "", "Its virtual host there."),
            Column::new("observable_object_types", Texts, "", "Of what it is told; of everything if none is named."),
        ],
    )
    .also(&[200]);

async fn register(surface: &Surface, asked: Asked) -> Result<Reply> {
    let mut answer = surface.perform(&asked, &actions::REGISTER, None).await?.answer;
    let status = status(&answer);
    if let Some(answer) = answer.as_object_mut() {
        answer.remove("made");
    }
    Ok(Reply::json(status, &answer))
}

/// What is new is answered otherwise than what was there.
fn status(answer: &Value) -> u16 {
    if answer["made"] == true { 201 } else { 200 }
}
