//! Where recordings lie, as the configuration says.

use std::time::Duration;

use rollcall_adapter_objects::{InvalidPlace, ObjectsAt, Place, S3Access};
use rollcall_api_http::UploadPace;
use rollcall_application::recordings::Transfers;

use crate::{
    server::StartError,
    settings::{InvalidSettings, Settings, endpoint},
};

impl Settings {
    /// Looks at what is said of recordings.
    pub(crate) fn check_recordings(&self) -> Result<(), InvalidSettings> {
        const LARGEST: u64 = 64 << 30;
        const FASTEST_OF_THE_SLOWEST: u64 = 1 << 20;
        const LONGEST_SILENCE: u64 = 120;
        const LONGEST_GRACE: u32 = 120;
        self.recording_place()?;
        let values = &self.values.recordings;
        if !values.s3_endpoint.is_empty() && endpoint(&values.s3_endpoint).is_none() {
            let problem = "must be a URL like https://s3.example, without a user and a query: who asks is told by ROLLCALL__RECORDINGS__S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY";
            return Err(InvalidSettings::value("ROLLCALL__RECORDINGS__S3_ENDPOINT", problem));
        }
        if !(1..=LARGEST).contains(&values.limit_bytes) {
            let problem = format!("must be between 1 and {LARGEST}");
            return Err(InvalidSettings::value("ROLLCALL__RECORDINGS__LIMIT_BYTES", problem));
        }
        for (setting, number) in [
            ("ROLLCALL__RECORDINGS__AT_ONCE", values.at_once),
            ("ROLLCALL__RECORDINGS__AT_ONCE_OF_ONE_ORGANIZATION", values.at_once_of_one_organization),
        ] {
            if number == 0 {
                return Err(InvalidSettings::value(setting, "must be at least 1"));
            }
        }
        // What nobody has heard of for five minutes is taken for dead, so somebody is heard of before that.
        for (setting, number, most) in [
            (
                "ROLLCALL__RECORDINGS__SLOWEST_BYTES_PER_SECOND",
                values.slowest_bytes_per_second,
                FASTEST_OF_THE_SLOWEST,
            ),
            ("ROLLCALL__RECORDINGS__SILENCE_SECONDS", values.silence_seconds.into(), LONGEST_SILENCE),
        ] {
            if !(1..=most).contains(&number) {
                return Err(InvalidSettings::value(setting, format!("must be between 1 and {most}")));
            }
        }
        if values.grace_seconds > LONGEST_GRACE {
            let problem = format!("must be at most {LONGEST_GRACE}");
            return Err(InvalidSettings::value("ROLLCALL__RECORDINGS__GRACE_SECONDS", problem));
        }
        Ok(())
    }

    /// Where recordings lie.
    pub(crate) fn recording_place(&self) -> Result<Place, InvalidSettings> {
        match self.values.recordings.store.as_str() {
            "" => Ok(Place::Directory(self.values.data_dir.join("recordings"))),
            store => store.parse().map_err(|problem: InvalidPlace| {
                InvalidSettings::value("ROLLCALL__RECORDINGS__STORE", problem)
            }),
        }
    }
}

/// Makes the place ready to be used.
pub(crate) fn objects(settings: &Settings) -> Result<ObjectsAt, StartError> {
    let values = &settings.values.recordings;
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let access = S3Access {
        endpoint: given(&values.s3_endpoint),
        region: values.s3_region.clone(),
        key: given(&values.s3_access_key_id).map(|id| (id, values.s3_secret_access_key.clone())),
    };
    Ok(ObjectsAt::new(settings.recording_place()?, access)?)
}

/// How slowly uploads may come.
pub(crate) fn upload_pace(settings: &Settings) -> UploadPace {
    let values = &settings.values.recordings;
    UploadPace {
        silence: Duration::from_secs(values.silence_seconds.into()),
        bytes_per_second: values.slowest_bytes_per_second,
    }
}

/// How many recordings may come and go at a time, and for how long while the database does not answer.
pub(crate) fn transfers(settings: &Settings) -> Transfers {
    let values = &settings.values.recordings;
    let grace = time::Duration::seconds(values.grace_seconds.into());
    Transfers::new(values.at_once, values.at_once_of_one_organization, grace)
}
