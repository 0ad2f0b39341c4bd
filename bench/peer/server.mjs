// The closest peer: better-auth, configured as it is if nothing is said, but for limits, which are off as Rollcall's are.
//
//   node server.mjs prepare '{"organizations":…}'   makes its tables and the same data as Rollcall's, and ends
//   node server.mjs serve                           says where it serves, on loopback only
//
// DATABASE_URL is its database, PEER_SECRET signs its cookies.
import { createServer } from "node:http";

import { apiKey } from "@better-auth/api-key";
import { betterAuth } from "better-auth";
import { hashPassword } from "better-auth/crypto";
import { getMigrations } from "better-auth/db/migration";
import { organization, twoFactor } from "better-auth/plugins";
import pg from "pg";

// As many connections as Rollcall has.
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 });
const options = {
  appName: "peer",
  baseURL: "http://localhost",
  secret: process.env.PEER_SECRET,
  database: pool,
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: "error" },
  plugins: [
    // No letter is sent: it has no outbox, and its users bring their own function.
    organization({ invitationLimit: Number.MAX_SAFE_INTEGER }),
    apiKey({ rateLimit: { enabled: false } }),
    twoFactor(),
  ],
};

const [, , task, argument] = process.argv;
if (task === "prepare") {
  await prepare(JSON.parse(argument));
} else if (task === "serve") {
  await serve();
} else {
  throw new Error("prepare or serve");
}

/** Makes the tables, and fills them as Rollcall's are: see bench/src/data.rs. */
async function prepare({ organizations, team, people, sessions, keys, password }) {
  const { runMigrations } = await getMigrations(options);
  await runMigrations();
  const small = organizations * team;
  const hash = await hashPassword(password);
  const fill = [
    [
      `INSERT INTO "user" (id, name, email, "emailVerified")
       SELECT 'user-' || n, 'User ' || n, 'user-' || n || '@bench.example', true FROM generate_series(0, $1::int - 1) n`,
      [people],
    ],
    [
      `INSERT INTO account (id, "accountId", "providerId", "userId", password, "updatedAt")
       SELECT 'account-' || n, 'user-' || n, 'credential', 'user-' || n, $2, now() FROM generate_series(0, $1::int - 1) n`,
      [people, hash],
    ],
    [
      `INSERT INTO organization (id, name, slug, "createdAt")
       SELECT 'organization-' || n, 'Organization ' || n, 'organization-' || n, now() FROM generate_series(0, $1::int) n`,
      [organizations],
    ],
    [
      `INSERT INTO member (id, "organizationId", "userId", role, "createdAt")
       SELECT 'member-' || n, 'organization-' || least(n / $2::int, $3::int), 'user-' || n,
              CASE CASE WHEN n < $4 THEN n % $2 ELSE n - $4 END WHEN 0 THEN 'owner' WHEN 1 THEN 'admin' ELSE 'member' END,
              now() + n * interval '1 millisecond'
         FROM generate_series(0, $1::int - 1) n`,
      [people, team, organizations, small],
    ],
    [
      `INSERT INTO session (id, token, "userId", "activeOrganizationId", "updatedAt", "expiresAt")
       SELECT 'session-' || n, lpad(n::text, 32, '0'), 'user-' || n % $2::int, 'organization-' || n % $2 / $3::int, now(),
              now() + interval '7 days'
         FROM generate_series(0, $1::int - 1) n`,
      [sessions, small, team],
    ],
    [
      `INSERT INTO apikey (id, "configId", name, start, "referenceId", key, enabled, "rateLimitEnabled", "requestCount", "createdAt", "updatedAt")
       SELECT 'key-' || n, 'default', 'Key ' || n, 'key_00', 'user-' || n % $2::int,
              rtrim(translate(encode(sha256(convert_to('key_' || lpad(n::text, 60, '0'), 'UTF8')), 'base64'), '+/', '-_'), '='),
              true, false, 0, now(), now()
         FROM generate_series(0, $1::int - 1) n`,
      [keys, small],
    ],
  ];
  for (const [statement, values] of fill) {
    await pool.query(statement, values);
  }
  await pool.query("VACUUM ANALYZE");
  await pool.end();
}

async function serve() {
  const auth = betterAuth(options);
  await auth.$context;
  await pool.query("SELECT 1");
  const server = createServer((request, response) => {
    answer(auth, request, response).catch((error) => {
      console.error(error);
      response.writeHead(500).end();
    });
  });
  // Connections are kept for as long as the load keeps them.
  server.keepAliveTimeout = 0;
  server.listen(0, "127.0.0.1", () => console.log(`serving http://127.0.0.1:${server.address().port}`));
}

/** As better-auth's own handler for Node does it, but with the answer in one piece: the load reads no chunks. */
async function answer(auth, request, response) {
  let body;
  if (request.method !== "GET") {
    const parts = [];
    for await (const part of request) {
      parts.push(part);
    }
    body = Buffer.concat(parts);
  }
  if (request.url === "/verify") {
    // Only code beside it may verify keys, so this is an endpoint of ours.
    const verified = Buffer.from(JSON.stringify(await auth.api.verifyApiKey({ body: JSON.parse(body) })));
    response.writeHead(200, { "content-type": "application/json", "content-length": verified.length }).end(verified);
    return;
  }
  const { method, headers } = request;
  const answered = await auth.handler(new Request(`http://localhost${request.url}`, { method, headers, body }));
  const bytes = Buffer.from(await answered.arrayBuffer());
  for (const [name, value] of answered.headers) {
    if (name !== "set-cookie") {
      response.setHeader(name, value);
    }
  }
  const cookies = answered.headers.getSetCookie();
  if (cookies.length > 0) {
    response.setHeader("set-cookie", cookies);
  }
  response.setHeader("content-length", bytes.length);
  response.writeHead(answered.status).end(bytes);
}
