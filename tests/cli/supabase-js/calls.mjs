// Supabase's official client for JavaScript, at the calls that it and Rowpage share: functions over /rest/v1/rpc. It is run by
// supabase_js_test.cc against the stand-in, which must answer it as the real service would.
import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";

const { SUPABASE_URL: url, SECRET_KEY: secret, SERVICE_TOKEN: older, PUBLISHABLE_KEY: publishable } = process.env;
const client = (key) => createClient(url, key, { auth: { persistSession: false, autoRefreshToken: false } });
const calls = [];
const call = (claim, run) => calls.push([claim, run]);
const refused = (answer, status, code) => {
  assert.equal(answer.data, null);
  assert.equal(answer.status, status);
  if (code !== undefined) assert.equal(answer.error.code, code);
};
const read = (key, ...statements) => client(key).rpc("rowpage_read", { request: { statements } });

for (const [name, key] of [["secret key", secret], ["older service_role token", older]]) {
  call(`a ${name} reads`, async () => {
    const { data, error, status } = await read(key, "select 1, 'two'", "select 3");
    assert.equal(error, null);
    assert.equal(status, 200);
    assert.deepEqual(data, [["(1,two)"], ["(3)"]]);
  });
  call(`a ${name} writes, once per ticket`, async () => {
    const request = { function: "take_permits", request: { bot: name, limit: 3, want: 5 } };
    const { data, error } = await client(key).rpc("rowpage_call", { request });
    assert.equal(error, null);
    assert.equal(data.granted, 3);
  });
}
call("a reading function cannot write", async () => {
  refused(await read(secret, "select public.write_kept()"), 405, "25006");
});
call("an error of PostgreSQL keeps its SQLSTATE", async () => {
  refused(await read(secret, "select 1 / 0"), 400, "22012");
});
call("a function that is not there is PGRST202", async () => {
  refused(await client(secret).rpc("rowpage_nothing", {}), 404, "PGRST202");
});
call("a publishable key opens neither function", async () => {
  refused(await read(publishable, "select 1"), 401, "42501");
  refused(await client(publishable).rpc("rowpage_call", { request: {} }), 401, "42501");
});
call("another project's key is refused before anything is asked", async () => {
  refused(await read("sb_secret_of_another_project", "select 1"), 401);
});
call("rows of a set are cut at a thousand, without a word", async () => {
  const { data, error } = await client(secret).rpc("many_rows", {});
  assert.equal(error, null);
  assert.equal(data.length, 1000);
});
call("a write without WHERE is refused", async () => {
  refused(await client(secret).rpc("empty_kept", {}), 400, "21000");
});

let failed = 0;
for (const [claim, run] of calls) {
  try {
    await run();
    console.log(`ok   ${claim}`);
  } catch (error) {
    ++failed;
    console.log(`FAIL ${claim}\n${error.stack ?? error}`);
  }
}
console.log(`supabase-js: ${calls.length} calls`);
process.exit(failed ? 1 : 0);
