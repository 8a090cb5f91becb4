//! `stoa explain`: the decision on one question with all its reasons, as sentences or as data.

use std::sync::Arc;
use stoa_kernel::{Error, Result, Time, door::Core};

/// The question.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the user to sign in with, or its identifier
    #[arg(long)]
    user: String,
    /// An action such as project.update, or a permission such as PROJECT.UPDATE
    #[arg(long)]
    action: String,
    /// The thing: its address or KIND:IDENTIFIER, such as project:1b9d6bcdbbfd4b2d9b5dab8dfbbd4bed
    #[arg(long)]
    scope: Option<String>,
    /// The instant in question, such as 2026-03-01T12:00:00Z; now if not given
    #[arg(long)]
    at: Option<String>,
    /// Print data instead of sentences
    #[arg(long)]
    json: bool,
}

/// Answers the question.
pub async fn run(core: &Arc<Core>, args: Args) -> Result<()> {
    let at = match &args.at {
        Some(text) => Some(Time::parse(text).ok_or_else(|| Error::field("at", "It is no instant."))?),
        None => None,
    };
    let answer =
        stoa_tenancy::access::explain::explain(core, &args.user, &args.action, args.scope.as_deref(), at).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&answer).map_err(Error::broken)?);
    } else {
        println!("{}", answer["sentence"].as_str().unwrap_or_default());
    }
    Ok(())
}
