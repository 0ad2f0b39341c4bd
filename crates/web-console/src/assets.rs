//! What pages load: our own style sheet and scripts, under names that change with what is in them, so that browsers keep them for ever.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use rollcall_domain::hexadecimal;
use sha2::{Digest, Sha256};

/// Something that pages load.
#[derive(Debug)]
struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static [u8],
    path: String,
}

macro_rules! assets {
    ($($name:literal: $kind:literal,)*) => {
        static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
            vec![$(Asset::new($name, $kind, include_bytes!(concat!("../assets/", $name))),)*]
        });
    };
}

assets! {
    "console.css": "text/css; charset=utf-8",
    "codes.js": "text/javascript; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "ticks.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml; charset=utf-8",
    "passkeys.js": "text/javascript; charset=utf-8",
    "shown_once.js": "text/javascript; charset=utf-8",
    "time_zone.js": "text/javascript; charset=utf-8",
}

impl Asset {
    fn new(name: &'static str, kind: &'static str, content: &'static [u8]) -> Self {
        let digest = hexadecimal(&Sha256::digest(content)[..8]);
        let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
        Self { name, kind, content, path: format!("/assets/{stem}-{digest}.{extension}") }
    }
}

/// The path under which something is loaded. A name that nothing has leads nowhere.
pub(crate) fn path(name: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.name == name).map_or("", |asset| asset.path.as_str())
}

pub(crate) async fn serve(Path(file): Path<String>) -> Response {
    let of_path = |asset: &&Asset| asset.path.strip_prefix("/assets/") == Some(&file);
    let (asset, caching) = match ASSETS.iter().find(of_path) {
        Some(asset) => (Some(asset), "public, max-age=31536000, immutable"),
        // Under its plain name, for whoever does not know the other: never kept without asking.
        None => (ASSETS.iter().find(|asset| asset.name == file), "no-cache"),
    };
    match asset {
        Some(asset) => {
            let headers = [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, caching)];
            (headers, asset.content).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
