//! Signing the end of the chain.

use super::{
    Settings,
    key::{self, Key},
    publish,
    rules::{Checkpoint, PublicKey, Signature, key_id},
    store::{self, Chain},
};
use stoa_kernel::{Error, Result, Time, door::Core};

/// Makes a checkpoint if one is due, and publishes what is not published yet.
///
/// # Errors
/// Unavailable, with a sentence, if the key or the file of checkpoints can't be read or written.
pub async fn run(core: &Core, settings: &Settings) -> Result<()> {
    let Some(chain) = store::end(&core.store).await? else { return Ok(()) };
    let last = store::last_checkpoint(&core.store).await?;
    if is_due(&chain, last.as_ref(), settings, core.now()) {
        make(core, settings, &chain, last.as_ref()).await?;
    }
    publish::run(&core.store, settings).await
}

/// Whether the end of the chain is to be signed.
fn is_due(chain: &Chain, last: Option<&Checkpoint>, settings: &Settings, now: Time) -> bool {
    match last {
        None => chain.position > 0,
        Some(last) => {
            let sealed = chain.position - last.position;
            sealed >= settings.every_events
                || sealed > 0 && now >= last.instant.plus_seconds(settings.every_minutes * 60)
        }
    }
}

async fn make(core: &Core, settings: &Settings, chain: &Chain, last: Option<&Checkpoint>) -> Result<()> {
    let key = match last {
        Some(last) => key::find(&settings.key, &last.successor())?,
        None => Some(match Key::read(&settings.key)? {
            Some(key) => key,
            None => Key::make(&settings.key, &core.clock)?,
        }),
    };
    let Some(key) = key else {
        // Another node may have it; this is said once an hour.
        if core.now().0.div_euclid(Time::SECOND) % 3600 < 10 {
            let wanted = last.map(|last| key_id(&last.successor())).unwrap_or_default();
            tracing::warn!(key = wanted, file = %settings.key.display(), "this node does not have the key of the audit");
        }
        return Ok(());
    };
    let checkpoint = signed(chain, last, &key, None, core.now());
    add(core, &checkpoint).await.map(drop)
}

fn signed(
    chain: &Chain,
    last: Option<&Checkpoint>,
    key: &Key,
    next_key: Option<PublicKey>,
    instant: Time,
) -> Checkpoint {
    let mut checkpoint = Checkpoint {
        number: last.map_or(1, |last| last.number + 1),
        installation: chain.installation,
        position: chain.position,
        hash: chain.hash,
        instant,
        previous: last.map(Checkpoint::digest).unwrap_or_default(),
        key_id: key_id(&key.public()),
        key: key.public(),
        next_key,
        signature: Signature::default(),
    };
    checkpoint.signature = key.sign(&checkpoint.text());
    checkpoint
}

/// Keeps and logs a checkpoint; false if another node was first.
async fn add(core: &Core, checkpoint: &Checkpoint) -> Result<bool> {
    let kept = store::add_checkpoint(&core.store, checkpoint).await?;
    if kept {
        let Checkpoint { number, position, hash, key_id, signature, .. } = checkpoint;
        tracing::info!(number, position, %hash, key = key_id, %signature, "checkpoint of the audit");
    }
    Ok(kept)
}

/// Replaces the key: a checkpoint signed by the old one names the new one. With `lost` the old one is not there, and the new
/// one signs by itself; whoever verifies must be told of it. Gives the new public key.
///
/// # Errors
/// A conflict, with a sentence, if there is nothing to replace, the key is not here, or another node signed at this moment.
pub async fn rotate(core: &Core, settings: &Settings, lost: bool) -> Result<PublicKey> {
    let chain = store::chain(&core.store, &core.clock).await?;
    let none = || Error::Conflict("There is no key yet: it is made with the first checkpoint.".into());
    let last = store::last_checkpoint(&core.store).await?.ok_or_else(none)?;
    let old = key::find(&settings.key, &last.successor())?;
    let shown = settings.key.display();
    if old.is_some() == lost {
        return Err(Error::Conflict(match lost {
            true => format!("The key is not lost: {shown} has it."),
            false => format!(
                "The key {} is not in {shown}. Run this where it is; if it is lost, use --lost.",
                key_id(&last.successor())
            ),
        }));
    }
    if lost && settings.key.exists() {
        return Err(Error::Conflict(format!("{shown} holds another key: move it away first.")));
    }
    let next = key::waiting(&settings.key);
    // One from a rotation that was given up; nothing names it.
    if next.exists() {
        std::fs::remove_file(&next)
            .map_err(|error| Error::Unavailable(format!("{} can't be removed: {error}", next.display())))?;
    }
    let new = Key::make(&next, &core.clock)?;
    let checkpoint = match &old {
        Some(old) => signed(&chain, Some(&last), old, Some(new.public()), core.now()),
        None => signed(&chain, Some(&last), &new, None, core.now()),
    };
    if !add(core, &checkpoint).await? {
        return Err(Error::Conflict("Another checkpoint was made at this moment. Try again.".into()));
    }
    key::replace(&next, &settings.key)?;
    publish::run(&core.store, settings).await?;
    Ok(new.public())
}
