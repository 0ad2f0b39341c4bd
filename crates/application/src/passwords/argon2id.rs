//! Argon2id (RFC 9106): what is kept of a password, and checking one against it.

use argon2::{
    Algorithm, Argon2, Block, KeyId, Params, ParamsBuilder, Version,
    password_hash::{
        Error,
        phc::{Output, ParamsString, PasswordHash as PhcString, Salt},
    },
};

use crate::keyring::{DerivedKey, Keyring};

/// A password's hash as a PHC string, which carries its own parameters and salt, and the id of its pepper if it has one.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[hash]")
    }
}

/// What hashing one password costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB, of all lanes together; at least 8 for each lane.
    pub memory_kib: u32,
    /// Passes over the memory, from 1.
    pub passes: u32,
    /// Lanes that could be worked on at the same time (RFC 9106, section 3.1), from 1.
    pub lanes: u32,
}

impl Cost {
    /// Whether argon2 works at that cost (RFC 9106 section 3.1).
    pub fn is_possible(&self) -> bool {
        Params::new(self.memory_kib, self.passes, self.lanes, None).is_ok()
    }
}

/// Memory to hash in; it grows to what is needed, and stays.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    fn of(&mut self, params: &Params) -> &mut [Block] {
        let blocks = params.block_count();
        if self.0.len() < blocks {
            self.0.resize(blocks, Block::default());
        }
        &mut self.0[..blocks]
    }
}

/// What keys of a pepper are derived for.
const PEPPER: &str = "pepper";

/// Argon2id at one cost, with a secret key beside the salt if there is one (NIST SP 800-63B-4 section 3.1.1.2): whoever has
/// only the database then cannot even begin to guess.
#[derive(Clone)]
pub(super) struct Argon2id {
    params: Params,
    pepper: Option<Keyring>,
}

impl Argon2id {
    pub(super) fn new(cost: Cost, pepper: Option<Keyring>) -> Result<Self, Error> {
        let mut params = ParamsBuilder::new();
        params.m_cost(cost.memory_kib).t_cost(cost.passes).p_cost(cost.lanes);
        if let Some(pepper) = &pepper {
            params.keyid(KeyId::new(&[pepper.newest()])?);
        }
        Ok(Self { params: params.build()?, pepper })
    }

    pub(super) fn hash(
        &self,
        password: &[u8],
        salt: &[u8; 16],
        memory: &mut Memory,
    ) -> Result<PasswordHash, Error> {
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        let algorithm = (Algorithm::Argon2id, Version::V0x13);
        self.fill(&mut output, algorithm, &self.params, password, salt, memory)?;
        let hash = PhcString {
            algorithm: algorithm.0.ident(),
            version: Some(algorithm.1.into()),
            params: ParamsString::try_from(&self.params)?,
            salt: Some(Salt::new(salt)?),
            hash: Some(Output::new(&output)?),
        };
        Ok(PasswordHash(hash.to_string()))
    }

    /// Whether `kept` was made of `password`.
    ///
    /// # Errors
    /// When what is kept is no hash, or one of a pepper that is not there any more.
    pub(super) fn verify(
        &self,
        password: &[u8],
        kept: &PasswordHash,
        memory: &mut Memory,
    ) -> Result<bool, Error> {
        let kept = PhcString::new(&kept.0)?;
        let (Some(salt), Some(expected)) = (&kept.salt, &kept.hash) else {
            return Err(Error::EncodingInvalid);
        };
        let version = kept.version.map_or(Ok(Version::V0x13), Version::try_from)?;
        let algorithm = (Algorithm::try_from(kept.algorithm.as_str())?, version);
        let mut output = [0; Output::MAX_LENGTH];
        let output = &mut output[..expected.len()];
        self.fill(output, algorithm, &Params::try_from(&kept)?, password, salt, memory)?;
        // Compared in constant time.
        Ok(Output::new(output)? == *expected)
    }

    fn fill(
        &self,
        output: &mut [u8],
        (algorithm, version): (Algorithm, Version),
        params: &Params,
        password: &[u8],
        salt: &[u8],
        memory: &mut Memory,
    ) -> Result<(), Error> {
        let secret = self.secret(params)?;
        let argon2 = match &secret {
            Some(secret) => Argon2::new_with_secret(secret.as_slice(), algorithm, version, params.clone())?,
            None => Argon2::new(algorithm, version, params.clone()),
        };
        Ok(argon2.hash_password_into_with_memory(password, salt, output, memory.of(params))?)
    }

    /// Whether `kept` was made at this cost, with the newest pepper.
    pub(super) fn is_current(&self, kept: &PasswordHash) -> bool {
        let of =
            |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost(), params.keyid().to_vec());
        let kept = PhcString::new(&kept.0).ok().and_then(|kept| Params::try_from(&kept).ok());
        kept.is_some_and(|params| of(&params) == of(&self.params))
    }

    /// The key that hashes with these parameters are made with.
    fn secret(&self, params: &Params) -> Result<Option<DerivedKey>, Error> {
        let [id] = *params.keyid() else { return Ok(None) };
        let key = self.pepper.as_ref().and_then(|pepper| pepper.key(id, PEPPER));
        key.map(Some).ok_or(Error::ParamInvalid { name: "keyid" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    const SALT: [u8; 16] = [7; 16];

    fn pepper(text: &str) -> Option<Keyring> {
        Some(text.parse().expect("a pepper"))
    }

    const FIRST: &str = "1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    const BOTH: &str =
        "2:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=,1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    #[test]
    fn a_hash_says_how_it_was_made() {
        let plain = Argon2id::new(COST, None)
            .expect("a cost")
            .hash(b"secret", &SALT, &mut Memory::default())
            .expect("a hash");
        assert!(plain.0.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{}", plain.0);
        let peppered = Argon2id::new(COST, pepper(FIRST))
            .expect("a cost")
            .hash(b"secret", &SALT, &mut Memory::default())
            .expect("a hash");
        assert!(peppered.0.starts_with("$argon2id$v=19$m=64,t=1,p=1,keyid=AQ$"), "{}", peppered.0);
        assert_ne!(plain.0.rsplit('$').next(), peppered.0.rsplit('$').next());
    }

    #[test]
    fn a_pepper_can_be_introduced_and_rotated_and_is_needed() {
        let plain = Argon2id::new(COST, None).expect("a cost");
        let (first, both) = (Argon2id::new(COST, pepper(FIRST)), Argon2id::new(COST, pepper(BOTH)));
        let (first, both) = (first.expect("a cost"), both.expect("a cost"));
        let (before, old) = (
            plain.hash(b"secret", &SALT, &mut Memory::default()),
            first.hash(b"secret", &SALT, &mut Memory::default()),
        );
        for kept in [before.expect("a hash"), old.expect("a hash")] {
            assert_eq!(both.verify(b"secret", &kept, &mut Memory::default()), Ok(true));
            assert_eq!(both.verify(b"secrets", &kept, &mut Memory::default()), Ok(false));
            assert!(!both.is_current(&kept));
        }
        let new = both.hash(b"secret", &SALT, &mut Memory::default()).expect("a hash");
        assert!(both.is_current(&new));
        assert!(
            first.verify(b"secret", &new, &mut Memory::default()).is_err()
                && plain.verify(b"secret", &new, &mut Memory::default()).is_err()
        );
    }

    #[test]
    fn a_hash_of_another_cost_is_out_of_date_and_still_verified() {
        let kept = Argon2id::new(COST, None)
            .expect("a cost")
            .hash(b"secret", &SALT, &mut Memory::default())
            .expect("a hash");
        for cost in [Cost { memory_kib: 65, ..COST }, Cost { passes: 2, ..COST }, Cost { lanes: 2, ..COST }] {
            let argon2id = Argon2id::new(cost, None).expect("a cost");
            assert!(!argon2id.is_current(&kept));
            assert_eq!(argon2id.verify(b"secret", &kept, &mut Memory::default()), Ok(true));
        }
    }
}
