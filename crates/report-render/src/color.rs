//! The colours of frames: by name, or by what changed.

use std::fmt;

use profile_model::FlameNode;

/// A colour in the HSL space: degrees, percent, percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Color {
    hue: u16,
    saturation: u8,
    lightness: u8,
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hsl({},{}%,{}%)", self.hue, self.saturation, self.lightness)
    }
}

/// From amber over green to teal: neither the red nor the blue that mean a change. All light enough
/// for black text.
const HUES: std::ops::Range<u32> = 35..190;

impl Color {
    /// What no name or change gives a colour.
    pub(crate) const NEUTRAL: Self = Self { hue: 0, saturation: 0, lightness: 86 };

    /// The colour of a function: always the same for the same name.
    pub(crate) fn of_name(name: &str) -> Self {
        let hash = fnv(name.as_bytes());
        let hue = HUES.start + hash % (HUES.end - HUES.start);
        Self {
            hue: hue as u16,
            saturation: 45 + (hash >> 16 & 15) as u8,
            lightness: 70 + (hash >> 24 & 7) as u8,
        }
    }

    /// The colour of a change: red where a node grew, blue where it shrank, stronger for a larger
    /// share of what it was before.
    pub(crate) fn of_change(node: &FlameNode) -> Self {
        Self::of_sums(node.cumulative, node.diff)
    }

    /// The colour of a change to a value.
    pub(crate) fn of_sums(value: i64, diff: i64) -> Self {
        let lightness = (92.0 - 37.0 * change_share(value, diff).abs()) as u8;
        match diff {
            0 => Self::NEUTRAL,
            1.. => Self { hue: 5, saturation: 85, lightness },
            _ => Self { hue: 215, saturation: 85, lightness },
        }
    }

    /// The colour as Graphviz takes it: hue, saturation and value, each from 0 to 1.
    pub(crate) fn hsv(self) -> String {
        let (l, s) = (f32::from(self.lightness) / 100.0, f32::from(self.saturation) / 100.0);
        let value = l + s * l.min(1.0 - l);
        let saturation = if value == 0.0 { 0.0 } else { 2.0 * (1.0 - l / value) };
        format!("{:.3} {saturation:.3} {value:.3}", f32::from(self.hue) / 360.0)
    }

    /// The nearest of the 6 × 6 × 6 colours of terminals, which start at number 16.
    pub(crate) fn ansi(self) -> u8 {
        let (l, s) = (f32::from(self.lightness) / 100.0, f32::from(self.saturation) / 100.0);
        let spread = s * l.min(1.0 - l);
        let channel = |n: f32| {
            let k = (n + f32::from(self.hue) / 30.0) % 12.0;
            let value = l - spread * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
            (value * 5.0).round() as u8
        };
        16 + 36 * channel(0.0) + 6 * channel(8.0) + channel(4.0)
    }
}

/// A change as a share of what was before it, from -1 to 1; what is new has 1.
fn change_share(value: i64, diff: i64) -> f64 {
    let before = value as f64 - diff as f64;
    let share = if before == 0.0 { diff.signum() as f64 } else { diff as f64 / before.abs() };
    share.clamp(-1.0, 1.0)
}

/// FNV-1a: short, and the same everywhere and for ever.
fn fnv(bytes: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(16_777_619);
    let hash = bytes.iter().fold(2_166_136_261, step);
    hash ^ hash >> 15
}
