//! The directory (LDAP), with a real one: OpenLDAP's slapd, where it is installed. With REQUIRE_LDAP=1 it must be.

#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};
use stoa_identity::ldap::{self, Directory};
use stoa_server::start;
use stoa_tenancy::user::password::Passwords;
use stoa_testing::{Lab, Person, Reply, both};

const GOOD: &str = "correct horse battery";
const BASE: &str = "dc=example,dc=org";
const SERVICE: &str = "cn=stoa,dc=example,dc=org";

const PEOPLE: &str = "dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: cn=stoa,dc=example,dc=org
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: stoa
userPassword: service password

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: uid=ann,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: ann
cn: Ann Blackwood
givenName: Ann
sn: Blackwood
mail: ann@example.org
userPassword: correct horse battery

dn: uid=bob,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: bob
cn: Bob Green
givenName: Bob
sn: Green
mail: bob@example.org
userPassword: correct horse battery

dn: uid=staff,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: staff
cn: Not Staff
sn: Staff
userPassword: correct horse battery
";

/// A running slapd with a folder of its own; both go with it.
struct Slapd {
    child: Child,
    folder: PathBuf,
    port: u16,
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

static NUMBER: AtomicU16 = AtomicU16::new(0);

fn run(program: &str, arguments: &[&str], input: &str) -> bool {
    use std::io::Write;
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else { return false };
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    if !output.status.success() {
        eprintln!("{program}: {}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.success()
}

impl Slapd {
    /// Starts one, if there is one.
    async fn start() -> Option<Slapd> {
        if !std::path::Path::new("/usr/sbin/slapd").exists() {
            assert!(std::env::var("REQUIRE_LDAP").is_err(), "slapd is required and not installed");
            eprintln!("skipped: there is no slapd");
            return None;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("stoa-slapd-{}-{number}", std::process::id()));
        std::fs::create_dir_all(folder.join("db")).unwrap();
        let at = |name: &str| folder.join(name).display().to_string();
        let names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
        let subject = ["-subj", "/CN=localhost", "-addext", names, "-addext", "basicConstraints=critical,CA:FALSE"];
        let (key, certificate) = (at("key.pem"), at("cert.pem"));
        let files = ["-keyout", key.as_str(), "-out", certificate.as_str(), "-days", "2"];
        let made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes"];
        assert!(run("openssl", &[&made[..], &files[..], &subject[..]].concat(), ""), "no certificate could be made");
        let conf = format!(
            "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
             include /etc/ldap/schema/inetorgperson.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n\
             pidfile {}\nTLSCertificateFile {certificate}\nTLSCertificateKeyFile {key}\n\
             database mdb\nsuffix \"{BASE}\"\nrootdn \"cn=root,{BASE}\"\nrootpw root\ndirectory {}\n\
             access to attrs=userPassword by anonymous auth by * none\n\
             access to * by dn.exact=\"{SERVICE}\" read by self read by anonymous auth by * none\n",
            at("pid"),
            at("db"),
        );
        let conf_file = at("slapd.conf");
        std::fs::write(&conf_file, conf).unwrap();
        assert!(run("/usr/sbin/slapadd", &["-f", &conf_file], PEOPLE), "the people could not be loaded");
        // A free port: the system gives one and takes it back.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("ldap://127.0.0.1:{port}/");
        let mut command = Command::new("/usr/sbin/slapd");
        command.args(["-f", &conf_file, "-h", &url, "-d", "0"]).stdout(Stdio::null()).stderr(Stdio::null());
        let slapd = Slapd { child: command.spawn().unwrap(), folder, port };
        for _ in 0..100 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Some(slapd);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("slapd does not answer");
    }

    /// Changes entries as the directory's own administrator.
    fn change(&self, ldif: &str) {
        let (url, root) = (format!("ldap://127.0.0.1:{}/", self.port), format!("cn=root,{BASE}"));
        assert!(run("ldapmodify", &["-x", "-H", &url, "-D", &root, "-w", "root"], ldif), "{ldif}");
    }

    fn settings(&self) -> ldap::Settings {
        let text = str::to_owned;
        ldap::Settings {
            url: format!("ldap://127.0.0.1:{}", self.port),
            insecure: true,
            ca_file: None,
            bind_dn: text(SERVICE),
            bind_password: text("service password"),
            user_dn: String::new(),
            base: format!("ou=people,{BASE}"),
            filter: text("(&(objectClass=inetOrgPerson)(uid={username})(!(employeeType=blocked)))"),
            attributes: ldap::Attributes {
                id: text("entryUUID"),
                username: text("uid"),
                email: text("mail"),
                first_name: text("givenName"),
                last_name: text("sn"),
            },
            create_users: true,
            recheck_minutes: 15,
            refuse_after: 1,
        }
    }
}

/// The Lab with a directory.
fn with(mut lab: Lab, settings: ldap::Settings) -> Lab {
    let core = start::core(lab.core.store.clone(), lab.core.clock.clone());
    lab.core = Arc::new(core.with(Arc::new(Passwords::cheap())).with(Arc::new(Directory::new(settings))));
    let nothing: [(String, String); 0] = [];
    let config = stoa_server::config::Config::load(&Default::default(), nothing).unwrap();
    lab.router = stoa_server::serve::app(lab.core.clone(), &config);
    lab
}

async fn login(lab: &Lab, name: &str, password: &str) -> Reply {
    lab.post(&lab.nobody(), "/api-auth/password/", json!({"username": name, "password": password})).await
}

async fn signed_in(lab: &Lab, name: &str) -> Person {
    let token = login(lab, name, GOOD).await.is(200).text("token");
    let mut person = Person { name: name.to_owned(), token, ..Person::default() };
    person.uuid = lab.get(&person, "/api/users/me/").await.is(200).text("uuid");
    person
}

both! {
    async fn people_of_the_directory_sign_in_with_its_password(plain: Lab) {
        let Some(slapd) = Slapd::start().await else { return };
        let lab = with(plain, slapd.settings());
        let ann = signed_in(&lab, "ann").await;
        let me = lab.get(&ann, "/api/users/me/").await.is(200);
        assert_eq!((me.text("email"), me.text("full_name"), me.text("registration_method")), ("ann@example.org".into(), "Ann Blackwood".into(), "ldap".into()));
        assert_eq!(me.body["has_usable_password"], false);
        assert_eq!(lab.get(&ann, "/api/sessions/").await.is(200).rows()[0]["method"], "LDAP");
        // Any case is the same person, and an account is made once.
        assert_eq!(signed_in(&lab, "Ann").await.uuid, ann.uuid);
        // What the directory says anew is taken over.
        slapd.change(&format!("dn: uid=ann,ou=people,{BASE}\nchangetype: modify\nreplace: sn\nsn: Whitewood\n"));
        let again = signed_in(&lab, "ann").await;
        assert_eq!(lab.get(&again, "/api/users/me/").await.is(200).text("last_name"), "Whitewood");
        for (name, password) in [("ann", "wrong"), ("nobody", GOOD), ("cn=stoa", "service password")] {
            assert_eq!(login(&lab, name, password).await.is(401).text("detail"), "Invalid username/password.");
        }
        // A person of the directory has no password here to change or to forget.
        let change = json!({"old_password": GOOD, "new_password": "staple that battery"});
        lab.post(&again, "/api/users/me/change_password/", change).await.is_invalid("old_password");
        // To change factors one shows the password of the directory.
        lab.advance(901);
        lab.post(&again, "/api/second-factors/totp/", json!({})).await.is(403);
        lab.post(&again, "/api/second-factors/totp/", json!({"password": "wrong"})).await.is_invalid("password");
        lab.post(&again, "/api/second-factors/totp/", json!({"password": GOOD})).await.is(201);
    }

    /// An empty password is a bind of nobody, to which directories say yes.
    async fn nobody_signs_in_without_a_password_or_with_a_crafted_name(plain: Lab) {
        let Some(slapd) = Slapd::start().await else { return };
        let lab = with(plain, slapd.settings());
        login(&lab, "ann", "").await.is(400);
        let empty = ldap::client::authenticate(&slapd.settings(), "ann", "").await.unwrap();
        assert!(matches!(empty, ldap::client::Answer::Wrong));
        for name in ["*", "a*", "ann)(uid=*", "ann)(|(uid=*", "\\61nn", "ann\u{0}", "uid=ann,ou=people,dc=example,dc=org", "(uid=ann)"] {
            let reply = login(&lab, name, GOOD).await;
            assert!(matches!(reply.status, 400 | 401), "{name}: {}", reply.body);
        }
        let direct = ldap::Settings { user_dn: format!("uid={{username}},ou=people,{BASE}"), ..slapd.settings() };
        for name in ["ann,ou=people", "ann+cn=Ann Blackwood", "x,uid=ann"] {
            let answer = ldap::client::authenticate(&direct, name, GOOD).await;
            assert!(!matches!(answer, Ok(ldap::client::Answer::Right(_))), "{name}");
        }
        // Four guesses, however the name is written, and the pair is locked.
        for name in ["ann", "Ann", "ANN", "aNN"] { login(&lab, name, "wrong").await.is(401); }
        assert!(login(&lab, "ann", GOOD).await.is(401).text("detail").contains("locked"));
    }

    /// C6, C12: an equal name in the directory is not the same person.
    async fn a_local_account_is_never_taken_over(plain: Lab) {
        let Some(slapd) = Slapd::start().await else { return };
        let lab = with(plain, slapd.settings());
        // Staff has an account here and no password; the directory has somebody of that name.
        login(&lab, "staff", GOOD).await.is(401);
        login(&lab, "STAFF", GOOD).await.is(401);
        let bob = lab.make("/api/users/", json!({"username": "bob", "email": "b@example.org"})).await;
        login(&lab, "bob", GOOD).await.is(401);
        lab.post(&lab.staff, &format!("{}change_password/", bob.url), json!({"new_password": "staple that battery"})).await.is(200);
        login(&lab, "bob", GOOD).await.is(401);
        login(&lab, "bob", "staple that battery").await.is(200);
        // Who gets the name of somebody who left is somebody else.
        let ann = signed_in(&lab, "ann").await;
        let dn = format!("dn: uid=ann,ou=people,{BASE}\n");
        slapd.change(&format!("{dn}changetype: delete\n"));
        slapd.change(&format!("{dn}changetype: add\nobjectClass: inetOrgPerson\nuid: ann\ncn: Another\nsn: Ann\nuserPassword: {GOOD}\n"));
        login(&lab, "ann", GOOD).await.is(401);
        lab.advance(3600);
        lab.run_jobs().await;
        lab.get(&ann, "/api/users/me/").await.is(401);
    }

    /// C8, OSSA-2026-007: who is blocked in the directory does not stay signed in.
    async fn who_leaves_the_directory_is_out_within_minutes(plain: Lab) {
        let Some(slapd) = Slapd::start().await else { return };
        let lab = with(plain, slapd.settings());
        let (ann, bob) = (signed_in(&lab, "ann").await, signed_in(&lab, "bob").await);
        lab.run_jobs().await;
        lab.get(&ann, "/api/users/me/").await.is(200);
        let entry = format!("dn: uid=ann,ou=people,{BASE}\nchangetype: modify\n");
        slapd.change(&format!("{entry}replace: employeeType\nemployeeType: blocked\n"));
        assert_eq!(login(&lab, "ann", GOOD).await.is(401).text("detail"), "Invalid username/password.");
        lab.advance(16 * 60);
        lab.run_jobs().await;
        lab.get(&ann, "/api/users/me/").await.is(401);
        lab.get(&bob, "/api/users/me/").await.is(200);
        let path = format!("/api/users/{}/", ann.uuid);
        assert_eq!(lab.get(&lab.staff, &path).await.is(200).body["is_active"], false);
        // Back in the directory, back here; but whom staff switched off stays off.
        slapd.change(&format!("{entry}delete: employeeType\n"));
        let ann = signed_in(&lab, "ann").await;
        lab.patch(&lab.staff, &path, json!({"is_active": false})).await.is(200);
        lab.get(&ann, "/api/users/me/").await.is(401);
        assert_eq!(login(&lab, "ann", GOOD).await.is(401).text("detail"), "User account is disabled.");
        // A directory that is down lets nobody in and throws nobody out.
        drop(slapd);
        lab.advance(16 * 60);
        lab.run_jobs().await;
        lab.get(&bob, "/api/users/me/").await.is(200);
        login(&lab, "bob", GOOD).await.is(503);
    }

    async fn passwords_travel_encrypted_or_not_at_all(plain: Lab) {
        let Some(slapd) = Slapd::start().await else { return };
        // StartTLS with the right certificate, then with none that is trusted.
        let url = format!("ldap://localhost:{}", slapd.port);
        let trusted = ldap::Settings { url, insecure: false, ca_file: Some(slapd.folder.join("cert.pem")), ..slapd.settings() };
        let lab = with(plain, trusted.clone());
        signed_in(&lab, "ann").await;
        let distrusted = ldap::Settings { ca_file: None, ..trusted.clone() };
        assert!(ldap::client::authenticate(&distrusted, "ann", GOOD).await.is_err());
        let elsewhere = ldap::Settings { url: format!("ldap://127.0.0.2:{}", slapd.port), ..trusted };
        assert!(ldap::client::authenticate(&elsewhere, "ann", GOOD).await.is_err());
        let wrong = ldap::Settings { bind_password: "wrong".into(), ..slapd.settings() };
        assert!(ldap::client::authenticate(&wrong, "ann", GOOD).await.is_err());
    }

    async fn people_sign_in_under_their_own_entry_and_only_with_an_account_where_that_is_set(plain: Lab) {
        let Some(slapd) = Slapd::start().await else { return };
        let direct = ldap::Settings {
            user_dn: format!("uid={{username}},ou=people,{BASE}"),
            bind_dn: String::new(),
            ..slapd.settings()
        };
        let lab = with(plain, direct.clone());
        let ann = signed_in(&lab, "ann").await;
        login(&lab, "ann", "wrong").await.is(401);
        let lab = with(lab, ldap::Settings { create_users: false, ..direct });
        login(&lab, "bob", GOOD).await.is(401);
        assert_eq!(signed_in(&lab, "ann").await.uuid, ann.uuid);
        let failed = lab.get(&lab.staff, "/api/events/?event_type=auth_login_failed_with_username").await.is(200);
        assert_eq!(failed.rows().len(), 2);
        assert_eq!(failed.body[0]["event_type"], Value::from("auth_login_failed_with_username"));
    }
}
