//! Looking up what a request came in by, or asks about, for many requests at once.

use std::{collections::HashSet, sync::Arc, time::Duration};

use rollcall_application::{
    Page, PageRequest,
    api_keys::{FoundKey, KeyHash},
    members::{FoundSeat, MemberKey},
    ports::{OpenSession, StoreError},
};
use rollcall_domain::{OrganizationId, UserId, members::Member, secret::TokenHash};
use uuid::Uuid;

use crate::{
    api_keys::ApiKeyRow,
    batcher::{Answer, Batcher},
    connection::{CancelSafe, Pool},
    error::corrupt,
    members::{MemberRow, after, cut, one_more},
    row::{OpenSessionRow, OrganizationRow, moment, value},
    store::PgStore,
};

/// Whose seat, in which organization.
type Whom = (OrganizationId, UserId);

/// Which page, of whose team.
type WhichPage = (OrganizationId, PageRequest<MemberKey>);

/// How many pages are read in one visit at the most. A page of two hundred takes the database about a millisecond, and whoever goes with
/// it waits for it.
const PAGES: usize = 4;

/// The look-ups of each kind that are made in batches.
#[derive(Clone)]
pub(crate) struct LookUps {
    sessions: Batcher<TokenHash, OpenSession>,
    api_keys: Batcher<Vec<KeyHash>, FoundKey>,
    seats: Batcher<Whom, FoundSeat>,
    team_pages: Batcher<WhichPage, Page<Member, MemberKey>>,
}

impl LookUps {
    /// Nobody waits for longer than this.
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            sessions: Batcher::new(patience),
            api_keys: Batcher::new(patience),
            seats: Batcher::new(patience),
            team_pages: Batcher::new(patience).at_most(PAGES),
        }
    }
}

impl PgStore {
    /// The session that a token opens, as the database has it.
    pub(crate) async fn look_up_session(&self, token: TokenHash) -> Result<Option<OpenSession>, StoreError> {
        let pool = self.pool.clone();
        self.look_ups
            .sessions
            .look_up(token, move |previous, tokens| sessions(pool.clone(), previous, tokens))
            .await
    }

    /// The API key that is kept under one of these hashes, as the database has it.
    pub(crate) async fn look_up_api_key(&self, hashes: &[KeyHash]) -> Result<Option<FoundKey>, StoreError> {
        let pool = self.pool.clone();
        let find = move |previous, wanted| api_keys(pool.clone(), previous, wanted);
        self.look_ups.api_keys.look_up(hashes.to_vec(), find).await
    }

    /// What decides what somebody may do in an organization, as the database has it.
    pub(crate) async fn look_up_seat(
        &self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<FoundSeat>, StoreError> {
        let pool = self.pool.clone();
        self.look_ups
            .seats
            .look_up((organization, user), move |previous, wanted| seats(pool.clone(), previous, wanted))
            .await
    }

    /// A page of a team, as the database has it.
    pub(crate) async fn look_up_team_page(
        &self,
        organization: OrganizationId,
        page: &PageRequest<MemberKey>,
    ) -> Result<Page<Member, MemberKey>, StoreError> {
        let (pool, wanted) = (self.pool.clone(), (organization, page.clone()));
        let find = move |previous, wanted| team_pages(pool.clone(), previous, wanted);
        let found = self.look_ups.team_pages.look_up(wanted, find).await?;
        // There is one of every team, if only an empty one.
        found.ok_or_else(|| corrupt("a page that was not read"))
    }
}

/// The connection of the look-up before, or else another.
async fn connection(pool: &Pool, previous: Option<CancelSafe>) -> Result<CancelSafe, StoreError> {
    match previous {
        Some(connection) => Ok(connection),
        None => pool.cancel_safe().await,
    }
}

async fn sessions(
    pool: Pool,
    previous: Option<CancelSafe>,
    tokens: Vec<TokenHash>,
) -> Result<Answer<TokenHash, OpenSession, CancelSafe>, StoreError> {
    let hashes: Vec<Vec<u8>> = tokens.iter().map(|token| token.0.to_vec()).collect();
    let rows = sqlx::query!(
        r#"SELECT w.hash AS "hash!", session_id AS "session_id!", authenticated_at AS "authenticated_at!",
                  last_seen_at AS "last_seen_at!", expires_at AS "expires_at!", user_id AS "user_id!",
                  email AS "email!", user_name AS "user_name!", locale AS "locale!", time_zone AS "time_zone!",
                  status AS "status!", user_created_at AS "user_created_at!", mfa_enabled AS "mfa_enabled!",
                  user_version AS "user_version!",
                  org_id, org_name, slug, plan, org_created_at, org_suspended, org_version, role,
                  mfa_deadline_at, mfa_as_of AS "mfa_as_of!"
             FROM unnest($1::bytea[]) AS w (hash) CROSS JOIN LATERAL directory_session(w.hash)"#,
        hashes.as_slice()
    );
    let mut connection = connection(&pool, previous).await?;
    let rows = connection.fetch_all(rows).await?;
    let found = rows.into_iter().map(|row| {
        let token = TokenHash(row.hash.try_into().map_err(|_| corrupt("a hash of another size"))?);
        let session = OpenSessionRow {
            session_id: row.session_id,
            authenticated_at: row.authenticated_at,
            last_seen_at: row.last_seen_at,
            expires_at: row.expires_at,
            user_id: row.user_id,
            email: row.email,
            user_name: row.user_name,
            locale: row.locale,
            time_zone: row.time_zone,
            status: row.status,
            user_created_at: row.user_created_at,
            mfa_enabled: row.mfa_enabled,
            user_version: row.user_version,
            org_id: row.org_id,
            org_name: row.org_name,
            slug: row.slug,
            plan: row.plan,
            org_created_at: row.org_created_at,
            org_suspended: row.org_suspended,
            org_version: row.org_version,
            role: row.role,
            mfa_deadline_at: row.mfa_deadline_at,
            mfa_as_of: row.mfa_as_of,
        };
        Ok((token, session.try_into()))
    });
    Ok((found.collect::<Result<_, StoreError>>()?, connection))
}

async fn api_keys(
    pool: Pool,
    previous: Option<CancelSafe>,
    wanted: Vec<Vec<KeyHash>>,
) -> Result<Answer<Vec<KeyHash>, FoundKey, CancelSafe>, StoreError> {
    // Each of the hashes, and whose it is.
    let (whose, hashes): (Vec<i32>, Vec<Vec<u8>>) = (0..)
        .zip(&wanted)
        .flat_map(|(number, hashes)| hashes.iter().map(move |hash| (number, hash.0.to_vec())))
        .unzip();
    let rows = sqlx::query!(
        r#"SELECT w.number AS "number!", key_id AS "key_id!", prefix AS "prefix!", name AS "name!", scopes AS "scopes!", created_by,
                  created_at AS "created_at!", expires_at, allowed_cidrs, rate_requests, rate_seconds, revoked_at,
                  version AS "version!", works_until, secret_no AS "secret_no!", ring_key AS "ring_key!",
                  org_id AS "org_id!", org_name AS "org_name!", slug AS "slug!",
                  plan AS "plan!", org_created_at AS "org_created_at!", org_suspended AS "org_suspended!",
                  org_version AS "org_version!", audited AS "audited!"
             FROM (SELECT h.number, array_agg(h.hash ORDER BY h.place) AS hashes
                     FROM unnest($1::integer[], $2::bytea[]) WITH ORDINALITY AS h (number, hash, place) GROUP BY h.number) w
            CROSS JOIN LATERAL directory_api_key(w.hashes)"#,
        whose.as_slice(),
        hashes.as_slice()
    );
    let mut connection = connection(&pool, previous).await?;
    let rows = connection.fetch_all(rows).await?;
    let found = rows.into_iter().map(|row| {
        let number = usize::try_from(row.number).ok().and_then(|number| wanted.get(number));
        let hashes = number.ok_or_else(|| corrupt("an API key that nobody has asked for"))?;
        let key = ApiKeyRow {
            key_id: row.key_id,
            prefix: row.prefix,
            name: row.name,
            scopes: row.scopes,
            created_by: row.created_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            allowed_cidrs: row.allowed_cidrs,
            rate_requests: row.rate_requests,
            rate_seconds: row.rate_seconds,
            revoked_at: row.revoked_at,
            version: row.version,
        };
        let organization = OrganizationRow {
            org_id: row.org_id,
            name: row.org_name,
            slug: row.slug,
            plan: row.plan,
            created_at: row.org_created_at,
            suspended: row.org_suspended,
            version: row.org_version,
        };
        let found = |key: ApiKeyRow, organization: OrganizationRow| {
            Ok(FoundKey {
                key: Arc::new(key.try_into()?),
                organization: Arc::new(organization.try_into()?),
                secrets: vec![row.secret_no],
                secret_until: row.works_until.map(moment),
                ring_key: Some(u8::try_from(row.ring_key).map_err(corrupt)?),
                audited: row.audited,
            })
        };
        Ok((hashes.clone(), found(key, organization)))
    });
    Ok((found.collect::<Result<_, StoreError>>()?, connection))
}

async fn seats(
    pool: Pool,
    previous: Option<CancelSafe>,
    wanted: Vec<Whom>,
) -> Result<Answer<Whom, FoundSeat, CancelSafe>, StoreError> {
    let (organizations, users): (Vec<Uuid>, Vec<Uuid>) =
        wanted.iter().map(|(organization, user)| (organization.uuid(), user.uuid())).unzip();
    // `team_seat` is of the organization that is declared, and of no other. What a function is given is worked out before it is called, so
    // each call finds declared what it is for. That ends with the statement, or with the transaction around it where a pooler needs one.
    let rows = sqlx::query!(
        r#"SELECT w.org_id AS "org_id!", w.user_id AS "user_id!", role AS "role!", status AS "status!",
                  org_suspended AS "org_suspended!", mfa_overdue AS "mfa_overdue!"
             FROM unnest($1::uuid[], $2::uuid[]) AS w (org_id, user_id)
            CROSS JOIN LATERAL
                  team_seat(CASE WHEN set_config('rollcall.org_id', w.org_id::text, true) <> '' THEN w.user_id END)"#,
        organizations.as_slice(),
        users.as_slice()
    );
    let mut connection = connection(&pool, previous).await?;
    let rows = connection.fetch_all(rows).await?;
    let found = rows.into_iter().map(|row| {
        let seat = || {
            Ok(FoundSeat {
                role: value(&row.role)?,
                status: value(&row.status)?,
                organization_suspended: row.org_suspended,
                mfa_overdue: row.mfa_overdue,
            })
        };
        ((OrganizationId::from_uuid(row.org_id), UserId::from_uuid(row.user_id)), seat())
    });
    Ok((found.collect(), connection))
}

async fn team_pages(
    pool: Pool,
    previous: Option<CancelSafe>,
    wanted: Vec<WhichPage>,
) -> Result<Answer<WhichPage, Page<Member, MemberKey>, CancelSafe>, StoreError> {
    // Several may want the same one.
    let wanted: Vec<WhichPage> = wanted.into_iter().collect::<HashSet<_>>().into_iter().collect();
    let organizations: Vec<Uuid> = wanted.iter().map(|(organization, _)| organization.uuid()).collect();
    let (joined_after, users_after): (Vec<_>, Vec<_>) =
        wanted.iter().map(|(_, page)| after(page)).map(|key| (key.joined_at, key.user.uuid())).unzip();
    let most: Vec<i64> = wanted.iter().map(|(_, page)| one_more(page)).collect();
    // `team_page` is of the organization that is declared, and each call finds declared what it is for, as with `team_seat`. Were
    // nothing declared, the call would be for whoever came in after no moment at all, which is nobody.
    let rows = sqlx::query!(
        r#"SELECT w.number AS "number!", t.user_id AS "user_id!", t.role AS "role!", t.email AS "email!", t.name AS "name!",
                  t.status AS "status!", t.mfa_enabled AS "mfa_enabled!", t.joined_at AS "joined_at!", t.last_seen_at,
                  t.version AS "version!"
             FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::bigint[])
                  WITH ORDINALITY AS w (org_id, joined_after, user_after, most, number)
            CROSS JOIN LATERAL
                  team_page(CASE WHEN set_config('rollcall.org_id', w.org_id::text, true) <> '' THEN w.joined_after END,
                            w.user_after, w.most) AS t"#,
        organizations.as_slice(),
        joined_after.as_slice(),
        users_after.as_slice(),
        most.as_slice()
    );
    let mut connection = connection(&pool, previous).await?;
    let rows = connection.fetch_all(rows).await?;
    let mut teams: Vec<Result<Vec<Member>, StoreError>> = wanted.iter().map(|_| Ok(Vec::new())).collect();
    for row in rows {
        // They are numbered from one.
        let number = usize::try_from(row.number).ok().and_then(|number| number.checked_sub(1));
        let team = number.and_then(|number| teams.get_mut(number));
        let team = team.ok_or_else(|| corrupt("a page that nobody has asked for"))?;
        let member = MemberRow {
            user_id: row.user_id,
            role: row.role,
            email: row.email,
            name: row.name,
            status: row.status,
            mfa_enabled: row.mfa_enabled,
            joined_at: row.joined_at,
            last_seen_at: row.last_seen_at,
            version: row.version,
        };
        match Member::try_from(member) {
            Ok(member) => {
                if let Ok(team) = team {
                    team.push(member);
                }
            }
            // What does not fit the domain spoils its own page, and no other.
            Err(error) => *team = Err(error),
        }
    }
    let found = wanted.into_iter().zip(teams).map(|(wanted, team)| {
        let page = team.map(|team| cut(team, &wanted.1));
        (wanted, page)
    });
    Ok((found.collect(), connection))
}
