/// What makes the two sides comparable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Normalise {
    /// Each value is a share of its side's whole: what changed is behaviour, not load.
    #[default]
    Share,
    /// Each value is divided by the length of its side's window.
    PerSecond,
    /// Values as they are.
    Nothing,
}

impl Normalise {
    /// How it is called in options and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::PerSecond => "second",
            Self::Nothing => "none",
        }
    }
}

/// A function on both sides.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Row {
    /// What it is called.
    pub name: String,
    /// The function's source file, or empty.
    pub file: String,
    /// What it did itself.
    pub flat: Pair,
    /// What it did and had done for it.
    pub cumulative: Pair,
    /// Whether base and compared have it at all, also where its values cancel out.
    pub(super) is_on: [bool; 2],
}

/// A value of each side, with what it takes to compare them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Pair {
    /// On the side that is compared with, in the unit of the profile.
    pub base: i64,
    /// On the side that is looked at, in the unit of the profile.
    pub compared: i64,
    pub(super) scale: Scale,
}

/// Wholes and lengths of both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) normalise: Normalise,
    pub(super) wholes: [i128; 2],
    pub(super) seconds: [f64; 2],
}

/// On which sides a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence {
    /// On both.
    Both,
    /// Only where it is looked at.
    New,
    /// Only where it is compared with.
    Gone,
}

impl Presence {
    /// How it is called in JSON; nothing of note is `both`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::New => "new",
            Self::Gone => "gone",
        }
    }
}

/// By how much something changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// In percentage points of the whole.
    Points(f64),
    /// In the unit of the profile per second.
    PerSecond(f64),
    /// In the unit of the profile.
    Value(i128),
}

impl Row {
    /// On which sides it is.
    pub fn presence(&self) -> Presence {
        match self.is_on {
            [false, _] => Presence::New,
            [_, false] => Presence::Gone,
            _ => Presence::Both,
        }
    }

    /// The larger of its shares on the two sides, in percent.
    pub fn largest_share(&self) -> f64 {
        let [base, compared] = self.cumulative.shares();
        base.abs().max(compared.abs()) * 100.0
    }
}

impl Pair {
    /// Base and compared as a share of their side's whole, where 1 is all of it.
    pub fn shares(&self) -> [f64; 2] {
        let share = |value: i64, whole: i128| if whole == 0 { 0.0 } else { value as f64 / whole as f64 };
        [share(self.base, self.scale.wholes[0]), share(self.compared, self.scale.wholes[1])]
    }

    /// The change of the share, in percentage points.
    pub fn points(&self) -> f64 {
        let [before, after] = self.scale.wholes;
        // Exact up to the division: 40 % to 50 % is 10 points and not 9.999999999999998.
        let product = |value: i64, whole: i128| i128::from(value).checked_mul(whole);
        match (product(self.compared, before), product(self.base, after), before.checked_mul(after)) {
            (Some(compared), Some(base), Some(both)) if both != 0 => {
                (compared - base) as f64 * 100.0 / both as f64
            }
            _ => {
                let [base, compared] = self.shares();
                (compared - base) * 100.0
            }
        }
    }

    /// By how much it changed, normalised as the comparison is.
    pub fn change(&self) -> Change {
        match self.scale.normalise {
            Normalise::Share => Change::Points(self.points()),
            Normalise::PerSecond => {
                let [base, compared] = self.rates();
                Change::PerSecond(compared - base)
            }
            Normalise::Nothing => Change::Value(i128::from(self.compared) - i128::from(self.base)),
        }
    }

    /// The values per second, in the unit of the profile.
    pub fn rates(&self) -> [f64; 2] {
        [self.base as f64 / self.scale.seconds[0], self.compared as f64 / self.scale.seconds[1]]
    }

    /// The change relative to the base, in percent, normalised as the comparison is; infinite where that is 0, and 0
    /// where both are.
    pub fn relative(&self) -> f64 {
        let [base, compared] = match self.scale.normalise {
            Normalise::Share => self.shares(),
            Normalise::PerSecond => self.rates(),
            Normalise::Nothing => [self.base as f64, self.compared as f64],
        };
        match base {
            0.0 if compared == 0.0 => 0.0,
            0.0 => f64::INFINITY.copysign(compared),
            base => (compared - base) / base.abs() * 100.0,
        }
    }

    /// What rows are ranked by: the change, as a number that grows with it.
    pub(super) fn weight(&self) -> f64 {
        match self.change() {
            Change::Points(number) | Change::PerSecond(number) => number,
            Change::Value(number) => number as f64,
        }
    }
}
