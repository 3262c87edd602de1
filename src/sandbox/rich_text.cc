#include "sandbox/rich_text.h"

#include <set>

#include <fmt/format.h>

#include "core/text.h"
#include "sandbox/zone.h"

namespace rowpage::sandbox {
namespace {

constexpr std::size_t runs_max = 100;
constexpr std::size_t content_max = 2000;
constexpr std::size_t url_max = 2000;
constexpr std::size_t expression_max = 1000;
constexpr std::string_view flags[] = {"bold", "italic", "strikethrough", "underline", "code"};

json::object plain_annotations() {
  json::object look;
  look.reserve(6);
  for (const auto flag : flags) look[flag] = false;
  look["color"] = "default";
  return look;
}

Outcome<json::object> read_annotations(const json::value* in, std::string_view place) {
  auto look = plain_annotations();
  if (!in || in->is_null()) return look;
  if (!in->is_object()) return should_be(fmt::format("{}.annotations", place), "an object", in);
  for (const auto& [key, value] : in->get_object()) {
    if (!look.contains(key)) {
      return should_be(fmt::format("{}.annotations.{}", place, std::string_view(key)), "not present", &value);
    }
    if (key == "color" ? !value.is_string() : !value.is_bool()) {
      return should_be(fmt::format("{}.annotations.{}", place, std::string_view(key)),
                       key == "color" ? "a string" : "a boolean", &value);
    }
    look[key] = value;
  }
  return look;
}

bool is_plain(const json::value& run) {
  if (find_string(run, "type") != "text" || !find(run, "href")->is_null()) return false;
  const auto* look = find_object(run, "annotations");
  for (const auto flag : flags) {
    if (find_bool(*find(run, "annotations"), flag)) return false;
  }
  return look && find_string(*find(run, "annotations"), "color") == "default";
}

tl::unexpected<ApiError> too_long(std::string_view place, std::size_t limit, std::size_t length) {
  return invalid(
      fmt::format("body failed validation: {}.length should be ≤ `{}`, instead was `{}`.", place, limit, length));
}

json::object text_run(std::string_view content, json::value link, json::object look) {
  json::object run;
  run.reserve(5);
  json::value href = link.is_null() ? json::value() : json::value(find_string(link, "url"));
  run["type"] = "text";
  run["text"] = json::object{{"content", content}, {"link", std::move(link)}};
  run["annotations"] = std::move(look);
  run["plain_text"] = content;
  run["href"] = std::move(href);
  return run;
}

Outcome<json::value> read_mention(const json::value& in, std::string_view place) {
  if (!in.is_object()) return should_be(place, "an object", &in);
  for (const std::string_view kind : {"user", "page", "database", "data_source"}) {
    const auto* target = find(in, kind);
    if (!target) continue;
    const auto id = parse_id(find_string(*target, "id"));
    if (!id) return should_be(fmt::format("{}.{}.id", place, kind), "a valid uuid", find(*target, "id"));
    return json::object{{"type", kind}, {kind, json::object{{"id", id->text()}}}};
  }
  if (const auto* date = find(in, "date")) {
    auto kept = read_date(*date, fmt::format("{}.date", place));
    if (!kept) return kept;
    return json::object{{"type", "date"}, {"date", std::move(*kept)}};
  }
  if (in.get_object().size() > 0) return in;
  return should_be(fmt::format("{}.user", place), "defined", nullptr);
}

Outcome<json::value> read_run(const json::value& in, const std::string& place) {
  if (!in.is_object()) return should_be(place, "an object", &in);
  auto look = read_annotations(find(in, "annotations"), place);
  if (!look) return tl::unexpected(look.error());
  if (const auto* text = find(in, "text")) {
    const auto* content = find(*text, "content");
    if (!content || !content->is_string()) return should_be(place + ".text.content", "a string", content);
    const std::string_view written = content->get_string();
    if (const auto length = utf16_length(written); length > content_max) {
      return too_long(place + ".text.content", content_max, length);
    }
    json::value link;
    if (const auto* target = find(*text, "link"); target && !target->is_null()) {
      const auto* url = find(*target, "url");
      if (!url || !url->is_string()) return should_be(place + ".text.link.url", "a string", url);
      if (const auto length = utf16_length(url->get_string()); length > url_max) {
        return too_long(place + ".text.link.url", url_max, length);
      }
      link = json::object{{"url", *url}};
    }
    return text_run(written, std::move(link), std::move(*look));
  }
  if (const auto* mention = find(in, "mention")) {
    auto kept = read_mention(*mention, place + ".mention");
    if (!kept) return kept;
    return json::object{{"type", "mention"},
                        {"mention", std::move(*kept)},
                        {"annotations", std::move(*look)},
                        {"plain_text", find_string(in, "plain_text")},
                        {"href", nullptr}};
  }
  if (const auto* equation = find(in, "equation")) {
    const auto* expression = find(*equation, "expression");
    if (!expression || !expression->is_string())
      return should_be(place + ".equation.expression", "a string", expression);
    if (const auto length = utf16_length(expression->get_string()); length > expression_max) {
      return too_long(place + ".equation.expression", expression_max, length);
    }
    return json::object{{"type", "equation"},
                        {"equation", json::object{{"expression", *expression}}},
                        {"annotations", std::move(*look)},
                        {"plain_text", *expression},
                        {"href", nullptr}};
  }
  return invalid(
      fmt::format("body failed validation. Fix one:\n{0}.text should be defined, instead was `undefined`.\n"
                  "{0}.mention should be defined, instead was `undefined`.\n"
                  "{0}.equation should be defined, instead was `undefined`.",
                  place));
}

// The usual case, kept cheap: one run that is nothing but a text.
const json::string* lone_plain_text(const json::array& sent) {
  if (sent.size() != 1 || find(sent[0], "annotations")) return nullptr;
  const auto* text = find(sent[0], "text");
  if (!text || find(*text, "link")) return nullptr;
  const auto* content = find(*text, "content");
  const auto* written = content ? content->if_string() : nullptr;
  return written && !written->empty() && utf16_length(*written) <= content_max ? written : nullptr;
}

std::string mention_text(const World& world, const json::value& mention, json::value& shown, json::value& href) {
  const auto kind = find_string(mention, "type");
  if (kind == "date") {
    const auto& date = *find(mention, "date");
    std::string text(find_string(date, "start"));
    if (const auto end = find_string(date, "end"); !end.empty()) text += fmt::format(" → {}", end);
    return text;
  }
  const auto* target = find(mention, kind);
  const auto id = target ? parse_id(find_string(*target, "id")) : std::nullopt;
  if (!id) return {};
  if (kind == "user") {
    const auto* user = world.user(*id);
    shown = json::object{{"type", "user"}, {"user", show_user(world, *id)}};
    return fmt::format("@{}", user ? user->name : "Anonymous");
  }
  href = "https://www.notion.so/" + id->plain();
  if (const auto* page = world.page(*id)) {
    const auto* title = page->now->cell(title_key);
    return title && !plain_text(world, *title).empty() ? plain_text(world, *title) : "Untitled";
  }
  if (const auto* database = world.database(*id)) return plain_text(world, database->title);
  return "Untitled";
}

}  // namespace

Outcome<json::value> read_rich_text(const Call&, const json::value& in, std::string_view place) {
  if (!in.is_array()) return should_be(place, "an array", &in);
  const auto& sent = in.get_array();
  if (sent.size() > runs_max) return too_long(place, runs_max, sent.size());
  if (const auto* text = lone_plain_text(sent)) return json::value(*text);
  json::array kept;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    auto run = read_run(sent[i], fmt::format("{}[{}]", place, i));
    if (!run) return run;
    if (find_string(*run, "type") == "text") {
      const auto content = find_string(*run, "plain_text");
      if (content.empty()) continue;
      if (!kept.empty() && find_string(kept.back(), "type") == "text" &&
          *find(kept.back(), "href") == *find(*run, "href") &&
          *find(kept.back(), "annotations") == *find(*run, "annotations")) {
        auto& before = kept.back().get_object();
        const std::string joined = std::string(find_string(before, "plain_text")) + std::string(content);
        before["text"].get_object()["content"] = joined;
        before["plain_text"] = joined;
        continue;
      }
    }
    kept.push_back(std::move(*run));
  }
  if (kept.size() == 1 && is_plain(kept[0])) return json::value(json::string(find_string(kept[0], "plain_text")));
  return kept;
}

json::array show_rich_text(const World& world, const json::value& kept, std::size_t mentions_max) {
  json::array shown;
  if (const auto* text = kept.if_string()) {
    if (!text->empty()) shown.push_back(text_run(*text, nullptr, plain_annotations()));
    return shown;
  }
  const auto* runs = kept.if_array();
  if (!runs) return shown;
  std::set<std::string> mentioned;  // the same person twice counts once (recorded)
  for (const auto& run : *runs) {
    if (find_string(run, "type") != "mention") {
      shown.push_back(run);
      continue;
    }
    const auto kind = find_string(*find(run, "mention"), "type");
    const auto* target = find(*find(run, "mention"), kind);
    if (kind != "date" && target) mentioned.emplace(find_string(*target, "id"));
    const bool resolved = kind == "date" || mentioned.size() <= mentions_max;
    json::object copy = run.get_object();
    json::value href = *find(run, "href");
    if (resolved) {
      auto text = mention_text(world, *find(run, "mention"), copy["mention"], href);
      if (!text.empty()) copy["plain_text"] = text;
    } else if (kind == "user") {
      const auto id = parse_id(find_string(*find(*find(run, "mention"), "user"), "id"));
      if (id) copy["mention"] = json::object{{"type", "user"}, {"user", short_user(*id)}};
      copy["plain_text"] = "@Anonymous";
    }
    copy["href"] = href;
    shown.push_back(std::move(copy));
  }
  return shown;
}

std::string plain_text(const World& world, const json::value& kept) {
  if (const auto* text = kept.if_string()) return std::string(*text);
  std::string all;
  if (!kept.is_array()) return all;
  for (const auto& run : kept.get_array()) {
    if (find_string(run, "type") == "mention") {
      json::value shown, href;
      const auto text = mention_text(world, *find(run, "mention"), shown, href);
      all += text.empty() ? std::string(find_string(run, "plain_text")) : text;
    } else {
      all += find_string(run, "plain_text");
    }
  }
  return all;
}

json::value plain_rich_text(std::string_view text) {
  if (text.empty()) return json::array();
  return json::string(text);
}

json::value import_rich_text(const json::array& runs) {
  if (runs.size() == 1 && find(runs[0], "href") && find(runs[0], "annotations") && is_plain(runs[0])) {
    return json::string(find_string(runs[0], "plain_text"));
  }
  return runs;
}

Outcome<json::value> read_date(const json::value& in, std::string_view place) {
  if (!in.is_object()) return should_be(place, "an object or `null`", &in);
  for (const auto& [key, value] : in.get_object()) {
    if (key != "start" && key != "end" && key != "time_zone") {
      return should_be(fmt::format("{}.{}", place, std::string_view(key)), "not present", &value);
    }
  }
  const auto zone = find_string(in, "time_zone");
  const auto read = [&](std::string_view key) -> Outcome<std::pair<json::value, bool>> {
    const auto* text = find(in, key);
    const auto whole = text && text->is_string() ? parse_time(text->get_string()) : std::nullopt;
    if (!whole) return should_be(fmt::format("{}.{}", place, key), "a valid ISO 8601 date string", text);
    if (!whole->has_time) return std::pair{json::value(format_day(whole->ms)), false};
    // The service keeps minutes: seconds are cut off.
    auto offset_minutes = written_offset(text->get_string());
    Millis utc = whole->ms;
    if (!zone.empty() && !whole->has_zone) {
      const auto offset = zone_offset(zone, whole->ms);
      if (!offset) return should_be(fmt::format("{}.time_zone", place), "a valid time zone", find(in, "time_zone"));
      offset_minutes = *offset;
      utc -= *offset * minute_ms;
    }
    return std::pair{json::value(format_with_offset(floor_minute(utc), offset_minutes)), true};
  };
  auto start = read("start");
  if (!start) return tl::unexpected(start.error());
  json::value end;
  if (const auto* text = find(in, "end"); text && !text->is_null()) {
    auto last = read("end");
    if (!last) return tl::unexpected(last.error());
    if (last->second != start->second) {
      return invalid(fmt::format("{}: start and end must both have a time or both have none.", place));
    }
    if (parse_time(last->first.get_string())->ms < parse_time(start->first.get_string())->ms) {
      return invalid(fmt::format("body failed validation: {}.end should be after start.", place));
    }
    end = std::move(last->first);
  }
  return json::object{{"start", std::move(start->first)}, {"end", std::move(end)}, {"time_zone", nullptr}};
}

}  // namespace rowpage::sandbox
