//! Sockets that have said nothing. The platform puts a message together before anybody sees a byte of it, up to 32 MB, so a socket
//! without a word may hold as much: of those that have been silent for a while there are few, so many in all and a quarter of them
//! from one address, and the oldest go. Nobody is kept out by them.

/// The silent sockets, in the order in which they came.
#[derive(Debug)]
pub(super) struct Silent {
    most: usize,
    sockets: Vec<Socket>,
}

#[derive(Debug)]
struct Socket {
    conn: u32,
    key: Box<str>,
    /// It has been silent for a while.
    is_old: bool,
}

impl Silent {
    pub(super) const fn new(most: usize) -> Self {
        Self { most, sockets: Vec::new() }
    }

    pub(super) fn begin(&mut self, conn: u32, key: &str) {
        self.sockets.push(Socket { conn, key: key.into(), is_old: false });
    }

    pub(super) fn end(&mut self, conn: u32) {
        self.sockets.retain(|socket| socket.conn != conn);
    }

    /// It has been silent for a while. Gives the one that goes for it.
    #[must_use]
    pub(super) fn age(&mut self, conn: u32) -> Option<u32> {
        let socket = self.sockets.iter_mut().find(|socket| socket.conn == conn)?;
        socket.is_old = true;
        let key = socket.key.clone();
        let old = || self.sockets.iter().filter(|socket| socket.is_old);
        let own = || old().filter(|socket| socket.key == key);
        let gone = if own().count() > self.most.div_ceil(4) {
            own().next()
        } else if old().count() > self.most {
            old().next()
        } else {
            None
        };
        let gone = gone.map(|socket| socket.conn)?;
        self.end(gone);
        Some(gone)
    }

    /// The oldest of this key, which could go for another one.
    pub(super) fn first(&self, key: &str) -> Option<u32> {
        self.sockets.iter().find(|socket| &*socket.key == key).map(|socket| socket.conn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_those_who_say_nothing_for_a_while_there_are_few_and_the_oldest_go() {
        let mut silent = Silent::new(8);
        for conn in [1, 2, 3] {
            silent.begin(conn, "a");
        }
        assert_eq!((silent.first("a"), silent.first("b")), (Some(1), None));
        assert_eq!([1, 2, 3].map(|conn| silent.age(conn)), [None, None, Some(1)], "a quarter from one address");
        silent.end(2);
        silent.begin(4, "a");
        assert_eq!(silent.age(4), None, "who has said something is none of them");
        assert_eq!([silent.age(2), silent.age(1)], [None, None]);
        for conn in 10..16 {
            silent.begin(conn, &format!("b{conn}"));
            assert_eq!(silent.age(conn), None);
        }
        silent.begin(20, "c");
        assert_eq!(silent.age(20), Some(3), "of all, the oldest");
        for conn in 30..1030 {
            silent.begin(conn, "f");
        }
        assert_eq!(silent.first("f"), Some(30), "who has just come is on the way to a hello");
    }
}
