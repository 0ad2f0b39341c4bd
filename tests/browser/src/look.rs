//! How somebody looks at a page.

use serde_json::{Value, json};

/// How somebody looks at a page: the size of their window, their colours, their language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether they have asked for dark pages.
    pub dark: bool,
    /// The width of their window, in CSS pixels.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// What they read, as in `Accept-Language`. It holds from the beginning of a profile to its end.
    pub languages: &'static str,
    /// Where their clock is, in the words of the IANA.
    pub time_zone: &'static str,
}

impl Look {
    /// A window on a desk, by daylight.
    pub const DESK: Self =
        Self { dark: false, width: 1280, height: 800, languages: "en", time_zone: "Europe/London" };
    /// The narrowest phone that pages are made for.
    pub const PHONE: Self = Self { width: 360, height: 740, ..Self::DESK };

    /// The same in the dark.
    pub const fn in_the_dark(self) -> Self {
        Self { dark: true, ..self }
    }

    /// The commands of the DevTools protocol that make it so. Nothing moves: pictures are of what stands still.
    pub(crate) fn commands(self) -> [(&'static str, Value); 3] {
        let scheme = if self.dark { "dark" } else { "light" };
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        let size =
            json!({"width": self.width, "height": self.height, "deviceScaleFactor": 1, "mobile": false});
        [
            ("Emulation.setEmulatedMedia", json!({"features": features})),
            ("Emulation.setDeviceMetricsOverride", size),
            ("Emulation.setTimezoneOverride", json!({"timezoneId": self.time_zone})),
        ]
    }
}
