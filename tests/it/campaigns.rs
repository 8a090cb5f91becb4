//! Review campaigns: who reviews which roles until when, what is decided, what silence does, and what stays as evidence.

use crate::personal_tokens::{allow, mint};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use stoa_kernel::{Time, vals};
use stoa_tenancy::campaign::evidence;
use stoa_testing::{Lab, Person, Reply, Thing, both, thing};

const ALL: &str = "/api/access/campaigns/";
const FOR_ALL: &str = "/api/access/campaigns/create_for_all/";
const ITEMS: &str = "/api/access/campaign-items/";
const DAY: i64 = 86_400;

/// An organization with two owners, and a project with a manager and a member; and the neighbour's owner.
struct Scene {
    acme: Thing,
    apollo: Thing,
    ada: Person,
    grace: Person,
    manager: Person,
    member: Person,
    neighbour: Person,
}

impl Scene {
    async fn build(lab: &Lab) -> Scene {
        lab.enable_role("PROJECT.MEMBER").await;
        let acme = lab.organization("Acme").await;
        let apollo = lab.project(&acme, "Apollo").await;
        let [ada, grace] = [lab.user("ada").await, lab.user("grace").await];
        lab.grant(&acme, "CUSTOMER.OWNER", &ada).await;
        lab.grant(&acme, "CUSTOMER.OWNER", &grace).await;
        let [manager, member] = [lab.user("manager").await, lab.user("member").await];
        lab.grant(&apollo, "PROJECT.MANAGER", &manager).await;
        lab.grant(&apollo, "PROJECT.MEMBER", &member).await;
        let neighbour = lab.member(&lab.organization("Other").await, "CUSTOMER.OWNER").await;
        Scene { acme, apollo, ada, grace, manager, member, neighbour }
    }

    /// A campaign for the organization, which two weeks are given, started by Ada.
    async fn campaign(&self, lab: &Lab, extra: Value) -> Thing {
        let made = draft(lab, &self.ada, &self.acme, extra).await;
        start(lab, &self.ada, &made).await
    }

    /// What the person's item says of somebody's role.
    async fn item(&self, lab: &Lab, by: &Person, campaign: &Thing, of: &Person) -> Thing {
        let path = format!("{}items/?user_uuid={}", campaign.url, of.uuid);
        let rows = lab.get(by, &path).await.is(200);
        assert_eq!(rows.rows().len(), 1, "{} {}", rows.asked, rows.body);
        item(&rows.rows()[0])
    }
}

fn item(row: &Value) -> Thing {
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    Thing { url: text("url"), uuid: text("uuid"), body: row.clone() }
}

async fn draft(lab: &Lab, by: &Person, scope: &Thing, extra: Value) -> Thing {
    let mut body = json!({"name": "Autumn", "scope": scope.url, "due": later(lab, 14)});
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    thing(lab.post(by, ALL, body).await.is(201))
}

async fn start(lab: &Lab, by: &Person, campaign: &Thing) -> Thing {
    let started = lab.post(by, &format!("{}start/", campaign.url), json!({})).await.is(200);
    assert_eq!(started.text("state"), "active");
    thing(started)
}

fn later(lab: &Lab, days: i64) -> String {
    lab.core.now().plus_seconds(days * DAY).to_string()
}

async fn decide(lab: &Lab, by: &Person, item: &Thing, body: Value) -> Reply {
    lab.post(by, &format!("{}decide/", item.url), body).await
}

async fn shown(lab: &Lab, thing: &Thing) -> Value {
    lab.get(&lab.staff, &thing.url).await.is(200).body
}

async fn roles_of(lab: &Lab, on: &Thing, person: &Person) -> Vec<Value> {
    let path = format!("{}list_users/?user={}", on.url, person.uuid);
    lab.get(&lab.staff, &path).await.is(200).rows().clone()
}

/// Forgets the letters that were queued, as the sweep of old jobs would.
async fn forget_letters(lab: &Lab) {
    let write = lab
        .core
        .store
        .write(|tx| Box::pin(async move { tx.execute("DELETE FROM jobs WHERE kind = 'mail'", &[]).await }));
    write.await.unwrap();
}

/// The letters of this kind that were queued, in order: address and context.
async fn letters(lab: &Lab, key: &str) -> Vec<(String, Value)> {
    let rows = lab.core.store.query("SELECT payload FROM jobs WHERE kind = 'mail' ORDER BY id", &[]).await.unwrap();
    let letters = rows.iter().map(|row| row.get::<Value>(0).unwrap()).filter(|letter| letter["key"] == key);
    letters.map(|letter| (letter["to"].as_str().unwrap().to_owned(), letter["context"].clone())).collect()
}

fn mail(person: &Person) -> String {
    format!("{}@example.org", person.name)
}

/// The rows of a table in CSV, without its head, by the names in its head.
fn parse(csv: &str) -> Vec<BTreeMap<String, String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = csv.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quoted, letter) {
            (true, '"') if letters.peek() == Some(&'"') => cell.extend(letters.next()),
            (_, '"') => quoted = !quoted,
            (false, ',') => row.push(std::mem::take(&mut cell)),
            (false, '\r') => {}
            (false, '\n') => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (_, letter) => cell.push(letter),
        }
    }
    assert!(!quoted && cell.is_empty() && row.is_empty(), "the last line is whole");
    let head = rows.remove(0);
    rows.into_iter().map(|row| head.iter().cloned().zip(row).collect()).collect()
}

/// The texts of a document, each on a line, read as a viewer does: streams, glyphs, letters.
fn read_pdf(bytes: &[u8]) -> String {
    let find = |from: usize, what: &[u8]| bytes[from..].windows(what.len()).position(|w| w == what).map(|at| from + at);
    let (mut streams, mut at) = (Vec::new(), 0);
    while let Some(begin) = find(at, b"stream\n") {
        let end = find(begin, b"endstream").unwrap();
        let raw = &bytes[begin + 7..end];
        let inflated = miniz_oxide::inflate::decompress_to_vec_zlib(raw).unwrap_or_else(|_| raw.to_vec());
        streams.push(inflated);
        at = end + 9;
    }
    let mut letters = BTreeMap::new();
    let map = streams.iter().find(|stream| stream.windows(11).any(|w| w == b"beginbfchar")).unwrap();
    for line in String::from_utf8_lossy(map).lines() {
        let parts: Vec<&str> = line.split(['<', '>', ' ']).filter(|part| !part.is_empty()).collect();
        if let [glyph, letter] = parts[..]
            && line.starts_with('<')
            && let (Ok(glyph), Ok(letter)) = (u16::from_str_radix(glyph, 16), u32::from_str_radix(letter, 16))
        {
            letters.insert(glyph, char::from_u32(letter).unwrap());
        }
    }
    let mut out = String::new();
    for stream in streams.iter().filter(|stream| stream.windows(3).any(|w| w == b"Tj\n")) {
        for line in stream.split(|byte| *byte == b'\n').filter(|line| line.ends_with(b" Tj")) {
            for pair in string(&line[..line.len() - 3]).chunks(2) {
                out.push(letters[&u16::from_be_bytes([pair[0], pair[1]])]);
            }
            out.push('\n');
        }
    }
    out
}

/// A string of the format: hexadecimal, or literal with escapes.
fn string(text: &[u8]) -> Vec<u8> {
    if text[0] == b'<' {
        let hex = std::str::from_utf8(&text[1..text.len() - 1]).unwrap();
        return (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
    }
    let (mut out, mut at, inner) = (Vec::new(), 0, &text[1..text.len() - 1]);
    while at < inner.len() {
        let (byte, used) = match (inner[at], inner.get(at + 1)) {
            (b'\\', Some(digit)) if digit.is_ascii_digit() => {
                let octal = std::str::from_utf8(&inner[at + 1..at + 4]).unwrap();
                (u8::from_str_radix(octal, 8).unwrap(), 4)
            }
            (b'\\', Some(b'n')) => (b'\n', 2),
            (b'\\', Some(b'r')) => (b'\r', 2),
            (b'\\', Some(b't')) => (b'\t', 2),
            (b'\\', Some(b'b')) => (8, 2),
            (b'\\', Some(b'f')) => (12, 2),
            (b'\\', Some(other)) => (*other, 2),
            (other, _) => (other, 1),
        };
        out.push(byte);
        at += used;
    }
    out
}

both! {
    async fn reviewers_keep_shorten_and_revoke_and_it_takes_effect_at_once(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let campaign = scene.campaign(&lab, json!({"reviewed_by": "managers", "description": "Before the audit."})).await;
        assert_eq!(campaign.body["items"], 4);
        assert_eq!(campaign.body["open_items"], 4);
        // The manager reviews the member; nobody else manages the project, so owners review the manager.
        let rows = lab.get(&scene.manager, &format!("{}items/", campaign.url)).await.is(200);
        assert_eq!(rows.column("user_uuid"), [scene.member.uuid.as_str()]);
        let seen = lab.get(&scene.manager, &campaign.url).await.is(200);
        assert_eq!(seen.body["own_open_items"], 1);
        let of_member = item(&rows.rows()[0]);
        decide(&lab, &scene.manager, &of_member, json!({"decision": "shorten", "reason": "Leaves."})).await.is_invalid("new_end");
        decide(&lab, &scene.manager, &of_member, json!({"decision": "revoke"})).await.is_invalid("reason");
        decide(&lab, &scene.manager, &of_member, json!({"decision": "shorten", "reason": "Leaves.", "new_end": later(&lab, -1)})).await.is_invalid("new_end");
        decide(&lab, &scene.manager, &of_member, json!({"decision": "keep", "new_end": later(&lab, 3)})).await.is_invalid("new_end");
        let kept = decide(&lab, &scene.manager, &of_member, json!({"decision": "keep", "reason": "Needed."})).await.is(200);
        assert_eq!(kept.text("decision"), "kept");
        assert_eq!(kept.text("decided_by_uuid"), scene.manager.uuid);
        let end = later(&lab, 30);
        let shorten = json!({"decision": "shorten", "reason": "Leaves in a month.", "new_end": end});
        let shortened = decide(&lab, &scene.manager, &of_member, shorten).await.is(200);
        assert_eq!((shortened.text("decision"), shortened.text("new_end")), ("shortened".into(), end.clone()));
        assert_eq!(roles_of(&lab, &scene.apollo, &scene.member).await[0]["expiration_time"], end.as_str());
        // Shortened can't be kept, and nothing is lengthened.
        decide(&lab, &scene.manager, &of_member, json!({"decision": "keep"})).await.is(409);
        let longer = json!({"decision": "shorten", "reason": "No.", "new_end": later(&lab, 40)});
        decide(&lab, &scene.manager, &of_member, longer).await.is_invalid("new_end");

        let of_manager = scene.item(&lab, &scene.grace, &campaign, &scene.manager).await;
        let gone = decide(&lab, &scene.grace, &of_manager, json!({"decision": "revoke", "reason": "Left."})).await.is(200);
        assert_eq!(gone.text("decision"), "revoked");
        assert!(roles_of(&lab, &scene.apollo, &scene.manager).await.is_empty());
        lab.get(&scene.manager, &scene.apollo.url).await.is_not_found();
        decide(&lab, &scene.grace, &of_manager, json!({"decision": "keep"})).await.is(409);
        let events = lab.get(&lab.staff, "/api/events/?event_type=role_revoked").await.is(200);
        assert_eq!(events.rows()[0]["context"]["reason"], "Review campaign Autumn: Left.");
        assert_eq!(events.rows()[0]["context"]["campaign_uuid"], campaign.uuid.as_str());
        assert_eq!(events.rows()[0]["context"]["user_uuid"], scene.grace.uuid.as_str());
        let events = lab.get(&lab.staff, "/api/events/?event_type=role_updated").await.is(200);
        assert_eq!(events.rows()[0]["context"]["reason"], "Review campaign Autumn: Leaves in a month.");

        let closed = lab.post(&scene.ada, &format!("{}close/", campaign.url), json!({})).await.is(200);
        let count = |key: &str| closed.body[key].as_i64().unwrap();
        assert_eq!(closed.text("state"), "closed");
        assert_eq!([count("open_items"), count("kept_items"), count("shortened_items"), count("revoked_items")], [0, 2, 1, 1]);
        decide(&lab, &scene.manager, &of_member, json!({"decision": "keep"})).await.is_not_found();
        decide(&lab, &scene.ada, &of_member, json!({"decision": "revoke", "reason": "Late."})).await.is(409);
        lab.post(&scene.ada, &format!("{}close/", campaign.url), json!({})).await.is(409);
        lab.post(&scene.ada, &format!("{}cancel/", campaign.url), json!({})).await.is(409);
        let kinds = ["created", "started", "closed", "item_decided"];
        for (kind, count) in kinds.iter().zip([1, 1, 1, 3]) {
            let path = format!("/api/events/?event_type=review_campaign_{kind}");
            assert_eq!(lab.count(&lab.staff, &path).await, count, "{kind}");
        }
        assert!(lab.count(&scene.ada, &format!("/api/events/?scope={}", scene.acme.url)).await > 0);
    }

    async fn silence_keeps_at_the_due_instant(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let campaign = scene.campaign(&lab, json!({})).await;
        let of_member = scene.item(&lab, &scene.ada, &campaign, &scene.member).await;
        lab.advance(14 * DAY - 1);
        lab.run_jobs().await;
        assert_eq!(shown(&lab, &campaign).await["state"], "active");
        lab.advance(1);
        // From its end on nobody decides any more, whether or not the job has come by.
        let ada = lab.signed_in(&scene.ada.name).await;
        decide(&lab, &ada, &of_member, json!({"decision": "revoke", "reason": "Late."})).await.is(409);
        lab.advance(60);
        lab.run_jobs().await;
        let closed = shown(&lab, &campaign).await;
        assert_eq!((&closed["state"], &closed["kept_items"]), (&json!("closed"), &json!(4)));
        let kept = shown(&lab, &of_member).await;
        assert_eq!((&kept["by_default"], &kept["decided_by_uuid"]), (&json!(true), &Value::Null));
        assert_eq!(roles_of(&lab, &scene.apollo, &scene.member).await.len(), 1);
    }

    async fn silence_revokes_or_shortens_what_nobody_decided_on(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let revoking = json!({"silence": "revoke", "scope_kinds": ["project"], "roles": ["PROJECT.MEMBER", "PROJECT.MANAGER"]});
        let campaign = scene.campaign(&lab, revoking).await;
        let shortening = json!({"name": "Owners", "silence": "shorten", "silence_days": 10, "roles": ["CUSTOMER.OWNER"]});
        let owners = scene.campaign(&lab, shortening).await;
        assert_eq!((&campaign.body["items"], &owners.body["items"]), (&json!(2), &json!(2)));
        let of_manager = scene.item(&lab, &scene.ada, &campaign, &scene.manager).await;
        decide(&lab, &scene.ada, &of_manager, json!({"decision": "keep"})).await.is(200);
        lab.advance(14 * DAY);
        lab.run_jobs().await;
        assert!(roles_of(&lab, &scene.apollo, &scene.member).await.is_empty());
        assert_eq!(roles_of(&lab, &scene.apollo, &scene.manager).await.len(), 1, "kept by a person");
        let events = lab.get(&lab.staff, "/api/events/?event_type=role_revoked").await.is(200);
        assert_eq!(events.rows()[0]["context"]["reason"], "Review campaign Autumn: nobody decided.");
        let closed = shown(&lab, &owners).await;
        // Somebody stays an owner for good.
        assert_eq!((&closed["shortened_items"], &closed["withheld_items"]), (&json!(1), &json!(1)), "{closed}");
        let end = Time::parse(closed["closed"].as_str().unwrap()).unwrap().plus_seconds(10 * DAY).to_string();
        let mut ends = Vec::new();
        for owner in [&scene.ada, &scene.grace] {
            ends.push(roles_of(&lab, &scene.acme, owner).await[0]["expiration_time"].clone());
        }
        assert!(ends.contains(&json!(end)) && ends.contains(&Value::Null), "{ends:?}");
    }

    async fn silence_has_the_authority_that_whoever_started_it_has_then(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let campaign = scene.campaign(&lab, json!({"silence": "revoke", "scope_kinds": ["project"]})).await;
        let path = format!("{}delete_user/", scene.acme.url);
        lab.post(&lab.staff, &path, json!({"role": "CUSTOMER.OWNER", "user": scene.ada.uuid})).await.is(200);
        lab.advance(14 * DAY);
        lab.run_jobs().await;
        let closed = shown(&lab, &campaign).await;
        assert_eq!((&closed["state"], &closed["withheld_items"]), (&json!("closed"), &json!(2)));
        let row = lab.get(&lab.staff, &format!("{}items/", campaign.url)).await.is(200).rows()[0].clone();
        assert!(row["note"].as_str().unwrap().contains("PROJECT.DELETE_PERMISSION"), "{row}");
        assert_eq!(roles_of(&lab, &scene.apollo, &scene.member).await.len(), 1);
    }

    async fn a_narrowed_token_orders_no_silence_that_ends_roles(lab: Lab) {
        let scene = Scene::build(&lab).await;
        allow(&lab, &scene.ada).await;
        let narrowed = mint(&lab, &scene.ada, &["CUSTOMER.DELETE_PERMISSION"], &[]).await;
        let kept = draft(&lab, &narrowed, &scene.acme, json!({})).await;
        lab.patch(&narrowed, &kept.url, json!({"silence": "revoke"})).await.is_forbidden();
        let body = json!({"name": "X", "scope": scene.acme.url, "due": later(&lab, 9), "silence": "revoke"});
        lab.post(&narrowed, ALL, body.clone()).await.is_forbidden();
        let revoking = thing(lab.post(&scene.ada, ALL, body).await.is(201));
        lab.post(&narrowed, &format!("{}start/", revoking.url), json!({})).await.is_forbidden();
        start(&lab, &scene.ada, &revoking).await;
        lab.post(&narrowed, &format!("{}close/", revoking.url), json!({})).await.is_forbidden();
        let started = start(&lab, &narrowed, &kept).await;
        // It decides about what it carries, and nothing else.
        let of_grace = scene.item(&lab, &scene.ada, &started, &scene.grace).await;
        let of_member = scene.item(&lab, &scene.ada, &started, &scene.member).await;
        decide(&lab, &narrowed, &of_grace, json!({"decision": "keep"})).await.is(200);
        decide(&lab, &narrowed, &of_member, json!({"decision": "keep"})).await.is_forbidden();
    }

    async fn nobody_decides_about_a_role_of_his_own(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let campaign = scene.campaign(&lab, json!({})).await;
        let own = scene.item(&lab, &scene.ada, &campaign, &scene.ada).await;
        let reviewers = own.body["reviewers"].as_array().unwrap();
        assert_eq!(reviewers.len(), 1);
        assert_eq!(reviewers[0]["uuid"], scene.grace.uuid.as_str());
        for decision in ["keep", "revoke"] {
            decide(&lab, &scene.ada, &own, json!({"decision": decision, "reason": "Mine."})).await.is_forbidden();
        }
        let to = json!({"user": scene.manager.uuid});
        lab.post(&scene.ada, &format!("{}delegate/", own.url), to).await.is_forbidden();
        // Neither does he get it by delegation.
        let of_ada = scene.item(&lab, &scene.grace, &campaign, &scene.ada).await;
        lab.post(&scene.grace, &format!("{}delegate/", of_ada.url), json!({"user": scene.ada.uuid})).await.is_invalid("user");
        decide(&lab, &scene.grace, &of_ada, json!({"decision": "keep"})).await.is(200);
        // Staff do not either, but other staff may.
        lab.grant(&scene.apollo, "PROJECT.MEMBER", &lab.staff).await;
        let second = scene.campaign(&lab, json!({"name": "Second"})).await;
        let of_staff = scene.item(&lab, &lab.staff, &second, &lab.staff).await;
        decide(&lab, &lab.staff, &of_staff, json!({"decision": "keep"})).await.is_forbidden();
        decide(&lab, &scene.grace, &of_staff, json!({"decision": "keep"})).await.is(200);
    }

    async fn a_reviewer_who_lost_his_authority_neither_sees_nor_decides(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let campaign = scene.campaign(&lab, json!({"reviewed_by": "managers"})).await;
        let of_member = scene.item(&lab, &scene.manager, &campaign, &scene.member).await;
        let path = format!("{}delete_user/", scene.apollo.url);
        lab.post(&lab.staff, &path, json!({"role": "PROJECT.MANAGER", "user": scene.manager.uuid})).await.is(200);
        assert_eq!(lab.count(&scene.manager, ALL).await, 0);
        assert_eq!(lab.count(&scene.manager, ITEMS).await, 0);
        lab.get(&scene.manager, &campaign.url).await.is_not_found();
        lab.get(&scene.manager, &of_member.url).await.is_not_found();
        decide(&lab, &scene.manager, &of_member, json!({"decision": "keep"})).await.is_not_found();
        // A role that carries less than it takes is not enough.
        lab.grant(&scene.apollo, "PROJECT.ADMIN", &scene.manager).await;
        decide(&lab, &scene.manager, &of_member, json!({"decision": "keep"})).await.is_not_found();
        // His own role is gone, and the campaign notes it.
        let of_manager = scene.item(&lab, &scene.ada, &campaign, &scene.manager).await;
        let noted = decide(&lab, &scene.ada, &of_manager, json!({"decision": "revoke", "reason": "Left."})).await.is(200);
        assert_eq!(noted.text("decision"), "gone");
    }

    async fn to_be_named_gives_no_power(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let users = |people: &[&Person]| -> Value {
            people.iter().map(|person| format!("http://stoa.test/api/users/{}/", person.uuid)).collect()
        };
        let body = json!({"name": "All", "due": later(&lab, 14), "reviewed_by": "named",
                          "reviewers": users(&[&scene.member, &scene.manager, &scene.neighbour])});
        let campaign = thing(lab.post(&lab.staff, FOR_ALL, body.clone()).await.is(201));
        let campaign = start(&lab, &lab.staff, &campaign).await;
        // Each is asked where he may take roles away himself, and nowhere else; a member is asked nothing.
        assert_eq!(lab.count(&scene.member, ALL).await, 0);
        let asked = lab.get(&scene.manager, ITEMS).await.is(200);
        assert_eq!(asked.column("user_uuid"), [scene.member.uuid.as_str()]);
        assert_eq!(lab.count(&scene.neighbour, ITEMS).await, 0, "the only role there is his own");
        let of_member = item(&asked.rows()[0]);
        lab.get(&scene.neighbour, &of_member.url).await.is_not_found();
        // An owner whom nobody asked does not see what staff have asked others.
        lab.get(&scene.ada, &campaign.url).await.is_not_found();
        decide(&lab, &scene.ada, &of_member, json!({"decision": "keep"})).await.is_not_found();
        // A support agent sees it, and decides nothing; even with a role that would allow it by hand.
        let path = format!("/api/users/{}/", scene.grace.uuid);
        lab.patch(&lab.staff, &path, json!({"is_support": true})).await.is(200);
        lab.get(&scene.grace, &of_member.url).await.is(200);
        decide(&lab, &scene.grace, &of_member, json!({"decision": "keep"})).await.is_forbidden();
        decide(&lab, &scene.manager, &of_member, json!({"decision": "revoke", "reason": "Left."})).await.is(200);
        // Only staff review the whole installation, and nobody names whom he does not see.
        let mut body = body;
        body["reviewers"] = users(&[&scene.manager]);
        lab.post(&scene.ada, FOR_ALL, body).await.is_forbidden();
        let body = json!({"name": "Own", "scope": scene.acme.url, "due": later(&lab, 14), "reviewed_by": "named",
                          "reviewers": users(&[&scene.neighbour])});
        lab.post(&scene.ada, ALL, body).await.is_invalid("reviewers");
    }

    async fn an_item_is_handed_on_to_somebody_who_may_decide(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let campaign = scene.campaign(&lab, json!({"reviewed_by": "managers"})).await;
        let of_member = scene.item(&lab, &scene.manager, &campaign, &scene.member).await;
        let path = format!("{}delegate/", of_member.url);
        let second = lab.user("second").await;
        lab.grant(&scene.apollo, "PROJECT.ADMIN", &second).await;
        for (to, why) in [(&second, "may not"), (&scene.member, "of his own"), (&scene.manager, "somebody else"),
                          (&scene.neighbour, "not found")] {
            let refused = lab.post(&scene.manager, &path, json!({"user": to.uuid})).await.is_invalid("user");
            assert!(refused.body.to_string().contains(why), "{}", refused.body);
        }
        lab.grant(&scene.apollo, "PROJECT.MANAGER", &second).await;
        let handed = lab.post(&scene.manager, &path, json!({"user": second.uuid})).await.is(200);
        // Who handed it on no longer sees it, so the answer has nothing of it.
        assert_eq!(handed.body, json!({}));
        lab.get(&scene.manager, &of_member.url).await.is_not_found();
        decide(&lab, &scene.manager, &of_member, json!({"decision": "keep"})).await.is_not_found();
        decide(&lab, &second, &of_member, json!({"decision": "keep", "reason": "Fine."})).await.is(200);
        let reviewers = shown(&lab, &of_member).await["reviewers"].clone();
        assert_eq!(reviewers[0]["uuid"], second.uuid.as_str());
        assert_eq!(reviewers[0]["delegated_by_full_name"], "manager Test");
        assert_eq!(lab.count(&lab.staff, "/api/events/?event_type=review_campaign_item_delegated").await, 1);
    }

    async fn the_last_owner_stays(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let campaign = scene.campaign(&lab, json!({"silence": "revoke", "roles": ["CUSTOMER.OWNER"]})).await;
        let of_ada = scene.item(&lab, &lab.staff, &campaign, &scene.ada).await;
        let of_grace = scene.item(&lab, &lab.staff, &campaign, &scene.grace).await;
        decide(&lab, &lab.staff, &of_ada, json!({"decision": "revoke", "reason": "Left."})).await.is(200);
        for body in [json!({"decision": "revoke", "reason": "Left."}),
                     json!({"decision": "shorten", "reason": "Leaves.", "new_end": later(&lab, 3)})] {
            let refused = decide(&lab, &lab.staff, &of_grace, body).await.is(400);
            assert!(refused.body.to_string().contains("last owner"), "{}", refused.body);
        }
        let closed = lab.post(&lab.staff, &format!("{}close/", campaign.url), json!({})).await.is(200);
        assert_eq!(closed.text("state"), "closed");
        let item = shown(&lab, &of_grace).await;
        assert_eq!(item["decision"], "withheld");
        assert!(item["note"].as_str().unwrap().contains("last owner"), "{item}");
        assert_eq!(roles_of(&lab, &scene.acme, &scene.grace).await.len(), 1);
    }

    async fn for_neighbours_and_the_reviewed_there_is_no_campaign(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let campaign = scene.campaign(&lab, json!({"reviewed_by": "managers"})).await;
        let of_member = scene.item(&lab, &scene.ada, &campaign, &scene.member).await;
        let of_grace = scene.item(&lab, &scene.ada, &campaign, &scene.grace).await;
        for person in [&scene.neighbour, &scene.member, &lab.user("nobody").await] {
            assert_eq!(lab.count(person, ALL).await, 0);
            assert_eq!(lab.count(person, ITEMS).await, 0);
            for path in ["", "items/", "reviewers/", "evidence.csv/", "evidence.pdf/"] {
                lab.get(person, &format!("{}{path}", campaign.url)).await.is_not_found();
            }
            for path in ["start/", "close/", "cancel/"] {
                lab.post(person, &format!("{}{path}", campaign.url), json!({})).await.is_not_found();
            }
            lab.patch(person, &campaign.url, json!({"name": "Mine"})).await.is_not_found();
            lab.get(person, &of_member.url).await.is_not_found();
            decide(&lab, person, &of_member, json!({"decision": "keep"})).await.is_not_found();
            let made = lab.post(person, ALL, json!({"name": "X", "scope": scene.acme.url, "due": later(&lab, 3)})).await;
            assert!(matches!(made.status, 400 | 403), "{} {}", made.asked, made.status);
        }
        lab.get(&lab.nobody(), ALL).await.is(401);
        // A reviewer sees his own items only, and neither the others' names nor the evidence.
        assert_eq!(lab.count(&scene.manager, &format!("{}items/", campaign.url)).await, 1);
        lab.get(&scene.manager, &of_grace.url).await.is_not_found();
        for path in ["reviewers/", "evidence.csv/", "evidence.pdf/"] {
            lab.get(&scene.manager, &format!("{}{path}", campaign.url)).await.is_forbidden();
        }
        for path in ["close/", "cancel/"] {
            lab.post(&scene.manager, &format!("{}{path}", campaign.url), json!({})).await.is_forbidden();
        }
        let frame = json!({"name": "X", "scope": scene.apollo.url, "due": later(&lab, 3)});
        lab.post(&scene.manager, ALL, frame).await.is_forbidden();
        // Who manages it sees who has how much open.
        let progress = lab.get(&scene.ada, &format!("{}reviewers/?o=username", campaign.url)).await.is(200);
        let of = |person: &Person| progress.rows().iter().find(|row| row["user_uuid"] == person.uuid.as_str()).cloned();
        assert_eq!(of(&scene.manager).unwrap()["open_items"], 1);
        assert_eq!(of(&scene.ada).unwrap()["open_items"], 2);
        assert!(of(&scene.member).is_none());
    }

    async fn two_reviewers_at_once_leave_one_decision(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let campaign = scene.campaign(&lab, json!({})).await;
        let of_member = scene.item(&lab, &scene.ada, &campaign, &scene.member).await;
        let of_manager = scene.item(&lab, &scene.ada, &campaign, &scene.manager).await;
        let lab = Arc::new(lab);
        let at_once = |calls: Vec<(Person, Thing, Value)>| {
            let running: Vec<_> = calls
                .into_iter()
                .map(|(person, item, body)| {
                    let lab = lab.clone();
                    tokio::spawn(async move { decide(&lab, &person, &item, body).await.status })
                })
                .collect();
            async move {
                let mut statuses = Vec::new();
                for call in running {
                    statuses.push(call.await.unwrap());
                }
                statuses.sort_unstable();
                statuses
            }
        };
        let revoke = json!({"decision": "revoke", "reason": "Left."});
        let both = |item: &Thing, one: &Value, other: &Value| {
            vec![(scene.ada.clone(), item.clone(), one.clone()), (scene.grace.clone(), item.clone(), other.clone())]
        };
        assert_eq!(at_once(both(&of_member, &revoke, &revoke)).await, [200, 409]);
        // Whoever comes first: what is revoked is not kept.
        let statuses = at_once(both(&of_manager, &revoke, &json!({"decision": "keep"}))).await;
        assert!(statuses == [200, 200] || statuses == [200, 409], "{statuses:?}");
        assert_eq!(shown(&lab, &of_manager).await["decision"], "revoked");
        assert_eq!(lab.count(&lab.staff, "/api/events/?event_type=role_revoked").await, 2);
        // Two owners who revoke each other: one stays.
        let of_ada = scene.item(&lab, &scene.grace, &campaign, &scene.ada).await;
        let of_grace = scene.item(&lab, &scene.ada, &campaign, &scene.grace).await;
        let calls = vec![(scene.ada.clone(), of_grace, revoke.clone()), (scene.grace.clone(), of_ada, revoke)];
        let statuses = at_once(calls).await;
        assert_eq!(statuses[0], 200, "{statuses:?}");
        assert_ne!(statuses[1], 200, "{statuses:?}");
        assert_eq!(lab.count(&lab.staff, &format!("{}list_users/", scene.acme.url)).await, 1);
    }

    async fn reviewers_with_open_items_are_written_to_at_start_half_time_and_the_last_day(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let campaign = scene.campaign(&lab, json!({"scope_kinds": ["project"], "reviewed_by": "managers"})).await;
        let (first, next) = ("access.review_campaign_started", "access.review_campaign_reminder");
        let mut told: Vec<String> = letters(&lab, first).await.into_iter().map(|(to, _)| to).collect();
        told.sort();
        let mut all = vec![mail(&scene.ada), mail(&scene.grace), mail(&scene.manager)];
        all.sort();
        assert_eq!(told, all);
        let context = letters(&lab, first).await[0].1.clone();
        assert_eq!((&context["campaign_name"], &context["open_items"]), (&json!("Autumn"), &json!(1)));
        lab.advance(7 * DAY - 60);
        lab.run_jobs().await;
        assert!(letters(&lab, next).await.is_empty());
        let manager = lab.signed_in(&scene.manager.name).await;
        let of_member = scene.item(&lab, &manager, &campaign, &scene.member).await;
        decide(&lab, &manager, &of_member, json!({"decision": "keep"})).await.is(200);
        lab.advance(60);
        lab.run_jobs().await;
        let told: Vec<String> = letters(&lab, next).await.into_iter().map(|(to, _)| to).collect();
        assert!(told.len() == 2 && !told.contains(&mail(&scene.manager)), "{told:?}");
        lab.advance(600);
        lab.run_jobs().await;
        assert_eq!(letters(&lab, next).await.len(), 2, "once");
        forget_letters(&lab).await;
        lab.advance(6 * DAY - 1200);
        lab.run_jobs().await;
        assert!(letters(&lab, next).await.is_empty());
        lab.advance(1200);
        lab.run_jobs().await;
        assert_eq!(letters(&lab, next).await.len(), 2, "on the last day");
        assert_eq!(lab.count(&lab.staff, "/api/events/?event_type=review_campaign_reminded").await, 2);
        lab.advance(DAY);
        lab.run_jobs().await;
        assert_eq!(shown(&lab, &campaign).await["state"], "closed");
        assert_eq!(lab.count(&lab.staff, "/api/events/?event_type=review_campaign_reminded").await, 2, "and no more");
        // They are on the switchboard.
        let kinds = lab.all(&lab.staff, "/api/notification-messages/").await;
        for key in [first, next] {
            assert!(kinds.iter().any(|kind| kind["key"] == key), "{key}");
        }
    }

    async fn the_evidence_says_who_decided_what_about_whom_and_why(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let names = json!({"first_name": "Łukasz", "last_name": "李 Żółć"});
        lab.patch(&lab.staff, &format!("/api/users/{}/", scene.member.uuid), names).await.is(200);
        let extra = json!({"name": "=Autumn, \"quoted\"", "description": "Before the audit."});
        let campaign = scene.campaign(&lab, extra).await;
        let of_member = scene.item(&lab, &scene.ada, &campaign, &scene.member).await;
        let reason = "+Left,\nsaid \"goodbye\"";
        decide(&lab, &scene.ada, &of_member, json!({"decision": "revoke", "reason": reason})).await.is(200);
        lab.post(&scene.ada, &format!("{}close/", campaign.url), json!({})).await.is(200);

        let reply = lab.get(&scene.ada, &format!("{}evidence.csv/", campaign.url)).await.is(200);
        assert_eq!(reply.header("content-type"), Some("text/csv; charset=utf-8"));
        let csv = reply.body.as_str().unwrap().to_owned();
        let rows = parse(&csv);
        assert_eq!(rows.len(), 4);
        let row = rows.iter().find(|row| row["item_uuid"] == of_member.uuid).unwrap();
        for (column, value) in [
            ("campaign_name", "'=Autumn, \"quoted\""), ("user_full_name", "Łukasz 李 Żółć"), ("role_name", "PROJECT.MEMBER"),
            ("scope_type", "project"), ("scope_name", "Apollo"), ("customer_name", "Acme"), ("decision", "revoked"),
            ("by_default", "false"), ("decided_by_username", scene.ada.name.as_str()), ("reason", "'+Left,\nsaid \"goodbye\""),
            ("reviewers", "ada Test; grace Test"), ("campaign_uuid", campaign.uuid.as_str()),
        ] {
            assert_eq!(row[column], value, "{column}");
        }
        assert!(!row["decided"].is_empty() && row["new_end"].is_empty());
        assert_eq!(rows.iter().filter(|row| row["by_default"] == "true" && row["decision"] == "kept").count(), 3);
        // The same again, whoever asks and whenever.
        lab.advance(3600);
        let again = lab.get(&lab.staff, &format!("{}evidence.csv/", campaign.url)).await.is(200);
        assert_eq!(again.body, Value::from(csv.clone()));

        let ada = lab.signed_in(&scene.ada.name).await;
        let reply = lab.get(&ada, &format!("{}evidence.pdf/", campaign.url)).await.is(200);
        assert_eq!(reply.header("content-type"), Some("application/pdf"));
        assert_eq!(reply.header("content-disposition"), Some("attachment; filename=\"evidence.pdf\""));
        let actor = lab.actor(&ada).await;
        let document = evidence::document(&lab.core, &actor, &campaign.uuid).await.unwrap();
        assert!(document.starts_with(b"%PDF-1.7") && document.trim_ascii_end().ends_with(b"%%EOF"));
        let text = read_pdf(&document);
        for part in [
            "Review of roles: =Autumn, \"quoted\"", "Before the audit.", &evidence::csv::hash(&csv), "ada Test",
            &format!("Generated\n{} ", lab.core.now().date()), "Łukasz [U+674E]", "Żółć", "revoked", "nobody: by default", "PROJECT.MEMBER",
            "+Left, said \"goodbye\"", "page 1 of",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    async fn a_list_takes_three_statements(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let campaign = scene.campaign(&lab, json!({"reviewed_by": "managers"})).await;
        for person in [&lab.staff, &scene.ada, &scene.manager] {
            for path in [ALL.to_owned(), ITEMS.to_owned(), format!("{}items/", campaign.url), campaign.url.clone()] {
                lab.get(person, &path).await.is(200);
                let count = lab.statements_of(person, "GET", &path).await;
                assert!(count <= 3, "{path} by {}: {count}", person.name);
            }
        }
    }

    async fn what_does_not_fit_is_refused_and_a_draft_can_be_changed(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let due = later(&lab, 14);
        for (body, field) in [
            (json!({"due": due}), "name"),
            (json!({"name": "X"}), "due"),
            (json!({"name": "X", "due": later(&lab, -1)}), "due"),
            (json!({"name": "X", "due": due, "starts": later(&lab, 15)}), "starts"),
            (json!({"name": "X", "due": due, "silence": "shorten"}), "silence_days"),
            (json!({"name": "X", "due": due, "silence": "forget"}), "silence"),
            (json!({"name": "X", "due": due, "reviewed_by": "named"}), "reviewers"),
            (json!({"name": "X", "due": due, "roles": ["NO.ROLE"]}), "roles"),
            (json!({"name": "X", "due": due, "scope_kinds": ["planet"]}), "scope_kinds"),
        ] {
            let mut body = body;
            body["scope"] = scene.acme.url.clone().into();
            lab.post(&scene.ada, ALL, body).await.is_invalid(field);
        }
        assert_eq!(lab.count(&lab.staff, ALL).await, 0);
        let campaign = draft(&lab, &scene.ada, &scene.apollo, json!({})).await;
        assert_eq!(campaign.body["scope_type"], "project");
        let user = format!("http://stoa.test/api/users/{}/", scene.manager.uuid);
        let body = json!({"reviewed_by": "named", "reviewers": [user], "roles": ["PROJECT.MEMBER"]});
        let changed = lab.patch(&scene.grace, &campaign.url, body).await.is(200);
        assert_eq!(changed.body["reviewers"][0]["uuid"], scene.manager.uuid.as_str());
        assert_eq!(changed.body["roles"], json!(["PROJECT.MEMBER"]));
        lab.patch(&scene.grace, &campaign.url, json!({"due": later(&lab, -1)})).await.is_invalid("due");
        let started = start(&lab, &scene.grace, &campaign).await;
        assert_eq!(started.body["items"], 1);
        lab.patch(&scene.grace, &campaign.url, json!({"name": "Late"})).await.is(409);
        lab.post(&scene.grace, &format!("{}start/", campaign.url), json!({})).await.is(409);
        let cancelled = lab.post(&scene.ada, &format!("{}cancel/", campaign.url), json!({})).await.is(200);
        assert_eq!(cancelled.text("state"), "cancelled");
        lab.advance(15 * DAY);
        lab.run_jobs().await;
        assert_eq!(shown(&lab, &campaign).await["open_items"], 1, "nothing is done about what is open");
    }

    async fn a_campaign_starts_on_its_day_if_its_maker_still_may(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let starts = json!({"starts": later(&lab, 2), "due": later(&lab, 9)});
        let campaign = draft(&lab, &scene.ada, &scene.acme, starts.clone()).await;
        // Ada's plan, which Grace changes, is Grace's.
        let other = draft(&lab, &scene.ada, &scene.acme, starts).await;
        lab.patch(&scene.grace, &other.url, json!({"silence": "revoke"})).await.is(200);
        lab.run_jobs().await;
        assert_eq!(shown(&lab, &campaign).await["state"], "draft");
        let path = format!("{}delete_user/", scene.acme.url);
        lab.post(&lab.staff, &path, json!({"role": "CUSTOMER.OWNER", "user": scene.grace.uuid})).await.is(200);
        lab.advance(2 * DAY);
        lab.run_jobs().await;
        let started = shown(&lab, &campaign).await;
        assert_eq!((&started["state"], &started["started_by_full_name"]), (&json!("active"), &json!("ada Test")));
        let cancelled = shown(&lab, &other).await;
        assert_eq!(cancelled["state"], "cancelled");
        assert!(!cancelled["note"].as_str().unwrap().is_empty());
        lab.run_jobs().await;
        lab.advance(7 * DAY);
        lab.run_jobs().await;
        assert_eq!(shown(&lab, &campaign).await["state"], "closed");
    }

    async fn many_items_are_made_and_settled_in_steps(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let now = lab.core.now();
        let sql = "INSERT INTO grants (uuid, user_id, role_id, scope, scope_id, scope_uuid, scope_name, customer_id, created, \
                   valid_from) SELECT $1, user_id, role_id, scope, $2, scope_uuid, scope_name, customer_id, $3, $4 \
                   FROM grants WHERE scope = 'project' ORDER BY id LIMIT 1";
        let uuids: Vec<_> = (0..450).map(|_| lab.core.clock.uuid()).collect();
        lab.core.store.write(move |tx| {
            let uuids = uuids.clone();
            Box::pin(async move {
                for (at, uuid) in uuids.into_iter().enumerate() {
                    tx.execute(sql, &vals![uuid, 1_000_000 + at as i64, now, now]).await?;
                }
                Ok(())
            })
        }).await.unwrap();
        let made = draft(&lab, &scene.ada, &scene.acme, json!({})).await;
        let starting = lab.post(&scene.ada, &format!("{}start/", made.url), json!({})).await.is(200);
        assert_eq!((starting.text("state"), &starting.body["items"]), ("starting".into(), &json!(200)));
        assert!(letters(&lab, "access.review_campaign_started").await.is_empty());
        let first = item(&lab.get(&scene.grace, ITEMS).await.is(200).rows()[0]);
        decide(&lab, &scene.grace, &first, json!({"decision": "keep"})).await.is(409);
        lab.run_jobs().await;
        let active = shown(&lab, &made).await;
        assert_eq!((&active["state"], &active["items"]), (&json!("active"), &json!(454)));
        assert_eq!(letters(&lab, "access.review_campaign_started").await.len(), 2);
        let closing = lab.post(&scene.ada, &format!("{}close/", made.url), json!({})).await.is(200);
        assert_eq!((closing.text("state"), &closing.body["kept_items"]), ("closing".into(), &json!(200)));
        lab.advance(60);
        lab.run_jobs().await;
        let closed = shown(&lab, &made).await;
        assert_eq!((&closed["state"], &closed["kept_items"]), (&json!("closed"), &json!(454)));
        let csv = lab.get(&lab.staff, &format!("{}evidence.csv/", made.url)).await.is(200);
        assert_eq!(parse(csv.body.as_str().unwrap()).len(), 454);
    }

    async fn what_changes_by_hand_meanwhile_is_heeded(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let campaign = scene.campaign(&lab, json!({"silence": "shorten", "silence_days": 30, "scope_kinds": ["project"]})).await;
        let path = format!("{}update_user/", scene.apollo.url);
        let soon = later(&lab, 20);
        let body = json!({"role": "PROJECT.MEMBER", "user": scene.member.uuid, "expiration_time": soon});
        lab.post(&lab.staff, &path, body).await.is(200);
        let path = format!("{}delete_user/", scene.apollo.url);
        lab.post(&lab.staff, &path, json!({"role": "PROJECT.MANAGER", "user": scene.manager.uuid})).await.is(200);
        lab.grant(&scene.apollo, "PROJECT.MANAGER", &scene.manager).await;
        lab.advance(14 * DAY);
        lab.run_jobs().await;
        let ada = lab.signed_in(&scene.ada.name).await;
        let of_member = scene.item(&lab, &ada, &campaign, &scene.member).await;
        assert_eq!((&of_member.body["decision"], &of_member.body["note"]), (&json!("kept"), &json!("It ends as early by itself.")));
        assert_eq!(roles_of(&lab, &scene.apollo, &scene.member).await[0]["expiration_time"], soon.as_str());
        let of_manager = scene.item(&lab, &ada, &campaign, &scene.manager).await;
        assert_eq!(of_manager.body["decision"], "gone");
        assert_eq!(roles_of(&lab, &scene.apollo, &scene.manager).await[0]["expiration_time"], Value::Null, "another grant");
    }

    /// The page to which the letters lead: a reviewer decides there, in a browser.
    async fn a_reviewer_decides_on_the_page_of_the_campaign(lab: Lab) {
        let scene = Scene::build(&lab).await;
        let campaign = scene.campaign(&lab, json!({"reviewed_by": "managers"})).await;
        let mine = scene.item(&lab, &scene.manager, &campaign, &scene.member).await;
        let cookie = |person: &Person| format!("sessionid={}", person.token);
        let (path, manager) = (format!("/access/campaigns/{}/", campaign.uuid), cookie(&scene.manager));
        let page = lab.raw(&lab.nobody(), "GET", &path, &[("cookie", &manager)], Vec::new()).await;
        assert_eq!(page.status, 200);
        let browser = [("cookie", manager.as_str()), ("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
        let decide = format!("/access/campaign-items/{}/decide/", mine.uuid);
        let without = format!("campaign={}&decision=revoke&reason=&new_end=", campaign.uuid);
        assert_eq!(lab.raw(&lab.nobody(), "POST", &decide, &browser, without.into_bytes()).await.status, 200, "it says what is missing");
        let keep = format!("campaign={}&decision=keep&reason=needed&new_end=", campaign.uuid);
        let done = lab.raw(&lab.nobody(), "POST", &decide, &browser, keep.clone().into_bytes()).await;
        assert_eq!((done.status, done.header("location")), (303, Some(path.as_str())));
        let now = lab.get(&scene.manager, &mine.url).await.is(200);
        assert_eq!((now.text("decision"), now.text("reason")), ("kept".into(), "needed".into()));
        // For others there is no such page, and another site's form decides nothing.
        let neighbour = cookie(&scene.neighbour);
        assert_eq!(lab.raw(&lab.nobody(), "GET", &path, &[("cookie", &neighbour)], Vec::new()).await.status, 404);
        let foreign = [("cookie", manager.as_str()), ("content-type", "application/x-www-form-urlencoded"), ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
        let revoke = keep.replace("keep", "revoke").into_bytes();
        lab.raw(&lab.nobody(), "POST", &decide, &foreign, revoke).await;
        assert_eq!(lab.get(&scene.manager, &mine.url).await.is(200).text("decision"), "kept");
        let stranger = lab.raw(&lab.nobody(), "GET", &path, &[], Vec::new()).await;
        assert_eq!(stranger.header("location"), Some(format!("/sign-in/?next={path}").as_str()));
    }
}
