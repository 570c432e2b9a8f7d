//! Streams of the storage are read: sessions' frames, jobs' events and results.

use crate::{
    arcp::runtime::{changes::ALL, job::End, log::LogEntry, Hub},
    json,
};

/// The numbers of the first and the last entry.
type Ends = (i64, i64);

impl Hub {
    /// Entries of a stream, in the order of their numbers; the rows of the tables are there.
    pub(in super::super) fn restore_log(&mut self, stream: &str, first: i64, last: i64, text: &str) {
        let count = last.checked_sub(first).and_then(|count| usize::try_from(count).ok());
        let entries = LogEntry::read(text).filter(|entries| count == entries.len().checked_sub(1));
        if first < 1 || last < first || last > ALL {
            self.unreadable("log");
            return self.stray.dropped.push((stream.to_owned(), ALL));
        }
        if entries.is_none() {
            self.unreadable("log");
        }
        let is_known = match stream.strip_suffix(".result") {
            Some(job) => self.restore_result(job, text.len(), entries.as_deref()),
            None if stream.starts_with("sess_") => {
                self.restore_frames(stream, (first, last), text.len(), entries.as_deref())
            }
            None => self.restore_events(stream, (first, last), text.len(), entries.as_deref()),
        };
        if is_known.is_none() {
            self.stray.dropped.push((stream.to_owned(), ALL));
        }
    }

    fn restore_frames(
        &mut self,
        id: &str,
        (first, last): Ends,
        bytes: usize,
        entries: Option<&[LogEntry<'_>]>,
    ) -> Option<()> {
        let session = self.sessions.get_mut(id)?;
        let stored = session.stored.as_mut()?;
        if last < stored.log.last() && stored.log.has_rows() {
            return Some(());
        }
        stored.log.add(last, bytes);
        let freed = session.buffer.freed();
        if first > session.buffer.last().saturating_add(1) && first > freed {
            // Something is missing: nobody can be sent what comes before.
            session.buffer.restart(first - 1);
        }
        let Some(entries) = entries else {
            session.buffer.restart(last.max(freed));
            return Some(());
        };
        for (seq, entry) in (first..).zip(entries) {
            let (job_id, frame) = entry.texts;
            let event = entry.number.and_then(|event| u64::try_from(event).ok());
            if seq > session.buffer.last() {
                session.buffer.push(job_id, event, frame.into(), || entry.flag);
            }
            let follower = self.jobs.get_mut(job_id).and_then(|job| {
                let row = job.stored.as_ref()?.followers.iter().find(|row| row.session == id && seq > row.seq);
                row.and_then(|_| job.followers.iter_mut().find(|follower| follower.session == id))
            });
            if let (Some(follower), Some(event)) = (follower, event) {
                // How far it has got.
                follower.position.next = event.saturating_add(1);
                follower.given = seq;
            }
        }
        Some(())
    }

    fn restore_events(
        &mut self,
        id: &str,
        (first, last): Ends,
        bytes: usize,
        entries: Option<&[LogEntry<'_>]>,
    ) -> Option<()> {
        let job = self.jobs.get_mut(id)?;
        let stored = job.stored.as_mut()?;
        let (before, end) = (u64::try_from(first.checked_sub(1)?).ok()?, u64::try_from(last).ok()?);
        if last < stored.log.last() && stored.log.has_rows() {
            return Some(());
        }
        stored.log.add(last, bytes);
        let (_, gone_seq) = job.history.gone();
        if before > job.history.count() {
            job.history.restart(before, gone_seq);
        }
        let Some(entries) = entries else {
            job.history.restart(end, gone_seq);
            return Some(());
        };
        for (at, entry) in (before..).zip(entries) {
            if at < job.history.count() {
                continue;
            }
            let (kind, payload) = entry.texts;
            job.history.push(kind, &payload.into());
            if let Some(seq) = entry.number {
                job.history.number(at, seq);
            }
        }
        Some(())
    }

    fn restore_result(&mut self, id: &str, bytes: usize, entries: Option<&[LogEntry<'_>]>) -> Option<()> {
        let job = self.jobs.get_mut(id)?;
        let stored = job.stored.as_mut()?;
        stored.result_bytes = bytes;
        let [LogEntry { texts: (_, text), .. }] = entries? else { return None };
        // It goes into a frame as it is.
        let Ok(value) = json::parse(text.as_bytes()) else {
            self.unreadable("log");
            return None;
        };
        match (&mut job.end, &mut job.chunks) {
            (Some((End::Success(Some(result)), _)), _) => *result = (*text).into(),
            (Some((End::Success(None), _)), Some(chunks)) => chunks.text = Some(value.as_str()?.to_owned()),
            _ => return None,
        }
        stored.has_result = true;
        Some(())
    }
}
