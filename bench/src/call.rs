//! One request, and what is expected of its answer.

use std::io::Write as _;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    method: &'static str,
    path: String,
    token: Option<String>,
    /// Other lines of the head, besides those about the body.
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
    /// The status that it must be answered with.
    pub(crate) expected: u16,
}

impl Call {
    /// A GET.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), token: None, headers: Vec::new(), body: None, expected: 200 }
    }

    /// A POST of a JSON text, which is answered with 200 unless something else is said.
    pub(crate) fn post(path: impl Into<String>, body: impl Into<String>) -> Self {
        let body = Some(body.into());
        Self { method: "POST", path: path.into(), token: None, headers: Vec::new(), body, expected: 200 }
    }

    /// A PUT of a JSON text.
    pub(crate) fn put(path: impl Into<String>, body: impl Into<String>) -> Self {
        Self { method: "PUT", ..Self::post(path, body) }
    }

    /// The same, by whoever has this token.
    pub(crate) fn by(self, token: String) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The same, with another line in its head.
    pub(crate) fn with(mut self, header: &'static str, value: String) -> Self {
        self.headers.push((header, value));
        self
    }

    /// The same, to be answered with this status.
    pub(crate) fn expecting(self, expected: u16) -> Self {
        Self { expected, ..self }
    }

    /// What it is, for a message.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The request as it is sent (RFC 9112).
    pub(crate) fn write(&self, buffer: &mut Vec<u8>) {
        buffer.clear();
        // Writing into memory cannot fail.
        let _ = write!(buffer, "{} {} HTTP/1.1\r\nhost: bench\r\n", self.method, self.path);
        if let Some(token) = &self.token {
            let _ = write!(buffer, "authorization: Bearer {token}\r\n");
        }
        for (header, value) in &self.headers {
            let _ = write!(buffer, "{header}: {value}\r\n");
        }
        match &self.body {
            Some(body) => {
                let length = body.len();
                let _ = write!(
                    buffer,
                    "content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
                );
            }
            None => buffer.extend_from_slice(b"\r\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(call: &Call) -> String {
        let mut buffer = b"what was there before".to_vec();
        call.write(&mut buffer);
        String::from_utf8(buffer).expect("text")
    }

    #[test]
    fn a_call_is_written_as_http() {
        assert_eq!(written(&Call::get("/a?b=c")), "GET /a?b=c HTTP/1.1\r\nhost: bench\r\n\r\n");
        let post = Call::post("/a", "{}").by("secret".to_owned()).expecting(201);
        assert_eq!(
            written(&post),
            "POST /a HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer secret\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
        );
        assert_eq!((post.expected, post.name().as_str()), (201, "POST /a"));
        let with = Call::get("/a").with("origin", "http://here".to_owned()).with("cookie", "b=c".to_owned());
        assert_eq!(
            written(&with),
            "GET /a HTTP/1.1\r\nhost: bench\r\norigin: http://here\r\ncookie: b=c\r\n\r\n"
        );
    }
}
