//! A small SMTP server on a real socket, which keeps what it gets.
//!
//! Three kinds of recipients let a test see what goes wrong in the world: `refused…` does not exist (550), `later…` is
//! accepted at the second attempt only (451 before), `hang…` is never answered.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use stoa_support::mail::smtp::{Mailer, Server};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A running server; it ends when this is dropped.
pub struct Smtp {
    /// Where it listens.
    pub address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Kept {
    mails: Vec<Mail>,
    /// Recipients that were told to come later.
    later: Vec<String>,
    connections: usize,
    /// What clients signed in with: the text of AUTH PLAIN.
    signed_in: Vec<String>,
}

/// A mail as it came.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    /// Sender of the envelope.
    pub from: String,
    /// Recipients of the envelope.
    pub to: Vec<String>,
    /// Headers and body.
    pub raw: String,
}

impl Smtp {
    /// Starts a server on a free port of this machine.
    pub async fn start() -> Smtp {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("no port: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
        let kept: Arc<Mutex<Kept>> = Arc::default();
        let inner = kept.clone();
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                lock(&inner).connections += 1;
                let kept = inner.clone();
                // A client that goes away in the middle is its own business.
                tokio::spawn(async move { serve(socket, &kept).await.ok() });
            }
        });
        Smtp { address, kept, task }
    }

    /// Its address as the program's setting `smtp_url`.
    pub fn url(&self) -> String {
        format!("smtp://{}?tls=none", self.address)
    }

    /// A mailer that hands everything to it and waits a second for each answer.
    pub fn mailer(&self) -> Mailer {
        let server = Server::parse(&self.url(), "Stoa <stoa@stoa.test>", Duration::from_secs(1));
        let mailer = server.and_then(|server| Mailer::new(Some(server), "https://stoa.test", 180));
        mailer.unwrap_or_else(|error| panic!("{error}"))
    }

    /// What it got so far.
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.kept).mails.clone()
    }

    /// How often somebody connected.
    pub fn connections(&self) -> usize {
        lock(&self.kept).connections
    }

    /// Names and passwords that were presented, as AUTH PLAIN has them: `name\0password`.
    pub fn signed_in(&self) -> Vec<String> {
        lock(&self.kept).signed_in.clone()
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(socket: TcpStream, kept: &Mutex<Kept>) -> std::io::Result<()> {
    let mut socket = BufReader::new(socket);
    socket.write_all(b"220 stoa.test ESMTP\r\n").await?;
    let (mut mail, mut line) = (Mail::default(), String::new());
    loop {
        line.clear();
        if socket.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end();
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        let answer = match verb.to_uppercase().as_str() {
            "EHLO" => "250-stoa.test\r\n250-8BITMIME\r\n250 AUTH PLAIN".to_owned(),
            "HELO" | "NOOP" => "250 OK".to_owned(),
            "AUTH" => {
                let secret = rest.strip_prefix("PLAIN ").map(decode_base64).unwrap_or_default();
                lock(kept).signed_in.push(String::from_utf8_lossy(&secret).trim_start_matches('\0').to_owned());
                "235 welcome".to_owned()
            }
            "RSET" => {
                mail = Mail::default();
                "250 OK".to_owned()
            }
            "MAIL" => {
                mail = Mail { from: address(rest), ..Mail::default() };
                "250 OK".to_owned()
            }
            "RCPT" => match recipient(&address(rest), kept) {
                Some(answer) => {
                    if answer.starts_with("250") {
                        mail.to.push(address(rest));
                    }
                    answer.to_owned()
                }
                None => std::future::pending().await,
            },
            "DATA" => {
                socket.write_all(b"354 go on\r\n").await?;
                mail.raw = data(&mut socket).await?;
                lock(kept).mails.push(std::mem::take(&mut mail));
                "250 kept".to_owned()
            }
            "QUIT" => {
                socket.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "502 no such command".to_owned(),
        };
        socket.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

/// What is between `<` and `>`.
fn address(text: &str) -> String {
    text.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(text, |(address, _)| address).to_owned()
}

/// The answer for a recipient; `None` for none at all.
fn recipient(to: &str, kept: &Mutex<Kept>) -> Option<&'static str> {
    match to {
        _ if to.starts_with("refused") => Some("550 5.1.1 no such mailbox"),
        _ if to.starts_with("hang") => None,
        _ if to.starts_with("later") => {
            let mut kept = lock(kept);
            if kept.later.iter().any(|known| known == to) {
                return Some("250 OK");
            }
            kept.later.push(to.to_owned());
            Some("451 4.7.1 come again later")
        }
        _ => Some("250 OK"),
    }
}

/// Reads a message up to the line that is a dot.
async fn data(socket: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let (mut raw, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        if socket.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(raw);
        }
        raw.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

impl Mail {
    /// A header's value, unfolded and decoded.
    pub fn header(&self, name: &str) -> Option<String> {
        headers(&self.raw).remove(&name.to_lowercase()).map(|value| decode_words(&value))
    }

    /// The plain part, decoded.
    pub fn text(&self) -> String {
        part(&self.raw, "text/plain").unwrap_or_default()
    }

    /// The HTML part, decoded.
    pub fn html(&self) -> String {
        part(&self.raw, "text/html").unwrap_or_default()
    }
}

/// Headers by name in lower case, unfolded. A header that comes twice is joined with a bar, so that a test sees it.
fn headers(raw: &str) -> BTreeMap<String, String> {
    let head = raw.split_once("\r\n\r\n").map_or(raw, |(head, _)| head).replace("\r\n ", " ").replace("\r\n\t", " ");
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in head.split("\r\n").filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        headers.entry(name.to_lowercase()).and_modify(|known| *known += " | ").or_default().push_str(value);
    }
    headers
}

fn part(raw: &str, kind: &str) -> Option<String> {
    let headers = headers(raw);
    let (_, body) = raw.split_once("\r\n\r\n")?;
    let content = headers.get("content-type")?;
    if let Some((_, boundary)) = content.split_once("boundary=\"") {
        let boundary = format!("--{}", boundary.split('"').next()?);
        return body.split(&boundary).find_map(|inner| part(inner.trim_start_matches("\r\n"), kind));
    }
    if !content.starts_with(kind) {
        return None;
    }
    let bytes = match headers.get("content-transfer-encoding").map(String::as_str) {
        Some("quoted-printable") => decode_quoted(&body.replace("=\r\n", "")),
        Some("base64") => decode_base64(body),
        _ => body.as_bytes().to_vec(),
    };
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// `=?utf-8?b?…?=` and its like as text.
fn decode_words(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    while let Some((before, word)) = rest.split_once("=?") {
        let mut parts = word.splitn(4, '?');
        let (Some(_), Some(how), Some(what), Some(after)) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            break;
        };
        // Blanks between two encoded words belong to neither.
        if !before.trim().is_empty() || text.is_empty() {
            text.push_str(before);
        }
        let bytes =
            if how.eq_ignore_ascii_case("b") { decode_base64(what) } else { decode_quoted(&what.replace('_', " ")) };
        text.push_str(&String::from_utf8_lossy(&bytes));
        rest = after.strip_prefix('=').unwrap_or(after);
    }
    text + rest
}

fn decode_quoted(text: &str) -> Vec<u8> {
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()).filter(|_| bytes[at] == b'=') {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

fn decode_base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in text.bytes().filter_map(|byte| DIGITS.iter().position(|known| *known == byte)) {
        bits = bits << 6 | digit as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_is_decoded() {
        let raw = "Subject: =?utf-8?b?SMOk?= =?utf-8?b?bg==?=\r\nContent-Type: multipart/alternative;\r\n boundary=\"x\"\r\n\r\n\
                   --x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
                   H=C3=A4=\r\nn\r\n--x\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+\r\n--x--";
        let mail = Mail { raw: raw.to_owned(), ..Mail::default() };
        assert_eq!(mail.header("subject").as_deref(), Some("Hän"));
        assert_eq!(mail.text().trim_end(), "Hän");
        assert_eq!(mail.html(), "<b>");
    }
}
