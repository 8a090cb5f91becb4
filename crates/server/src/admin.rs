//! `stoa admin`: what an operator does on the machine itself, without signing in.

use std::{io::Read, path::PathBuf, sync::Arc};
use stoa_kernel::{Error, Result, door::Core, vals};
use stoa_tenancy::user::store as users;

/// The commands of `stoa admin`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a user, or change one that exists
    User {
        /// Name to sign in with
        name: String,
        /// Make it staff
        #[arg(long)]
        staff: bool,
        /// Make it a support agent
        #[arg(long)]
        support: bool,
        /// Address to write to
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// Read the password from standard input (its first line)
        #[arg(long)]
        password_stdin: bool,
    },
    /// Issue a login token for a user, and print it
    Token {
        /// Name to sign in with
        name: String,
    },
    /// Copy the embedded database, while it serves, into a file
    Backup {
        /// Where to; must not exist
        file: PathBuf,
    },
}

/// Runs a command.
pub async fn run(core: &Arc<Core>, command: Command) -> Result<()> {
    match command {
        Command::User { name, staff, support, email, password_stdin } => {
            let password = if password_stdin { Some(read_password()?) } else { None };
            let made = user(core, &name, staff, support, email.as_deref(), password.as_deref()).await?;
            println!("{} {name}", if made { "made" } else { "changed" });
            Ok(())
        }
        Command::Token { name } => {
            println!("{}", token(core, &name).await?);
            Ok(())
        }
        Command::Backup { file } => {
            if file.exists() {
                return Err(Error::Conflict(format!("{} exists already.", file.display())));
            }
            core.store.backup(&file).await?;
            println!("{}", file.display());
            Ok(())
        }
    }
}

fn read_password() -> Result<String> {
    let mut text = String::new();
    let read = std::io::stdin().take(10_000).read_to_string(&mut text);
    read.map_err(|error| Error::Unavailable(format!("The password can't be read from standard input: {error}")))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(Error::field("password", "Standard input gave none.")),
    }
}

/// Makes a user or changes one that exists; `staff` and `support` are only ever switched on. Says whether he was made.
async fn user(
    core: &Arc<Core>,
    name: &str,
    staff: bool,
    support: bool,
    email: Option<&str>,
    password: Option<&str>,
) -> Result<bool> {
    let command = users::Command {
        username: name.to_owned(),
        email: email.map(ToOwned::to_owned),
        staff,
        support,
        password: password.map(ToOwned::to_owned),
    };
    users::from_command_line(core, command).await
}

/// Issues a login token.
pub async fn token(core: &Arc<Core>, name: &str) -> Result<String> {
    let rows = core.store.query("SELECT id FROM users WHERE username = $1", &vals![name]).await?;
    let row = rows.first().ok_or_else(|| Error::field("name", format!("There is no user {name}.")))?;
    users::issue_from_command_line(core, row.get(0)?).await
}

/// Makes a staff member without a password; the demo and tests begin with one.
pub async fn make_staff(core: &Arc<Core>, name: &str) -> Result<()> {
    user(core, name, true, false, None, None).await.map(|_| ())
}

/// Sets a user's password.
///
/// # Errors
/// Invalid for one against the rules.
pub async fn set_password(core: &Arc<Core>, name: &str, password: &str) -> Result<()> {
    let command =
        users::Command { username: name.to_owned(), password: Some(password.to_owned()), ..users::Command::default() };
    users::from_command_line(core, command).await.map(|_| ())
}
