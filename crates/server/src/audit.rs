//! `stoa audit`: exporting and verifying the sealed record, and replacing its key.

use crate::config::Config;
use std::{
    fs,
    io::{BufRead, BufReader, BufWriter},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};
use stoa_kernel::{Error, Result, door::Core, id};
use stoa_tenancy::audit::{
    export::export,
    key, publish,
    rules::{PublicKey, key_id},
    sign, store,
    verify::{Verifier, published},
};

/// The commands of `stoa audit`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Write the sealed events with their seals and checkpoints into a file, while the server serves
    Export {
        /// Begin at this position of the chain
        #[arg(long, value_name = "POSITION", default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..))]
        from: i64,
        /// Where to; must not exist. It holds personal data
        file: PathBuf,
    },
    /// Check an export; needs neither database nor settings
    Verify(Verify),
    /// Replace the key that signs checkpoints: the old one signs the new one
    RotateKey {
        /// The old key is lost: the new one signs by itself, and whoever verifies must be told of it
        #[arg(long)]
        lost: bool,
    },
    /// Tell up to where the record is sealed and signed, and by which key
    Status,
}

/// What is verified, and against what.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// An export
    file: PathBuf,
    /// Checkpoints that were published: a copy of the file `audit_checkpoints` that is kept elsewhere
    #[arg(long, value_name = "FILE")]
    checkpoints: Option<PathBuf>,
    /// A public key that must have signed, 64 digits; may be given several times
    #[arg(long, value_name = "HEX", value_parser = read_key)]
    key: Vec<PublicKey>,
}

fn read_key(text: &str) -> std::result::Result<PublicKey, String> {
    PublicKey::parse(text).ok_or_else(|| "a public key has 64 hexadecimal digits".to_owned())
}

/// Verifies an export and prints what it came to; whether nothing is wrong.
///
/// # Errors
/// A sentence if a file can't be read.
pub fn verify(args: &Verify) -> std::result::Result<bool, String> {
    let (mut known, mut findings) = (Vec::new(), Vec::new());
    if let Some(path) = &args.checkpoints {
        let text = fs::read_to_string(path).map_err(|error| format!("{} can't be read: {error}", path.display()))?;
        (known, findings) = published(&text);
        if known.is_empty() {
            return Err(format!("{} has no checkpoints.", path.display()));
        }
    }
    let cant = |error| format!("{} can't be read: {error}", args.file.display());
    let file = fs::File::open(&args.file).map_err(cant)?;
    let mut verifier = Verifier::new(known, args.key.clone());
    for (at, line) in BufReader::new(file).lines().enumerate() {
        verifier.line(at + 1, &line.map_err(cant)?);
    }
    let report = verifier.finish();
    findings.extend(report.findings);
    for finding in &findings {
        println!("{}", finding.words);
    }
    for remark in &report.remarks {
        println!("Note: {remark}");
    }
    println!(
        "{} seals, {} redactions, {} removals, {} checkpoints; signed up to position {}: {}",
        report.seals,
        report.redacted,
        report.removed,
        report.checkpoints,
        report.signed,
        match findings.len() {
            0 => "nothing is wrong.".to_owned(),
            1 => "1 finding.".to_owned(),
            count => format!("{count} findings."),
        }
    );
    Ok(findings.is_empty())
}

/// Runs a command that needs the database.
///
/// # Errors
/// What keeps it from being done, with a sentence.
pub async fn run(core: &Core, config: &Config, command: Command) -> Result<()> {
    match command {
        Command::Export { from, file } => {
            let shown = file.display();
            let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file);
            let made = made.map_err(|error| Error::Unavailable(format!("{shown} can't be made: {error}")))?;
            match export(core, from, &mut BufWriter::new(made)).await {
                Ok(done) => {
                    println!("{shown}: positions {} to {}, {} checkpoints", done.from, done.to, done.checkpoints);
                    Ok(())
                }
                Err(error) => {
                    let _ = fs::remove_file(&file);
                    Err(error)
                }
            }
        }
        Command::Verify(args) => match verify(&args) {
            Ok(_) => Ok(()),
            Err(message) => Err(Error::Unavailable(message)),
        },
        Command::RotateKey { lost } => {
            let new = sign::rotate(core, &config.audit, lost).await?;
            println!("{new}");
            Ok(())
        }
        Command::Status => status(core, config).await,
    }
}

async fn status(core: &Core, config: &Config) -> Result<()> {
    let db = &core.store;
    let Some(chain) = store::end(db).await? else {
        println!("Nothing is sealed yet.");
        return Ok(());
    };
    println!("installation  {}", id::hex(&chain.installation));
    println!("sealed        {} seals", chain.position);
    println!("to be sealed  {} events", store::waiting(db, chain.settled, 1_000_000).await?);
    let Some(last) = store::last_checkpoint(db).await? else {
        println!("checkpoint    none yet");
        return Ok(());
    };
    println!("checkpoint    {} of {}, up to position {}", last.number, last.instant, last.position);
    let wanted = last.successor();
    let here = match key::find(&config.audit.key, &wanted) {
        Ok(Some(_)) => "is here".to_owned(),
        Ok(None) => "is not on this node".to_owned(),
        Err(error) => format!("can't be used: {error}"),
    };
    println!("key           {} ({}), {here}", wanted, key_id(&wanted));
    let missing = publish::missing(db, &config.audit).await?;
    println!("published in  {} ({missing} checkpoints are missing there)", config.audit.published.display());
    Ok(())
}
