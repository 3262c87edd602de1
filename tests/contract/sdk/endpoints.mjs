// Notion's official SDK as a client of the sandbox: every endpoint that Rowpage's work touches is called through it, and what
// comes back is what the SDK's own guards and helpers take for the real thing.
//
//   NOTION_BASE_URL=… NOTION_API_KEY=… NOTION_PARENT_PAGE_ID=… node endpoints.mjs
//
// The last line counts: "sdk: 27 endpoints". Exit code 1: something differs, or an endpoint was not called.
import assert from "node:assert/strict";
import {
  APIErrorCode, APIResponseError, Client, collectPaginatedAPI, isFullBlock, isFullDatabase, isFullDataSource, isFullPage,
  isFullUser, isNotionClientError,
} from "@notionhq/client";

const base = process.env.NOTION_BASE_URL;
const root = process.env.NOTION_PARENT_PAGE_ID;

// "POST /v1/pages/:id/move"; every id is one placeholder.
const called = new Set();
const endpointOf = (method, url) => {
  const parts = new URL(url).pathname.split("/").slice(1);
  if (parts.length > 2 && parts[2] !== "me") parts[2] = ":id";
  if (parts.length > 4) parts[4] = ":id";
  return `${method.toUpperCase()} /${parts.join("/")}`;
};
const watchedFetch = (url, options) => {
  called.add(endpointOf(options.method, url));
  return fetch(url, options);
};
const client = (auth) =>
  new Client({ auth, baseUrl: base, notionVersion: "2026-03-11", fetch: watchedFetch, retry: false, logLevel: "error" });
const notion = client(process.env.NOTION_API_KEY);

// Queries and searches of the sandbox lag behind writes: its clock is moved.
const settle = () =>
  fetch(`${base}/_sandbox/clock`, { method: "POST", body: JSON.stringify({ advance_s: 150 }) }).then((answer) => assert(answer.ok));

const text = (content) => [{ text: { content } }];
const plain = (pieces) => pieces.map((piece) => piece.plain_text).join("");
const paragraph = (content) => ({ type: "paragraph", paragraph: { rich_text: text(content) } });

const steps = [];
const step = (claim, run) => steps.push([claim, run]);
const made = {};

step("users are people and one bot, which is me", async () => {
  const me = await notion.users.me({});
  assert(isFullUser(me));
  assert.equal(me.type, "bot");
  const users = await collectPaginatedAPI(notion.users.list, { page_size: 1 });
  assert(users.some((user) => user.id === me.id));
  const person = users.find((user) => user.type === "person");
  const again = await notion.users.retrieve({ user_id: person.id });
  assert.deepEqual([again.name, again.type], [person.name, "person"]);
  made.me = me.id;
});

step("a database comes with its first data source", async () => {
  const database = await notion.databases.create({
    parent: { type: "page_id", page_id: root },
    title: text("Beans"),
    initial_data_source: {
      properties: {
        Name: { title: {} }, Price: { number: { format: "euro" } }, Note: { rich_text: {} }, Open: { checkbox: {} },
        Origin: { select: { options: [{ name: "Kenya", color: "red" }] } }, Day: { date: {} }, Files: { files: {} },
      },
    },
  });
  assert(isFullDatabase(database));
  assert.equal(database.data_sources.length, 1);
  made.database = database.id;
  made.source = database.data_sources[0].id;
  const read = await notion.databases.retrieve({ database_id: made.database });
  assert.equal(plain(read.title), "Beans");
  const renamed = await notion.databases.update({ database_id: made.database, title: text("Roasts") });
  assert.equal(plain(renamed.title), "Roasts");
});

step("schemas are read, changed and added to", async () => {
  const schema = await notion.dataSources.retrieve({ data_source_id: made.source });
  assert(isFullDataSource(schema));
  assert.equal(schema.properties.Price.number.format, "euro");
  assert.equal(schema.properties.Name.id, "title");
  const second = await notion.dataSources.create({
    parent: { type: "database_id", database_id: made.database }, title: text("Growers"), properties: { Name: { title: {} } },
  });
  assert(isFullDataSource(second));
  made.growers = second.id;
  const changed = await notion.dataSources.update({
    data_source_id: made.source,
    properties: { Grower: { relation: { data_source_id: second.id, type: "dual_property", dual_property: {} } }, Note: { name: "Notes" } },
  });
  assert.equal(changed.properties.Grower.relation.data_source_id, second.id);
  assert.equal(changed.properties.Notes.id, schema.properties.Note.id);
  const templates = await notion.dataSources.listTemplates({ data_source_id: made.source });
  assert.deepEqual([templates.templates, templates.has_more], [[], false]);
});

step("pages are made, read and changed", async () => {
  const page = await notion.pages.create({
    parent: { type: "data_source_id", data_source_id: made.source },
    properties: {
      Name: { title: text("lot 1") }, Price: { number: 18.5 }, Origin: { select: { name: "Kenya" } }, Day: { date: { start: "2026-11-20" } },
    },
    children: [paragraph("first")],
  });
  assert(isFullPage(page));
  made.page = page.id;
  for (const [name, price] of [["lot 2", 7], ["lot 3", 9]]) {
    await notion.pages.create({
      parent: { type: "data_source_id", data_source_id: made.source },
      properties: { Name: { title: text(name) }, Price: { number: price } },
    });
  }
  const changed = await notion.pages.update({ page_id: page.id, properties: { Open: { checkbox: true }, Price: { number: null } } });
  assert.deepEqual([changed.properties.Open.checkbox, changed.properties.Price.number], [true, null]);
  const read = await notion.pages.retrieve({ page_id: page.id });
  assert.equal(plain(read.properties.Name.title), "lot 1");
  assert.equal(read.parent.data_source_id, made.source);
  assert.equal(read.created_by.id, made.me);
  const one = await notion.pages.retrieve({ page_id: page.id, filter_properties: [read.properties.Open.id] });
  assert.deepEqual(Object.keys(one.properties), ["Open"]);
});

step("pages go to the trash and come back", async () => {
  assert.equal((await notion.pages.update({ page_id: made.page, in_trash: true })).in_trash, true);
  await assert.rejects(notion.pages.update({ page_id: made.page, properties: { Open: { checkbox: false } } }),
                       (error) => APIResponseError.isAPIResponseError(error) && error.code === APIErrorCode.ValidationError);
  assert.equal((await notion.pages.update({ page_id: made.page, in_trash: false })).in_trash, false);
});

step("queries filter, sort and page", async () => {
  await settle();
  const names = async (more) => {
    const pages = await collectPaginatedAPI(notion.dataSources.query, { data_source_id: made.source, page_size: 2, ...more });
    assert(pages.every(isFullPage));
    return pages.map((page) => plain(page.properties.Name.title));
  };
  assert.deepEqual((await names({})).sort(), ["lot 1", "lot 2", "lot 3"]);
  assert.deepEqual(await names({ sorts: [{ property: "Price", direction: "descending" }],
                                 filter: { property: "Price", number: { greater_than: 1 } } }), ["lot 3", "lot 2"]);
  assert.deepEqual(await names({ filter: { and: [{ property: "Open", checkbox: { equals: true } },
                                                 { timestamp: "created_time", created_time: { on_or_after: "2020-01-01" } }] } }), ["lot 1"]);
});

step("searches find pages and data sources", async () => {
  const found = await notion.search({ query: "lot", filter: { property: "object", value: "page" },
                                      sort: { timestamp: "last_edited_time", direction: "descending" } });
  assert(found.results.length >= 3 && found.results.every((one) => one.object === "page"));
  const sources = await collectPaginatedAPI(notion.search, { filter: { property: "object", value: "data_source" }, page_size: 1 });
  assert(sources.some((source) => source.id === made.growers));
});

step("long relations are read item by item", async () => {
  const ids = [];
  for (let i = 0; i < 27; ++i) {
    const grower = await notion.pages.create({
      parent: { type: "data_source_id", data_source_id: made.growers }, properties: { Name: { title: text(`grower ${i}`) } },
    });
    ids.push(grower.id);
  }
  const page = await notion.pages.update({ page_id: made.page, properties: { Grower: { relation: ids.map((id) => ({ id })) } } });
  assert.equal(page.properties.Grower.relation.length, 25);
  const items = await collectPaginatedAPI(notion.pages.properties.retrieve,
                                          { page_id: made.page, property_id: page.properties.Grower.id, page_size: 10 });
  assert.deepEqual(items.map((item) => item.relation.id).sort(), [...ids].sort());
  const single = await notion.pages.properties.retrieve({ page_id: made.page, property_id: page.properties.Open.id });
  assert.deepEqual([single.object, single.type, single.checkbox], ["property_item", "checkbox", true]);
});

step("bodies are blocks and Markdown", async () => {
  const added = await notion.blocks.children.append({ block_id: made.page, children: [paragraph("second")], position: { type: "end" } });
  assert(added.results.every(isFullBlock));
  const blocks = await collectPaginatedAPI(notion.blocks.children.list, { block_id: made.page, page_size: 1 });
  assert.deepEqual(blocks.map((block) => plain(block.paragraph.rich_text)), ["first", "second"]);
  const block = await notion.blocks.retrieve({ block_id: blocks[0].id });
  assert.equal(block.type, "paragraph");
  const changed = await notion.blocks.update({ block_id: block.id, paragraph: { rich_text: text("changed") } });
  assert.equal(plain(changed.paragraph.rich_text), "changed");
  assert.equal((await notion.blocks.delete({ block_id: blocks[1].id })).in_trash, true);
  const markdown = await notion.pages.retrieveMarkdown({ page_id: made.page });
  assert.equal(markdown.markdown.trim(), "changed");
  const replaced = await notion.pages.updateMarkdown({
    page_id: made.page, type: "replace_content", replace_content: { new_str: "# Title\n\nnew" },
  });
  assert.equal(replaced.object, "page_markdown");
});

step("asynchronous tasks end in a result", async () => {
  const task = await notion.pages.updateMarkdown({
    page_id: made.page, type: "insert_content", insert_content: { content: "more" }, allow_async: true,
  });
  assert.equal(task.object, "async_task");
  const read = await notion.asyncTasks.retrieve({ task_id: task.id });
  assert(["queued", "in_progress", "succeeded"].includes(read.status), read.status);
});

step("files are uploaded and attached", async () => {
  const upload = await notion.fileUploads.create({ mode: "single_part", filename: "cert.txt", content_type: "text/plain" });
  assert.equal(upload.status, "pending");
  const sent = await notion.fileUploads.send({
    file_upload_id: upload.id, file: { filename: "cert.txt", data: new Blob(["hello"], { type: "text/plain" }) },
  });
  assert.equal(sent.status, "uploaded");
  const page = await notion.pages.update({
    page_id: made.page,
    properties: { Files: { files: [{ type: "file_upload", file_upload: { id: upload.id }, name: "cert.txt" }] } },
  });
  assert.deepEqual([page.properties.Files.files[0].type, page.properties.Files.files[0].name], ["file", "cert.txt"]);
  const parts = await notion.fileUploads.create({ mode: "multi_part", number_of_parts: 2, filename: "big.txt", content_type: "text/plain" });
  for (const part_number of ["1", "2"]) {
    await notion.fileUploads.send({ file_upload_id: parts.id, part_number, file: { filename: "big.txt", data: new Blob(["x"]) } });
  }
  assert.equal((await notion.fileUploads.complete({ file_upload_id: parts.id })).status, "uploaded");
});

step("pages move with their id", async () => {
  const moved = await notion.pages.move({ page_id: made.page, parent: { type: "data_source_id", data_source_id: made.growers } });
  assert.equal(moved.id, made.page);
  assert.equal((await notion.pages.retrieve({ page_id: made.page })).parent.data_source_id, made.growers);
});

step("refusals are errors the SDK knows", async () => {
  const refused = (promise, code, status) => assert.rejects(promise, (error) => {
    assert(isNotionClientError(error), String(error));
    assert.deepEqual([error.code, error.status], [code, status]);
    assert(error.request_id, "request_id");
    return true;
  });
  await refused(notion.pages.retrieve({ page_id: "1b2c3d4e-0000-4000-8000-00000000000a" }), APIErrorCode.ObjectNotFound, 404);
  await refused(client("wrong").users.me({}), APIErrorCode.Unauthorized, 401);
  await refused(notion.dataSources.query({ data_source_id: made.source, page_size: 101 }), APIErrorCode.ValidationError, 400);
  await fetch(`${base}/_sandbox/faults`, { method: "POST", body: JSON.stringify({ faults: [{ fate: "refuse_409" }, { fate: "refuse_429" }] }) });
  await refused(notion.pages.update({ page_id: made.page, icon: null }), APIErrorCode.ConflictError, 409);
  await refused(notion.pages.update({ page_id: made.page, icon: null }), APIErrorCode.RateLimited, 429);
});

step("a database goes to the trash", async () => {
  assert.equal((await notion.databases.update({ database_id: made.database, in_trash: true })).in_trash, true);
});

let failed = 0;
for (const [claim, run] of steps) {
  try {
    await run();
    console.log(`ok   ${claim}`);
  } catch (error) {
    ++failed;
    console.log(`FAIL ${claim}\n${error.stack ?? error}${error.body ? `\n${error.body}` : ""}`);
  }
}

const wanted = [
  "GET /v1/users/me", "GET /v1/users", "GET /v1/users/:id", "POST /v1/search", "GET /v1/databases/:id", "POST /v1/databases",
  "PATCH /v1/databases/:id", "GET /v1/data_sources/:id", "POST /v1/data_sources", "PATCH /v1/data_sources/:id",
  "POST /v1/data_sources/:id/query", "GET /v1/data_sources/:id/templates", "POST /v1/pages", "GET /v1/pages/:id",
  "PATCH /v1/pages/:id", "POST /v1/pages/:id/move", "GET /v1/pages/:id/properties/:id", "GET /v1/pages/:id/markdown",
  "PATCH /v1/pages/:id/markdown", "GET /v1/blocks/:id/children", "PATCH /v1/blocks/:id/children", "GET /v1/blocks/:id",
  "PATCH /v1/blocks/:id", "DELETE /v1/blocks/:id", "POST /v1/file_uploads", "POST /v1/file_uploads/:id/send",
  "POST /v1/file_uploads/:id/complete", "GET /v1/async_tasks/:id",
];
for (const endpoint of wanted.filter((one) => !called.has(one))) {
  ++failed;
  console.log(`FAIL not called: ${endpoint}`);
}
console.log(`sdk: ${called.size} endpoints`);
process.exit(failed ? 1 : 0);
