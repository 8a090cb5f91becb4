//! What can be done with subscriptions: everybody with his own, staff and support agents with all.

use super::{
    rules, store,
    views::{CONSUMERS, QUEUES, SUBSCRIPTIONS},
};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result, Val,
    access::{Decision, Needs},
    action::{Action, Cx, Done, Target},
    event::Event,
    field::{Field, Input, Kind},
    id::{self, Uuid},
    record,
};
use stoa_market::offering::views::PROVIDER_OFFERINGS;
use stoa_tenancy::user::store as users;

const KEEPERS: Needs = Needs::Any(&[Needs::Own, Needs::StaffOrSupport]);

const FIELDS: &[Field] = &[
    Field::text("description", 4096, "Description.").stored(),
    Field::new("observable_objects", Kind::Json, "Of what it is told: a list of objects with `object_type`.").stored(),
];

/// Makes a subscription.
pub static CREATE: Action = Action {
    name: "event_subscription.create",
    about: "Subscribe to events.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: FIELDS,
    events: &["event_subscription_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Removes a subscription and its queues.
pub static DELETE: Action = Action {
    name: "event_subscription.delete",
    about: "End a subscription to events.",
    target: Target::Thing(&SUBSCRIPTIONS),
    needs: KEEPERS,
    from: &[],
    fields: &[],
    events: &["event_subscription_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

/// Makes a queue of a subscription, unless it exists.
pub static CREATE_QUEUE: Action = Action {
    name: "event_subscription.create_queue",
    about: "Make a queue for the events of one offering; 200 if it exists.",
    target: Target::Thing(&SUBSCRIPTIONS),
    needs: KEEPERS,
    from: &[],
    fields: &[
        Field::new("offering_uuid", Kind::Uuid, "The offering.").required(),
        Field::new("object_type", Kind::Choice("ObservableObjectTypeEnum", rules::OBJECT_TYPES), "Of what it is told.")
            .required(),
    ],
    events: &["event_subscription_queue_created"],
    run: |cx, input| Box::pin(create_queue(cx, input)),
};

/// Removes a queue.
pub static DELETE_QUEUE: Action = Action {
    name: "event_subscription_queue.delete",
    about: "Remove a queue of a subscription.",
    target: Target::Thing(&QUEUES),
    needs: KEEPERS,
    from: &[],
    fields: &[],
    events: &["event_subscription_queue_deleted"],
    run: |cx, _| Box::pin(delete_queue(cx)),
};

/// Registers the caller's consumer of events, or changes it.
pub static REGISTER: Action = Action {
    name: "event_consumer.register",
    about: "Register one's consumer of events, or change of what it is told.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: &[
        Field::new("object_types", Kind::Texts, "Of what it is told; of everything if the list is empty."),
        Field::new("scopes", Kind::Json, "Where: a list of `{type, uuid}`; everywhere if it is empty, for staff only."),
    ],
    events: &["event_consumer_registered"],
    run: |cx, input| Box::pin(register(cx, input)),
};

/// Removes a consumer.
pub static DELETE_CONSUMER: Action = Action {
    name: "event_consumer.delete",
    about: "Remove a consumer of events.",
    target: Target::Thing(&CONSUMERS),
    needs: KEEPERS,
    from: &[],
    fields: &[],
    events: &["event_consumer_deleted"],
    run: |cx, _| Box::pin(delete_consumer(cx)),
};

/// The event of something that an agent did; its user reads it.
fn event(kind: &'static str, message: impl Into<String>, name: &str, uuid: &Uuid, user: i64) -> Event {
    Event::new(kind, message).fact(name, id::hex(uuid)).feed("user", user)
}

async fn create(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    if cx.actor.id == 0 {
        return Err(Error::Forbidden(Box::new(Decision::rule("Subscriptions belong to users."))));
    }
    match input.json("observable_objects") {
        Some(objects) => rules::check_objects(objects)?,
        None => input.set("observable_objects", "[]"),
    }
    // The user's row is locked, so that parallel calls count right.
    let user = users::brief(cx.tx, cx.actor.id).await?;
    if store::count(cx.tx, user.id).await? >= rules::MAX {
        return Err(Error::LimitExceeded(format!("A user can have at most {} subscriptions.", rules::MAX)));
    }
    let uuid = cx.uuid();
    let more = vec![
        ("uuid", Val::Uuid(uuid)),
        ("user_id", Val::Int(user.id)),
        ("source_ip", cx.actor.address.map(|address| address.to_string()).into()),
        ("created", Val::Time(cx.now)),
        ("modified", Val::Time(cx.now)),
    ];
    let id = record::insert(cx.tx, store::TABLE, FIELDS, &input, more).await?;
    let message = format!("{} has subscribed to events.", user.full_name());
    let event = event("event_subscription_created", message, "event_subscription_uuid", &uuid, user.id);
    Ok(Done::event(event).made("event_subscription", id, uuid))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let (uuid, user) = (cx.found.uuid, cx.found.owner);
    store::delete(cx.tx, cx.found.id).await?;
    let message = "A subscription to events has been deleted.";
    Ok(Done::event(event("event_subscription_deleted", message, "event_subscription_uuid", &uuid, user)))
}

async fn create_queue(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let offering = input.uuid("offering_uuid").ok_or(Error::NotFound)?;
    // A queue will carry what only the provider's people may know.
    if cx.visible(&PROVIDER_OFFERINGS, offering).await?.is_none() {
        return Err(Error::field("offering_uuid", "Offering is not found."));
    }
    let (subscription, subscription_uuid, owner) = (cx.found.id, cx.found.uuid, cx.found.owner);
    let object_type = input.text("object_type").unwrap_or_default();
    let (user, queues) = store::user_of(cx.tx, subscription).await?;
    if queues >= rules::MAX {
        return Err(Error::LimitExceeded(format!("A subscription can have at most {} queues.", rules::MAX)));
    }
    let name = rules::queue_name(&subscription_uuid, &offering, object_type);
    let vhost = rules::vhost(&user);
    let uuid = cx.uuid();
    let queue = store::NewQueue { uuid, subscription, offering, object_type, name: name.clone(), vhost };
    let (id, uuid, made) = store::queue(cx.tx, queue, cx.now).await?;
    let done = match made {
        false => Done::unchanged(),
        true => {
            let (kind, message) = ("event_subscription_queue_created", format!("The queue {name} has been created."));
            Done::event(event(kind, message, "event_subscription_uuid", &subscription_uuid, owner))
        }
    };
    Ok(done.made("event_subscription_queue", id, uuid).answer(json!({ "made": made })))
}

async fn delete_queue(cx: &mut Cx<'_>) -> Result<Done> {
    let (uuid, owner) = (cx.found.uuid, cx.found.owner);
    store::delete_queue(cx.tx, cx.found.id).await?;
    let message = format!("The queue {} has been deleted.", cx.found.name);
    Ok(Done::event(event("event_subscription_queue_deleted", message, "event_subscription_queue_uuid", &uuid, owner)))
}

async fn register(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    if cx.actor.id == 0 {
        return Err(Error::Forbidden(Box::new(Decision::rule("Consumers belong to users."))));
    }
    let user = users::brief(cx.tx, cx.actor.id).await?;
    let known = store::consumer(cx.tx, user.id).await?;
    if let Some(types) = input.json("object_types") {
        let all: Vec<&str> = types.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if let Some(wrong) = all.iter().find(|name| !rules::OBJECT_TYPES.contains(name)) {
            let wrong: String = wrong.chars().take(100).collect();
            return Err(Error::field("object_types", format!("\"{wrong}\" is not a valid choice.")));
        }
    }
    let types = match (input.json("object_types"), &known) {
        (Some(types), _) => types.to_string(),
        (None, Some(known)) => known.object_types.clone(),
        (None, None) => "[]".into(),
    };
    let scopes = match (input.json("scopes"), &known) {
        (Some(scopes), _) => bound(cx, scopes).await?.to_string(),
        (None, Some(known)) => known.scopes.clone(),
        (None, None) => "[]".into(),
    };
    if scopes == "[]" && !cx.actor.sees_all() {
        let text = "Only staff and support agents are told of everything: name the scopes.";
        return Err(Error::Forbidden(Box::new(Decision::rule(text))));
    }
    let (uuid, made) = match &known {
        Some(known) => (known.uuid, false),
        None => (cx.uuid(), true),
    };
    let observed: Value = serde_json::from_str(&types).unwrap_or_else(|_| json!([]));
    let answer = json!({"rmq_username": id::hex(&uuid), "queue_name": format!("consumer_{}", id::hex(&uuid)),
                        "vhost": rules::vhost(&user.uuid), "observable_object_types": observed, "made": made});
    if known.is_some_and(|known| known.object_types == types && known.scopes == scopes) {
        return Ok(Done::unchanged().answer(answer));
    }
    let id = store::put_consumer(cx.tx, user.id, uuid, &types, &scopes, cx.now).await?;
    let message = format!("{} has registered a consumer of events.", user.full_name());
    let event = event("event_consumer_registered", message, "event_consumer_uuid", &uuid, user.id);
    Ok(Done::event(event).made("event_consumer", id, uuid).answer(answer))
}

/// What a consumer is to be bound to, checked: things on which, or on what they belong to, the caller has a role, or himself.
async fn bound(cx: &mut Cx<'_>, scopes: &Value) -> Result<Value> {
    let wrong = |message: &str| Error::field("scopes", message);
    let all = scopes.as_array().ok_or_else(|| wrong("Expected a list of items."))?;
    if all.len() > rules::MAX as usize {
        return Err(wrong("Too many items."));
    }
    let mut checked = Vec::new();
    for one in all {
        let kind = one.get("type").and_then(Value::as_str).unwrap_or_default();
        let uuid = one.get("uuid").and_then(Value::as_str).and_then(id::parse);
        let thing = rules::SCOPES.iter().find(|(word, _)| *word == kind).map(|(_, thing)| *thing);
        let (Some(thing), Some(uuid)) = (thing, uuid) else {
            return Err(wrong("Each item must have a known 'type' and a valid 'uuid'."));
        };
        let unknown = || wrong("Object does not exist, or you have no role on it.");
        let view = cx.core.view_of(thing).ok_or_else(unknown)?;
        let found = cx.visible(view, uuid).await?.ok_or_else(unknown)?;
        let held = |place: &stoa_kernel::access::Stand| cx.actor.scopes(place.scope, None).contains(&place.id);
        let itself = thing == "user" && found.id == cx.actor.id;
        if !cx.actor.sees_all() && !itself && !found.places.iter().any(held) {
            return Err(unknown());
        }
        checked.push(json!({"type": kind, "uuid": id::hex(&uuid)}));
    }
    Ok(Value::Array(checked))
}

async fn delete_consumer(cx: &mut Cx<'_>) -> Result<Done> {
    let (uuid, owner) = (cx.found.uuid, cx.found.owner);
    store::delete_consumer(cx.tx, cx.found.id).await?;
    let message = "A consumer of events has been deleted.";
    Ok(Done::event(event("event_consumer_deleted", message, "event_consumer_uuid", &uuid, owner)))
}
