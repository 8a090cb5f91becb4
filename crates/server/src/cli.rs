//! The command line. It is a contract: `stoa serve|demo|migrate|admin|audit … [--data DIR] [--database URL] [--listen ADDR:PORT]`;
//! exit code 0 for done, 1 for failed (with the reason), 2 for wrong usage. `plan` and `drift` also end with 2 where there is
//! something to do.

use crate::{
    access, admin, audit,
    config::{Config, Flags, SETTINGS},
    declared, demo, explain, scale, serve, start,
};
use clap::{Parser, Subcommand};
use std::{io::IsTerminal, process::ExitCode};
use stoa_kernel::{Error, Result, door::Core};

/// Self-service for sharing cloud and HPC resources across organizations and projects.
#[derive(Debug, Parser)]
#[command(name = "stoa", version, disable_help_subcommand = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve; brings the database up to date first
    Serve {
        /// Fill an empty database with a believable installation first
        #[arg(long)]
        demo: bool,
    },
    /// Fill an empty database with a believable installation, and print who to sign in as
    Demo {
        /// Load the measuring data set instead, this many times its size (1 = 1,000 organizations, 10,000 projects, 20,000
        /// users, 50,000 resources)
        #[arg(long, value_name = "N")]
        scale: Option<u32>,
    },
    /// Bring the database up to date and stop
    Migrate {
        /// Only tell what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Make staff, set passwords, issue tokens, back up
    Admin {
        #[command(subcommand)]
        command: admin::Command,
    },
    /// Export and verify the sealed record, replace its key
    Audit {
        #[command(subcommand)]
        command: audit::Command,
    },
    /// Tell whether a user may do something somewhere, and why
    Explain(explain::Args),
    /// Tell who can, what somebody can, how that differs, and what happened
    Access {
        #[command(subcommand)]
        command: access::Command,
    },
    /// Tell what it would take to make things as a directory declares them, and what people could do more or less then
    Plan(declared::PlanArgs),
    /// Make things as a directory declares them, all or nothing
    Apply(declared::ApplyArgs),
    /// Tell in what the world differs from what a directory declares
    Drift(declared::About),
    /// Write what is there as files that declare it
    Export(declared::ExportArgs),
    /// List every setting with its default
    Settings,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if matches!(cli.command, Command::Settings) {
        for setting in SETTINGS {
            println!("{:<20} {:<22} {}", setting.name, setting.default, setting.about);
        }
        return ExitCode::SUCCESS;
    }
    if let Command::Audit { command: audit::Command::Verify(args) } = &cli.command {
        return match audit::verify(args) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::from(1),
            Err(message) => failed(&message),
        };
    }
    let config = match Config::load(&cli.flags, std::env::vars()) {
        Ok(config) => config,
        Err(message) => return failed(&message),
    };
    if let Err(message) = log(&config) {
        return failed(&message);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("no threads: {error}")),
    };
    match runtime.block_on(run(cli.command, config)) {
        Ok(code) => code,
        Err(error) => failed(&sentence(&error)),
    }
}

fn failed(message: &str) -> ExitCode {
    eprintln!("stoa: {message}");
    ExitCode::from(1)
}

/// An error as the command line says it.
fn sentence(error: &Error) -> String {
    match error {
        Error::Invalid(invalid) => {
            let all: Vec<String> = invalid
                .fields
                .iter()
                .map(|(field, messages)| match field.as_str() {
                    "" => messages.join(" "),
                    field => format!("{field}: {}", messages.join(" ")),
                })
                .collect();
            // What is wrong in files is a line each, with its place.
            all.join(if all.len() > 1 { "\n" } else { " " })
        }
        Error::Conflict(text) | Error::Unavailable(text) | Error::LimitExceeded(text) | Error::Broken(text) => {
            text.clone()
        }
        other => other.to_string(),
    }
}

async fn run(command: Command, config: Config) -> Result<ExitCode> {
    let done = match command {
        Command::Plan(args) => {
            let core = start::start(&config).await?;
            return finished(&core, declared::plan(&core, args).await).await;
        }
        Command::Apply(args) => {
            let core = start::start(&config).await?;
            return finished(&core, declared::apply(&core, args).await).await;
        }
        Command::Drift(args) => {
            let core = start::start(&config).await?;
            return finished(&core, declared::drift(&core, args).await).await;
        }
        Command::Export(args) => {
            let core = start::start(&config).await?;
            return finished(&core, declared::export(&core, args).await).await;
        }
        Command::Serve { demo: with_demo } => {
            let core = start::start(&config).await?;
            if with_demo {
                demo::fill_if_empty(&core).await?;
            }
            serve::serve(core, &config, with_demo).await
        }
        Command::Demo { scale: None } => {
            let core = start::start(&config).await?;
            let filled = demo::fill(&core).await;
            core.store.close().await;
            filled?;
            demo::print_people();
            Ok(())
        }
        Command::Demo { scale: Some(size) } => {
            let core = start::start(&config).await?;
            let loaded = scale::load(&core, size, &scale::Bar::terminal()).await;
            core.store.close().await;
            loaded
        }
        Command::Migrate { dry_run } => migrate(&config, dry_run).await,
        Command::Admin { command } => {
            let core = start::start(&config).await?;
            let done = admin::run(&core, command).await;
            core.store.close().await;
            done
        }
        Command::Audit { command } => {
            let core = start::start(&config).await?;
            let done = audit::run(&core, &config, command).await;
            core.store.close().await;
            done
        }
        Command::Explain(args) => {
            let core = start::start(&config).await?;
            explain::run(&core, args).await
        }
        Command::Access { command } => {
            let core = start::start(&config).await?;
            access::run(&core, command).await
        }
        Command::Settings => Ok(()),
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// Closes the store, and gives what was found.
async fn finished(core: &Core, found: Result<ExitCode>) -> Result<ExitCode> {
    core.store.close().await;
    found
}

async fn migrate(config: &Config, dry_run: bool) -> Result<()> {
    let store = start::open(config).await?;
    if dry_run {
        let pending = store.pending(&start::migrations()).await?;
        println!("{}", if pending.is_empty() { "The database is up to date.".into() } else { pending.join("\n") });
    } else {
        let applied = store.migrate(&start::migrations()).await?;
        start::prepare(&store, &stoa_kernel::clock::Clock::new()).await?;
        println!("{}", if applied.is_empty() { "The database is up to date.".into() } else { applied.join("\n") });
    }
    store.close().await;
    Ok(())
}

fn log(config: &Config) -> std::result::Result<(), String> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log)
        .map_err(|error| format!("The setting log is \"{}\", which is no filter: {error}", config.log))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    if config.log_json {
        builder.json().init()
    } else {
        builder.with_target(false).init()
    }
    Ok(())
}
