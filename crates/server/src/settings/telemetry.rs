//! Where traces go.

use url::Url;

use super::{InvalidSettings, Settings, endpoint};

impl Settings {
    /// Where traces are sent, if they are: with the path that OTLP has for them where none is given (OTLP 1.x, "OTLP/HTTP Request").
    pub(crate) fn otlp_endpoint(&self) -> Result<Option<Url>, InvalidSettings> {
        let telemetry = &self.values.telemetry;
        if !(0.0..=1.0).contains(&telemetry.sampling_ratio) {
            return Err(InvalidSettings::value(
                "ROLLCALL__TELEMETRY__SAMPLING_RATIO",
                "must be a number between 0 and 1",
            ));
        }
        let authorization = telemetry.otlp_authorization.expose();
        if http::HeaderValue::try_from(authorization).is_err() {
            return Err(InvalidSettings::value(
                "ROLLCALL__TELEMETRY__OTLP_AUTHORIZATION",
                "must be the value of a header, like Bearer and a token",
            ));
        }
        if telemetry.otlp_endpoint.is_empty() {
            return Ok(None);
        }
        let invalid = || {
            InvalidSettings::value(
                "ROLLCALL__TELEMETRY__OTLP_ENDPOINT",
                "must be a URL like http://collector:4318, without a user and a query: who sends is told by ROLLCALL__TELEMETRY__OTLP_AUTHORIZATION",
            )
        };
        let mut endpoint = endpoint(&telemetry.otlp_endpoint).ok_or_else(invalid)?;
        if endpoint.path() == "/" {
            endpoint.set_path("/v1/traces");
        }
        Ok(Some(endpoint))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use super::*;

    fn endpoint(values: &[(&str, &str)]) -> Result<Option<String>, String> {
        let settings = Settings::with(Profile::Development, values).map_err(|error| error.to_string())?;
        settings.otlp_endpoint().map(|url| url.map(String::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn traces_go_nowhere_unless_it_is_said_where() {
        assert_eq!(endpoint(&[]), Ok(None));
        for (given, used) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
            ("https://collector.example/otlp/traces", "https://collector.example/otlp/traces"),
        ] {
            assert_eq!(endpoint(&[("telemetry.otlp_endpoint", given)]), Ok(Some(used.to_owned())));
        }
        for (path, value, named) in [
            ("otlp_endpoint", "collector:4318", "OTLP_ENDPOINT"),
            ("otlp_endpoint", "grpc://collector:4317", "OTLP_ENDPOINT"),
            ("otlp_endpoint", "http://user:word@collector:4318", "OTLP_ENDPOINT"),
            ("otlp_endpoint", "http://collector:4318?key=word", "OTLP_ENDPOINT"),
            ("otlp_endpoint", "http://user:12#34@collector:4318", "OTLP_ENDPOINT"),
            ("otlp_endpoint", "http://user:12/34@collector:4318", "OTLP_ENDPOINT"),
            ("otlp_authorization", "Bearer a\nb", "OTLP_AUTHORIZATION"),
            ("sampling_ratio", "1.5", "SAMPLING_RATIO"),
            ("sampling_ratio", "-0.1", "SAMPLING_RATIO"),
            ("sampling_ratio", "nan", "SAMPLING_RATIO"),
        ] {
            let refused = endpoint(&[(&format!("telemetry.{path}"), value)]).expect_err(value);
            assert!(refused.contains(named), "{refused}");
        }
    }
}
