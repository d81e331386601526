//! The one place for colours, line widths and dashes, light and dark.
//!
//! Push is always blue and the thickest line; pull is orange, brown and pink; the control is grey. Hues were chosen to stay
//! apart for colour-blind readers, and every line is labelled directly besides: no chart tells by colour alone.

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

/// Solid, dashed, dotted, dash and dot: for those beyond the number of hues.
const DASHES: [&[f64]; 4] = [&[], &[14.0, 7.0], &[3.0, 6.0], &[16.0, 6.0, 3.0, 6.0]];

/// The look of a contender among all those of a recording: it depends on the scenario's order only, so that a contender
/// looks the same in every chart.
pub fn look(theme: Theme, all: &[ContenderRecord], name: &str) -> Look {
    let palette = theme.palette();
    let Some(contender) = all.iter().find(|contender| contender.name == name) else {
        return Look { colour: palette.control, width: 2.5, dash: DASHES[2] };
    };
    let place = all.iter().filter(|other| other.direction == contender.direction).take_while(|other| other.name != name).count();
    let (hues, width): (&[RGBColor], f64) = match contender.direction {
        Direction::Push => (&palette.push, 5.5),
        Direction::Pull => (&palette.pull, 3.5),
        Direction::Control => return Look { colour: palette.control, width: 2.5, dash: DASHES[2] },
    };
    Look { colour: hues[place % hues.len()], width, dash: DASHES[place / hues.len() % DASHES.len()] }
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

    /// Machado, Oliveira, Fernandes 2009: what someone without red or green cones sees, in linear light.
    #[test]
    fn the_first_hues_stay_apart_without_red_or_green_cones() {
        let protan = [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]];
        let deutan = [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]];
        let seen = |colour: RGBColor, matrix: [[f64; 3]; 3]| {
            let linear = [colour.0, colour.1, colour.2].map(|part| (f64::from(part) / 255.0).powf(2.2));
            matrix.map(|row| (row[0] * linear[0] + row[1] * linear[1] + row[2] * linear[2]).clamp(0.0, 1.0).powf(1.0 / 2.2) * 255.0)
        };
        for theme in Theme::ALL {
            let palette = theme.palette();
            let colours = [palette.push[0], palette.pull[0], palette.pull[1], palette.pull[2]];
            for matrix in [protan, deutan] {
                for (place, one) in colours.iter().enumerate() {
                    for two in &colours[place + 1..] {
                        let (one_seen, two_seen) = (seen(*one, matrix), seen(*two, matrix));
                        let distance = one_seen.iter().zip(two_seen).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                        assert!(distance > 45.0, "{theme:?}: {} and {} are {distance:.0} apart", hex(*one), hex(*two));
                    }
                }
            }
        }
    }
}
