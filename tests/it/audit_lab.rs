//! What the tests of the sealed record share: a Lab that signs, and hands that meddle.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    ops::Deref,
    path::PathBuf,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};
use stoa_kernel::{Result, Val, vals};
use stoa_tenancy::audit::{
    Settings,
    export::export,
    jobs,
    rules::{Checkpoint, Event, PublicKey},
    store,
    verify::{Fault, Report, Verifier, published},
};
use stoa_testing::Lab;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A Lab that signs what it seals.
pub struct Sealed {
    lab: Lab,
    /// Where the key is, and where checkpoints go.
    pub settings: Settings,
    folder: PathBuf,
}

impl Deref for Sealed {
    type Target = Lab;

    fn deref(&self) -> &Lab {
        &self.lab
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The kinds of what was found.
pub fn faults(report: &Report) -> Vec<Fault> {
    if !report.findings.is_empty() {
        // For whoever reads why a test failed.
        println!("{:#?}", report.findings);
    }
    report.findings.iter().map(|one| one.fault).collect()
}

impl Sealed {
    /// With the usual settings.
    pub fn new(lab: Lab) -> Sealed {
        Sealed::with(lab, |_| {})
    }

    /// With other settings.
    pub fn with(lab: Lab, change: impl FnOnce(&mut Settings)) -> Sealed {
        Sealed::over(lab, change)
    }

    /// Over a Lab whose core has more in it already: that stays only if it is put in last.
    pub fn over(lab: Lab, change: impl FnOnce(&mut Settings)) -> Sealed {
        let name = format!("stoa-audit-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(name);
        let mut settings = Settings {
            key: folder.join("audit.key"),
            published: folder.join("checkpoints.jsonl"),
            every_events: 1000,
            every_minutes: 10,
        };
        change(&mut settings);
        let kept = lab.core.get::<stoa_tenancy::record::jobs::KeptDays>().copied().unwrap_or_default();
        let lab = lab.with(|core| core.with(settings.clone()).with(kept));
        Sealed { lab, settings, folder }
    }

    /// Does some things that are recorded.
    pub async fn work(&self, times: usize) {
        for _ in 0..times {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let acme = self.organization(&format!("Organization {number}")).await;
            self.project(&acme, &format!("Project {number}")).await;
        }
    }

    /// Puts many events on record at once.
    pub async fn many(&self, count: usize) {
        let columns =
            ["uuid", "created", "event_type", "action", "message", "context", "changes", "thing_id", "request_id"];
        let row = |at: usize| {
            let (uuid, now) = (self.core.clock.uuid(), self.core.now());
            vals![uuid, now, "x", "x.x", format!("Number {at}."), "{}", "[]", at as i64, "r"].to_vec()
        };
        self.core.store.bulk("events", &columns, (0..count).map(row).collect()).await.unwrap();
    }

    /// Lets the job come by when a checkpoint is due.
    pub async fn seal(&self) {
        self.advance(601);
        self.run_jobs().await;
    }

    /// Runs a statement behind the program's back.
    pub async fn run(&self, sql: &str) {
        let sql = sql.to_owned();
        let done = self.core.store.write(move |tx| {
            let sql = sql.clone();
            Box::pin(async move { tx.execute(&sql, &[]).await })
        });
        done.await.unwrap();
    }

    /// One number.
    pub async fn number(&self, sql: &str) -> i64 {
        self.core.store.query(sql, &[]).await.unwrap()[0].get(0).unwrap()
    }

    /// A column of numbers.
    pub async fn keys(&self, sql: &str) -> Vec<i64> {
        self.core.store.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0).unwrap()).collect()
    }

    /// What was published.
    pub fn published(&self) -> Vec<Checkpoint> {
        let text = fs::read_to_string(&self.settings.published).unwrap_or_default();
        let (read, wrong) = published(&text);
        assert!(wrong.is_empty(), "{wrong:?}");
        read
    }

    /// The lines of an export.
    pub async fn export(&self, from: i64) -> Vec<String> {
        self.try_export(from).await.unwrap()
    }

    /// The same, which may fail.
    pub async fn try_export(&self, from: i64) -> Result<Vec<String>> {
        let mut bytes = Vec::new();
        export(&self.core, from, &mut bytes).await?;
        Ok(String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect())
    }

    /// Verifies lines against what was published and these keys.
    pub fn check(&self, lines: &[String], keys: &[PublicKey]) -> Report {
        self.check_with(lines, self.published(), keys)
    }

    /// Verifies lines against nothing.
    pub fn check_alone(&self, lines: &[String]) -> Report {
        self.check_with(lines, Vec::new(), &[])
    }

    /// Verifies lines against these checkpoints and keys.
    pub fn check_with(&self, lines: &[String], published: Vec<Checkpoint>, keys: &[PublicKey]) -> Report {
        let mut verifier = Verifier::new(published, keys.to_vec());
        lines.iter().enumerate().for_each(|(at, line)| verifier.line(at + 1, line));
        verifier.finish()
    }

    /// Exports everything and verifies it.
    pub async fn verify(&self, keys: &[PublicKey]) -> Report {
        let lines = self.export(1).await;
        self.check(&lines, keys)
    }

    /// Makes all seals anew from what the events say now, as somebody could who has the database but not the key.
    pub async fn forge(&self) {
        let db = &self.core.store;
        let chain = store::end(db).await.unwrap().unwrap();
        let mut before = stoa_tenancy::audit::rules::genesis(&chain.installation);
        for (mut row, event) in store::seals(db, 0, i64::MAX, 100_000).await.unwrap() {
            let event: Event = event.unwrap();
            (row.seal.fixed, row.seal.told) = (event.fixed(), event.told(&row.salt.unwrap()));
            before = row.seal.hash(&before);
            let bytes = |hash: stoa_tenancy::audit::rules::Hash| Val::Bytes(hash.0.to_vec());
            let values = vals![bytes(row.seal.fixed), bytes(row.seal.told), bytes(before), row.seal.position];
            let done = db.write(move |tx| {
                let values = values.clone();
                Box::pin(async move {
                    let sql = "UPDATE audit_seals SET fixed = $1, told = $2, hash = $3 WHERE position = $4";
                    tx.execute(sql, &values).await
                })
            });
            done.await.unwrap();
        }
        let end = Val::Bytes(before.0.to_vec());
        let done = db.write(move |tx| {
            let end = end.clone();
            Box::pin(async move { tx.execute("UPDATE audit_chain SET hash = $1", &[end]).await })
        });
        done.await.unwrap();
    }

    /// Every event has one seal, and the positions have no gaps.
    pub async fn whole(&self) {
        jobs::seal(&self.core, true, usize::MAX).await.unwrap();
        let events = self.keys("SELECT id FROM events ORDER BY id").await;
        let mut sealed = self.keys("SELECT event_id FROM audit_seals WHERE kind = 'event' ORDER BY position").await;
        sealed.sort_unstable();
        assert_eq!(events, sealed);
        let positions = self.keys("SELECT position FROM audit_seals ORDER BY position").await;
        assert_eq!(positions, (1..=positions.len() as i64).collect::<Vec<_>>());
        assert_eq!(faults(&self.verify(&[]).await), []);
    }
}

const DATABASE: &str = "STOA_AUDIT_DATABASE";

/// Seals batch by batch, and says so, until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the part of a server that dies; run by the tests of the audit"]
async fn seals_until_it_is_killed() {
    let Ok(url) = env::var(DATABASE) else { return };
    let lab = Lab::again(&url).await;
    loop {
        let made = jobs::seal(&lab.core, false, 1).await.unwrap();
        println!("sealed {made}");
    }
}

/// Runs the sealer over a database and kills it after so many batches.
pub fn killed_after(batches: usize, url: &str) {
    let mut sealer = Command::new(env::current_exe().unwrap())
        .args(["--exact", "audit_lab::seals_until_it_is_killed", "--ignored", "--nocapture"])
        .env(DATABASE, url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(sealer.stdout.take().unwrap()).lines().map_while(std::result::Result::ok);
    let told = lines.filter(|line| line.starts_with("sealed ")).take(batches).count();
    sealer.kill().unwrap();
    sealer.wait().unwrap();
    assert_eq!(told, batches);
}
