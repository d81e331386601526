//! The one place for colours, line widths and dashes, light and dark.
//!
//! The first push is blue, and push has the thickest lines; pull has warm colours; the control is grey. Where two hues of a family come
//! near each other for somebody without red or green cones, their lines differ in dashes as well, and everything is labelled directly:
//! no chart tells by colour alone.

use plotters::style::RGBColor;

use crate::measure::recording::{ContenderRecord, Direction};

/// What a picture lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Theme {
    /// White ground.
    Light,
    /// Nearly black ground.
    Dark,
}

impl Theme {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// `light`, `dark`: as file names have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Its colours.
    pub fn palette(self) -> &'static Palette {
        match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
        }
    }
}

/// The colours of a theme. No two are the same, so that a page may replace each by a variable of its own.
pub struct Palette {
    /// The ground.
    pub ground: RGBColor,
    /// Titles, names, values.
    pub ink: RGBColor,
    /// Subtitles, ticks, foot.
    pub soft: RGBColor,
    /// Grid lines.
    pub grid: RGBColor,
    /// What must not be overlooked.
    pub warning: RGBColor,
    /// Push, in the scenario's order.
    pub push: [RGBColor; 4],
    /// Pull, in the scenario's order.
    pub pull: [RGBColor; 6],
    /// The harness's own zero line.
    pub control: RGBColor,
}

impl Palette {
    /// Every colour with the name of its role: `ground`, `ink`, … `push-1`, `pull-1`, … `control`. The names are the same in
    /// both themes, so that one inline SVG can serve both: replace each value by `var(--name)`.
    pub fn colours(&self) -> Vec<(String, String)> {
        let single =
            [("ground", self.ground), ("ink", self.ink), ("soft", self.soft), ("grid", self.grid), ("warning", self.warning), ("control", self.control)];
        let numbered = |name: &'static str, colours: &[RGBColor]| -> Vec<(String, RGBColor)> {
            colours.iter().enumerate().map(|(index, colour)| (format!("{name}-{}", index + 1), *colour)).collect()
        };
        let single = single.into_iter().map(|(name, colour)| (name.to_owned(), colour));
        single.chain(numbered("push", &self.push)).chain(numbered("pull", &self.pull)).map(|(name, colour)| (name, hex(colour))).collect()
    }
}

/// As SVG has it: `#0060A0`.
pub fn hex(colour: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2)
}

/// How a contender is drawn, in every chart alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Of line, bar, dot and name.
    pub colour: RGBColor,
    /// Of its line, in pixels at 1600 × 900.
    pub width: f64,
    /// Lengths of dash and gap in turn, in pixels at 1600 × 900; empty for a solid line.
    pub dash: &'static [f64],
}

/// Dashes and gaps in turn; the first is solid.
const DASHES: [&[f64]; 9] =
    [&[], &[14.0, 7.0], &[3.0, 6.0], &[16.0, 6.0, 3.0, 6.0], &[28.0, 8.0], &[16.0, 5.0, 3.0, 5.0, 3.0, 5.0], &[7.0, 5.0], &[3.0, 14.0], &[28.0, 6.0, 9.0, 6.0]];
const DOTTED: &[f64] = DASHES[2];

/// Which of [`DASHES`] each hue begins with: another one than the hues that it may be taken for. The third push is near the first, the fourth near
/// both, and the fourth pull near the first.
const PUSH_DASHES: [usize; 4] = [0, 0, 1, 2];
const PULL_DASHES: [usize; 6] = [0, 0, 0, 1, 0, 0];

/// The look of a contender among all those of a recording: it depends on the scenario's order only, so that a contender
/// looks the same in every chart.
pub fn look(theme: Theme, all: &[ContenderRecord], name: &str) -> Look {
    let palette = theme.palette();
    let Some(contender) = all.iter().find(|contender| contender.name == name) else {
        return Look { colour: palette.control, width: 2.5, dash: DOTTED };
    };
    let place = all.iter().filter(|other| other.direction == contender.direction).take_while(|other| other.name != name).count();
    let (hues, dashes, width): (&[RGBColor], &[usize], f64) = match contender.direction {
        Direction::Push => (&palette.push, &PUSH_DASHES, 5.5),
        Direction::Pull => (&palette.pull, &PULL_DASHES, 3.5),
        Direction::Control => return Look { colour: palette.control, width: 2.5, dash: DOTTED },
    };
    // When hues come again, so do they with dashes that none of them has had.
    let stride = dashes.iter().max().map_or(1, |most| most + 1);
    let (hue, turn) = (place % hues.len(), place / hues.len());
    Look { colour: hues[hue], width, dash: DASHES[(dashes[hue] + turn * stride) % DASHES.len()] }
}

const fn rgb(value: u32) -> RGBColor {
    RGBColor((value >> 16) as u8, (value >> 8) as u8, value as u8)
}

static LIGHT: Palette = Palette {
    ground: rgb(0xFF_FF_FF),
    ink: rgb(0x14_18_20),
    soft: rgb(0x58_61_6C),
    grid: rgb(0xE1_E4_E8),
    warning: rgb(0xB3_1D_28),
    push: [rgb(0x00_60_A0), rgb(0x00_86_8B), rgb(0x4F_4F_C4), rgb(0x2F_8F_E0)],
    pull: [rgb(0xD5_5E_00), rgb(0x6E_3A_00), rgb(0xC4_64_9F), rgb(0xB0_82_00), rgb(0x8F_1D_4F), rgb(0xE0_70_66)],
    control: rgb(0x7A_82_8C),
};

static DARK: Palette = Palette {
    ground: rgb(0x0D_11_17),
    ink: rgb(0xF0_F3_F6),
    soft: rgb(0xA0_A9_B4),
    grid: rgb(0x2A_31_3A),
    warning: rgb(0xFF_8A_80),
    push: [rgb(0x62_C0_F5), rgb(0x3F_D3_C4), rgb(0xA3_A8_FF), rgb(0x2F_8D_E4)],
    pull: [rgb(0xFF_7A_30), rgb(0xFF_D9_8F), rgb(0xC8_6B_A5), rgb(0xC9_9A_2E), rgb(0xF5_B8_D9), rgb(0xE0_5A_5A)],
    control: rgb(0x7D_87_92),
};

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(colour: RGBColor) -> f64 {
        let linear = |part: u8| {
            let share = f64::from(part) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.0) + 0.7152 * linear(colour.1) + 0.0722 * linear(colour.2)
    }

    fn contrast(one: RGBColor, two: RGBColor) -> f64 {
        let (one, two) = (luminance(one) + 0.05, luminance(two) + 0.05);
        one.max(two) / one.min(two)
    }

    #[test]
    fn everything_stands_out_from_its_ground() {
        for theme in Theme::ALL {
            let palette = theme.palette();
            // WCAG 2.1: 4.5 for small text, 3 for large text and graphics.
            for colour in [palette.ink, palette.soft, palette.warning] {
                assert!(contrast(colour, palette.ground) >= 4.5, "{theme:?} {}", hex(colour));
            }
            for colour in palette.push.iter().chain(&palette.pull).chain([&palette.control]) {
                assert!(contrast(*colour, palette.ground) >= 3.0, "{theme:?} {} has {}", hex(*colour), contrast(*colour, palette.ground));
            }
        }
    }

    #[test]
    fn colours_are_all_different_and_named_alike() {
        for theme in Theme::ALL {
            let mut values: Vec<String> = theme.palette().colours().into_iter().map(|(_, value)| value).collect();
            values.sort();
            values.dedup();
            assert_eq!(values.len(), 16);
        }
        let names = |theme: Theme| theme.palette().colours().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(Theme::Light), names(Theme::Dark));
    }

    /// A colour as somebody sees it who has all cones, no red or no green ones (Machado, Oliveira, Fernandes 2009: in linear light), in CIELAB.
    fn seen(colour: RGBColor, cones: [[f64; 3]; 3]) -> [f64; 3] {
        let linear = |part: u8| {
            let share = f64::from(part) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        let light = [colour.0, colour.1, colour.2].map(linear);
        let sum = |row: [f64; 3]| row.iter().zip(light).map(|(part, light)| part * light).sum::<f64>();
        let light = cones.map(|row| sum(row).clamp(0.0, 1.0));
        let sum = |row: [f64; 3]| row.iter().zip(light).map(|(part, light)| part * light).sum::<f64>();
        // sRGB to CIE XYZ, in multiples of the white D65.
        let [x, y, z] = [sum([0.412_4, 0.357_6, 0.180_5]) / 0.950_47, sum([0.212_6, 0.715_2, 0.072_2]), sum([0.019_3, 0.119_2, 0.950_5]) / 1.088_83]
            .map(|part| if part > 0.008_856 { part.cbrt() } else { 7.787 * part + 16.0 / 116.0 });
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    /// How far apart two colours are for whoever sees them nearest.
    fn distance(one: RGBColor, two: RGBColor) -> f64 {
        const ALL_CONES: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        const NO_RED: [[f64; 3]; 3] = [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]];
        const NO_GREEN: [[f64; 3]; 3] = [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]];
        let apart = |cones| seen(one, cones).iter().zip(seen(two, cones)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        [ALL_CONES, NO_RED, NO_GREEN].into_iter().map(apart).fold(f64::INFINITY, f64::min)
    }

    /// A difference in CIELAB that nobody overlooks; 2.3 can just be seen (Mahy, Van Eycken, Oosterlinck 1994).
    const FAR: f64 = 22.0;

    #[test]
    fn twelve_contenders_can_be_told_apart_without_red_or_green_cones() {
        for theme in Theme::ALL {
            // All mixtures of push and pull.
            for pushes in 0..=12 {
                let direction = |place| if place < pushes { Direction::Push } else { Direction::Pull };
                let contender = |place: usize| ContenderRecord {
                    name: place.to_string(),
                    mechanism: String::new(),
                    direction: direction(place),
                    settings: std::collections::BTreeMap::new(),
                };
                let all: Vec<ContenderRecord> = (0..12).map(contender).collect();
                let looks: Vec<Look> = all.iter().map(|contender| look(theme, &all, &contender.name)).collect();
                for (place, one) in looks.iter().enumerate() {
                    for two in &looks[place + 1..] {
                        let told = distance(one.colour, two.colour) > FAR || one.dash != two.dash || one.width != two.width;
                        assert!(told, "{theme:?}, {pushes} push: {one:?} and {two:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_first_of_both_sides_differ_by_colour_alone() {
        for theme in Theme::ALL {
            let palette = theme.palette();
            let colours = [palette.push[0], palette.pull[0], palette.pull[1]];
            for (place, one) in colours.iter().enumerate() {
                for two in &colours[place + 1..] {
                    assert!(distance(*one, *two) > FAR, "{theme:?}: {} and {}", hex(*one), hex(*two));
                }
            }
            assert!(distance(palette.pull[0], palette.pull[3]) < FAR, "the measure sees what the dashes are for");
        }
    }
}
