//! A hub goes on with what the storage has.

use crate::{
    arcp::runtime::{
        flow_control::{Attached, Conn},
        job::{End, Failure, Job},
        ArcpCode, Hub, Time,
    },
    json::Members,
};

impl Hub {
    /// A socket is still there. Gives whether its session is.
    pub(in super::super) fn reattached(&mut self, conn: u32, attachment: &str) -> bool {
        let Some(attached) = Attached::read(attachment) else { return false };
        let Some(session) = self.sessions.get_mut(&attached.session).filter(|session| session.conn.is_none()) else {
            return false;
        };
        session.conn = Some(conn);
        session.ends_at = None;
        let all = session.buffer.last();
        session.buffer.rewind(attached.sent.map_or(all, |(sent, ..)| sent.clamp(session.buffer.freed(), all)));
        let mut own = Conn::new(conn, &attached.session, attached.is_paced);
        if let (Some(sizes), Some((_, frames, bytes))) = (&mut own.unread, attached.sent) {
            // Which of them are how long isn't known any more.
            let frames = frames.min(bytes);
            sizes.extend((0..frames).map(|at| bytes / frames + usize::from(at < bytes % frames)));
            own.unread_bytes = bytes;
        }
        own.attached = Some(attached);
        self.conns.push(own);
        true
    }

    /// Everything was read, and whoever is still there has come back.
    pub(in super::super) fn restored(&mut self, now: Time) {
        for (id, numbers) in std::mem::take(&mut self.numbers) {
            if let Some(job) = self.jobs.get_mut(&id) {
                number(job, &numbers);
            }
        }
        self.tidy(now);
        self.watch(self.is_stored);
        self.is_due_no_more();
        let window = self.limits.resume_window;
        let sessions: Vec<String> = self.sessions.values().map(|session| session.id.clone()).collect();
        for id in &sessions {
            let Some(session) = self.sessions.get_mut(id).filter(|session| session.conn.is_none()) else { continue };
            // What it was sent is not known.
            session.buffer.rewind(session.buffer.freed());
            let latest = now.plus(window);
            session.ends_at = Some(session.ends_at.map_or(latest, |at| at.min(latest)));
        }
        // What ends now is for nobody who has not been asked about.
        self.hold_watchers();
        for id in self.jobs.values().map(|job| job.id.clone()).collect::<Vec<_>>() {
            self.end_restored(&id, now);
        }
        self.trim_jobs(now);
        for id in sessions {
            if let Some(conn) = self.sessions.get(&id).and_then(|session| session.conn) {
                self.go_on(conn, &id, now);
            }
        }
        self.advance(now);
    }

    /// Whether it is noted what changes.
    pub(in super::super) fn watch(&mut self, is_watched: bool) {
        self.sessions.watch(is_watched);
        self.jobs.watch(is_watched);
        self.keys.watch(is_watched);
    }

    /// What is counted is counted, nobody stands where nothing is, and nothing was before it is: a clock may have been set back.
    fn tidy(&mut self, now: Time) {
        self.buffered = self.sessions.values().map(|session| session.buffer.all().bytes).sum();
        for id in self.jobs.values().map(|job| job.id.clone()).collect::<Vec<_>>() {
            let Some(job) = self.jobs.get_mut(&id) else { continue };
            job.last_seq = job.last_seq.max(job.history.last_seq());
            job.history.settle();
            if let Some((_, at)) = &mut job.end {
                *at = (*at).min(now);
            }
            let ((gone, _), count) = (job.history.gone(), job.history.count());
            for follower in &mut job.followers {
                follower.position.next = follower.position.next.clamp(gone, count);
            }
        }
        self.keys.came_before(now);
        self.kept = self.jobs.values().map(Job::bytes).sum();
    }

    /// A run does not survive; nor is there a success whose result is gone.
    fn end_restored(&mut self, id: &str, now: Time) {
        let Some(job) = self.jobs.get(id) else { return };
        let has_text = job.chunks.as_ref().is_some_and(|chunks| chunks.text.is_some());
        let has_result = job.stored.as_ref().is_some_and(|stored| stored.has_result);
        match &job.end {
            None if job.cancelled_until.is_some() => self.finish(id, End::Cancelled, None, now),
            None => {
                let mut failure = Failure::of(ArcpCode::InternalError);
                "The runtime was restarted while the job ran".clone_into(&mut failure.message);
                failure.is_retryable = true;
                failure.details = Some(Members::new().text("reason", "runtime_restarted").end());
                self.finish(id, End::Failed(failure), None, now);
            }
            Some((End::Success(result), _))
                if result.as_ref().map_or(has_text && !has_result, |result| result.is_empty()) =>
            {
                let mut failure = Failure::of(ArcpCode::InternalError);
                "The job has ended, and its result is no longer kept".clone_into(&mut failure.message);
                self.change(id, |job| {
                    if let Some((end, _)) = &mut job.end {
                        *end = End::Failed(failure);
                    }
                });
            }
            Some(_) => {}
        }
    }
}

/// The numbers that events have got after they were written.
fn number(job: &mut Job, text: &str) {
    let mut parts = text.split(' ');
    let mut next = || parts.next()?.parse::<u64>().ok();
    while let (Some(first), Some(seq), Some(count)) = (next(), next(), next()) {
        // As many as there can be.
        for at in 0..count.min(job.history.count()) {
            if let Ok(seq) = i64::try_from(seq.saturating_add(at)) {
                job.history.number(first.saturating_add(at), seq);
            }
        }
    }
}
