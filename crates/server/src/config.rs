//! The settings of the program: a file, then the environment, then flags; the later wins.
//!
//! Every setting is one line of [`SETTINGS`], which is also its documentation in `stoa settings` and docs/operations.md.

use serde::Deserialize;
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};
use stoa_identity::ldap;
use stoa_kernel::store::{Options, Synchronous};
use stoa_support::mail::smtp::{Mailer, Server};

/// One setting: its name in the file, its default, and a sentence. In the environment it is `STOA_` and the name in
/// capitals.
pub struct Setting {
    /// Name.
    pub name: &'static str,
    /// Default, as it would be written.
    pub default: &'static str,
    /// Sentence.
    pub about: &'static str,
}

/// Every setting.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "data",
        default: "./data",
        about: "Directory of the embedded database and of everything else that is kept.",
    },
    Setting {
        name: "database",
        default: "sqlite:DATA/stoa.db",
        about: "Where the data is: sqlite:PATH, or postgres://USER:PASSWORD@HOST/NAME for production.",
    },
    Setting { name: "listen", default: "127.0.0.1:8080", about: "Address and port to serve on." },
    Setting {
        name: "public_url",
        default: "",
        about: "Address under which people reach the server, such as https://stoa.example.org; empty: taken from each request.",
    },
    Setting {
        name: "trusted_proxies",
        default: "",
        about: "Networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, separated by commas.",
    },
    Setting {
        name: "outbound_networks",
        default: "",
        about: "Internal networks that web hooks may call besides the Internet, separated by commas.",
    },
    Setting {
        name: "outbound_plain_http",
        default: "no",
        about: "yes: web hooks may have addresses that begin with http://; what is sent to them can be read on the way.",
    },
    Setting {
        name: "events_kept_days",
        default: "0",
        about: "Days after which events are removed; 0: never. Those about roles stay in any case.",
    },
    Setting {
        name: "audit_key",
        default: "DATA/audit.key",
        about: "File of the key that signs checkpoints of the record, mode 0600; made when first needed. The same on all nodes.",
    },
    Setting {
        name: "audit_checkpoints",
        default: "DATA/checkpoints.jsonl",
        about: "File to which checkpoints are appended; take it to where this machine's operator can't change it.",
    },
    Setting {
        name: "audit_checkpoint_events",
        default: "1000",
        about: "Sealed events after which there is a checkpoint.",
    },
    Setting {
        name: "audit_checkpoint_minutes",
        default: "10",
        about: "Minutes after which there is a checkpoint, if anything was sealed.",
    },
    Setting {
        name: "ldap_url",
        default: "",
        about: "Directory of people: ldaps://HOST or ldap://HOST, which goes on under StartTLS; empty: none.",
    },
    Setting {
        name: "ldap_insecure",
        default: "false",
        about: "true: speak to ldap://HOST without encryption. Passwords can be read on the way; for tests on one machine.",
    },
    Setting {
        name: "ldap_ca_file",
        default: "",
        about: "File of certificates (PEM) that the directory's is checked against; empty: those of the machine.",
    },
    Setting {
        name: "ldap_bind_dn",
        default: "",
        about: "Account with which people are looked for; empty: without one.",
    },
    Setting { name: "ldap_bind_password", default: "", about: "Its password." },
    Setting {
        name: "ldap_user_dn",
        default: "",
        about: "Where nobody looks first: the name of a person's entry, such as uid={username},ou=people,dc=example,dc=org.",
    },
    Setting {
        name: "ldap_base",
        default: "",
        about: "Entry below which people are, such as ou=people,dc=example,dc=org.",
    },
    Setting {
        name: "ldap_filter",
        default: "(&(objectClass=inetOrgPerson)(uid={username}))",
        about: "Entries that may sign in under a name.",
    },
    Setting {
        name: "ldap_attributes",
        default: "id=entryUUID,username=uid,email=mail,first_name=givenName,last_name=sn",
        about: "Attributes of a person; id is what the directory calls an entry for ever (objectGUID in Active Directory).",
    },
    Setting {
        name: "ldap_create_users",
        default: "true",
        about: "false: only people of the directory who have an account already sign in.",
    },
    Setting {
        name: "ldap_recheck_minutes",
        default: "15",
        about: "Minutes after which the directory is asked again whether a person is still there.",
    },
    Setting { name: "readers", default: "4", about: "Threads for long reads on SQLite; connections on PostgreSQL." },
    Setting {
        name: "sqlite_synchronous",
        default: "normal",
        about: "normal: a power cut may lose the last moments, a crash of the program nothing; full: neither loses anything.",
    },
    Setting {
        name: "log",
        default: "info",
        about: "What is logged: error, warn, info, debug, trace, or a filter such as stoa_waldur=debug,info.",
    },
    Setting { name: "log_format", default: "text", about: "text for people, json for machines." },
    Setting {
        name: "smtp_url",
        default: "",
        about: "Mail server: smtp://USER:PASSWORD@HOST:587 (STARTTLS), smtps://… (TLS), smtp://HOST:25?tls=none for a relay nearby; empty: no mail is sent.",
    },
    Setting {
        name: "mail_from",
        default: "",
        about: "Sender of mail, such as Stoa <stoa@example.org>; needed with smtp_url.",
    },
    Setting { name: "smtp_timeout", default: "20", about: "Seconds that the mail server has for each answer." },
    Setting { name: "mail_log_days", default: "180", about: "Days for which the log of mail is kept." },
];

/// The settings as the program uses them.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Directory of everything that is kept.
    pub data: PathBuf,
    /// Address of the database.
    pub database: String,
    /// Address and port to serve on.
    pub listen: SocketAddr,
    /// Address under which people reach the server.
    pub public_url: Option<String>,
    /// Networks of trusted proxies.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// What may be called at addresses that users choose.
    pub outbound: stoa_support::outbound::Policy,
    /// Days for which events are kept; 0 for ever.
    pub events_kept_days: i64,
    /// How the record is signed.
    pub audit: stoa_tenancy::audit::Settings,
    /// The directory of people, if there is one.
    pub ldap: Option<ldap::Settings>,
    /// Threads or connections for reads.
    pub readers: usize,
    /// How soon a commit on SQLite is on the disk.
    pub sqlite_synchronous: Synchronous,
    /// Filter of the log.
    pub log: String,
    /// Whether the log is JSON.
    pub log_json: bool,
    /// Where mail goes; nowhere if not set.
    pub smtp: Option<Server>,
    /// Days for which the log of mail is kept.
    pub mail_log_days: i64,
}

/// What the flags of a command say; they win over file and environment.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Flags {
    /// Directory of the embedded database and of everything else that is kept
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<String>,
    /// Where the data is: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    /// Address and port to serve on
    #[arg(long, global = true, value_name = "ADDR:PORT")]
    pub listen: Option<String>,
    /// File of settings; without it, stoa.toml in the data directory is read if it is there
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FileValue {
    Text(String),
    Whole(i64),
    List(Vec<String>),
}

impl Config {
    /// Reads the settings from file, environment and flags.
    ///
    /// # Errors
    /// A sentence that names the setting, where it came from and what is wrong with it.
    pub fn load(flags: &Flags, environment: impl IntoIterator<Item = (String, String)>) -> Result<Config, String> {
        let environment: BTreeMap<String, String> = environment.into_iter().collect();
        let data = flags.data.clone().or_else(|| environment.get("STOA_DATA").cloned());
        let mut values: BTreeMap<&'static str, (String, String)> = SETTINGS
            .iter()
            .map(|setting| (setting.name, (setting.default.to_owned(), "its default".to_owned())))
            .collect();
        read_file(flags, data.as_deref(), &mut values)?;
        for setting in SETTINGS {
            let variable = format!("STOA_{}", setting.name.to_uppercase());
            if let Some(value) = environment.get(&variable) {
                values.insert(setting.name, (value.clone(), format!("the environment variable {variable}")));
            }
        }
        for (name, flag) in [("data", &flags.data), ("database", &flags.database), ("listen", &flags.listen)] {
            if let Some(value) = flag {
                values.insert(name, (value.clone(), format!("the flag --{name}")));
            }
        }
        read(&values)
    }

    /// What sends mail. Links in it lead to the public address, or at least to where the server listens.
    ///
    /// # Errors
    /// A sentence if this machine can't speak TLS.
    pub fn mailer(&self) -> Result<Mailer, String> {
        let home = self.public_url.clone().unwrap_or_else(|| format!("http://{}", self.listen));
        Mailer::new(self.smtp.clone(), &home, self.mail_log_days)
    }

    /// The options of the store.
    pub fn store_options(&self) -> Options {
        Options { readers: self.readers, sqlite_synchronous: self.sqlite_synchronous }
    }
}

type Values = BTreeMap<&'static str, (String, String)>;

fn read_file(flags: &Flags, data: Option<&str>, values: &mut Values) -> Result<(), String> {
    let path = match (&flags.config, data) {
        (Some(path), _) => path.clone(),
        (None, data) => {
            let path = PathBuf::from(data.unwrap_or("./data")).join("stoa.toml");
            if !path.exists() {
                return Ok(());
            }
            path
        }
    };
    let shown = path.display();
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("The file of settings {shown} can't be read: {error}"))?;
    let table: BTreeMap<String, FileValue> =
        toml::from_str(&text).map_err(|error| format!("The file of settings {shown} is wrong: {error}"))?;
    for (name, value) in table {
        let setting = SETTINGS.iter().find(|setting| setting.name == name).ok_or_else(|| {
            let known: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
            format!("The file of settings {shown} has an unknown setting \"{name}\"; known are {}.", known.join(", "))
        })?;
        let value = match value {
            FileValue::Text(text) => text,
            FileValue::Whole(number) => number.to_string(),
            FileValue::List(texts) => texts.join(","),
        };
        values.insert(setting.name, (value, format!("the file {shown}")));
    }
    Ok(())
}

fn read(values: &Values) -> Result<Config, String> {
    let get = |name: &str| values.get(name).map(|(value, _)| value.trim()).unwrap_or_default();
    let wrong = |name: &str, expected: &str| {
        let (value, origin) = values.get(name).map(|(v, o)| (v.as_str(), o.as_str())).unwrap_or_default();
        format!("The setting {name} from {origin} is \"{value}\", but it must be {expected}.")
    };
    let data = PathBuf::from(get("data"));
    let database = match get("database") {
        "sqlite:DATA/stoa.db" | "" => format!("sqlite:{}", data.join("stoa.db").display()),
        url if ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) => {
            url.to_owned()
        }
        _ => return Err(wrong("database", "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")),
    };
    let public_url = match get("public_url").trim_end_matches('/') {
        "" => None,
        url if stoa_kernel::field::is_url(url) => Some(url.to_owned()),
        _ => return Err(wrong("public_url", "an address such as https://stoa.example.org")),
    };
    let networks = |name: &str| -> Result<Vec<ipnet::IpNet>, String> {
        let named = get(name).split(',').map(str::trim).filter(|net| !net.is_empty());
        named
            .map(|net| net.parse().or_else(|_| net.parse::<std::net::IpAddr>().map(ipnet::IpNet::from)))
            .collect::<Result<_, _>>()
            .map_err(|_| wrong(name, "networks such as 10.0.0.0/8, separated by commas"))
    };
    let outbound = stoa_support::outbound::Policy {
        networks: networks("outbound_networks")?,
        plain_http: match get("outbound_plain_http") {
            "yes" => true,
            "no" => false,
            _ => return Err(wrong("outbound_plain_http", "yes or no")),
        },
    };
    let events_kept_days =
        get("events_kept_days").parse().ok().filter(|days| *days == 0 || (30..=36_500).contains(days));
    let whole = |name: &str, most: i64, expected: &str| {
        get(name).parse().ok().filter(|n| (1..=most).contains(n)).ok_or_else(|| wrong(name, expected))
    };
    let file = |name: &str, usual: &str| match get(name) {
        "" => Err(wrong(name, "the name of a file")),
        path => Ok(path.strip_prefix("DATA/").map_or_else(|| PathBuf::from(path), |_| data.join(usual))),
    };
    let audit = stoa_tenancy::audit::Settings {
        key: file("audit_key", "audit.key")?,
        published: file("audit_checkpoints", "checkpoints.jsonl")?,
        every_events: whole("audit_checkpoint_events", 1_000_000, "a whole number from 1 to 1000000")?,
        every_minutes: whole("audit_checkpoint_minutes", 1440, "a whole number of minutes from 1 to 1440")?,
    };
    let timeout = get("smtp_timeout").parse().ok().filter(|n| (1..=300).contains(n));
    let timeout = timeout.ok_or_else(|| wrong("smtp_timeout", "a whole number of seconds from 1 to 300"))?;
    let smtp = match get("smtp_url") {
        "" => None,
        url => Some(Server::parse(url, get("mail_from"), Duration::from_secs(timeout)).map_err(|expected| {
            // The address has a password: it is not repeated.
            let origin = values.get("smtp_url").map(|(_, origin)| origin.as_str()).unwrap_or_default();
            format!("The setting smtp_url from {origin} must be {expected}.")
        })?),
    };
    let ldap = match get("ldap_url") {
        "" => None,
        _ => Some(directory(&get, &wrong)?),
    };
    Ok(Config {
        data,
        database,
        listen: get("listen").parse().map_err(|_| wrong("listen", "an address and port such as 127.0.0.1:8080"))?,
        public_url,
        trusted_proxies: networks("trusted_proxies")?,
        outbound,
        events_kept_days: events_kept_days.ok_or_else(|| wrong("events_kept_days", "0, or 30 to 36500"))?,
        audit,
        ldap,
        readers: get("readers")
            .parse()
            .ok()
            .filter(|n| (1..=100).contains(n))
            .ok_or_else(|| wrong("readers", "a whole number from 1 to 100"))?,
        sqlite_synchronous: match get("sqlite_synchronous") {
            "normal" => Synchronous::Normal,
            "full" => Synchronous::Full,
            _ => return Err(wrong("sqlite_synchronous", "normal or full")),
        },
        log: get("log").to_owned(),
        log_json: match get("log_format") {
            "text" => false,
            "json" => true,
            _ => return Err(wrong("log_format", "text or json")),
        },
        smtp,
        mail_log_days: get("mail_log_days")
            .parse()
            .ok()
            .filter(|n| (1..=36_500).contains(n))
            .ok_or_else(|| wrong("mail_log_days", "a whole number of days from 1"))?,
    })
}

/// Before this many milliseconds nobody is refused, so that the time does not tell who is known where.
const REFUSE_AFTER: u64 = 800;

/// The settings of the directory.
fn directory<'a>(
    get: &impl Fn(&str) -> &'a str,
    wrong: &impl Fn(&str, &str) -> String,
) -> Result<ldap::Settings, String> {
    let truth = |name: &str| match get(name) {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(wrong(name, "true or false")),
    };
    let named = |name: &str| {
        let pairs = get("ldap_attributes").split(',').filter_map(|pair| pair.trim().split_once('='));
        let mut found = pairs.filter(|(key, _)| key.trim() == name).map(|(_, attribute)| attribute.trim().to_owned());
        let plain = |text: &String| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let form = "pairs such as id=entryUUID,username=uid,email=mail,first_name=givenName,last_name=sn";
        found.next().filter(plain).ok_or_else(|| wrong("ldap_attributes", form))
    };
    let url = get("ldap_url");
    if !["ldap://", "ldaps://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(wrong("ldap_url", "ldaps://HOST or ldap://HOST"));
    }
    let (user_dn, filter) = (get("ldap_user_dn"), get("ldap_filter"));
    if !user_dn.is_empty() && !user_dn.contains("{username}") {
        return Err(wrong("ldap_user_dn", "a name with {username} in it"));
    }
    if get("ldap_base").is_empty() && user_dn.is_empty() {
        return Err(wrong("ldap_base", "the entry below which people are"));
    }
    if !filter.contains("{username}") || !filter.starts_with('(') || !filter.ends_with(')') {
        return Err(wrong("ldap_filter", "a filter in brackets with {username} in it"));
    }
    let minutes = get("ldap_recheck_minutes").parse().ok().filter(|n| (1..=1440).contains(n));
    Ok(ldap::Settings {
        url: url.to_owned(),
        insecure: truth("ldap_insecure")?,
        ca_file: Some(get("ldap_ca_file")).filter(|file| !file.is_empty()).map(PathBuf::from),
        bind_dn: get("ldap_bind_dn").to_owned(),
        bind_password: get("ldap_bind_password").to_owned(),
        user_dn: user_dn.to_owned(),
        base: get("ldap_base").to_owned(),
        filter: filter.to_owned(),
        attributes: ldap::Attributes {
            id: named("id")?,
            username: named("username")?,
            email: named("email")?,
            first_name: named("first_name")?,
            last_name: named("last_name")?,
        },
        create_users: truth("ldap_create_users")?,
        recheck_minutes: minutes.ok_or_else(|| wrong("ldap_recheck_minutes", "a whole number from 1 to 1440"))?,
        refuse_after: REFUSE_AFTER,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn nothing_has_to_be_configured() {
        let config = Config::load(&Flags::default(), env(&[])).unwrap();
        assert_eq!(config.database, "sqlite:./data/stoa.db");
        assert_eq!(config.listen.port(), 8080);
        assert_eq!(config.audit.key, PathBuf::from("./data/audit.key"));
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let dir = std::env::temp_dir().join(format!("stoa-config-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("stoa.toml"), "listen = \"127.0.0.1:1\"\nreaders = 2\nlog = \"warn\"\n").unwrap();
        let flags =
            Flags { data: Some(dir.display().to_string()), listen: Some("127.0.0.1:3".into()), ..Flags::default() };
        let config = Config::load(&flags, env(&[("STOA_LISTEN", "127.0.0.1:2"), ("STOA_LOG", "debug")])).unwrap();
        assert_eq!((config.listen.port(), config.readers, config.log.as_str()), (3, 2, "debug"));
        std::fs::write(dir.join("stoa.toml"), "lisen = \"x\"\n").unwrap();
        let message = Config::load(&flags, env(&[])).unwrap_err();
        assert!(message.contains("unknown setting \"lisen\""), "{message}");
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_origin() {
        for (name, value, expected) in [
            ("STOA_LISTEN", "8080", "must be an address and port"),
            ("STOA_DATABASE", "mysql://x", "must be sqlite:PATH or postgres://"),
            ("STOA_READERS", "0", "a whole number from 1 to 100"),
            ("STOA_TRUSTED_PROXIES", "10.0.0.0/99", "networks such as"),
            ("STOA_OUTBOUND_NETWORKS", "10.0.0.0/99", "networks such as"),
            ("STOA_OUTBOUND_PLAIN_HTTP", "true", "yes or no"),
            ("STOA_EVENTS_KEPT_DAYS", "7", "0, or 30 to 36500"),
            ("STOA_AUDIT_KEY", " ", "the name of a file"),
            ("STOA_AUDIT_CHECKPOINTS", "", "the name of a file"),
            ("STOA_AUDIT_CHECKPOINT_EVENTS", "0", "a whole number from 1 to 1000000"),
            ("STOA_AUDIT_CHECKPOINT_MINUTES", "1441", "a whole number of minutes from 1 to 1440"),
            ("STOA_LOG_FORMAT", "xml", "text or json"),
            ("STOA_LDAP_URL", "http://x", "ldaps://HOST"),
        ] {
            let message = Config::load(&Flags::default(), env(&[(name, value)])).unwrap_err();
            assert!(message.contains(name) && message.contains(expected), "{message}");
        }
    }

    #[test]
    fn the_password_of_the_mail_server_is_never_shown() {
        let from = ("STOA_MAIL_FROM", "Stoa <stoa@example.org>");
        let good = env(&[("STOA_SMTP_URL", "smtp://ann:s3cret@mail.example.org"), from]);
        let config = Config::load(&Flags::default(), good).unwrap();
        let shown = format!("{config:?} {:?}", config.mailer().unwrap());
        assert!(shown.contains("mail.example.org:587") && !shown.contains("s3cret"), "{shown}");
        for wrong in [
            &[("STOA_SMTP_URL", "smtp://ann:s3cret@mail.example.org")][..],
            &[("STOA_SMTP_URL", "smtp://ann:s3cret@mail.example.org?tls=none"), from],
            &[("STOA_SMTP_URL", "imap://ann:s3cret@mail.example.org"), from],
        ] {
            let message = Config::load(&Flags::default(), env(wrong)).unwrap_err();
            assert!(message.contains("STOA_SMTP_URL") && !message.contains("s3cret"), "{message}");
        }
    }

    #[test]
    fn a_directory_is_whole_or_refused() {
        let with = |more: &[(&str, &str)]| {
            let base = [("STOA_LDAP_URL", "ldaps://d.example"), ("STOA_LDAP_BASE", "ou=people")];
            Config::load(&Flags::default(), env(&[&base, more].concat()))
        };
        let ldap = with(&[("STOA_LDAP_BIND_PASSWORD", "hush")]).unwrap().ldap.unwrap();
        assert_eq!((ldap.insecure, ldap.recheck_minutes, ldap.attributes.username.as_str()), (false, 15, "uid"));
        assert!(!format!("{ldap:?}").contains("hush"));
        for (name, value) in [
            ("STOA_LDAP_FILTER", "(uid=x)"),
            ("STOA_LDAP_ATTRIBUTES", "id=x"),
            ("STOA_LDAP_INSECURE", "maybe"),
            ("STOA_LDAP_RECHECK_MINUTES", "0"),
            ("STOA_LDAP_USER_DN", "uid=x"),
            ("STOA_LDAP_BASE", ""),
        ] {
            assert!(with(&[(name, value)]).is_err(), "{name}");
        }
    }

    #[test]
    fn the_guide_for_operators_lists_every_setting() {
        let guide = include_str!("../../../docs/operations.md");
        for Setting { name, default, about } in SETTINGS {
            let flag =
                if ["data", "database", "listen"].contains(name) { format!("`--{name}`") } else { "–".to_owned() };
            let default = if default.is_empty() { "empty".to_owned() } else { format!("`{default}`") };
            let line = format!("| `{name}` | `STOA_{}` | {flag} | {default} | {about} |", name.to_uppercase());
            assert!(guide.contains(&line), "docs/operations.md lacks this line:\n{line}");
        }
        assert_eq!(guide.matches("| `STOA_").count(), SETTINGS.len(), "docs/operations.md has a setting too many");
    }
}
