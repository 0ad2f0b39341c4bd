//! What takes bytes from outside: functions of bytes that say what must be so of any. cargo-fuzz looks for some of which it is not, and
//! the tests try a few hundred each.

use std::str::from_utf8;

use crate::{
    EmailAddress, UserId,
    api_keys::{Networks, prefix_of},
    audit::search::{ActionFilter, AnyId, SearchWords},
    calls::Metadata,
    recordings::MediaType,
    webhooks::{Reach, WebhookUrl},
};

/// API keys: one that passes its checksum begins as it says, and passes it with no character changed.
pub fn api_key(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let Some(prefix) = prefix_of(text) else { return };
    assert!(text.starts_with(prefix));
    for at in [0, 5, text.len() / 2, text.len() - 1] {
        let mut other = bytes.to_vec();
        other[at] = if other[at] == b'0' { b'1' } else { b'0' };
        assert!(from_utf8(&other).is_ok_and(|other| prefix_of(other).is_none()), "{at}");
    }
}

/// Addresses: what one is compared by is an address itself, and is compared by itself.
pub fn email(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let Ok(address) = text.parse::<EmailAddress>() else { return };
    let again: EmailAddress = address.key().parse().expect("a key is an address");
    assert!(again.key() == address.key() && again == address);
    assert!(!address.as_str().contains(char::is_control));
}

/// Ids: there is one way to write each, and what is searched for as some id is none that is written otherwise.
pub fn id(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    if let Ok(id) = text.parse::<UserId>() {
        assert_eq!(id.to_string(), text);
        assert!(text.parse::<AnyId>().is_ok());
    }
}

/// What is searched for in an audit log.
pub fn audit_search(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    if let Ok(words) = text.parse::<SearchWords>() {
        assert!(words.are_in([text]), "a text has the words that are in it");
    }
    let _ = text.parse::<ActionFilter>();
}

/// Metadata of calls: what is taken is taken again as it is given out.
pub fn metadata(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let Ok(metadata) = Metadata::read(text) else { return };
    let written = metadata.clone().into_value().to_string();
    assert!(written.len() <= Metadata::LARGEST && !written.contains("\\u0000"));
    let again = Metadata::read(&written).expect("metadata");
    assert!(again.fields().keys().eq(metadata.fields().keys()));
}

/// Networks that a key is held to, a line each: they are written as they are read.
pub fn networks(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let lines: Vec<&str> = text.lines().collect();
    let Ok(networks) = Networks::parse(&lines) else { return };
    let texts = networks.texts().expect("some");
    assert_eq!(Networks::parse(&texts).as_ref(), Ok(&networks));
    assert!(texts.len() == lines.len() && networks.contain_all(&networks));
}

/// The beginning of a recording: what it is depends on nothing behind the beginning, and has a name of its own.
pub fn media_type(bytes: &[u8]) {
    let media = MediaType::of(bytes);
    assert_eq!(media, MediaType::of(&bytes[..bytes.len().min(4_096)]));
    if let Some(media) = media {
        assert_eq!(media.as_str().parse(), Ok(media));
        assert!(media.is_called(media.as_str()));
    }
}

/// Webhooks: what may be called from inside a network is never taken for what may be called from outside of it.
pub fn webhook_url(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let Ok(url) = WebhookUrl::parse(text, Reach::Public) else { return };
    assert!(url.is_https());
    let again = WebhookUrl::parse(url.as_str(), Reach::Public).expect("a URL");
    assert!(again == url && again.authority() == url.authority() && again.path().starts_with('/'));
    if let Ok(address) = url.host().to_string().trim_matches(['[', ']']).parse() {
        assert!(Reach::Public.includes(address));
    }
}

#[cfg(test)]
mod tests {
    use rollcall_inputs::tried;

    use super::*;
    use crate::api_keys::{KeyPrefix, mint};

    #[test]
    fn api_keys_are_told_by_their_checksum() {
        let key = mint(&KeyPrefix::from_random([7; 16]), [9; 32]);
        assert!(prefix_of(key.expose()).is_some());
        tried(&[key.expose(), "rck_000000000000_"], api_key);
    }

    #[test]
    fn addresses_have_one_key() {
        tried(
            &["Ada@Example.com", "zoë@bücher.example", "a.b+c@xn--bcher-kva.example", "\"a b\"@example.com"],
            email,
        );
    }

    #[test]
    fn ids_are_written_in_one_way() {
        tried(&["user_01h455vb4pex5vsknk084sn02q", "user_7zzzzzzzzzzzzzzzzzzzzzzzzz"], id);
    }

    #[test]
    fn searches_find_what_they_are() {
        tried(
            &["member removed user_01h455vb4pex5vsknk084sn02q", "member.*", "ÄRGER straße İ"],
            audit_search,
        );
    }

    #[test]
    fn metadata_is_taken_as_it_is_given_out() {
        let good = [
            r#"{"campaign":{"id":7,"share":0.25,"tags":["spring",null,{"a":[true]}]},"é":"\u00e9\n"}"#,
            r#"{"a":18446744073709551615,"b":-9223372036854775808,"c":1e300,"d":{"$serde_json::private::Number":"1"}}"#,
        ];
        tried(&good, metadata);
    }

    #[test]
    fn networks_are_written_as_they_are_read() {
        tried(&["192.0.2.0/24\n2001:db8::/32", "::ffff:192.0.2.0/120", "127.0.0.1"], networks);
    }

    #[test]
    fn recordings_are_told_by_how_they_begin() {
        let mut mp3 = vec![0xff, 0xfb, 0x90, 0x00];
        mp3.resize(417, 0);
        mp3.extend([0xff, 0xfb, 0x90, 0x00]);
        let ogg = [b"OggS\0\x02".as_slice(), &[0; 20], b"\x01\x13OpusHead\x01\x01"].concat();
        let webm = b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm".to_vec();
        let wav = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0".to_vec();
        let id3 = b"ID3\x04\0\0\0\0\0\0".to_vec();
        tried(&[mp3, ogg, webm, wav, id3], media_type);
    }

    #[test]
    fn attack_22_webhooks_lead_to_the_outside() {
        let good = [
            "https://example.com/hooks/rollcall?x=1",
            "https://192.0.2.1:8443/",
            "https://[2606:4700::1111]/",
            "https://0x7f.1/",
            "https://[::ffff:10.0.0.1]/",
            "https://example.com./..//",
        ];
        tried(&good, webhook_url);
    }
}
