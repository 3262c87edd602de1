#include "notion/list_codec.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/text.h"

namespace rowpage {
namespace {

constexpr std::size_t address_units = 2000;
constexpr std::size_t file_name_units = 100;

Error cannot(std::string what, std::string hint) {
  return {Effect::none, Scope::record, Cause::invalid, std::move(what), std::move(hint)};
}

Decoded unreadable(std::string why) {
  Decoded decoded;
  decoded.unreadable = std::move(why);
  return decoded;
}

// A name as one line of several.
std::string one_line(std::string_view text) {
  std::string line(trim(text));
  std::ranges::replace_if(
      line, [](char c) { return c == '\n' || c == '\r' || c == '\0'; }, ' ');
  return line;
}

Decoded lines(const std::vector<std::string>& entries) {
  Decoded decoded;
  decoded.value = make_text(fmt::format("{}", fmt::join(entries, "\n")));
  return decoded;
}

std::string person_line(const json::value& person) {
  std::string line = one_line(find_string(person, "name"));
  if (!line.empty()) return line;
  if (const json::value* more = find(person, "person")) line = one_line(find_string(*more, "email"));
  return line.empty() ? one_line(find_string(person, "id")) : line;
}

std::string file_line(const json::value& file) {
  const json::value* external = find(file, "external");
  if (std::string url = external ? one_line(find_string(*external, "url")) : std::string(); !url.empty()) return url;
  return std::string(notion_file) + one_line(find_string(file, "name"));
}

// "cert.pdf" of "https://example.com/papers/cert.pdf?v=2"; the host where the address has no path.
std::string file_name(std::string_view address) {
  std::string_view rest = address.substr(0, address.find_first_of("?#"));
  if (const auto scheme = rest.find("://"); scheme != std::string_view::npos) rest.remove_prefix(scheme + 3);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  if (const auto slash = rest.rfind('/'); slash != std::string_view::npos) rest.remove_prefix(slash + 1);
  std::string name = one_line(decode_id(rest));
  if (!valid_utf8(name)) name = std::string(rest);
  if (name.empty()) return "file";
  return std::string(split_utf16(name, file_name_units).front());
}

Result<json::value> encode_file(std::string_view line) {
  if (line.starts_with(notion_file)) {
    return fail(cannot(fmt::format("the file \"{}\" was uploaded to Notion and has no lasting address, so it cannot be "
                                   "written again",
                                   line.substr(notion_file.size())),
                       "Change the files in Notion, or take this line out to leave external files only."));
  }
  if (!valid_utf8(line) || utf16_length(line) > address_units) {
    return fail(cannot(fmt::format("the file's address \"{}\" is no text of at most {} characters",
                                   display(std::string(line)), address_units),
                       "Shorten the address."));
  }
  return json::object{
      {"name", file_name(line)}, {"type", "external"}, {"external", json::object{{"url", json::string(line)}}}};
}

}  // namespace

Decoded decode_relation(const json::value& targets) {
  const auto* entries = targets.if_array();
  if (!entries) return unreadable("Notion shows something else than a list of pages");
  TextList ids;
  ids.reserve(entries->size());
  for (const auto& entry : *entries) {
    std::string id = canonical_id(find_string(entry, "id"));
    if (id.empty()) return unreadable("Notion shows a link without the page's id");
    ids.push_back(std::move(id));
  }
  Decoded decoded;
  decoded.value = make_list(std::move(ids));
  return decoded;
}

Decoded decode_people(const json::value& people) {
  const auto* entries = people.if_array();
  if (!entries) return unreadable("Notion shows something else than a list of people");
  std::vector<std::string> names;
  for (const auto& person : *entries) {
    if (std::string line = person_line(person); !line.empty()) names.push_back(std::move(line));
  }
  Decoded decoded = lines(names);
  decoded.cut = entries->size() >= people_inline;
  return decoded;
}

Decoded decode_files(const json::value& files) {
  const auto* entries = files.if_array();
  if (!entries) return unreadable("Notion shows something else than a list of files");
  std::vector<std::string> addresses;
  for (const auto& file : *entries) addresses.push_back(file_line(file));
  return lines(addresses);
}

Result<json::value> encode_relation(const TextList& ids) {
  if (ids.size() > links_per_write) {
    return fail(
        cannot(fmt::format("{} links, but Notion takes at most {} in one write and has no way to add to them",
                           ids.size(), links_per_write),
               "Make the relation two-way, so that links can be written from their other end, or link fewer pages."));
  }
  json::array targets;
  for (const auto& id : ids) {
    if (canonical_id(id).empty()) return fail(cannot(fmt::format("\"{}\" is no page id to link to", id), {}));
    targets.push_back(json::object{{"id", id}});
  }
  return targets;
}

Result<json::value> encode_files(std::string_view text) {
  json::array files;
  while (!text.empty()) {
    const std::string_view line = trim(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    if (line.empty()) continue;
    Result<json::value> file = encode_file(line);
    if (!file) return file;
    files.push_back(std::move(*file));
  }
  if (files.size() > files_per_write) {
    return fail(cannot(fmt::format("{} files, but Notion takes at most {} in one write", files.size(), files_per_write),
                       "Keep fewer files in the record."));
  }
  return files;
}

}  // namespace rowpage
