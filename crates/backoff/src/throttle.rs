use std::time::{Duration, Instant};

/// Which of many equal events are worth a line of a log: the first, and later ones when a minute, ten
/// minutes, and each further hour have passed since the first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Throttle {
    first: Option<Instant>,
    said: u32,
    unsaid: u64,
}

/// What an event's line says about those that had none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Events since the last line, this one not counted.
    pub unsaid: u64,
    /// How long ago the first one was.
    pub since: Duration,
}

impl Throttle {
    /// Notes an event, and says whether it is worth a line.
    pub fn note(&mut self, now: Instant) -> Option<Due> {
        let first = *self.first.get_or_insert(now);
        let since = now.saturating_duration_since(first);
        if since < said_at(self.said) {
            self.unsaid += 1;
            return None;
        }
        // Lines that nobody could have asked for are not made up for.
        while said_at(self.said) <= since {
            self.said += 1;
        }
        Some(Due { unsaid: std::mem::take(&mut self.unsaid), since })
    }

    /// The trouble is over. Returns what there was of it, if there was some.
    pub fn over(&mut self, now: Instant) -> Option<Due> {
        let over = std::mem::take(self);
        let since = now.saturating_duration_since(over.first?);
        Some(Due { unsaid: over.unsaid, since })
    }
}

/// When the line after so many is due, since the first event.
fn said_at(said: u32) -> Duration {
    Duration::from_secs(match said {
        0 => 0,
        1 => 60,
        2 => 600,
        hours => 3600 * (u64::from(hours) - 2),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_events_is_four_lines() {
        let start = Instant::now();
        let mut throttle = Throttle::default();
        let lines: Vec<(u64, u64)> = (0..=3600)
            .filter_map(|second| {
                let due = throttle.note(start + Duration::from_secs(second))?;
                Some((second, due.unsaid))
            })
            .collect();
        assert_eq!(lines, [(0, 0), (60, 59), (600, 539), (3600, 2999)]);
        let over = throttle.over(start + Duration::from_secs(3601));
        assert_eq!(over, Some(Due { unsaid: 0, since: Duration::from_secs(3601) }));
        assert_eq!(throttle.over(start), None);
        assert!(throttle.note(start + Duration::from_secs(9999)).is_some(), "the next trouble is news again");
    }
}
