//! The way out: the mail server, and what it says.

use super::render::Rendered;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use std::{
    fmt,
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime},
};
use stoa_kernel::{
    Time,
    id::{self, Uuid},
};

/// A mail server: where it is, how it is spoken to, and who is named as the sender. Its password is never shown.
#[derive(Clone, PartialEq)]
pub struct Server {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<(String, String)>,
    from: Mailbox,
    timeout: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// TLS from the first byte.
    Tls,
    /// In clear at first, then TLS or nothing.
    StartTls,
    /// In clear, for a relay on this machine or in a closed network.
    None,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Server({}:{}, {:?}, from {})", self.host, self.port, self.security, self.from)
    }
}

impl Server {
    /// Reads an address such as `smtp://USER:PASSWORD@HOST:587`, and the sender.
    ///
    /// # Errors
    /// What the address must look like; never the address itself, which has a password.
    pub fn parse(address: &str, from: &str, timeout: Duration) -> Result<Server, String> {
        let expected = "smtp://USER:PASSWORD@HOST:587 (STARTTLS), smtps://USER:PASSWORD@HOST (TLS), or \
                        smtp://HOST:25?tls=none for a relay nearby";
        let url = url::Url::parse(address).map_err(|_| expected)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(expected)?.to_owned();
        let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let (security, port) = match (url.scheme(), tls.as_deref()) {
            ("smtps", None) => (Security::Tls, 465),
            ("smtp", None | Some("required")) => (Security::StartTls, 587),
            ("smtp", Some("none")) => (Security::None, 25),
            _ => return Err(expected.into()),
        };
        let decoded = |text: &str| {
            let pair = format!("x={}", text.replace('+', "%2B"));
            url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        let credentials = url.password().map(|password| (decoded(url.username()), decoded(password)));
        let nearby =
            host.trim_matches(['[', ']']).parse().map_or(host == "localhost", |ip: std::net::IpAddr| ip.is_loopback());
        if credentials.is_some() && security == Security::None && !nearby {
            return Err("an address with TLS, as a password is not sent in clear".into());
        }
        let from =
            from.parse().map_err(|_| "used together with mail_from, a sender such as Stoa <stoa@example.org>")?;
        Ok(Server { port: url.port().unwrap_or(port), host, security, credentials, from, timeout })
    }

    /// A way to it. Connections are made when there is something to send.
    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, lettre::transport::smtp::Error> {
        let parameters = || TlsParameters::new(self.host.clone());
        let tls = match self.security {
            Security::Tls => Tls::Wrapper(parameters()?),
            Security::StartTls => Tls::Required(parameters()?),
            Security::None => Tls::None,
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(self.host.as_str())
            .port(self.port)
            .tls(tls)
            .timeout(Some(self.timeout));
        let credentials = self.credentials.clone().map(|(name, password)| Credentials::new(name, password));
        Ok(match credentials {
            Some(credentials) => builder.credentials(credentials).build(),
            None => builder.build(),
        })
    }
}

/// Why a mail was not accepted.
#[derive(Debug, Clone, PartialEq)]
pub enum Refused {
    /// Trying again can't help.
    Forever(String),
    /// Trying again may help.
    ForNow(String),
}

/// One mail on its way: the words, to whom, and what makes it that mail and no other.
#[derive(Debug)]
pub struct Outgoing<'a> {
    /// To whom.
    pub to: &'a str,
    /// What it says.
    pub words: &'a Rendered,
    /// Its identifier: the same at each attempt, so that a mail that comes twice is known to be one.
    pub uuid: Uuid,
    /// When it was written.
    pub written: Time,
}

/// What sends mail, as the program is configured.
#[derive(Debug, Default)]
pub struct Mailer {
    /// Where mail goes; nowhere if not set.
    pub server: Option<Server>,
    /// The portal's address if the installation's settings have none, without a slash at the end.
    pub home: String,
    /// For how many days the log is kept.
    pub log_days: i64,
    transport: Option<AsyncSmtpTransport<Tokio1Executor>>,
    /// Until when, in microseconds, a server that did not answer is left alone.
    pause: AtomicI64,
}

/// For how many seconds a server that did not answer is left alone, so that other jobs need not wait with each letter.
const PAUSE: i64 = 60;

impl Mailer {
    /// A mailer.
    ///
    /// # Errors
    /// A sentence if the machine can't speak TLS.
    pub fn new(server: Option<Server>, home: &str, log_days: i64) -> Result<Mailer, String> {
        let transport = server.as_ref().map(Server::transport).transpose();
        let transport = transport.map_err(|error| format!("Mail can't be sent with TLS: {error}"))?;
        let home = home.trim_end_matches('/').to_owned();
        Ok(Mailer { server, home, log_days, transport, pause: AtomicI64::new(0) })
    }

    /// Hands a mail to the server.
    ///
    /// # Errors
    /// Why it was not accepted.
    pub async fn send(&self, outgoing: &Outgoing<'_>, now: Time) -> Result<(), Refused> {
        let (Some(server), Some(transport)) = (&self.server, &self.transport) else {
            return Err(Refused::Forever("not sent: no SMTP server is configured".into()));
        };
        let message = message(&server.from, outgoing).map_err(Refused::Forever)?;
        if now.0 < self.pause.load(Ordering::Relaxed) {
            return Err(Refused::ForNow("the mail server did not answer a moment ago".into()));
        }
        // The transport has a limit for each command; this one is for a server that answers all of them slowly.
        let sending = tokio::time::timeout(server.timeout * 3, transport.send(message)).await;
        let (refused, answered) = match sending {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) if error.is_permanent() => return Err(Refused::Forever(explained(&error))),
            Ok(Err(error)) => (Refused::ForNow(explained(&error)), error.status().is_some()),
            Err(_) => (Refused::ForNow("the mail server does not answer in time".into()), false),
        };
        if !answered {
            self.pause.store(now.plus_seconds(PAUSE).0, Ordering::Relaxed);
        }
        Err(refused)
    }
}

/// The error and what is below it, in one line.
fn explained(error: &lettre::transport::smtp::Error) -> String {
    let mut words = error.to_string();
    let mut below = std::error::Error::source(error);
    while let Some(error) = below {
        let more = error.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        below = error.source();
    }
    super::render::one_line(&words)
}

fn message(from: &Mailbox, outgoing: &Outgoing<'_>) -> Result<Message, String> {
    let to: Address = outgoing.to.parse().map_err(|error| format!("the address can't be written to: {error}"))?;
    let auto = HeaderName::new_from_ascii_str("Auto-Submitted");
    let since = u64::try_from(outgoing.written.0).unwrap_or_default();
    Message::builder()
        .from(from.clone())
        .to(to.into())
        .subject(super::render::one_line(&outgoing.words.subject))
        .date(SystemTime::UNIX_EPOCH + Duration::from_micros(since))
        .message_id(Some(format!("<{}@{}>", id::hex(&outgoing.uuid), from.email.domain())))
        .raw_header(HeaderValue::new(auto, "auto-generated".into()))
        .multipart(MultiPart::alternative_plain_html(outgoing.words.text.clone(), outgoing.words.html.clone()))
        .map_err(|error| format!("the mail can't be put together: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(address: &str) -> Result<Server, String> {
        Server::parse(address, "Stoa <stoa@example.org>", Duration::from_secs(20))
    }

    #[test]
    fn an_address_says_how_the_server_is_spoken_to() {
        for (address, shown) in [
            ("smtp://mail.example.org", "Server(mail.example.org:587, StartTls, from Stoa <stoa@example.org>)"),
            ("smtps://u:p@mail.example.org", "Server(mail.example.org:465, Tls, from Stoa <stoa@example.org>)"),
            ("smtp://127.0.0.1:2525?tls=none", "Server(127.0.0.1:2525, None, from Stoa <stoa@example.org>)"),
        ] {
            assert_eq!(format!("{:?}", parse(address).unwrap()), shown);
        }
        for address in ["", "mail.example.org:25", "https://mail.example.org", "smtp://?tls=none", "smtp://x?tls=maybe"]
        {
            assert!(parse(address).unwrap_err().contains("smtp://USER"), "{address}");
        }
    }

    #[test]
    fn a_password_is_kept_to_itself() {
        let server = parse("smtp://ann:s3cr%2Ft+x@mail.example.org").unwrap();
        assert_eq!(server.credentials, Some(("ann".into(), "s3cr/t+x".into())));
        assert!(!format!("{server:?}").contains("s3cr"));
        assert!(parse("smtp://ann:secret@mail.example.org?tls=none").unwrap_err().contains("in clear"));
        assert!(parse("smtp://ann:secret@127.0.0.1?tls=none").is_ok());
        assert!(!parse("smtp://ann:secret@").unwrap_err().contains("secret"));
    }

    #[test]
    fn nothing_that_is_said_becomes_a_header() {
        let words = Rendered { subject: "Hi\r\nBcc: all@x.org".into(), text: "t".into(), html: "<p>h</p>".into() };
        let outgoing = Outgoing { to: "ann@example.org", words: &words, uuid: Uuid::nil(), written: Time(0) };
        let from: Mailbox = "Stoa <stoa@example.org>".parse().unwrap();
        let raw = String::from_utf8(message(&from, &outgoing).unwrap().formatted()).unwrap();
        assert!(raw.contains("Subject: Hi Bcc: all@x.org\r\n") && !raw.contains("\nBcc:"), "{raw}");
        for line in [
            "Auto-Submitted: auto-generated",
            "Date: Thu, 01 Jan 1970 00:00:00 +0000",
            "Message-ID: <00000000000000000000000000000000@example.org>",
            "From: Stoa <stoa@example.org>",
        ] {
            assert!(raw.contains(&format!("{line}\r\n")), "{line}\n{raw}");
        }
        for to in ["ann@example.org\r\nRCPT TO:<x@y.org>", "ann@example.org, bob@example.org", "<ann@example.org>", ""]
        {
            assert!(message(&from, &Outgoing { to, ..outgoing }).is_err(), "{to:?}");
        }
    }
}
