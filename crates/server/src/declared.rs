//! `stoa plan`, `apply`, `drift` and `export`: access as a directory of files declares it.
//!
//! Exit codes of `plan` and `drift`: 0 nothing to do, 2 something to do, 1 failed.

use serde_json::{Value, json};
use std::{
    fs,
    io::{self, BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};
use stoa_kernel::{
    Error, Result,
    door::{Caller, Core, Credential},
};
use stoa_tenancy::{
    declared::{self, Declaration, Tense, apply, export},
    grant,
};

/// What there is something to do is told with.
const SOMETHING: u8 = 2;

/// A directory, and who asks.
#[derive(Debug, clap::Args)]
pub struct About {
    /// The directory of *.toml, *.yaml and *.yml files
    directory: PathBuf,
    /// The staff user in whose name it is done; the program itself if not given
    #[arg(long = "as", value_name = "USER")]
    user: Option<String>,
    /// Print data instead of sentences
    #[arg(long)]
    json: bool,
}

/// Options of `stoa plan`.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    #[command(flatten)]
    about: About,
    /// Keep the plan in this file, for `stoa apply --plan`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Options of `stoa apply`.
#[derive(Debug, clap::Args)]
pub struct ApplyArgs {
    #[command(flatten)]
    about: About,
    /// Apply exactly this plan, and nothing if the world changed since
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

/// Options of `stoa export`.
#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// Where to write the files; without it they are printed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Only this organization: its short name or identifier
    #[arg(long, value_name = "ORGANIZATION")]
    organization: Option<String>,
}

/// Says what it would take, and what people could do more or less then.
///
/// # Errors
/// Invalid, with file and line, for what is wrong.
pub async fn plan(core: &Arc<Core>, args: PlanArgs) -> Result<ExitCode> {
    let (declared, caller) = about(core, &args.about).await?;
    let plan = apply::plan(core, &caller, declared).await?;
    let saved = plan.saved();
    if let Some(file) = &args.out {
        let text = serde_json::to_string_pretty(&saved).map_err(Error::broken)?;
        fs::write(file, text).map_err(|error| unwritten(file, &error))?;
    }
    tell(&saved, Tense::Would, args.about.json)?;
    Ok(code(plan.is_empty()))
}

/// Says in what the world differs from what is declared, and what is not declared.
///
/// # Errors
/// As [`plan`].
pub async fn drift(core: &Arc<Core>, args: About) -> Result<ExitCode> {
    let (declared, caller) = about(core, &args).await?;
    let plan = apply::drift(core, &caller, declared).await?;
    tell(&plan.saved(), Tense::Differs, args.json)?;
    Ok(code(plan.is_empty()))
}

/// Makes things as they are declared.
///
/// # Errors
/// As [`plan`]; conflict if a kept plan is not of the present world any more.
pub async fn apply(core: &Arc<Core>, args: ApplyArgs) -> Result<ExitCode> {
    let (declared, caller) = about(core, &args.about).await?;
    let kept = match &args.plan {
        Some(file) => Some(kept(file)?),
        None => {
            let plan = apply::plan(core, &caller, declared.clone()).await?;
            let saved = plan.saved();
            if !args.about.json {
                tell(&saved, Tense::Would, false)?;
            }
            if plan.is_empty() {
                if args.about.json {
                    tell(&saved, Tense::Did, true)?;
                }
                return Ok(ExitCode::SUCCESS);
            }
            if !args.yes && !agreed()? {
                return Err(Error::Conflict("Nothing was done.".into()));
            }
            // What was shown is what is done.
            Some(saved)
        }
    };
    let done = apply::apply(core, &caller, declared, kept).await?;
    let mut saved = done.saved();
    saved["request"] = json!(caller.request);
    match args.about.json {
        true => tell(&saved, Tense::Did, true)?,
        false => {
            tell(&saved, Tense::Did, false)?;
            println!("It is on record as {}.", caller.request);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes what is there as files that declare it.
///
/// # Errors
/// Unavailable for a directory that can't be written.
pub async fn export(core: &Arc<Core>, args: ExportArgs) -> Result<ExitCode> {
    let files = export::export(core, args.organization.as_deref()).await?;
    let Some(folder) = &args.out else {
        files.iter().for_each(|(name, text)| println!("# {name}\n{text}"));
        return Ok(ExitCode::SUCCESS);
    };
    fs::create_dir_all(folder).map_err(|error| unwritten(folder, &error))?;
    for (name, text) in &files {
        let file = folder.join(name);
        fs::write(&file, text).map_err(|error| unwritten(&file, &error))?;
    }
    println!("{} files in {}", files.len(), folder.display());
    Ok(ExitCode::SUCCESS)
}

fn code(nothing: bool) -> ExitCode {
    if nothing { ExitCode::SUCCESS } else { ExitCode::from(SOMETHING) }
}

async fn about(core: &Arc<Core>, about: &About) -> Result<(Arc<Declaration>, Caller)> {
    let declared = declared::read(&files(&about.directory)?)?;
    let credential = match &about.user {
        None => Credential::System,
        Some(name) => {
            let person = grant::store::person_named(&mut core.store.reader(), name).await?;
            let person = person.ok_or_else(|| Error::field("as", format!("There is no user {name}.")))?;
            Credential::Trusted(person.uuid)
        }
    };
    Ok((Arc::new(declared), Caller { credential, request: apply::request(core), ..Caller::default() }))
}

/// The files of a directory that declare something, by name.
///
/// # Errors
/// Unavailable for what can't be read, or if there is none.
pub fn files(folder: &Path) -> Result<Vec<(String, String)>> {
    let unread =
        |path: &Path, error: &io::Error| Error::Unavailable(format!("{} can't be read: {error}", path.display()));
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unread(folder, &error))? {
        let path = entry.map_err(|error| unread(folder, &error))?.path();
        let known = path.extension().is_some_and(|end| ["toml", "yaml", "yml"].iter().any(|one| end == *one));
        if known && path.is_file() {
            names.push(path);
        }
    }
    if names.is_empty() {
        let text = format!("{} has no *.toml, *.yaml or *.yml files.", folder.display());
        return Err(Error::Unavailable(text));
    }
    names.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).map_err(|error| unread(&path, &error))?;
        Ok((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), text))
    };
    names.into_iter().map(read).collect()
}

fn kept(file: &Path) -> Result<Value> {
    let unread = |why: String| Error::Unavailable(format!("{} is no plan: {why}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| unread(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| unread(error.to_string()))
}

fn unwritten(path: &Path, error: &io::Error) -> Error {
    Error::Unavailable(format!("{} can't be written: {error}", path.display()))
}

fn tell(plan: &Value, tense: Tense, json: bool) -> Result<()> {
    match json {
        true => println!("{}", serde_json::to_string_pretty(plan).map_err(Error::broken)?),
        false => declared::lines(plan, tense).iter().for_each(|line| println!("{line}")),
    }
    Ok(())
}

/// Asks on the terminal.
fn agreed() -> Result<bool> {
    let trouble = |error: io::Error| Error::Unavailable(format!("The terminal does not answer: {error}"));
    let input = io::stdin();
    if !input.is_terminal() {
        return Err(Error::Conflict("There is nobody to ask: say --yes.".into()));
    }
    print!("Do it? Only yes is yes: ");
    io::stdout().flush().map_err(trouble)?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer).map_err(trouble)?;
    Ok(answer.trim() == "yes")
}
