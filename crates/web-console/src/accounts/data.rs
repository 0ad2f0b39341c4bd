//! What is held about one, to take along, and the way out.

use askama::Template;
use axum::response::Response;

use super::Tabs;
use crate::{
    callers::Holder,
    mistakes::Mistakes,
    page::{Layout, Page},
    texts::Texts,
};

#[derive(Template)]
#[template(path = "accounts/data.html")]
struct DataPage {
    t: Texts,
}

impl Page for DataPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.data_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

pub(super) async fn show(caller: Holder) -> Response {
    caller.page(&DataPage { t: caller.t })
}
