// A property as a page shows it, for every type of field: read, or unreadable with a reason; and what was read is
// written in a form that Notion shows as the same value again.
//
// Input: the field's type, a letter; then the property as JSON.
#include "core/fit.h"
#include "core/text.h"
#include "fuzz/fuzz.h"
#include "notion/codec.h"
#include "notion/curl_transport.h"
#include "notion/list_codec.h"
#include "notion/source.h"

using namespace rowpage;
using fuzz::claim;

namespace {

// What Notion shows after it was given `written`: with the type, and texts with their plain text.
json::value shown(std::string_view wire, json::value written) {
  auto& object = written.as_object();
  object["type"] = wire;
  if (wire != "title" && wire != "rich_text") return written;
  for (auto& piece : object[wire].as_array()) piece.as_object()["plain_text"] = piece.at("text").at("content");
  return written;
}

}  // namespace

ROWPAGE_FUZZ(notion_values) {
  if (bytes.empty()) return;
  const auto kind = static_cast<unsigned char>(bytes[0]);
  const auto type = static_cast<FieldType>(kind % 18);
  const bool as_text = kind / 18 % 2 == 1;
  const auto property = parse_answer(bytes.substr(1));
  if (!property) return;
  (void)option_names(*property);
  (void)plain_text(*property);
  const Decoded decoded = decode(type, as_text, *property);
  if (!decoded.unreadable.empty()) {
    claim(is_null(decoded.value), "what is unreadable is not used");
    return;
  }
  if (const auto* text = std::get_if<std::string>(&decoded.value)) {
    claim(!text->empty(), "an empty text is nothing");
    claim(text->find('\0') == std::string::npos && valid_utf8(*text), "a text is one PostgreSQL takes");
  }
  if (const auto* list = std::get_if<TextList>(&decoded.value)) claim(!list->empty(), "an empty list is nothing");
  const std::string_view wire = find_string(*property, "type");
  const auto written = encode(type, wire, decoded.value);
  if (!written) {
    claim(!written.error().what.empty() && written.error().effect == Effect::none, "a refusal says why");
    return;
  }
  const Decoded again = decode(type, as_text, shown(wire, *written));
  claim(again.unreadable.empty(), "what is written can be read", again.unreadable);
  // An emptied checkbox is an unchecked one.
  if (type == FieldType::checkbox && is_null(decoded.value)) return;
  claim(again.value == decoded.value, "what is written is what was read",
        display(decoded.value, 200) + " / " + display(again.value, 200));
}
