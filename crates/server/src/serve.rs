//! The server: the surfaces, health, metrics, workers, and a shutdown that finishes what runs.

use crate::{
    config::Config,
    demo,
    metrics::{self, Metrics},
};
use axum::{Router, extract::State, http::StatusCode, routing::get};
use std::{collections::HashMap, future::IntoFuture, net::SocketAddr, sync::Arc, time::Duration};
use stoa_kernel::{
    Error, Result, Store, Time,
    door::Core,
    store::jobs::{self, Periodic, Runner},
};
use tokio::sync::watch;

/// How long running requests may take to finish after the signal to stop.
const GRACE: Duration = Duration::from_secs(20);

/// Serves until a signal to stop comes, then finishes what runs.
///
/// # Errors
/// Unavailable, with a sentence, if the address can't be served on.
pub async fn serve(core: Arc<Core>, config: &Config, announce_people: bool) -> Result<()> {
    let listener = tokio::net::TcpListener::bind(config.listen)
        .await
        .map_err(|error| Error::Unavailable(format!("The address {} can't be served on: {error}", config.listen)))?;
    let address = listener.local_addr().unwrap_or(config.listen);
    let (stop, stopped) = watch::channel(false);
    let worker = tokio::spawn(work(core.clone(), stopped.clone()));
    tracing::info!(%address, database = %core.store.engine(), "serving");
    if announce_people {
        println!("Stoa serves on http://{address}/  (API at /api/, its description at /api/docs/)\n");
        demo::print_people();
    }
    let app = app(core.clone(), config);
    let mut signal = stopped.clone();
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        let _ = stream.set_nodelay(true);
    });
    let server = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).with_graceful_shutdown(
        async move {
            let _ = signal.wait_for(|stopped| *stopped).await;
        },
    );
    let mut server = tokio::spawn(server.into_future());
    tokio::select! {
        ended = &mut server => {
            return Err(Error::Unavailable(format!("The server ended: {ended:?}")));
        }
        () = signal_to_stop() => {}
    }
    tracing::info!("stopping; running requests are finished");
    let _ = stop.send(true);
    if tokio::time::timeout(GRACE, server).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
    let _ = tokio::time::timeout(GRACE, worker).await;
    if let Err(error) = stoa_tenancy::data_access::flush(&core).await {
        tracing::warn!(%error, "who read whose profile was not recorded");
    }
    if let Err(error) = stoa_tenancy::uses::flush(&core).await {
        tracing::warn!(%error, "what was used was not recorded");
    }
    core.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// The whole application: the surfaces, `/healthz`, `/readyz` and `/metrics`.
pub fn app(core: Arc<Core>, config: &Config) -> Router {
    let metrics = Metrics::new(core.clone());
    let settings = stoa_waldur::wire::Settings {
        public_url: config.public_url.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        ..Default::default()
    };
    let surface = stoa_waldur::wire::Surface::new(core.clone(), settings);
    let own = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/media/{name}/", get(crate::media::show))
        .with_state(core)
        .route("/metrics", get(metrics::show).with_state(metrics.clone()));
    let api = stoa_waldur::wire::router(Arc::new(surface));
    own.merge(stoa_pages::router(api.clone()))
        .fallback_service(stoa_pages::not_found(api.clone()))
        .merge(api)
        .layer(axum::middleware::from_fn_with_state(metrics, metrics::measure))
}

async fn ready(State(core): State<Arc<Core>>) -> (StatusCode, &'static str) {
    match core.store.ping().await {
        Ok(()) => (StatusCode::OK, "ready"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer"),
    }
}

/// Runs jobs that are due, until the signal to stop.
async fn work(core: Arc<Core>, mut stopped: watch::Receiver<bool>) {
    let runner = runner(&core);
    loop {
        if let Err(error) = runner.run_due(core.now()).await {
            tracing::warn!(%error, "jobs could not be run");
        }
        // Each node writes what gathered in its own memory, so this is no job that one node does for all.
        if let Err(error) = stoa_tenancy::uses::flush(&core).await {
            tracing::warn!(%error, "what was used is not recorded yet");
        }
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            () = tokio::time::sleep(Duration::from_secs(2)) => {}
        }
    }
}

/// Every job of every area.
pub fn runner(core: &Arc<Core>) -> Runner {
    let (store, clock) = (core.store.clone(), core.clock.clone());
    let mut runner = Runner { store, clock, handlers: HashMap::new(), periodic: Vec::new() };
    stoa_tenancy::jobs(core, &mut runner);
    stoa_identity::jobs(core, &mut runner);
    stoa_market::jobs(core, &mut runner);
    stoa_support::jobs(core, &mut runner);
    runner.periodic.push(Periodic { kind: "jobs.purge", every_seconds: 86_400 });
    runner.handlers.insert("jobs.purge", Arc::new(|db, _, now| Box::pin(purge(db, now))));
    runner
}

/// Removes the jobs that were done a week ago: what comes every few seconds would fill the table.
async fn purge(db: Store, now: Time) -> Result<()> {
    jobs::purge(&db, now.plus_seconds(-7 * 86_400)).await.map(drop)
}

async fn signal_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        }
        // Without signals the server runs until it is killed.
        _ => std::future::pending().await,
    }
}
