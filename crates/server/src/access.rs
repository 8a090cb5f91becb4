//! `stoa access …`: who can, what somebody can, how that differs, and what happened; as lines for people or as data.

use serde_json::{Value, json};
use std::sync::Arc;
use stoa_kernel::{
    Error, Result, Row, Time,
    access::Actor,
    door::{Call, Caller, Core},
    field::Mode,
    id,
    view::Ask,
};
use stoa_tenancy::{
    access::{timeline, what, who},
    guard,
    narrowing::{rules::KINDS, suggestions, unused},
};

/// The questions.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Tell who can do something to a thing, and through what
    Who {
        /// An action such as project.update, or a permission such as PROJECT.UPDATE
        #[arg(long)]
        action: String,
        /// The thing: its address or KIND:IDENTIFIER
        #[arg(long)]
        scope: Option<String>,
        /// When, and how it is told
        #[command(flatten)]
        form: Form,
    },
    /// Tell what a user can do, and where; with a thing, which actions on it
    What {
        /// Name of the user to sign in with, or its identifier
        #[arg(long)]
        user: String,
        /// The thing: its address or KIND:IDENTIFIER
        #[arg(long)]
        scope: Option<String>,
        /// When, and how it is told
        #[command(flatten)]
        form: Form,
    },
    /// Tell which roles a user does not hold and may activate
    Eligible {
        /// Name of the user to sign in with, or its identifier
        #[arg(long)]
        user: String,
        /// When, and how it is told
        #[command(flatten)]
        form: Form,
    },
    /// Tell how two users, or one at two instants, differ in what they can do
    Compare {
        /// Name of the user to sign in with, or its identifier
        #[arg(long)]
        user: String,
        /// The other user; the same if not given
        #[arg(long)]
        other: Option<String>,
        /// The instant for the other; now if not given
        #[arg(long)]
        other_at: Option<String>,
        /// When, and how it is told
        #[command(flatten)]
        form: Form,
    },
    /// Tell what happened to the roles of a user, or at a thing, the latest first
    Timeline {
        /// Name of the user to sign in with, or its identifier
        #[arg(long, required_unless_present = "scope", conflicts_with = "scope")]
        user: Option<String>,
        /// The thing: its address or KIND:IDENTIFIER
        #[arg(long)]
        scope: Option<String>,
        /// Not before this instant
        #[arg(long)]
        from: Option<String>,
        /// When, and how it is told
        #[command(flatten)]
        form: Form,
    },
    /// Tell what nobody used for a number of days, and what could be taken away
    Unused(Unused),
    /// Tell which guards there are, or switch one off: the way back for whoever is shut out by one
    Guards {
        /// Identifier of the guard that is to deny nothing any more
        #[arg(long)]
        off: Option<String>,
        /// Print data instead of sentences
        #[arg(long)]
        json: bool,
    },
}

/// What nobody used.
#[derive(Debug, clap::Args)]
pub struct Unused {
    /// For how many days it was not used
    #[arg(long, default_value_t = 90)]
    days: i64,
    /// The thing: its address or KIND:IDENTIFIER; everywhere if not given
    #[arg(long)]
    scope: Option<String>,
    /// grant, permission or staff; all of them if not given
    #[arg(long)]
    kind: Option<String>,
    /// Call a grant unused that only let things appear in lists
    #[arg(long)]
    ignore_lists: bool,
    /// Print data instead of sentences
    #[arg(long)]
    json: bool,
}

/// When, and how it is told.
#[derive(Debug, clap::Args)]
pub struct Form {
    /// The instant in question, such as 2026-03-01T12:00:00Z; now if not given
    #[arg(long)]
    at: Option<String>,
    /// Print data instead of sentences
    #[arg(long)]
    json: bool,
}

/// An answer as lines for people.
type Lines = fn(&Value) -> Vec<String>;

/// Answers the question.
///
/// # Errors
/// Invalid, with the option, for what does not exist.
pub async fn run(core: &Arc<Core>, command: Command) -> Result<()> {
    let system = Actor::system();
    let (answer, form, lines): (Value, Form, Lines) = match command {
        Command::Who { action, scope, form } => {
            (who::who(core, &system, &action, scope.as_deref(), time(&form.at, "at")?).await?, form, told_who)
        }
        Command::What { user, scope, form } => {
            let side = what::Side { user: &user, at: time(&form.at, "at")? };
            (what::what(core, &system, side, scope.as_deref()).await?, form, told_what)
        }
        Command::Eligible { user, form } => {
            let side = what::Side { user: &user, at: time(&form.at, "at")? };
            let answer = what::what(core, &system, side, None).await?;
            (json!({"user": answer["user"], "at": answer["at"], "eligible": answer["eligible"]}), form, told_eligible)
        }
        Command::Compare { user, other, other_at, form } => {
            let one = what::Side { user: &user, at: time(&form.at, "at")? };
            let other = what::Side { user: other.as_deref().unwrap_or(&user), at: time(&other_at, "other_at")? };
            (what::compare(core, &system, one, other).await?, form, told_difference)
        }
        Command::Timeline { user, scope, from, form } => {
            let span = timeline::Span {
                user: user.as_deref().unwrap_or_default(),
                scope: scope.as_deref(),
                from: time(&from, "from")?,
                until: time(&form.at, "at")?,
                offset: 0,
            };
            (timeline::timeline(core, &system, span).await?, form, told_moments)
        }
        Command::Unused(asked) => {
            let answer = find_unused(core, &system, &asked).await?;
            (answer, Form { at: None, json: asked.json }, told_unused)
        }
        Command::Guards { off, json } => {
            if let Some(guard) = off {
                switch_off(core, guard).await?;
            }
            (guards(core, &system).await?, Form { at: None, json }, told_guards)
        }
    };
    if form.json {
        println!("{}", serde_json::to_string_pretty(&answer).map_err(Error::broken)?);
    } else {
        lines(&answer).iter().for_each(|line| println!("{line}"));
    }
    Ok(())
}

/// The program itself is under no guard, so it can always do this.
async fn switch_off(core: &Arc<Core>, guard: String) -> Result<()> {
    let body = json!({"is_active": false});
    let call = Call { action: &guard::actions::UPDATE, via: None, target: Some(guard), body, mode: Mode::Partial };
    match core.perform(&Caller::system(), call).await {
        Err(Error::NotFound) => Err(Error::field("off", "There is no such guard.")),
        other => other.map(drop),
    }
}

async fn guards(core: &Core, system: &Actor) -> Result<Value> {
    let ask = Ask { limit: i64::MAX, ..Ask::default() };
    let page = core.look(system, &guard::views::GUARDS, &ask).await?;
    let at = |name: &str| page.columns.iter().position(|column| column.name == name).map_or(0, |at| at + 2);
    let (uuid, name, sentence) = (at("uuid"), at("name"), at("sentence"));
    let (active, customer) = (at("is_active"), at("customer_name"));
    let told = |row: &Row| {
        Ok(json!({
            "uuid": id::hex(&row.get(uuid)?),
            "name": row.get::<String>(name)?,
            "sentence": row.get::<String>(sentence)?,
            "is_active": row.get::<bool>(active)?,
            "customer_name": row.get::<Option<String>>(customer)?,
        }))
    };
    let rows = page.rows.iter().map(told).collect::<Result<Vec<Value>>>()?;
    Ok(json!({ "guards": rows }))
}

fn told_guards(answer: &Value) -> Vec<String> {
    let line = |guard: &Value| {
        let of = guard["customer_name"].as_str().unwrap_or("the installation");
        let state = if guard["is_active"] == true { "" } else { " (off)" };
        format!("{} {} of {of}{state}: {}", word(guard, "uuid"), word(guard, "name"), word(guard, "sentence"))
    };
    let lines: Vec<String> = rows(answer, "guards").map(line).collect();
    if lines.is_empty() { vec!["There are no guards.".into()] } else { lines }
}

/// What is unused and could be taken away, and staff who did nothing as such. Tokens are told to their users only.
async fn find_unused(core: &Core, system: &Actor, asked: &Unused) -> Result<Value> {
    let (days, lists) = (asked.days.to_string(), asked.ignore_lists.to_string());
    let kind = asked.kind.as_deref().unwrap_or_default();
    let asked_of = (days.as_str(), lists.as_str(), kind);
    let question = unused::Question::read(core, system, asked_of, asked.scope.as_deref()).await?;
    let since = stoa_tenancy::uses::store::since(&mut core.store.reader()).await?;
    let mut rows = suggestions::suggestions(core, system, &question, kind.is_empty()).await?;
    if kind.is_empty() || kind == KINDS[3] {
        rows.extend(unused::unused(core, system, &question.about(KINDS[3])).await?);
    }
    let known = question.cutoff.is_known(since);
    Ok(
        json!({"days": asked.days, "recorded_since": since.map(|since| since.to_string()), "known": known, "unused": rows}),
    )
}

fn told_unused(answer: &Value) -> Vec<String> {
    if answer["known"] == false {
        let since = answer["recorded_since"].as_str().unwrap_or("never");
        return vec![format!(
            "Uses are recorded since {since}: nothing can be called unused for {} days.",
            answer["days"]
        )];
    }
    let mut lines: Vec<String> = rows(answer, "unused")
        .map(|row| match word(row, "sentence") {
            "" => format!(
                "{} did nothing as {} for {} days.",
                word(&row["user"], "username"),
                word(row, "kind"),
                answer["days"]
            ),
            sentence => match row["last_used"].as_str().or(row["last_listed"].as_str()) {
                Some(last) => format!("{sentence} Last used on {last}."),
                None => format!("{sentence} Never used."),
            },
        })
        .collect();
    if lines.is_empty() {
        lines.push("Everything was used.".into());
    }
    lines
}

fn time(text: &Option<String>, option: &str) -> Result<Option<Time>> {
    let Some(text) = text else { return Ok(None) };
    Time::parse(text).map(Some).ok_or_else(|| Error::field(option, "It is no instant."))
}

fn rows<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn list(value: &Value, key: &str) -> String {
    rows(value, key).filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

fn told_who(answer: &Value) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    if answer["everybody"] == true {
        lines.push("Everybody who is signed in.".into());
    }
    for person in rows(answer, "people") {
        let why: Vec<&str> = rows(person, "reasons").map(|reason| word(reason, "text")).collect();
        lines.push(format!(
            "{} ({}): {}",
            word(&person["user"], "username"),
            word(&person["user"], "full_name"),
            why.join(" ")
        ));
    }
    lines.push(format!("Staff and support agents: {}.", answer["staff"]));
    lines
}

fn told_what(answer: &Value) -> Vec<String> {
    let is = [("staff", "Staff."), ("support", "Support agent."), ("disabled", "The account can't be used.")];
    let mut lines: Vec<String> =
        is.iter().filter(|(key, _)| answer[*key] == true).map(|(_, text)| (*text).to_owned()).collect();
    for scope in rows(answer, "scopes") {
        let roles: Vec<&str> = rows(scope, "through").map(|through| word(through, "role")).collect();
        let permissions = list(scope, "permissions");
        lines.push(format!("{} {} ({}): {permissions}", word(scope, "type"), word(scope, "name"), roles.join(", ")));
    }
    for action in rows(answer, "actions") {
        lines.push(format!("{}: {}", word(action, "action"), word(action, "sentence")));
    }
    lines
}

fn told_eligible(answer: &Value) -> Vec<String> {
    let one = |row: &Value| {
        let until = row["until"].as_str().map(|until| format!(", until {until}")).unwrap_or_default();
        let (role, scope) = (word(row, "role"), &row["scope"]);
        format!(
            "{role} on {} {}, for {} hours at most{until}",
            word(scope, "type"),
            word(scope, "name"),
            row["max_hours"]
        )
    };
    let lines: Vec<String> = rows(answer, "eligible").map(one).collect();
    if lines.is_empty() { vec!["None.".into()] } else { lines }
}

fn told_difference(answer: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for difference in rows(answer, "differences") {
        let scope = format!("{} {}", word(&difference["scope"], "type"), word(&difference["scope"], "name"));
        for (key, sign) in [("only_first", "-"), ("only_second", "+")] {
            let permissions = list(difference, key);
            if !permissions.is_empty() {
                lines.push(format!("{sign} {scope}: {permissions}"));
            }
        }
    }
    if lines.is_empty() {
        lines.push("No difference.".into());
    }
    lines
}

fn told_moments(answer: &Value) -> Vec<String> {
    let mut lines: Vec<String> =
        rows(answer, "moments").map(|moment| format!("{}  {}", word(moment, "at"), word(moment, "sentence"))).collect();
    if answer["more"] == true {
        lines.push("There is more: ask with a later --from or an earlier --at.".into());
    }
    lines
}
