//! Several calls in one transaction: all of them are kept, or none ([`Core::perform_all`]); or none in any case
//! ([`Core::rehearse`]).
//!
//! Each call goes through the door as if it came alone: who may, states, inputs, events and listeners are those of
//! [`Core::perform`]. What an earlier call of the series did, a later one sees.

use crate::{
    access::{Actor, Decision},
    action::Done,
    door::{Call, Caller, Core},
    error::{Error, Result},
    store::Tx,
    time::Time,
};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use std::sync::Arc;

/// A transaction in which calls are run one after the other.
pub struct Series<'t> {
    /// The transaction.
    pub tx: &'t mut Tx,
    /// The core.
    pub core: Arc<Core>,
    caller: Arc<Caller>,
    /// The instant at which all of it happens.
    pub now: Time,
    noted: Arc<Mutex<Noted>>,
}

/// What is written down beside the transaction once it is over, kept or not.
#[derive(Default)]
struct Noted {
    actor: Option<Actor>,
    refused: Option<(Call, Decision)>,
}

impl Series<'_> {
    /// Runs a call; gives what it did and who did it.
    ///
    /// # Errors
    /// Those of [`Core::perform`]. Whatever then becomes of the series is for its author to say; a statement that failed
    /// leaves nothing more to do in a transaction than to give the error.
    pub async fn run(&mut self, call: &Call) -> Result<(Done, Actor)> {
        let result = self.core.perform_in(self.tx, &self.caller, call, self.now).await;
        match &result {
            Ok((_, actor)) => self.noted.lock().actor = Some(actor.clone()),
            Err(Error::Forbidden(decision)) => {
                self.noted.lock().refused = Some((call.clone(), (**decision).clone()));
            }
            Err(_) => {}
        }
        result
    }

    /// Takes back what was done, for the world as it was before. Only in a rehearsal.
    pub async fn back(&mut self) -> Result<()> {
        self.tx.back().await
    }
}

impl Core {
    /// Runs calls as `work` likes, in one transaction of which nothing is kept. What [`Core::perform`] refuses is refused
    /// here too, without going on record.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn rehearse<T: Send + 'static>(
        self: &Arc<Self>,
        caller: &Caller,
        work: impl for<'t> Fn(Series<'t>) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    ) -> Result<T> {
        let now = self.now();
        let (core, caller, work) = (self.clone(), Arc::new(caller.clone()), Arc::new(work));
        self.store
            .rehearse(move |tx| {
                let (core, caller, work) = (core.clone(), caller.clone(), work.clone());
                Box::pin(async move {
                    tx.mark().await?;
                    work(Series { tx, core, caller, now, noted: Arc::default() }).await
                })
            })
            .await
    }

    /// Runs calls as `work` likes, in one transaction that is committed if `work` gives `Ok`. If it gives an error, nothing of
    /// any of them is kept; a refusal goes on record.
    ///
    /// As every transaction it may run again, so `work` has no effect outside it.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn perform_all<T: Send + 'static>(
        self: &Arc<Self>,
        caller: &Caller,
        work: impl for<'t> Fn(Series<'t>) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    ) -> Result<T> {
        let now = self.now();
        let noted: Arc<Mutex<Noted>> = Arc::default();
        let (core, caller, work) = (self.clone(), Arc::new(caller.clone()), Arc::new(work));
        let (inner_caller, inner_noted) = (caller.clone(), noted.clone());
        let result = self
            .store
            .write(move |tx| {
                let (core, caller, work) = (core.clone(), inner_caller.clone(), work.clone());
                let noted = inner_noted.clone();
                Box::pin(async move {
                    *noted.lock() = Noted::default();
                    work(Series { tx, core, caller, now, noted }).await
                })
            })
            .await;
        let Noted { actor, refused } = std::mem::take(&mut *noted.lock());
        match &result {
            Ok(_) => actor.iter().for_each(|actor| self.credential_used(actor, &caller)),
            Err(error) => {
                self.credential_refused(&caller, error);
                if let Some((call, decision)) = refused {
                    self.record_refusal(&caller, &call, &decision, now).await;
                }
            }
        }
        result
    }
}
