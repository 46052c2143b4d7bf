//! The colours of frames: by what they belong to, or by what changed. The page's `colours.js` has the same.

use std::fmt;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use profile_model::{FlameKind, FlameNode, NodeId};

use crate::names;
use crate::{Flame, NodeName};

/// A colour in the HSL space: degrees, percent, percent; light enough for black text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// Told apart by hue; neither alone means anything.
const HUES: [u16; 12] = [212, 28, 152, 262, 48, 336, 188, 92, 8, 300, 128, 232];
/// What grew, and what shrank.
const MORE: u16 = 8;
const LESS: u16 = 214;

impl Color {
    /// What no package or change gives a colour.
    pub(crate) const NEUTRAL: Self = Self::grey(1);

    const fn grey(step: u8) -> Self {
        Self { hue: 220, saturation: 14, lightness: 91 - 4 * step }
    }

    const fn of_hue(hue: u16) -> Self {
        Self { hue, saturation: 62, lightness: 84 }
    }

    /// The colour of a change: red where a node grew, blue where it shrank, stronger for a larger
    /// share of what it was or is.
    pub(crate) fn of_change(node: &FlameNode) -> Self {
        Self::of_sums(node.cumulative, node.diff)
    }

    /// The colour of a change to a value.
    pub(crate) fn of_sums(value: i64, diff: i64) -> Self {
        let change = change_share(value, diff);
        // What scaling and rounding leave is no change worth a colour.
        if change.abs() < LEAST_CHANGE {
            return Self::grey(0);
        }
        let size = change.abs().min(1.0).sqrt();
        let hue = if change > 0.0 { MORE } else { LESS };
        Self { hue, saturation: (70.0 + 16.0 * size) as u8, lightness: (94.0 - 28.0 * size) as u8 }
    }

    /// The colour on a dark ground, for white text.
    pub(crate) fn dark(self) -> Self {
        let Self { hue, saturation, lightness } = self;
        match saturation {
            14 => Self { hue, saturation: 8, lightness: 27 + (91 - lightness) * 5 / 4 },
            62 => Self { hue, saturation: 34, lightness: 33 },
            _ => {
                let size = f32::from(94_u8.saturating_sub(lightness)) / 28.0;
                Self { hue, saturation: (38.0 + 26.0 * size) as u8, lightness: (26.0 + 18.0 * size) as u8 }
            }
        }
    }

    /// The colour as Graphviz takes it: hue, saturation and value, each from 0 to 1.
    pub(crate) fn hsv(self) -> String {
        let (l, s) = (f32::from(self.lightness) / 100.0, f32::from(self.saturation) / 100.0);
        let value = l + s * l.min(1.0 - l);
        let saturation = if value == 0.0 { 0.0 } else { 2.0 * (1.0 - l / value) };
        format!("{:.3} {saturation:.3} {value:.3}", f32::from(self.hue) / 360.0)
    }

    /// The nearest of the 6 × 6 × 6 colours of terminals, which start at number 16; somewhat darker, as terminals have
    /// few light ones.
    pub(crate) fn ansi(self) -> u8 {
        let lightness = self.lightness.saturating_sub(10);
        let (l, s) = (f32::from(lightness) / 100.0, f32::from(self.saturation) / 100.0);
        let spread = s * l.min(1.0 - l);
        let channel = |n: f32| {
            let k = (n + f32::from(self.hue) / 30.0) % 12.0;
            let value = l - spread * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
            (value * 5.0).round() as u8
        };
        16 + 36 * channel(0.0) + 6 * channel(8.0) + channel(4.0)
    }
}

/// Below this share a change is none.
const LEAST_CHANGE: f64 = 1e-4;

/// Whether a change is worth a word: what scaling and rounding leave is not.
pub(crate) fn is_change(value: i64, diff: i64) -> bool {
    change_share(value, diff).abs() >= LEAST_CHANGE
}

/// A change as a share of the larger of what was before it and what is after it, from -1 to 1.
fn change_share(value: i64, diff: i64) -> f64 {
    let (after, diff) = (value as f64, diff as f64);
    let most = after.abs().max((after - diff).abs());
    if most == 0.0 { 0.0 } else { (diff / most).clamp(-1.0, 1.0) }
}

/// The colours of a tree, and what they mean.
pub(crate) struct Palette<'a> {
    by_name: HashMap<NodeName<'a>, Color, RandomState>,
    /// Package, colour and flat share of the whole, the largest first; none in a comparison.
    pub(crate) legend: Vec<(String, Color, f64)>,
    is_comparison: bool,
}

impl<'a> Palette<'a> {
    /// The largest packages choose first, by their name, so that one most often has the same colour in two pictures;
    /// what belongs to the system is grey.
    pub(crate) fn of(flame: &Flame<'a>) -> Self {
        let mut palette =
            Self { by_name: HashMap::default(), legend: Vec::new(), is_comparison: flame.is_comparison };
        if flame.is_comparison {
            return palette;
        }
        let (packages, sums) = packages(flame);
        let colors = colors(&sums);
        let whole = flame.whole as f64;
        for ((package, sum), color) in sums.iter().zip(&colors) {
            palette.legend.push((package.clone(), *color, if whole > 0.0 { sum / whole } else { 0.0 }));
        }
        palette.legend.retain(|(package, ..)| !package.is_empty());
        palette.legend.sort_by(|a, b| b.2.total_cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
        let mut buffer = String::new();
        let color = |(name, at): (NodeName<'a>, usize)| match sums[at].0.is_empty() {
            // Where nothing is known of them, functions are at least told apart.
            true => (name, Color::of_hue(HUES[fnv(name.text(&mut buffer).as_bytes()) as usize % HUES.len()])),
            false => (name, colors[at]),
        };
        palette.by_name = packages.into_iter().map(color).collect();
        palette
    }

    /// The colour of a node.
    pub(crate) fn color(&self, flame: &Flame<'a>, node: &FlameNode, id: NodeId) -> Color {
        match id {
            _ if self.is_comparison => Color::of_change(node),
            NodeId::ROOT => Color::NEUTRAL,
            _ => self.of_name(flame.name(node)),
        }
    }

    /// The colour of a function.
    pub(crate) fn of_name(&self, name: NodeName<'a>) -> Color {
        self.by_name.get(&name).copied().unwrap_or(Color::NEUTRAL)
    }
}

/// The package of each name, as a position in the list of packages with the sums of what each did itself.
#[expect(clippy::type_complexity, reason = "two tables that refer to each other")]
fn packages<'a>(flame: &Flame<'a>) -> (Vec<(NodeName<'a>, usize)>, Vec<(String, f64)>) {
    let mut known: HashMap<NodeName<'a>, usize, RandomState> = HashMap::default();
    let mut positions: HashMap<String, usize, RandomState> = HashMap::default();
    let mut sums: Vec<(String, f64)> = Vec::new();
    let mut buffer = String::new();
    for node in flame.graph.nodes() {
        let FlameKind::Frame(frame) = &node.kind else { continue };
        let name = flame.name(node);
        let at = *known.entry(name).or_insert_with(|| {
            let string = |id: Option<_>| id.map_or("", |id| flame.symbols.string(id));
            let text = name.text(&mut buffer);
            let package = names::package(text, string(frame.function_file), string(frame.mapping_file));
            *positions.entry(package.clone()).or_insert_with(|| {
                sums.push((package, 0.0));
                sums.len() - 1
            })
        });
        sums[at].1 += node.flat.unsigned_abs() as f64;
    }
    (known.into_iter().collect(), sums)
}

/// A colour for each package.
fn colors(sums: &[(String, f64)]) -> Vec<Color> {
    let mut order: Vec<usize> = (0..sums.len()).collect();
    order.sort_by(|a, b| sums[*b].1.total_cmp(&sums[*a].1).then_with(|| sums[*a].0.cmp(&sums[*b].0)));
    let mut colors = vec![Color::grey(0); sums.len()];
    let (mut taken, mut systems) = ([false; HUES.len()], 0_u8);
    for at in order {
        let package = sums[at].0.as_str();
        if names::is_system(package) {
            colors[at] = Color::grey(systems.min(2));
            systems = systems.saturating_add(1);
        } else if !package.is_empty() {
            let mut slot = fnv(package.as_bytes()) as usize % HUES.len();
            if taken.contains(&false) {
                while taken[slot] {
                    slot = (slot + 1) % HUES.len();
                }
                taken[slot] = true;
            }
            colors[at] = Color::of_hue(HUES[slot]);
        }
    }
    colors
}

/// FNV-1a: short, and the same everywhere and for ever.
fn fnv(bytes: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(16_777_619);
    let hash = bytes.iter().fold(2_166_136_261, step);
    hash ^ hash >> 15
}
