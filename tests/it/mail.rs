//! Mail: what leaves the house, what does not, what the log says, and what staff change about it. With a real mail server
//! on a real socket.

use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::{path::Path, sync::Arc, time::Duration};
use stoa_kernel::{Time, Tx, vals};
use stoa_server::start;
use stoa_support::mail::{
    Delivered, Listener,
    smtp::{Mailer, Server},
};
use stoa_tenancy::letter::{self, Letter};
use stoa_testing::{Lab, Person, both, smtp::Smtp};

const LOG: &str = "/api/email-logs/";
const KINDS: &str = "/api/notification-messages/";
const TEMPLATES: &str = "/api/notification-messages-templates/";
const CODE: &str = "0123456789abcdef0123456789abcdef";

/// Queues an invitation, or another letter with the same context.
async fn queue(lab: &Lab, key: &'static str, to: &str, more: Value) {
    let mut context = json!({"link": format!("/invitation/{CODE}/"), "scope_name": "Apollo", "email": to,
                             "role": "Project administrator", "inviter": "Ada Lovelace"});
    if let (Some(context), Some(more)) = (context.as_object_mut(), more.as_object()) {
        context.extend(more.clone());
    }
    let (now, work) = (lab.core.now(), Arc::new((to.to_owned(), context)));
    lab.core
        .store
        .write(move |tx| {
            let work = work.clone();
            Box::pin(async move {
                let letter = Letter { to: &work.0, key, context: work.1.clone(), language: "", unique: None };
                letter::queue(tx, now, letter).await
            })
        })
        .await
        .unwrap();
}

const INVITATION: &str = "users.invitation_created";
const EXPIRED: &str = "users.invitation_expired";

/// The newest entry of the log.
async fn last(lab: &Lab) -> Value {
    let log = lab.get(&lab.staff, LOG).await.is(200);
    log.rows().first().cloned().unwrap_or_default()
}

/// A kind of mail on the switchboard.
async fn kind(lab: &Lab, key: &str) -> Value {
    let rows = lab.get(&lab.staff, &format!("{KINDS}?name_exact={key}")).await.is(200);
    rows.rows().first().cloned().unwrap_or_else(|| panic!("{key} is not on the switchboard"))
}

/// A template's address.
async fn template(lab: &Lab, path: &str) -> String {
    let rows = lab.get(&lab.staff, &format!("{TEMPLATES}?path_exact={path}")).await.is(200);
    rows.body[0]["url"].as_str().unwrap_or_else(|| panic!("no template {path}")).to_owned()
}

async fn with_smtp(lab: Lab) -> (Lab, Smtp) {
    let smtp = Smtp::start().await;
    let mailer = smtp.mailer();
    (lab.with(|core| core.with(mailer)), smtp)
}

async fn address_of(lab: &Lab, person: &Person) -> String {
    lab.get(&lab.staff, &format!("/api/users/{}/", person.uuid)).await.is(200).text("email")
}

/// Writes down what became of a letter, where nothing else is.
fn write_down<'a>(
    tx: &'a mut Tx,
    value: &'a str,
    outcome: Result<(), &'a str>,
    now: Time,
) -> BoxFuture<'a, stoa_kernel::Result<()>> {
    Box::pin(async move {
        let said = format!("{value}: {}", outcome.err().unwrap_or("sent"));
        let sql = "INSERT INTO job_ticks (kind, tick) VALUES ($1, $2)";
        tx.execute(sql, &vals![said, now.0]).await.map(|_| ())
    })
}

/// Letters name a kind that there is: every text that looks like a key, in files that speak of letters.
#[test]
fn every_letter_has_its_kind() {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                walk(&entry, found);
            } else if entry.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&entry).unwrap();
                if text.contains("letter::") || text.contains("letters::") || text.contains("Letter {") {
                    found.extend(text.split('"').map(str::to_owned));
                }
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut found = Vec::new();
    for area in ["tenancy", "identity", "market", "support"] {
        walk(&root.join(area).join("src"), &mut found);
    }
    let is_key = |text: &str| {
        let name = text.strip_prefix("users.").or_else(|| text.strip_prefix("structure."));
        name.is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
    };
    // A column of a table, in a message about a second account with it.
    found.retain(|text| is_key(text) && text != "users.username" && text != "users.email");
    assert!(found.iter().any(|key| key == "structure.change_email_request"), "the keys were not found");
    for key in found {
        let kind = stoa_support::mail::kinds::kind(&key);
        assert!(kind.is_some_and(|kind| kind.templates.is_some()), "{key} has no templates");
    }
}

/// The same with a server that others wrote, where tests/clients/run.sh has installed it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_server_takes_a_letter_too() {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv/bin/aiosmtpd");
    if !program.exists() {
        return;
    }
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let handler = ["-n", "-c", "aiosmtpd.handlers.Debugging", "stdout", "-l", &address.to_string()].map(str::to_owned);
    let mut command = std::process::Command::new(program);
    command.args(handler).env("PYTHONUNBUFFERED", "1").stdout(std::process::Stdio::piped());
    let mut server = command.spawn().unwrap();
    while tokio::net::TcpStream::connect(address).await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let url = format!("smtp://{address}?tls=none");
    let there = Server::parse(&url, "Stoa <stoa@stoa.test>", Duration::from_secs(5)).unwrap();
    let mailer = Mailer::new(Some(there), "https://stoa.test", 180).unwrap();
    let lab = Lab::sqlite().await.with(|core| core.with(mailer));
    queue(&lab, INVITATION, "ann@example.org", json!({"scope_name": "Käthe’s"})).await;
    lab.run_jobs().await;
    server.kill().unwrap();
    let shown = server.wait_with_output().unwrap().stdout;
    assert_eq!(last(&lab).await["state"], "sent");
    let shown = String::from_utf8_lossy(&shown);
    assert!(shown.contains("To: ann@example.org") && shown.contains("Auto-Submitted: auto-generated"), "{shown}");
}

both! {
    async fn a_letter_is_delivered(lab: Lab) {
        let (lab, smtp) = with_smtp(lab).await;
        let ann = lab.user("ann").await;
        let path = format!("/api/users/{}/change_email/", ann.uuid);
        lab.post(&ann, &path, json!({"email": "new@example.org"})).await.is(200);
        assert_eq!(smtp.connections(), 0, "nothing is sent within the call");
        lab.run_jobs().await;
        let mails = smtp.mails();
        assert_eq!(mails.len(), 1);
        let mail = &mails[0];
        assert_eq!((mail.from.as_str(), &mail.to[..]), ("stoa@stoa.test", &["new@example.org".to_owned()][..]));
        assert_eq!(mail.header("subject").as_deref(), Some("Confirm your new address"));
        assert_eq!(mail.header("from").as_deref(), Some("Stoa <stoa@stoa.test>"));
        assert_eq!(mail.header("auto-submitted").as_deref(), Some("auto-generated"));
        assert!(mail.header("message-id").unwrap().ends_with("@stoa.test>") && mail.header("date").is_some());
        let text = mail.text();
        let (_, code) = text.split_once("https://stoa.test/user_email_change/").expect("a whole link");
        let code = &code[..32];
        assert!(text.contains("Hello ann Test,"), "{text}");
        assert!(mail.html().contains(code), "{}", mail.html());
        lab.post(&lab.nobody(), "/api/users/confirm_email/", json!({"code": code})).await.is(200);

        let entry = last(&lab).await;
        assert_eq!((&entry["state"], &entry["emails"]), (&json!("sent"), &json!(["new@example.org"])));
        assert_eq!(entry["subject"], "Confirm your new address");
        let body = entry["body"].as_str().unwrap();
        assert!(body.contains("https://stoa.test/user_email_change/…/") && !body.contains(code), "{body}");
    }

    async fn what_a_server_refuses_for_good_is_given_up_at_once(lab: Lab) {
        let (lab, smtp) = with_smtp(lab).await;
        queue(&lab, INVITATION, "refused@example.org", json!({})).await;
        lab.run_jobs().await;
        let entry = last(&lab).await;
        assert_eq!((&entry["state"], &entry["attempts"]), (&json!("failed"), &json!(1)));
        assert!(entry["error_message"].as_str().unwrap().contains("no such mailbox"), "{entry}");
        lab.advance(86_400);
        lab.run_jobs().await;
        assert_eq!((smtp.connections(), smtp.mails().len()), (1, 0));
        // An address that is none does not even get so far.
        queue(&lab, INVITATION, "ann@example.org\r\nRCPT TO:<eve@example.org>", json!({})).await;
        lab.run_jobs().await;
        assert_eq!((&last(&lab).await["state"], smtp.mails().len()), (&json!("failed"), 0));
    }

    async fn what_a_server_refuses_for_now_is_tried_again(lab: Lab) {
        let (lab, smtp) = with_smtp(lab).await;
        queue(&lab, INVITATION, "later@example.org", json!({})).await;
        lab.run_jobs().await;
        let entry = last(&lab).await;
        assert_eq!(entry["state"], "waiting");
        assert!(entry["error_message"].as_str().unwrap().contains("come again later"), "{entry}");
        lab.advance(10);
        lab.run_jobs().await;
        let entry = last(&lab).await;
        assert_eq!((&entry["state"], &entry["attempts"]), (&json!("sent"), &json!(2)));
        assert_eq!((&entry["error_message"], lab.all(&lab.staff, LOG).await.len()), (&json!(""), 1));
        assert_eq!(smtp.mails().len(), 1);
    }

    async fn a_server_that_hangs_holds_up_nothing_for_long(lab: Lab) {
        let (lab, smtp) = with_smtp(lab).await;
        queue(&lab, INVITATION, "hang@example.org", json!({})).await;
        queue(&lab, INVITATION, "ann@example.org", json!({})).await;
        let runs = tokio::time::timeout(Duration::from_secs(20), lab.run_jobs()).await;
        assert!(runs.is_ok(), "the jobs of this node stand still");
        // The server is left alone for a while after that.
        let rows = lab.all(&lab.staff, &format!("{LOG}?state=waiting")).await;
        assert_eq!((rows.len(), smtp.connections()), (2, 1));
        lab.advance(100);
        lab.run_jobs().await;
        let rows = lab.all(&lab.staff, &format!("{LOG}?state=waiting")).await;
        assert!(rows.iter().any(|row| row["emails"] == json!(["hang@example.org"])));
        lab.advance(100);
        lab.run_jobs().await;
        assert!(smtp.mails().len() <= 1);
    }

    async fn a_server_that_is_away_is_waited_for_three_days(lab: Lab) {
        let gone = { let smtp = Smtp::start().await; smtp.url() };
        let server = Server::parse(&gone, "stoa@stoa.test", Duration::from_secs(1)).unwrap();
        let mailer = Mailer::new(Some(server), "https://stoa.test", 180).unwrap();
        let lab = lab.with(|core| core.with(mailer));
        queue(&lab, INVITATION, "ann@example.org", json!({})).await;
        lab.run_jobs().await;
        assert_eq!(last(&lab).await["state"], "waiting");
        let mut hours = 0;
        while last(&lab).await["state"] == "waiting" {
            lab.advance(2 * 3600);
            hours += 2;
            lab.run_jobs().await;
            assert!(hours < 200, "it is tried for ever");
        }
        let entry = last(&lab).await;
        assert_eq!((&entry["state"], lab.all(&lab.staff, LOG).await.len()), (&json!("failed"), 1));
        assert!(hours >= 72 && entry["attempts"].as_i64() > Some(20), "{hours} hours, {entry}");
    }

    async fn without_a_server_nothing_is_lost_silently(lab: Lab) {
        queue(&lab, INVITATION, "ann@example.org", json!({})).await;
        lab.run_jobs().await;
        let entry = last(&lab).await;
        assert_eq!(entry["error_message"], "not sent: no SMTP server is configured");
        assert_eq!((&entry["state"], &entry["subject"]), (&json!("failed"), &json!("Ada Lovelace invites you to Apollo")));
    }

    async fn nothing_that_people_write_becomes_a_header_or_markup(lab: Lab) {
        let (lab, smtp) = with_smtp(lab).await;
        let evil = "Apollo\r\nBcc: eve@example.org\r\n\r\n<script>alert(1)</script> {{ home }}";
        queue(&lab, INVITATION, "ann@example.org", json!({"scope_name": evil, "text": "a\r\n.\r\nQUIT"})).await;
        lab.run_jobs().await;
        let mails = smtp.mails();
        assert_eq!((mails.len(), &mails[0].to[..]), (1, &["ann@example.org".to_owned()][..]));
        assert_eq!(mails[0].header("bcc"), None);
        assert!(mails[0].header("subject").unwrap().contains("Apollo Bcc: eve@example.org <script>"));
        let html = mails[0].html();
        assert!(html.contains("&lt;script&gt;") && !html.contains("<script") && html.contains("{{ home }}"), "{html}");
    }

    async fn an_account_that_wants_no_mail_gets_what_it_must(lab: Lab) {
        let (lab, smtp) = with_smtp(lab).await;
        let ann = lab.user("ann").await;
        let to = address_of(&lab, &ann).await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", ann.uuid), json!({"notifications_enabled": false})).await.is(200);
        queue(&lab, EXPIRED, &to, json!({})).await;
        lab.run_jobs().await;
        assert_eq!((smtp.mails().len(), last(&lab).await), (0, Value::Null));
        for key in [INVITATION, "users.security_notice", "structure.change_email_request"] {
            queue(&lab, key, &to, json!({"what": "password_changed", "at": "2026-05-01T10:20:00Z"})).await;
        }
        lab.run_jobs().await;
        let mails = smtp.mails();
        assert_eq!(mails.len(), 3);
        assert_eq!(mails[1].header("subject").as_deref(), Some("Your password has been changed."));
        assert!(mails[1].text().contains("\r\nWhen: 1 May 2026, 10:20 UTC\r\n"), "{}", mails[1].text());
    }

    async fn what_is_switched_off_happens_without_mail(lab: Lab) {
        let (lab, smtp) = with_smtp(lab).await;
        let switchboard = kind(&lab, "structure.change_email_request").await;
        let url = switchboard["url"].as_str().unwrap();
        let ann = lab.user("ann").await;
        let ask = format!("/api/users/{}/change_email/", ann.uuid);
        let asked = async |sent: usize| {
            lab.post(&ann, &ask, json!({"email": "new@example.org"})).await.is(200);
            lab.run_jobs().await;
            assert_eq!(smtp.mails().len(), sent);
        };
        for _ in 0..2 {
            let done = lab.post(&lab.staff, &format!("{url}disable/"), json!({})).await.is(200);
            assert_eq!(done.text("detail"), "The notification structure.change_email_request has been disabled");
        }
        asked(0).await;
        lab.post(&lab.staff, &format!("{url}enable/"), json!({})).await.is(200);
        asked(1).await;
        lab.delete(&lab.staff, url).await.is(204);
        lab.get(&lab.staff, url).await.is(404);
        asked(1).await;
        // A start of the program does not bring it back; staff do.
        start::prepare(&lab.core.store, &lab.core.clock).await.unwrap();
        asked(1).await;
        let body = json!({"key": "structure.change_email_request"});
        let again = lab.post(&lab.staff, KINDS, body.clone()).await.is(201);
        assert_eq!((again.text("url"), &again.body["enabled"]), (url.to_owned(), &json!(true)));
        asked(2).await;
        lab.post(&lab.staff, KINDS, body).await.is_invalid("key");
    }

    async fn every_kind_is_on_the_switchboard_from_the_first_start(lab: Lab) {
        let rows = lab.all(&lab.staff, KINDS).await;
        assert_eq!(rows.len(), stoa_support::mail::kinds::KINDS.len());
        let off: Vec<_> = rows.iter().filter(|row| row["enabled"] == false).collect();
        assert_eq!(off.len(), 6);
        let created = kind(&lab, INVITATION).await;
        let paths: Vec<_> = created["templates"].as_array().unwrap().iter().map(|t| t["path"].as_str().unwrap()).collect();
        assert_eq!(paths, ["users/invitation_created_subject.txt", "users/invitation_created_message.txt",
                           "users/invitation_created_message.html"]);
        assert_eq!(created["templates"][0]["is_content_overridden"], false);
        assert!(created["context_schema"]["link"].is_string(), "{created}");
        for (query, count) in [("key=INVITATION_CR", 1), ("query=switchboard", 0), ("description=invites", 0),
                               ("is_overridden=true", 0), ("name=user_actions", 1)] {
            assert_eq!(lab.all(&lab.staff, &format!("{KINDS}?{query}")).await.len(), count, "{query}");
        }
        let support = lab.user("support").await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", support.uuid), json!({"is_support": true})).await.is(200);
        for person in [&support, &lab.user("plain").await] {
            for path in [KINDS, TEMPLATES] {
                lab.get(person, path).await.is(403);
            }
            let url = created["url"].as_str().unwrap();
            lab.get(person, url).await;
            assert!(matches!(lab.post(person, &format!("{url}disable/"), json!({})).await.status, 403 | 404));
            assert!(matches!(lab.delete(person, url).await.status, 403 | 404));
        }
        assert_eq!(kind(&lab, INVITATION).await["enabled"], true);
    }

    async fn staff_put_their_own_words_in_place_of_the_shipped(lab: Lab) {
        let (lab, smtp) = with_smtp(lab).await;
        let subject = template(&lab, "users/invitation_created_subject.txt").await;
        let words = json!({"content": "{{ site_name }}: come to {{ scope_name }}!"});
        lab.post(&lab.staff, &format!("{subject}override/"), words).await.is(200);
        let shown = lab.get(&lab.staff, &subject).await.is(200);
        assert_eq!(shown.body["is_content_overridden"], true);
        assert_eq!(shown.text("content"), "{{ site_name }}: come to {{ scope_name }}!");
        assert!(shown.text("original_content").contains("inviter"));
        assert_eq!(lab.all(&lab.staff, &format!("{KINDS}?is_overridden=true")).await.len(), 1);
        assert_eq!(lab.all(&lab.staff, &format!("{TEMPLATES}?is_overridden=true")).await.len(), 1);
        start::prepare(&lab.core.store, &lab.core.clock).await.unwrap();
        queue(&lab, INVITATION, "ann@example.org", json!({})).await;
        lab.run_jobs().await;
        assert_eq!(smtp.mails()[0].header("subject").as_deref(), Some("Stoa: come to Apollo!"));
        // The shipped words take them away again.
        let original = json!({"content": shown.text("original_content")});
        lab.post(&lab.staff, &format!("{subject}override/"), original).await.is(200);
        assert_eq!(lab.get(&lab.staff, &subject).await.is(200).body["is_content_overridden"], false);
    }

    async fn a_template_that_does_not_work_is_refused_with_its_line(lab: Lab) {
        let text = template(&lab, "users/invitation_created_message.txt").await;
        for (content, reason) in [
            ("Hello\n{{ scope_nmae }}", "Line 2"),
            ("{% if scope_name %}", "Line 1"),
            ("{% for x in range(1000000) %}{% endfor %}", "Line 1"),
            ("{{ link|upper }}", "Line 1"),
            ("{% include '/etc/passwd' %}", "Line 1"),
        ] {
            for verb in ["override", "preview"] {
                let refused = lab.post(&lab.staff, &format!("{text}{verb}/"), json!({"content": content})).await;
                let refused = refused.is_invalid("content");
                assert!(refused.body["content"][0].as_str().unwrap().starts_with(reason), "{content}: {}", refused.body);
            }
        }
        lab.post(&lab.staff, &format!("{text}override/"), json!({"content": ""})).await.is_invalid("content");
        assert_eq!(lab.get(&lab.staff, &text).await.is(200).body["is_content_overridden"], false);
    }

    async fn a_mail_is_looked_at_before_it_leaves_the_house(lab: Lab) {
        let (lab, smtp) = with_smtp(lab).await;
        let html = template(&lab, "users/invitation_created_message.html").await;
        let shown = lab.post(&lab.staff, &format!("{html}preview/"), json!({})).await.is(200);
        assert_eq!(shown.text("subject"), "Ada Lovelace invites you to Apollo");
        assert!(shown.text("text").contains("\nhttps://stoa.test/page/0123456789abcdef0123456789abcdef/\n"), "{}", shown.body);
        let body = json!({"content": "<p>{{ scope_name }}</p>", "context": {"scope_name": "<b>"}});
        let shown = lab.post(&lab.staff, &format!("{html}preview/"), body).await.is(200);
        assert!(shown.text("html").contains("<p>&lt;b&gt;</p>"), "{}", shown.body);
        lab.run_jobs().await;
        assert_eq!((smtp.mails().len(), last(&lab).await), (0, Value::Null));
    }

    async fn what_ships_keeps_its_name_and_what_staff_add_is_theirs(lab: Lab) {
        let subject = template(&lab, "users/invitation_created_subject.txt").await;
        lab.patch(&lab.staff, &subject, json!({"path": "other.txt"})).await.is_invalid("path");
        lab.delete(&lab.staff, &subject).await.is(409);
        let url = kind(&lab, INVITATION).await["url"].as_str().unwrap().to_owned();
        lab.patch(&lab.staff, &url, json!({"key": "users.other"})).await.is_invalid("key");
        lab.put(&lab.staff, &url, json!({"key": INVITATION, "description": "Ours"})).await.is(200);
        lab.post(&lab.staff, KINDS, json!({"key": "no dot"})).await.is_invalid("key");

        let own = lab.post(&lab.staff, KINDS, json!({"key": "house.party"})).await.is(201);
        let body = json!({"path": "house/party_message.txt", "name": "party"});
        let made = lab.post(&lab.staff, TEMPLATES, body.clone()).await.is(201);
        assert_eq!((&made.body["content"], &made.body["original_content"]), (&Value::Null, &Value::Null));
        lab.post(&lab.staff, TEMPLATES, body).await.is_invalid("path");
        let content = json!({"content": "Come, {{ whoever }}!"});
        lab.post(&lab.staff, &format!("{}override/", made.text("url")), content).await.is(200);
        let shown = lab.get(&lab.staff, &own.text("url")).await.is(200);
        assert_eq!(shown.body["templates"][0]["content"], "Come, {{ whoever }}!");
        lab.patch(&lab.staff, &made.text("url"), json!({"path": "house/ball_message.txt"})).await.is(200);
        assert_eq!(lab.get(&lab.staff, &own.text("url")).await.is(200).body["templates"], json!([]));
        lab.delete(&lab.staff, &made.text("url")).await.is(204);
        lab.patch(&lab.staff, &own.text("url"), json!({"key": "house.ball"})).await.is(200);
    }

    async fn a_letter_is_sent_once_however_often_its_job_runs(lab: Lab) {
        let (lab, smtp) = with_smtp(lab).await;
        queue(&lab, INVITATION, "ann@example.org", json!({})).await;
        lab.run_jobs().await;
        let again = "UPDATE jobs SET done_at = NULL, attempts = 0 WHERE kind = 'mail'";
        lab.core.store.write(move |tx| Box::pin(async move { tx.execute(again, &[]).await })).await.unwrap();
        lab.run_jobs().await;
        assert_eq!((smtp.mails().len(), last(&lab).await["attempts"].clone()), (1, json!(1)));
    }

    async fn who_asks_is_told_what_became_of_a_letter(lab: Lab) {
        let (lab, _smtp) = with_smtp(lab).await;
        let mailer = _smtp.mailer();
        let lab = lab.with(|core| {
            core.with(mailer).with(Delivered(vec![Listener { kind: INVITATION, fact: "invitation", tell: write_down }]))
        });
        for (to, invitation) in [("ann@example.org", "a"), ("refused@example.org", "b"), ("later@example.org", "c")] {
            queue(&lab, INVITATION, to, json!({ "invitation": invitation })).await;
        }
        lab.run_jobs().await;
        let url = kind(&lab, INVITATION).await["url"].as_str().unwrap().to_owned();
        lab.post(&lab.staff, &format!("{url}disable/"), json!({})).await.is(200);
        queue(&lab, INVITATION, "bob@example.org", json!({"invitation": "d"})).await;
        queue(&lab, EXPIRED, "bob@example.org", json!({"invitation": "e"})).await;
        lab.run_jobs().await;
        let sql = "SELECT kind FROM job_ticks WHERE kind LIKE '_: %' ORDER BY kind";
        let rows = lab.core.store.query(sql, &[]).await.unwrap();
        let said: Vec<String> = rows.iter().map(|row| row.get(0).unwrap()).collect();
        assert_eq!(said.len(), 3, "{said:?}");
        assert_eq!((said[0].as_str(), said[2].as_str()), ("a: sent", "d: this kind of mail is switched off"));
        assert!(said[1].starts_with("b: ") && said[1].contains("no such mailbox"), "{said:?}");
    }

    async fn an_invitation_shows_whether_its_letter_has_left_the_house(lab: Lab) {
        let (lab, smtp) = with_smtp(lab).await;
        let acme = lab.organization("Acme").await;
        let roles = lab.get(&lab.staff, "/api/roles/?name=CUSTOMER.OWNER").await.is(200);
        for (email, state) in [("bea@example.org", "OK"), ("refused@example.org", "Erred")] {
            let body = json!({"scope": acme.url, "role": roles.body[0]["uuid"], "email": email});
            let made = lab.post(&lab.staff, "/api/user-invitations/", body).await.is(201);
            lab.run_jobs().await;
            let shown = lab.get(&lab.staff, &made.text("url")).await.is(200);
            assert_eq!(shown.text("execution_state"), state);
            assert_eq!(shown.text("error_message").contains("no such mailbox"), state == "Erred");
        }
        let mail = &smtp.mails()[0];
        assert!(mail.text().contains("to join Acme as"), "{}", mail.text());
        assert!(mail.text().contains("https://stoa.test/invitation/"), "{}", mail.text());
    }

    async fn the_log_is_for_staff_and_support_and_not_for_ever(lab: Lab) {
        let (lab, _smtp) = with_smtp(lab).await;
        for (to, scope) in [("ann@example.org", "Apollo"), ("bob@example.org", "Zeus")] {
            queue(&lab, INVITATION, to, json!({ "scope_name": scope })).await;
        }
        lab.run_jobs().await;
        let today = lab.core.now().date().to_string();
        for (query, count) in [("subject=zeus", 1), ("emails=ANN@", 1), ("body=to%20join", 2), ("state=failed", 0),
                               (&format!("sent_at={today}")[..], 2), ("sent_at=2020-01-01", 0), ("key=users.x", 0)] {
            assert_eq!(lab.all(&lab.staff, &format!("{LOG}?{query}")).await.len(), count, "{query}");
        }
        let subjects = lab.get(&lab.staff, &format!("{LOG}?o=-subject")).await.is(200).column("subject");
        assert_eq!(subjects, ["Ada Lovelace invites you to Zeus", "Ada Lovelace invites you to Apollo"]);
        let support = lab.user("support").await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", support.uuid), json!({"is_support": true})).await.is(200);
        let rows = lab.get(&support, LOG).await.is(200);
        assert_eq!(rows.rows().len(), 2);
        let url = rows.body[0]["url"].as_str().unwrap();
        lab.get(&support, url).await.is(200);
        let plain = lab.user("plain").await;
        lab.get(&plain, LOG).await.is(403);
        assert!(matches!(lab.get(&plain, url).await.status, 403 | 404));
        lab.get(&lab.nobody(), LOG).await.is(401);
        let letters = "SELECT count(*) FROM jobs WHERE kind = 'mail'";
        let count = async || lab.core.store.query(letters, &[]).await.unwrap()[0].get::<i64>(0).unwrap();
        assert_eq!(count().await, 2);
        lab.advance(181 * 86_400);
        lab.run_jobs().await;
        assert_eq!(count().await, 0, "the codes in letters that were sent are kept");
        assert_eq!(lab.all(&lab.staff, LOG).await.len(), 0);
    }
}
