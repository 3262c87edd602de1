#include "sandbox/notion_model.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "core/text.h"
#include "sandbox/blocks.h"
#include "sandbox/pages.h"
#include "sandbox/rich_text.h"
#include "sandbox/sources.h"

namespace rowpage::sandbox {
namespace {

constexpr std::size_t body_bytes_max = 500 * 1024;
constexpr std::string_view version_newest = "2026-03-11";
constexpr std::string_view version_before = "2025-09-03";

struct FateName {
  Fate::Kind kind;
  std::string_view name;
};
constexpr FateName fate_names[] = {
    {Fate::Kind::normal, "normal"},
    {Fate::Kind::refuse_429, "refuse_429"},
    {Fate::Kind::refuse_529, "refuse_529"},
    {Fate::Kind::refuse_409, "refuse_409"},
    {Fate::Kind::lost_before, "lost_before"},
    {Fate::Kind::lost_after, "lost_after"},
    {Fate::Kind::lands_later, "lands_later"},
    {Fate::Kind::committed_503, "committed_503"},
    {Fate::Kind::error_before, "error_before"},
    {Fate::Kind::error_after, "error_after"},
    {Fate::Kind::html_before, "html_before"},
    {Fate::Kind::html_after, "html_after"},
    {Fate::Kind::truncated_after, "truncated_after"},
    {Fate::Kind::garbage_after, "garbage_after"},
};

struct EndpointName {
  std::string_view name;
  bool writes;
};
constexpr EndpointName endpoint_names[endpoint_count] = {
    {"get_me", false},
    {"list_users", false},
    {"get_user", false},
    {"search", false},
    {"get_database", false},
    {"create_database", true},
    {"update_database", true},
    {"get_data_source", false},
    {"create_data_source", true},
    {"update_data_source", true},
    {"query", false},
    {"templates", false},
    {"create_page", true},
    {"get_page", false},
    {"update_page", true},
    {"move_page", true},
    {"property_item", false},
    {"get_markdown", false},
    {"update_markdown", true},
    {"get_block", false},
    {"update_block", true},
    {"delete_block", true},
    {"get_children", false},
    {"append_children", true},
    {"create_upload", true},
    {"send_upload", true},
    {"get_task", false},
    {"unknown", false},
};

ApiError server_error(int status) {
  switch (status) {
    case 500:
      return {500, "internal_server_error", "Unexpected error occurred.", {}};
    case 502:
      return {502, "bad_gateway", "Bad gateway.", {}};
    case 503:
      return {503, "service_unavailable", "Public API service is temporarily unavailable, please try again later.", {}};
    case 504:
      return {504, "gateway_timeout", "Gateway timeout.", {}};
    default:
      return {status, "internal_server_error", "Unexpected error occurred.", {}};
  }
}

ApiError limited(int retry_after) {
  ApiError error{429, "rate_limited", "You have been rate limited. Please try again in a few minutes.", {}};
  error.additional_data = {{"rate_limit_reason", "public_api_request_rate_limit"},
                           {"retry_after", std::to_string(retry_after)}};
  return error;
}

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    if (path.front() == '/') {
      path.remove_prefix(1);
      continue;
    }
    const auto end = std::min(path.find('/'), path.size());
    parts.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return parts;
}

}  // namespace

std::string_view name_of(Fate::Kind kind) {
  for (const auto& one : fate_names) {
    if (one.kind == kind) return one.name;
  }
  return "normal";
}

std::optional<Fate::Kind> fate_kind(std::string_view name) {
  for (const auto& one : fate_names) {
    if (one.name == name) return one.kind;
  }
  return std::nullopt;
}

std::string_view name_of(Endpoint endpoint) {
  return endpoint_names[static_cast<std::size_t>(endpoint)].name;
}
bool writes(Endpoint endpoint) {
  return endpoint_names[static_cast<std::size_t>(endpoint)].writes;
}

std::uint64_t Stats::requests_total() const {
  return std::accumulate(requests.begin(), requests.end(), std::uint64_t{0});
}
std::uint64_t Stats::effects_total() const {
  return std::accumulate(effects.begin(), effects.end(), std::uint64_t{0});
}

NotionModel::NotionModel(Habits habits, std::function<Millis()> clock, std::uint64_t seed)
    : habits_(habits), clock_(std::move(clock)), world_(seed), request_ids_(~seed) {
  if (!clock_) clock_ = [] { return Millis{1'767'225'600'000}; };  // 2026-01-01T00:00Z, standing still
  world_.space = world_.ids.next();
  integration_user_ = world_.ids.next();
  auto bot = std::make_unique<User>();
  bot->id = integration_user_;
  bot->name = "Sandbox integration";
  bot->is_bot = true;
  bot->details = json::object{{"owner", json::object{{"type", "workspace"}, {"workspace", true}}},
                              {"workspace_name", world_.space_name},
                              {"workspace_id", world_.space.text()},
                              {"workspace_limits", json::object{{"max_file_upload_size_in_bytes", 5'242'880}}}};
  world_.users[integration_user_] = std::move(bot);
  person_token_ = add_person("Ada");
  person_user_ = tokens_.at(person_token_).user;
  world_.user_order.push_back(integration_user_);
  integration_token_ = "ntn_sandbox_" + world_.ids.next().plain();
  tokens_[integration_token_] = {integration_user_, false, false};
  PageState root;
  root.written = root.edited = 0;
  root.edited_by = person_user_;
  root.set(title_key, plain_rich_text("Sandbox"));
  root_page_ = world_.add_page(world_.ids.next(), std::move(root), floor_minute(clock_()), person_user_).id;
}

std::string NotionModel::add_person(std::string name) {
  auto user = std::make_unique<User>();
  user->id = world_.ids.next();
  user->name = std::move(name);
  user->avatar_url = nullptr;
  user->details = json::object{{"email", fmt::format("person{}@example.com", world_.user_order.size() + 1)}};
  const Id id = user->id;
  world_.users[id] = std::move(user);
  world_.user_order.push_back(id);
  auto token = "person_sandbox_" + world_.ids.next().plain();
  tokens_[token] = {id, true, false};
  return token;
}

void NotionModel::act_as(const Id& user) {
  integration_user_ = user;
  tokens_.at(integration_token_).user = user;
}

void NotionModel::expire_token(const std::string& token) {
  const auto found = tokens_.find(token);
  if (found != tokens_.end()) found->second.expired = true;
}

bool NotionModel::share(const Id& id, bool shared) {
  if (auto* page = world_.page(id)) {
    page->unshared = !shared;
  } else if (auto* source = world_.source(id)) {
    source->unshared = !shared;
  } else if (auto* database = world_.database(id)) {
    database->unshared = !shared;
  } else {
    return false;
  }
  return true;
}

std::string NotionModel::request_id() {
  return request_ids_.next().text();
}

Answer NotionModel::error_answer(const ApiError& error) {
  Answer answer;
  answer.status = error.status;
  json::object body{{"object", "error"}, {"status", error.status}, {"code", error.code}, {"message", error.message}};
  if (!error.additional_data.empty()) {
    body["additional_data"] = error.additional_data;
  } else if (error.status == 404) {
    body["additional_data"] = json::object{{"integration_id", integration_user_.text()}};
  }
  body["request_id"] = request_id();
  answer.body = std::move(body);
  return answer;
}

Answer NotionModel::finish(Answer answer) {
  answer.server_ms = clock_();
  return answer;
}

std::optional<Answer> NotionModel::over_budget(Millis now) {
  if (habits_.requests_per_minute <= 0) return std::nullopt;
  while (!spent_.empty() && spent_.front() <= now - minute_ms) spent_.pop_front();
  if (spent_.size() < static_cast<std::size_t>(habits_.requests_per_minute)) {
    spent_.push_back(now);
    return std::nullopt;
  }
  const int wait = static_cast<int>((spent_.front() + minute_ms - now + second_ms - 1) / second_ms);
  ++stats_.rate_limited;
  auto answer = error_answer(limited(std::max(1, wait)));
  answer.retry_after = std::max(1, wait);
  return answer;
}

NotionModel::Route NotionModel::route(std::string_view method, std::string_view path) {
  const auto parts = segments_of(path);
  if (parts.size() < 2 || parts[0] != "v1") return {};
  const auto what = parts[1];
  const auto is = [&](std::string_view wanted, std::size_t count, std::string_view tail = {}) {
    return method == wanted && parts.size() == count && (tail.empty() || parts.back() == tail);
  };
  const auto id = parts.size() > 2 ? parts[2] : std::string_view();
  if (what == "users") {
    if (is("GET", 2)) return {Endpoint::list_users, {}, {}, {}};
    if (is("GET", 3, "me")) return {Endpoint::get_me, {}, {}, {}};
    if (is("GET", 3)) return {Endpoint::get_user, id, {}, "user"};
  }
  if (what == "search" && is("POST", 2)) return {Endpoint::search, {}, {}, {}};
  if (what == "databases") {
    if (is("POST", 2)) return {Endpoint::create_database, {}, {}, {}};
    if (is("GET", 3)) return {Endpoint::get_database, id, {}, "database"};
    if (is("PATCH", 3)) return {Endpoint::update_database, id, {}, "database"};
  }
  if (what == "data_sources") {
    if (is("POST", 2)) return {Endpoint::create_source, {}, {}, {}};
    if (is("GET", 3)) return {Endpoint::get_source, id, {}, "data_source"};
    if (is("PATCH", 3)) return {Endpoint::update_source, id, {}, "data_source"};
    if (is("POST", 4, "query")) return {Endpoint::query, id, {}, "data_source"};
    if (is("GET", 4, "templates")) return {Endpoint::templates, id, {}, "data_source"};
  }
  if (what == "pages") {
    if (is("POST", 2)) return {Endpoint::create_page, {}, {}, {}};
    if (is("GET", 3)) return {Endpoint::get_page, id, {}, "page"};
    if (is("PATCH", 3)) return {Endpoint::update_page, id, {}, "page"};
    if (is("POST", 4, "move")) return {Endpoint::move_page, id, {}, "page"};
    if (is("GET", 4, "markdown")) return {Endpoint::get_markdown, id, {}, "page"};
    if (is("PATCH", 4, "markdown")) return {Endpoint::update_markdown, id, {}, "page"};
    if (is("GET", 5) && parts[3] == "properties") return {Endpoint::property_item, id, parts[4], "page"};
  }
  if (what == "blocks") {
    if (is("GET", 3)) return {Endpoint::get_block, id, {}, "block"};
    if (is("PATCH", 3)) return {Endpoint::update_block, id, {}, "block"};
    if (is("DELETE", 3)) return {Endpoint::delete_block, id, {}, "block"};
    if (is("GET", 4, "children")) return {Endpoint::get_children, id, {}, "block"};
    if (is("PATCH", 4, "children")) return {Endpoint::append_children, id, {}, "block"};
  }
  if (what == "file_uploads") {
    if (is("POST", 2)) return {Endpoint::create_upload, {}, {}, {}};
    if (is("POST", 4, "send") || is("POST", 4, "complete")) return {Endpoint::send_upload, id, {}, "file_upload"};
  }
  if (what == "async_tasks" && is("GET", 3)) return {Endpoint::get_task, {}, id, {}};
  return {};
}

Outcome<json::object> NotionModel::dispatch(const Route& route, Call& call) {
  Id id;
  if (!route.id_kind.empty()) {
    const auto parsed = path_id(route.id, route.id_kind);
    if (!parsed) return tl::unexpected(parsed.error());
    id = *parsed;
  }
  switch (route.endpoint) {
    case Endpoint::get_me:
      return get_user(call, call.actor);
    case Endpoint::list_users:
      return list_users(call);
    case Endpoint::get_user:
      return get_user(call, id);
    case Endpoint::search:
      return search(call);
    case Endpoint::get_database:
      return get_database(call, id);
    case Endpoint::create_database:
      return create_database(call);
    case Endpoint::update_database:
      return update_database(call, id);
    case Endpoint::get_source:
      return get_source(call, id);
    case Endpoint::create_source:
      return create_source(call);
    case Endpoint::update_source:
      return update_source(call, id);
    case Endpoint::query:
      return queries_.query(call, id);
    case Endpoint::templates:
      return get_templates(call, id);
    case Endpoint::create_page:
      return create_page(call);
    case Endpoint::get_page:
      return get_page(call, id);
    case Endpoint::update_page:
      return update_page(call, id);
    case Endpoint::move_page:
      return move_page(call, id);
    case Endpoint::property_item:
      return get_property_item(call, id, route.second);
    case Endpoint::get_markdown:
      return get_markdown(call, id);
    case Endpoint::update_markdown:
      return update_markdown(call, id);
    case Endpoint::get_block:
      return get_block(call, id);
    case Endpoint::update_block:
      return update_block(call, id);
    case Endpoint::delete_block:
      return delete_block(call, id);
    case Endpoint::get_children:
      return get_children(call, id);
    case Endpoint::append_children:
      return append_children(call, id);
    case Endpoint::create_upload:
      return create_upload(call);
    case Endpoint::send_upload:
      return advance_upload(call, id);
    case Endpoint::get_task:
      return get_task(call, route.second);
    case Endpoint::unknown:
      break;
  }
  return refuse(400, "invalid_request_url", "Invalid request URL.");
}

Answer NotionModel::perform(const Request& request, bool budgeted) {
  const Millis now = clock_();
  const auto token = tokens_.find(request.token);
  if (token == tokens_.end() || token->second.expired) {
    return error_answer({401, "unauthorized", "API token is invalid.", {}});
  }
  const auto where = route(request.method, request.path);
  const bool counted = !token->second.person;
  if (budgeted) {
    if (counted) {
      ++stats_.requests[static_cast<std::size_t>(where.endpoint)];
      if (auto refusal = over_budget(now)) return *refusal;
    } else {
      ++stats_.person_requests;
    }
  }
  if (request.version.empty()) {
    return error_answer(
        {400,
         "missing_version",
         "Notion-Version header failed validation: Notion-Version header should be defined, instead was "
         "`undefined`.",
         {}});
  }
  if (request.version != version_newest && request.version != version_before) {
    return error_answer(
        {400,
         "validation_error",
         fmt::format("Notion-Version header failed validation: the stand-in speaks {} and {}, instead was "
                     "`\"{}\"`.",
                     version_newest, version_before, request.version),
         {}});
  }
  if (request.body_bytes > body_bytes_max) {
    return error_answer(
        {400,
         "validation_error",
         fmt::format("Request body is too large: {} bytes, the limit is {}.", request.body_bytes, body_bytes_max),
         {}});
  }
  // Refusals quote what was sent, and JSON holds nothing but UTF-8.
  const auto is_text = [](const auto& pair) { return valid_utf8(pair.first) && valid_utf8(pair.second); };
  if (!valid_utf8(percent_decode(request.path)) || !std::ranges::all_of(request.query, is_text))
    return error_answer({400, "invalid_request_url", "Invalid request URL.", {}});
  Call call{world_, habits_, request, token->second.user, token->second.person, now, request.version == version_newest};
  auto result = dispatch(where, call);
  if (!result) return error_answer(result.error());
  if (counted && writes(where.endpoint)) ++stats_.effects[static_cast<std::size_t>(where.endpoint)];
  Answer answer;
  const auto status = result->if_contains("status");
  const auto object = result->if_contains("object");
  const bool queued = object && *object == "async_task" && status && *status == "queued";
  answer.status = queued ? 202 : 200;
  // Objects carry it, as recorded; a list of templates does not (recorded), file uploads have none in the document.
  const bool bare = where.endpoint == Endpoint::templates || where.endpoint == Endpoint::create_upload ||
                    where.endpoint == Endpoint::send_upload;
  if (!bare) (*result)["request_id"] = request_id();
  answer.body = std::move(*result);
  return answer;
}

void NotionModel::run_due() {
  // A late request may be followed by others that are due; each is performed in the order of its time.
  const Millis now = clock_();
  while (!late_.empty()) {
    const auto first = std::ranges::min_element(late_, {}, &Late::due);
    if (first->due > now) return;
    const Late late = std::move(*first);
    late_.erase(first);
    perform(late.request, false);
  }
}

Answer NotionModel::handle(const Request& request, Fate fate) {
  run_due();
  auto answer = meet(request, fate);
  if (observer_) observer_(request, answer);
  return answer;
}

// The request and what becomes of it on its way.
Answer NotionModel::meet(const Request& request, const Fate& fate) {
  const auto html = [](int status) {
    Answer answer;
    answer.status = status;
    answer.raw =
        fmt::format("<html><head><title>{0}</title></head><body><h1>{0}</h1><hr>cloud edge</body></html>", status);
    return answer;
  };
  // A request that never reached the service is not one of its requests; all others are counted and budgeted.
  switch (fate.kind) {
    case Fate::Kind::normal:
      return finish(perform(request, true));
    case Fate::Kind::refuse_429: {
      ++stats_.rate_limited;
      auto answer = error_answer(limited(1));
      answer.retry_after = 1;
      return finish(std::move(answer));
    }
    case Fate::Kind::refuse_529: {
      auto answer = error_answer({529, "service_overload", "Notion is overloaded. Please try again later.", {}});
      answer.retry_after = 1;
      return finish(std::move(answer));
    }
    case Fate::Kind::refuse_409:
      return finish(error_answer({409, "conflict_error", "Conflict occurred while saving. Please try again.", {}}));
    case Fate::Kind::lost_before:
      return finish({});
    case Fate::Kind::error_before:
      return finish(error_answer(server_error(fate.status)));
    case Fate::Kind::html_before:
      return finish(html(fate.status));
    case Fate::Kind::lands_later:
      late_.push_back({clock_() + fate.delay_ms, request});
      return finish({});
    default:
      break;
  }
  Answer made = perform(request, true);
  const bool done = made.status >= 200 && made.status < 300;
  switch (fate.kind) {
    case Fate::Kind::lost_after:
      return finish({});
    case Fate::Kind::error_after:
      return finish(error_answer(server_error(fate.status)));
    case Fate::Kind::html_after:
      return finish(html(fate.status));
    case Fate::Kind::truncated_after: {
      if (!done) return finish(std::move(made));
      const auto text = to_text(made.body);
      made.raw = text.substr(0, text.size() / 2);
      return finish(std::move(made));
    }
    case Fate::Kind::garbage_after:
      made.status = 200;
      made.raw = "\x01\xff not JSON at all";
      return finish(std::move(made));
    case Fate::Kind::committed_503: {
      if (!done) return finish(std::move(made));
      ApiError error = server_error(503);
      error.additional_data = {{"from", "public_api"},
                               {"elapsed_ms", "55012"},
                               {"deadline_ms", "55000"},
                               {"retry_guidance", json::array{"The change was saved.",
                                                              "Read the resource instead of repeating the request."}}};
      const auto endpoint = route(request.method, request.path).endpoint;
      if (endpoint == Endpoint::create_page || endpoint == Endpoint::create_database ||
          endpoint == Endpoint::create_source) {
        error.additional_data["committed_resource_id"] = find_string(made.body, "id");
      }
      if (endpoint == Endpoint::append_children) {
        const auto parts = segments_of(request.path);
        error.additional_data["committed_resource_id"] = parse_id(parts[2])->text();
        json::array ids;
        const auto wanted = find_array(request.body, "children")->size();
        for (const auto& block : *find_array(made.body, "results")) {
          if (ids.size() < wanted) ids.push_back(json::string(find_string(block, "id")));
        }
        error.additional_data["committed_child_ids"] = std::move(ids);
      }
      return finish(error_answer(error));
    }
    default:
      return finish(std::move(made));
  }
}

}  // namespace rowpage::sandbox
