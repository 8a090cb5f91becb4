//! The sealed record: whatever is done to it past the program is found, and what the program itself lawfully does is not
//! (docs/audit.md).

use crate::audit_lab::*;
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use stoa_kernel::{Val, vals};
use stoa_tenancy::{
    audit::{key::Key, rules::PublicKey, sign, store, verify::Fault},
    record::jobs::KeptDays,
};
use stoa_testing::{Lab, both};

/// The columns of events, and something else for each.
const COLUMNS: &[(&str, &str)] = &[
    ("id", "id + 1000000"),
    ("uuid", "(SELECT uuid FROM users LIMIT 1)"),
    ("created", "(SELECT max(created) FROM events)"),
    ("event_type", "'project_deletion_succeeded'"),
    ("action", "'project.delete'"),
    ("message", "message || '.'"),
    ("context", "'{}'"),
    ("changes", "'[1]'"),
    ("actor_id", "NULL"),
    ("thing", "'customer'"),
    ("thing_id", "thing_id + 1"),
    ("request_id", "request_id || '1'"),
];

both! {
    async fn an_untouched_record_is_sealed_signed_published_and_fine(lab: Lab) {
        let lab = Sealed::new(lab);
        lab.work(3).await;
        lab.seal().await;
        let report = lab.verify(&[]).await;
        assert_eq!(faults(&report), []);
        assert_eq!(report.seals, lab.number("SELECT count(*) FROM events").await);
        assert_eq!((report.checkpoints, report.signed), (1, report.seals));
        assert_eq!(report.remarks, Vec::<String>::new());
        // Nothing new: no checkpoint. Something new: another one, after its time.
        lab.seal().await;
        assert_eq!(lab.published().len(), 1);
        lab.work(1).await;
        lab.run_jobs().await;
        assert_eq!(lab.published().len(), 1);
        lab.seal().await;
        let published = lab.published();
        assert_eq!((published.len(), published[1].previous), (2, published[0].digest()));
        assert_eq!(faults(&lab.verify(&[]).await), []);
        // The key is for the program alone.
        use std::os::unix::fs::PermissionsExt;
        let file = std::fs::metadata(&lab.settings.key).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        let key = std::fs::read_to_string(&lab.settings.key).unwrap();
        let secret = key.lines().nth(1).unwrap().to_owned();
        for table in ["audit_chain", "audit_checkpoints", "events", "jobs"] {
            for row in lab.core.store.query(&format!("SELECT * FROM {table}"), &[]).await.unwrap() {
                let told = (0..row.len()).any(|at| matches!(row.val(at), Val::Text(text) if text.contains(&secret)));
                assert!(!told, "{table} has the key");
            }
        }
    }

    async fn many_events_are_signed_before_their_time(lab: Lab) {
        let lab = Sealed::with(lab, |settings| settings.every_events = 5);
        lab.work(1).await;
        lab.seal().await;
        lab.work(3).await;
        lab.advance(11);
        lab.run_jobs().await;
        assert_eq!(lab.published().len(), 2);
    }

    async fn a_change_of_any_column_is_found(lab: Lab) {
        let lab = Sealed::new(lab);
        lab.work(12).await;
        lab.seal().await;
        let rows = lab.core.store.query("SELECT * FROM events LIMIT 1", &[]).await.unwrap();
        assert_eq!(rows[0].len(), COLUMNS.len(), "a column of events is not on the list");
        let ids = lab.keys("SELECT id FROM events WHERE event_type = 'project_creation_succeeded' ORDER BY id").await;
        for ((column, other), id) in COLUMNS.iter().zip(ids) {
            lab.run(&format!("UPDATE events SET {column} = {other} WHERE id = {id}")).await;
            let report = lab.verify(&[]).await;
            let expected = if *column == "id" { Fault::Missing } else { Fault::Changed };
            let found = report.findings.iter().any(|one| one.fault == expected && one.words.contains(&format!("Event {id} ")));
            assert!(found, "{column}: {:?}", report.findings);
        }
        assert_eq!(lab.verify(&[]).await.findings.len(), COLUMNS.len());
    }

    async fn a_feed_that_was_taken_or_given_is_found(lab: Lab) {
        let lab = Sealed::new(lab);
        lab.work(2).await;
        lab.seal().await;
        let feed = "SELECT min(event_id) FROM event_feeds WHERE scope = 'project'";
        let id = lab.number(feed).await;
        lab.run(&format!("DELETE FROM event_feeds WHERE event_id = {id} AND scope = 'project'")).await;
        assert_eq!(faults(&lab.verify(&[]).await), [Fault::Changed]);
        let id = lab.number(feed).await;
        lab.run(&format!("INSERT INTO event_feeds (scope, scope_id, event_id) VALUES ('user', 1, {id})")).await;
        assert_eq!(faults(&lab.verify(&[]).await), [Fault::Changed; 2]);
    }

    async fn loss_is_found(lab: Lab) {
        let lab = Sealed::new(lab);
        lab.work(3).await;
        lab.seal().await;
        let id = lab.number("SELECT max(id) FROM events").await - 2;
        lab.run(&format!("DELETE FROM event_feeds WHERE event_id = {id}")).await;
        lab.run(&format!("DELETE FROM events WHERE id = {id}")).await;
        assert_eq!(faults(&lab.verify(&[]).await), [Fault::Missing]);
        // With its seal, it is the place in the chain that is missing.
        lab.run(&format!("DELETE FROM audit_seals WHERE event_id = {id}")).await;
        assert_eq!(faults(&lab.verify(&[]).await), [Fault::Missing]);
        lab.run("DELETE FROM audit_checkpoints").await;
        assert!(faults(&lab.verify(&[]).await).contains(&Fault::CutTail));
    }

    async fn what_changed_places_is_found(lab: Lab) {
        let lab = Sealed::new(lab);
        lab.work(4).await;
        lab.seal().await;
        let lines = lab.export(1).await;
        let seals: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].contains("\"line\":\"seal\"")).collect();
        let mut swapped = lines.clone();
        swapped.swap(seals[1], seals[2]);
        assert!(faults(&lab.check(&swapped, &[])).contains(&Fault::Reordered));
        // Two events that exchange their words, and two seals that exchange their positions.
        let end = seals.len();
        let [a, b] = [end - 1, end - 2].map(|at| serde_json::from_str::<Value>(&lines[seals[at]]).unwrap()["event"].as_i64().unwrap());
        lab.run(&format!("UPDATE events SET message = (SELECT x.message FROM events x WHERE x.id = {b}) WHERE id = {a}")).await;
        assert_eq!(faults(&lab.verify(&[]).await), [Fault::Changed]);
        lab.run("UPDATE audit_seals SET position = -1 WHERE position = 5").await;
        lab.run("UPDATE audit_seals SET position = 5 WHERE position = 7").await;
        lab.run("UPDATE audit_seals SET position = 7 WHERE position = -1").await;
        assert!(faults(&lab.verify(&[]).await).len() > 2);
    }

    async fn what_was_put_in_is_found(lab: Lab) {
        let lab = Sealed::new(lab);
        lab.work(3).await;
        lab.seal().await;
        let lines = lab.export(1).await;
        let at = lines.iter().position(|line| line.contains("\"position\":4,\"kind\"")).unwrap();
        let mut doubled = lines.clone();
        doubled.insert(at, lines[at].clone());
        assert_eq!(faults(&lab.check(&doubled, &[])), [Fault::Inserted]);
        let mut forged = lines.clone();
        forged.insert(at, lines[at].replace("\"event\":", "\"event\":9"));
        assert!(!faults(&lab.check(&forged, &[])).is_empty());
        let mut behind = lines.clone();
        behind.push(lines[at].clone());
        assert_eq!(faults(&lab.check(&behind, &[])), [Fault::Inserted]);
        // An event that somebody writes into the past gets its seal today, which is remarked.
        let columns = "uuid, created, event_type, action, message, context, changes, request_id";
        let past = lab.core.now().plus_seconds(-90_000);
        let uuid = lab.core.clock.uuid();
        let sql = format!("INSERT INTO events ({columns}) VALUES ($1, $2, 'x', 'x', 'x', '{{}}', '[]', '')");
        lab.core.store.write(move |tx| {
            let sql = sql.clone();
            Box::pin(async move { tx.execute(&sql, &vals![uuid, past]).await })
        }).await.unwrap();
        let report = lab.verify(&[]).await;
        assert_eq!(faults(&report), []);
        assert!(report.remarks.iter().any(|one| one.contains("more than an hour before")), "{:?}", report.remarks);
    }

    async fn a_tail_that_was_cut_is_found_by_what_was_published(lab: Lab) {
        let lab = Sealed::new(lab);
        lab.work(2).await;
        lab.seal().await;
        let kept = store::end(&lab.core.store).await.unwrap().unwrap();
        lab.work(2).await;
        lab.seal().await;
        lab.run(&format!("DELETE FROM events WHERE id IN (SELECT event_id FROM audit_seals WHERE position > {})", kept.position)).await;
        lab.run(&format!("DELETE FROM audit_seals WHERE position > {}", kept.position)).await;
        // Without the chain's end it is seen at once; a careful hand sets that back too, and takes the checkpoint.
        assert!(faults(&lab.verify(&[]).await).contains(&Fault::CutTail));
        let (hash, position) = (kept.hash.0.to_vec(), kept.position);
        lab.core.store.write(move |tx| {
            let hash = hash.clone();
            Box::pin(async move {
                let sql = "UPDATE audit_chain SET position = $1, hash = $2";
                tx.execute(sql, &vals![position, Val::Bytes(hash)]).await
            })
        }).await.unwrap();
        lab.run("DELETE FROM audit_checkpoints WHERE number = 2").await;
        let lines = lab.export(1).await;
        assert_eq!(faults(&lab.check_alone(&lines)), []);
        let published = lab.published();
        assert_eq!(faults(&lab.check_with(&lines, published.clone(), &[])), [Fault::CutTail; 2]);
        // The chain grows past it again.
        lab.work(4).await;
        lab.seal().await;
        let report = lab.check_with(&lab.export(1).await, published, &[]);
        assert!(report.findings.len() >= 2 && faults(&report).contains(&Fault::Changed), "{report:?}");
    }

    async fn a_chain_that_was_made_anew_is_found_by_its_checkpoint(lab: Lab) {
        let lab = Sealed::new(lab);
        lab.work(3).await;
        lab.seal().await;
        lab.run("UPDATE events SET message = 'Nothing happened.' WHERE id = (SELECT max(id) - 1 FROM events)").await;
        lab.forge().await;
        let report = lab.verify(&[]).await;
        assert!(report.findings.iter().all(|one| one.words.contains("the chain was made anew")), "{report:?}");
        assert!(!report.findings.is_empty());
    }

    async fn a_wrong_signature_and_an_unknown_key_are_found(lab: Lab) {
        let lab = Sealed::new(lab);
        lab.work(1).await;
        lab.seal().await;
        lab.run("UPDATE audit_checkpoints SET position = position - 1, hash = (SELECT hash FROM audit_checkpoints)").await;
        assert!(faults(&lab.verify(&[]).await).contains(&Fault::BadSignature));
        lab.run("UPDATE audit_checkpoints SET position = position + 1").await;
        assert_eq!(faults(&lab.verify(&[]).await), []);
        let own = lab.published()[0].key;
        assert_eq!(faults(&lab.verify(&[own]).await), []);
        let stranger = PublicKey::parse(&"ab".repeat(32)).unwrap();
        assert_eq!(faults(&lab.verify(&[stranger]).await), [Fault::UnknownKey]);
        // Another key in the file's place signs nothing: it was not named.
        std::fs::remove_file(&lab.settings.key).unwrap();
        let other = Key::make(&lab.settings.key, &lab.core.clock).unwrap();
        lab.work(1).await;
        lab.seal().await;
        assert_eq!(lab.published().len(), 1);
        // Whoever signs with it all the same is found.
        let mut forged = lab.published()[0].clone();
        (forged.number, forged.previous, forged.key) = (2, forged.digest(), other.public());
        forged.key_id = stoa_tenancy::audit::rules::key_id(&forged.key);
        forged.signature = other.sign(&forged.text());
        assert!(store::add_checkpoint(&lab.core.store, &forged).await.unwrap());
        assert_eq!(faults(&lab.verify(&[]).await), [Fault::UnknownKey]);
        assert_eq!(faults(&lab.verify(&[own, other.public()]).await), []);
    }

    async fn a_key_is_replaced_by_its_own_word(lab: Lab) {
        let lab = Sealed::new(lab);
        assert!(sign::rotate(&lab.core, &lab.settings, false).await.is_err());
        lab.work(1).await;
        lab.seal().await;
        let old = lab.published()[0].key;
        let before = lab.settings.key.with_extension("before");
        std::fs::copy(&lab.settings.key, &before).unwrap();
        let new = sign::rotate(&lab.core, &lab.settings, false).await.unwrap();
        lab.work(1).await;
        lab.seal().await;
        let signers: Vec<PublicKey> = lab.published().iter().map(|one| one.key).collect();
        assert_eq!(signers, [old, old, new]);
        for keys in [&[][..], &[old], &[new], &[old, new]] {
            assert_eq!(faults(&lab.verify(keys).await), []);
        }
        // A rotation that was interrupted before the new key was in its place.
        let file = stoa_tenancy::audit::key::waiting(&lab.settings.key);
        std::fs::rename(&lab.settings.key, &file).unwrap();
        std::fs::rename(&before, &lab.settings.key).unwrap();
        lab.work(1).await;
        lab.seal().await;
        assert_eq!((lab.published().len(), file.exists()), (4, false));
        // A key that is lost: nobody named the new one, so it has to be told.
        assert!(sign::rotate(&lab.core, &lab.settings, true).await.is_err());
        std::fs::remove_file(&lab.settings.key).unwrap();
        assert!(sign::rotate(&lab.core, &lab.settings, false).await.is_err());
        let third = sign::rotate(&lab.core, &lab.settings, true).await.unwrap();
        assert_eq!(faults(&lab.verify(&[old]).await), [Fault::UnknownKey]);
        assert_eq!(faults(&lab.verify(&[old, third]).await), []);
    }

    async fn an_erasure_is_lawful_and_hides_what_was_said(lab: Lab) {
        let lab = Sealed::new(lab);
        let acme = lab.organization("Acme").await;
        let (ann, bob) = (lab.member(&acme, "CUSTOMER.OWNER").await, lab.user("bob").await);
        lab.patch(&ann, &format!("/api/users/{}/", ann.uuid), json!({"phone_number": "+372 5551234", "agree_with_policy": true})).await.is(200);
        lab.seal().await;
        let path = format!("/api/users/{}/erase/", ann.uuid);
        lab.post(&lab.staff, &path, json!({"username": ann.name})).await.is(200);
        // Before the seal has taken notice, and after.
        let report = lab.verify(&[]).await;
        assert_eq!(faults(&report), []);
        assert!(report.redacted > 2, "{report:?}");
        assert_eq!(lab.number("SELECT count(*) FROM event_alterations").await, 0);
        let old = "SELECT count(*) FROM audit_seals s WHERE s.salt IS NOT NULL AND s.revision = 0 AND EXISTS \
                   (SELECT 1 FROM audit_seals x WHERE x.event_id = s.event_id AND x.revision > 0)";
        assert_eq!(lab.number(old).await, 0);
        // A second erasure touches what the first one wrote.
        lab.post(&lab.staff, &format!("/api/users/{}/erase/", bob.uuid), json!({"username": bob.name})).await.is(200);
        lab.seal().await;
        assert_eq!(faults(&lab.verify(&[]).await), []);
        // What is redacted is sealed like anything else, and what it was stays provable.
        let id = lab.number("SELECT min(event_id) FROM audit_seals WHERE kind = 'redacted'").await;
        lab.run(&format!("UPDATE events SET message = 'Ann did it.' WHERE id = {id}")).await;
        assert_eq!(faults(&lab.verify(&[]).await), [Fault::Changed]);
        let id = lab.number("SELECT max(event_id) FROM audit_seals WHERE kind = 'redacted'").await;
        lab.run(&format!("UPDATE events SET event_type = 'x' WHERE id = {id}")).await;
        assert_eq!(faults(&lab.verify(&[]).await), [Fault::Changed; 2]);
    }

    async fn an_alteration_that_no_event_tells_of_is_found(lab: Lab) {
        let lab = Sealed::new(lab);
        let ann = lab.user("ann").await;
        lab.work(3).await;
        lab.post(&lab.staff, &format!("/api/users/{}/erase/", ann.uuid), json!({"username": ann.name})).await.is(200);
        lab.seal().await;
        // Somebody notes an alteration himself, under a cause of his own, and under that of an erasure.
        let id = lab.number("SELECT max(id) - 3 FROM events").await;
        lab.run(&format!("UPDATE events SET message = 'Nothing.' WHERE id = {id}")).await;
        lab.run(&format!("INSERT INTO event_alterations (event_id, what, cause) SELECT {id}, 'redacted', uuid FROM users LIMIT 1")).await;
        let report = lab.verify(&[]).await;
        assert_eq!(faults(&report), [Fault::Changed]);
        assert!(report.findings[0].words.contains("no event on record says so"), "{report:?}");
        let id = lab.number("SELECT max(id) - 5 FROM events").await;
        lab.run(&format!("UPDATE events SET message = 'Nothing.' WHERE id = {id}")).await;
        let of_ann = "SELECT x.cause FROM audit_seals x WHERE x.kind = 'redacted' ORDER BY x.position LIMIT 1";
        for _ in 0..2 {
            lab.run(&format!("INSERT INTO event_alterations (event_id, what, cause) VALUES ({id}, 'redacted', ({of_ann}))")).await;
            lab.verify(&[]).await;
        }
        let report = lab.verify(&[]).await;
        assert!(report.findings.iter().any(|one| one.words.contains("but its event says")), "{report:?}");
    }

    async fn events_that_are_no_longer_kept_are_lawfully_gone(lab: Lab) {
        let lab = Sealed::over(lab.with(|core| core.with(KeptDays(30))), |_| {});
        let staff = lab.staff.clone();
        lab.work(3).await;
        lab.seal().await;
        lab.advance(40 * 86_400);
        // What was never sealed may go, too.
        lab.work(1).await;
        lab.run_jobs().await;
        lab.seal().await;
        let report = lab.verify(&[]).await;
        assert_eq!(faults(&report), []);
        assert!(report.removed > 3, "{report:?}");
        let ann = lab.user("ann").await;
        lab.post(&staff, &format!("/api/users/{}/erase/", ann.uuid), json!({"username": ann.name})).await.is(200);
        lab.advance(40 * 86_400);
        lab.run_jobs().await;
        lab.seal().await;
        // What says why something is gone stays.
        assert_eq!(lab.number("SELECT count(*) FROM events WHERE event_type = 'user_erased'").await, 1);
        assert_eq!(faults(&lab.verify(&[]).await), []);
        let id = lab.number("SELECT max(id) FROM events WHERE event_type <> 'events_removed'").await;
        lab.run(&format!("DELETE FROM events WHERE id = {id}")).await;
        assert_eq!(faults(&lab.verify(&[]).await), [Fault::Missing]);
    }

    async fn a_part_of_the_chain_is_verified_alone(lab: Lab) {
        let lab = Sealed::new(lab);
        lab.work(3).await;
        lab.seal().await;
        lab.work(3).await;
        lab.seal().await;
        let from = lab.published()[0].position + 1;
        let part = lab.export(from).await;
        let report = lab.check(&part, &[]);
        assert_eq!(faults(&report), []);
        assert!(report.seals > 0 && report.signed > from);
        let mut changed = part.clone();
        let at = part.iter().position(|line| line.contains("Project")).unwrap();
        changed[at] = part[at].replace("Project", "Object");
        assert_eq!(faults(&lab.check(&changed, &[])), [Fault::Changed]);
        assert!(lab.try_export(100_000).await.is_err());
    }

    async fn writers_do_not_wait_for_the_seal(lab: Lab) {
        // Nothing that a write takes part in knows the seal: it is held back here for as long as the write takes.
        let lab = Sealed::new(lab);
        lab.work(2).await;
        lab.seal().await;
        let again = Arc::new(Lab::again(&lab.url).await);
        let stop = Arc::new(AtomicBool::new(false));
        let sealing = {
            let (again, stop) = (again.clone(), stop.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    stoa_tenancy::audit::jobs::seal(&again.core, false, 1000).await.unwrap();
                }
            })
        };
        lab.work(40).await;
        stop.store(true, Ordering::Relaxed);
        sealing.await.unwrap();
        lab.whole().await;
    }

    async fn two_nodes_that_seal_at_once_make_one_chain(lab: Lab) {
        let lab = Sealed::new(lab);
        lab.many(1_500).await;
        let others = [Lab::again(&lab.url).await, Lab::again(&lab.url).await].map(Arc::new);
        let seal = |lab: &Arc<Lab>| {
            let lab = lab.clone();
            tokio::spawn(async move { stoa_tenancy::audit::jobs::seal(&lab.core, false, usize::MAX).await.unwrap() })
        };
        let running: Vec<_> = others.iter().chain(others.iter()).map(seal).collect();
        let mut made = 0;
        for one in running {
            made += one.await.unwrap();
        }
        lab.whole().await;
        assert_eq!(made as i64, lab.number("SELECT count(*) FROM audit_seals").await);
    }

    async fn an_export_is_whole_while_others_write(lab: Lab) {
        let lab = Sealed::new(lab);
        let people = [lab.user("a").await, lab.user("b").await, lab.user("c").await];
        lab.many(1_200).await;
        let again = Arc::new(Lab::again(&lab.url).await);
        let writing = tokio::spawn(async move {
            for person in people {
                let path = format!("/api/users/{}/", person.uuid);
                again.patch(&person, &path, json!({"phone_number": "+372 5551234", "agree_with_policy": true})).await.is(200);
                let body = json!({"username": person.name});
                again.post(&again.staff, &format!("{path}erase/"), body).await.is(200);
            }
        });
        for _ in 0..3 {
            assert_eq!(faults(&lab.check(&lab.export(1).await, &[])), []);
        }
        writing.await.unwrap();
        assert_eq!(faults(&lab.verify(&[]).await), []);
    }

    async fn a_sealer_that_is_killed_leaves_a_whole_chain(lab: Lab) {
        let lab = Sealed::new(lab);
        for batches in [1, 2, 3] {
            lab.many(2_000).await;
            killed_after(batches, &lab.url);
            assert_eq!(faults(&lab.verify(&[]).await), []);
            lab.whole().await;
        }
    }

    async fn staff_and_support_read_the_checkpoints(lab: Lab) {
        let lab = Sealed::new(lab);
        lab.work(1).await;
        lab.seal().await;
        let support = lab.user("support").await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", support.uuid), json!({"is_support": true})).await.is(200);
        let published = serde_json::to_value(&lab.published()[0]).unwrap();
        for person in [&lab.staff, &support] {
            let rows = lab.all(person, "/api/access/checkpoints/").await;
            assert_eq!(rows, [published.clone()]);
        }
        lab.get(&lab.user("ann").await, "/api/access/checkpoints/").await.is(403);
        lab.get(&lab.nobody(), "/api/access/checkpoints/").await.is(401);
    }

    async fn what_is_no_export_is_said_to_be_none(lab: Lab) {
        let lab = Sealed::new(lab);
        lab.work(1).await;
        lab.seal().await;
        let lines = lab.export(1).await;
        assert_eq!(faults(&lab.check_alone(&["{".to_owned()])), [Fault::Unreadable, Fault::CutTail]);
        assert!(!faults(&lab.check_alone(&lines[1..])).is_empty());
        for cut in 1..lines.len() {
            assert!(faults(&lab.check_alone(&lines[..cut])).contains(&Fault::CutTail));
        }
        assert_eq!(faults(&lab.check_alone(&lines)), []);
    }
}
